#!/bin/sh
# SPDX-License-Identifier: MIT
# After make install DESTDIR=... a program builds against what was installed
# with the flags of libhakmem.pc, shared and static, and is served by it.

set -eu

# Set by the test suite.
: "${top_builddir:?}" "${tmpdir:?}" "${CC:?}"
for name in $(env | sed -n 's/^\(HAKMEM_[A-Z_]*\)=.*/\1/p'); do
	unset "$name"
done

unsupported()
{
	echo "UNSUPPORTED: $*"
	exit 77
}

command -v pkg-config >/dev/null || unsupported "no pkg-config"
fail=0
wrong()
{
	echo "wrong: $*"
	fail=1
}

dest=$tmpdir/dest
# Not the make that runs this test: its options and jobs are its own.
env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
	make -C "$top_builddir" -s install DESTDIR="$dest" >install.out 2>&1 || {
	cat install.out
	exit 1
}
# Each function of the header has a page.
header=$(find "$dest" -path '*/hakmem/hakmem.h')
pages=$(find "$dest" -name man3)
functions=$(grep -o '\bhakmem_[a-z_]*(' "$header" | tr -d '(' | sort -u)
test -n "$functions" || wrong "no functions in $header"
for function in $functions; do
	test "$(cat "$pages/$function.3")" = ".so man3/hakmem.3" ||
		wrong "no manual page of $function"
done

pc=$(find "$dest" -name libhakmem.pc)
test -n "$pc" || {
	echo "no libhakmem.pc among:"
	find "$dest"
	exit 1
}
PKG_CONFIG_PATH=$(dirname "$pc")
PKG_CONFIG_SYSROOT_DIR=$dest
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR

# A file that is in use is not written into, but another takes its name.
again=$(find "$dest" -name 'libhakmem.so.0.*' ! -type l)
exec 7<"$again"
env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
	make -C "$top_builddir" -s install DESTDIR="$dest" >install.out 2>&1 ||
	wrong "installed twice: $(cat install.out)"
test "$(stat -c %i "$again")" != "$(stat -L -c %i /proc/self/fd/7)" ||
	wrong "$again was written into"
exec 7<&-

libdir=$dest$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=libdir libhakmem)
includedir=$dest$(PKG_CONFIG_SYSROOT_DIR='' pkg-config \
	--variable=includedir libhakmem)
for file in "$libdir/libhakmem.so" "$libdir/libhakmem.so.0" \
	"$includedir/hakmem/hakmem.h" "$includedir/hakmem/stats.h"; do
	test -s "$file" || wrong "$file is not there"
done
test "$(find "$dest" -name 'libhakmem-core*' | wc -l)" = 0 ||
	wrong "the archive of the unit tests is there"
for page in hakmem.3 hakmem.7; do
	test -n "$(find "$dest" -name "$page*")" || wrong "no $page"
done
# nobody but its owner may write, everybody may read
find "$dest" -type f \( -perm /022 -o ! -perm -444 \) >modes
test ! -s modes || wrong "modes of $(cat modes)"

cat >program.c <<'END'
#include <hakmem/hakmem.h>
#include <hakmem/stats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	void *p = malloc(100);

	if (!p || !hakmem_is_ours(p) || hakmem_usable_size(p) < 100)
		return 1;
	free(p);
	puts(hakmem_version());
	return strcmp(hakmem_version(), HAKMEM_VERSION_STRING) != 0;
}
END
version=$(pkg-config --modversion libhakmem)
# build NAME FLAG... - with what pkg-config says
build()
{
	name=$1
	shift
	# CC and CFLAGS may hold several words, pkg-config's output does.
	# shellcheck disable=SC2046,SC2086
	$CC ${CFLAGS:-} -fno-builtin -o "$name" program.c "$@" ||
		wrong "$name does not build: $*"
	said=$(LD_LIBRARY_PATH=$libdir ./"$name") || wrong "$name: $?"
	test "$said" = "$version" || wrong "$name: \"$said\", not $version"
}

# shellcheck disable=SC2046
build shared $(pkg-config --cflags --libs libhakmem)
LD_LIBRARY_PATH=$libdir ldd ./shared >needs
grep -q "libhakmem.so.0 => $libdir/libhakmem.so.0" needs ||
	wrong "not the installed library: $(cat needs)"
# shellcheck disable=SC2046
test ! -f "$top_builddir/.libs/libhakmem.a" || # --disable-static
	build static -static $(pkg-config --static --cflags --libs libhakmem)

env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
	make -C "$top_builddir" -s uninstall DESTDIR="$dest" >install.out 2>&1 ||
	wrong "uninstall: $(cat install.out)"
find "$dest" ! -type d >left
test ! -s left || wrong "uninstall leaves $(cat left)"
exit $fail
