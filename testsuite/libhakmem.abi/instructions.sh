#!/bin/sh
# SPDX-License-Identifier: MIT
# malloc and free of a block at hand stay within a budget of instructions in
# each tier.  A program is followed step by step, so the figures are exact: what
# is executed in the library between call and return.
#
# The budgets are what the code takes now; the pairs of the peers in Tiny are 32
# (rpmalloc), 39 (mimalloc) and 67 (tcmalloc).  More is right only with a
# measurement that pays for it, and less is to be written down here.  Large and
# Huge go through the pool, where the number depends on what lies there: they
# have a twentieth to spare.

set -eu

# Set by the test suite.
: "${HAKMEM_LIB:?}" "${top_srcdir:?}" "${top_builddir:?}" "${CC:?}"
lib=$HAKMEM_LIB
unset HAKMEM_LIB

not_default()
{
	echo "UNSUPPORTED: not the default build: $*"
	exit 77
}
for setting in "HAK_DEBUG 0" "HAK_MISUSE_CHECKS 1"; do
	grep -qx "#define $setting" "$top_builddir/config.h" ||
		not_default "no $setting"
done
test ! -f "$top_builddir/lib/trained" || not_default "--enable-pgo"
case ${CFLAGS-} in
"-g -O2" | "-O2 -g" | -O2) ;;
*) not_default "CFLAGS=${CFLAGS-}" ;;
esac

# What for, size, and malloc and free by gcc and by clang.
cat >budgets <<'END'
Tiny			64	21 35	24 37
Tiny,_largest		1024	21 35	24 37
Mid			4096	24 35	27 37
Mid,_several_slots	16384	24 48	27 51
Large			100000	109 150	107 158
Huge			3M	380 405	320 375
END
# CC may hold several words.
# shellcheck disable=SC2086
if echo __clang__ | $CC -E -P - | grep -q __clang__; then
	column=3
else
	column=5
fi
awk -v c=$column '{ print $1, $2, $c, $(c + 1) }' budgets >budget

# shellcheck disable=SC2086
$CC -O2 -pthread "$top_srcdir/bench/instructions.c" -o instructions
status=0
# shellcheck disable=SC2046
LD_PRELOAD=$lib ./instructions $(awk '{ print $2 }' budget) >counts ||
	status=$?
if test $status = 77; then
	echo "UNSUPPORTED: $(cat counts)"
	exit 77
fi
test $status = 0

paste -d ' ' budget counts | awk '
	{
		gsub(/_/, " ", $1)
		text = sprintf("%s %s: malloc %d of %d, free %d of %d",
			$1, $2, $6, $3, $7, $4)
		bad = !($6 > 0 && $7 > 0 && $6 <= $3 && $7 <= $4)
		print (bad ? "wrong: " : "") text
		fail += bad
	}
	END { exit NR != 6 || fail }'
