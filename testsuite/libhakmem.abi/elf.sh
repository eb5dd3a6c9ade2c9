#!/bin/sh
# SPDX-License-Identifier: MIT
# What the dynamic linker finds in libhakmem.so.0: the C library and nothing
# else, few relocations and none in the code, a small piece of static TLS,
# bound at once, never unloaded, no memory both writable and executable.

set -eu

# Set by the test suite.
: "${HAKMEM_LIB:?}" "${srcdir:?}" "${top_builddir:?}"
lib=$HAKMEM_LIB
unset HAKMEM_LIB

command -v readelf >/dev/null || {
	echo "UNSUPPORTED: no readelf"
	exit 77
}
LC_ALL=C readelf -dW "$lib" >dynamic
LC_ALL=C readelf -lW "$lib" >segments
LC_ALL=C readelf -SW "$lib" >sections
LC_ALL=C readelf -rW "$lib" >relocations
LC_ALL=C readelf -VW "$lib" >versions
LC_ALL=C readelf --dyn-syms -W "$lib" >symbols
if grep -q '\[lib[atu]b*san' dynamic; then
	echo "UNSUPPORTED: built with a sanitizer"
	exit 77
fi

fail=0
wrong()
{
	echo "wrong: $*"
	fail=1
}

# No more, and not less, than the C library.
test "$(grep -c '(NEEDED)' dynamic)" = 1 || wrong "$(grep NEEDED dynamic)"
grep -q '(NEEDED).*\[libc\.so\.6\]' dynamic || wrong "libc.so.6 not needed"
grep -q '(SONAME).*\[libhakmem\.so\.0\]' dynamic || wrong "SONAME"
for tag in TEXTREL RPATH RUNPATH SYMBOLIC; do
	! grep "($tag)\|FLAGS.*$tag" dynamic || wrong "$tag"
done
grep -q '(FLAGS).*BIND_NOW' dynamic || wrong "not bound at once"
grep -q '(FLAGS_1).*NODELETE' dynamic || wrong "can be unloaded"
grep -q '(GNU_HASH)' dynamic || wrong "no GNU_HASH"

# Segments.  Columns: type, offset, two addresses, file and memory size, flags.
grep -q '^ *GNU_RELRO' segments || wrong "no GNU_RELRO"
test "$(awk '$1 == "GNU_STACK" { print $7 }' segments)" = RW ||
	wrong "executable stack"
if grep '^ *LOAD.* RWE ' segments; then
	wrong "memory both writable and executable"
fi
size_of()
{
	hex=$(awk -v type="$1" -v flags="$2" \
		'$1 == type && index($0, " " flags " ") { print $6 }' segments)
	echo $((hex))
}
tls=$(size_of TLS R)
if test "$tls" -lt 1 || test "$tls" -gt 64; then
	wrong "$tls bytes of TLS, not 1 to 64"
fi
# so that it cannot become one huge page
data=$(size_of LOAD RW)
if test "$data" -lt 1 || test "$data" -ge $((2 << 20)); then
	wrong "$data bytes of data, not below 2 MiB"
fi

# What every program writes at its start is in .data and .bss, two pages.
section()
{
	# the number of a section may stand alone, behind "[ "
	sed -n "s/^ *\[ *[0-9]*\] \\$1  *[A-Z]*  *//p" sections
}
first=0x$(section .data | cut -d ' ' -f 1)
# shellcheck disable=SC2046
set -- $(section .bss)
pages=$(((0x$1 + 0x$3 + 4095) / 4096 - first / 4096))
if test $pages -lt 1 || test $pages -gt 2; then
	wrong "$pages pages of .data and .bss, not 1 or 2"
fi

# Relocations: all are paid for by every program that starts.
number=$(grep -c '^[0-9a-f]\{8,\} ' relocations)
if test "$number" -lt 1 || test "$number" -gt 64; then
	wrong "$number relocations, not 1 to 64"
fi
awk '/^[0-9a-f]{8,} / || /^[0-9a-f][0-9a-f]*  *[0-9a-f]/ { print $3 }' \
	relocations | sort -u >kinds
if grep 'DTPMOD\|DTPOFF\|TLSDESC\|IRELATIV\|COPY' kinds; then
	wrong "relocations that need more than a word to be written"
fi
grep -q 'TPOFF\|TPREL' kinds || wrong "no initial-exec TLS"

# A library built here has to load where glibc is 2.34.
sed -n 's/.*Name: GLIBC_\([0-9.]*\).*/\1/p' versions | sort -u >glibc
test -s glibc || wrong "no version of glibc"
echo "versions of glibc: $(tr '\n' ' ' <glibc)"
newest=$( (cat glibc && echo 2.34) | sort -V | tail -n 1)
test "$newest" = 2.34 || wrong "needs glibc $newest"

# The standard names without a version, ours in HAKMEM_0.
awk '$4 ~ /FUNC|OBJECT/ && $7 != "UND" { print $8 }' symbols >defined
for name in malloc calloc realloc free posix_memalign aligned_alloc \
	memalign valloc pvalloc malloc_usable_size dlopen; do
	grep -qx "$name" defined || wrong "$name is not there, or has a version"
done
grep '^hakmem_' defined | grep -v '@@HAKMEM_0$' && wrong "not in HAKMEM_0"
grep -v '^hakmem_' defined | grep @ && wrong "a version"
awk '$5 != "GLOBAL" && $7 != "UND" && $4 ~ /FUNC|OBJECT/ { print; n = 1 }
	END { exit n }' symbols || wrong "weak symbols"

# Both lists, both ways, for the library and what a static program would get.
sed '/^#/d; /^$/d; s/@@.*//' "$srcdir/exports.list" |
	LC_ALL=C sort >expected
sed 's/@@.*//' defined | LC_ALL=C sort >exported
diff -u expected exported || wrong "exports of the library"
if test -f "$top_builddir/.libs/libhakmem.a"; then
	LC_ALL=C readelf -sW "$top_builddir/.libs/libhakmem.a" |
		awk '$5 == "GLOBAL" && $6 == "DEFAULT" && $7 != "UND" {
			print $8 }' | LC_ALL=C sort -u >archived
	grep -vx HAKMEM_0 expected | diff -u - archived ||
		wrong "symbols of the archive"
fi

echo "$number relocations, $tls bytes of TLS, $data of data"
exit $fail
