#!/bin/sh
# SPDX-License-Identifier: MIT
# A set-user-ID and a set-group-ID program ignore every HAKMEM_ variable: no
# warning, no report, no file, options at their defaults, memory ours.

set -eu

# Set by the test suite.
: "${HAKMEM_LIB:?}" "${top_srcdir:?}" "${top_builddir:?}" "${CC:?}"
lib=$HAKMEM_LIB
# The guards' variables stay out of what is compared.
for name in $(env | sed -n 's/^\(HAKMEM_[A-Z_]*\)=.*/\1/p'); do
	unset "$name"
done

unsupported()
{
	echo "UNSUPPORTED: $*"
	exit 77
}

test "$(id -u)" = 0 || unsupported "not root"
command -v setpriv >/dev/null || unsupported "no setpriv"

# nobody must be able to come here, and the program to be set-user-ID.
dir=$(mktemp -d /tmp/hakmem-setuid-XXXXXX)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
mkdir "$dir/out"
chmod 777 "$dir/out"

cat >probe.c <<'END'
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <hakmem/hakmem.h>
#include <hakmem/stats.h>

int main(void)
{
	struct hakmem_stats stats;
	void *p = malloc(100);

	for (int i = 0; i < 1000; i++)
		free(malloc((size_t)i * 10));
	if (!hakmem_is_ours(p) || hakmem_stats_get(&stats, sizeof(stats)))
		return 1;
	free(p);
	printf("secure=%lu\n%s", getauxval(AT_SECURE),
	       (const char *)(uintptr_t)stats.options);
	return 7;
}
END
# CC and CFLAGS may hold several words.
# shellcheck disable=SC2086
$CC ${CFLAGS:-} -fno-builtin -I"$top_srcdir/include" -o probe probe.c \
	"$top_builddir/.libs/libhakmem.a" -ldl -pthread
cp "$lib" "$dir/"
# shellcheck disable=SC2086
$CC ${CFLAGS:-} -fno-builtin -I"$top_srcdir/include" -o linked probe.c \
	"$dir/$(basename "$lib")" -Wl,-rpath,"$dir"
chmod 755 "$dir/$(basename "$lib")"

status=0
./probe >defaults || status=$?
test "$status" = 7

# Run a program of $dir as nobody with every variable that there is, once well
# and once badly set.
as_nobody()
{
	env -C "$dir/out" HAKMEM_ENABLE=0 HAKMEM_VERBOSE=2 HAKMEM_STATS=exit \
		HAKMEM_STATS_FORMAT=json HAKMEM_STATS_FILE="$dir/out/%p" \
		HAKMEM_PURGE_DELAY=-1 HAKMEM_PURGE_METHOD=free \
		HAKMEM_LIMIT_HARD=1 HAKMEM_THP=always HAKMEM_CACHE_MAX=0 \
		HAKMEM_ZERO_REALLOC=abort HAKMEM_DLOPEN_DEEPBIND=keep \
		HAKMEM_FOREIGN_FREE=forward HAKMEM_SECURITY=3 \
		HAKMEM_TINY_USE_SUPERSLAB=0 \
		HAKMEM_TINY_SS_SHARED=0 HAKMEM_FOREIGN_REUSE=1 \
		HAKMEM_SS_DEBUG=1 HAKMEM_POOL_DEBUG=1 HAKMEM_REMOTE_DEBUG=1 \
		HAKMEM_NO_SUCH=1 \
		setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$dir/$1" >"$1.out" 2>"$1.err" || status=$?
}

fail=0
options=$(sed -n 's/^HAK_OPTION(\([A-Z_]*\),.*/\1/p' \
	"$top_srcdir/lib/options.def")
for name in $options; do
	grep -q "HAKMEM_$name=" "$0" || {
		echo "the programs are run without HAKMEM_$name"
		fail=1
	}
done

try()
{
	name=$1-$2
	cp "$1" "$dir/$name"
	chown 0:0 "$dir/$name"
	chmod "$2" "$dir/$name"
	status=0
	as_nobody "$name"
}

silent()
{
	try "$@"
	grep -q '^secure=1' "$name.out" ||
		unsupported "no set-user-ID programs in /tmp"
	if test "$status" != 7; then
		echo "$name: exit status $status"
		fail=1
	fi
	sed 1s/1/0/ "$name.out" | diff defaults - || fail=1
	if test -s "$name.err"; then
		echo "$name wrote:"
		cat "$name.err"
		fail=1
	fi
	if test -n "$(ls "$dir/out")"; then
		echo "$name left files: $(ls "$dir/out")"
		fail=1
	fi
}

silent probe 4755
silent probe 2755
silent linked 4755

# Without the bit it obeys: what was compared above is no accident.
try probe 755
if ! grep -q HAKMEM_NO_SUCH "$name.err" || test "$status" = 7; then
	echo "an ordinary program does not obey either"
	fail=1
fi
exit $fail
