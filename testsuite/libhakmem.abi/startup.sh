#!/bin/sh
# SPDX-License-Identifier: MIT
# A program that never allocates pays at most 5 page faults and 2 system calls
# more for this library than for an empty one.  Faults depend on the addresses
# that the kernel chooses: it maps pages around the one that is missing.

set -eu

# Set by the test suite.
: "${HAKMEM_LIB:?}" "${top_srcdir:?}" "${CC:?}"
lib=$HAKMEM_LIB
unset HAKMEM_LIB

if test -e /etc/hakmem.conf; then
	echo "UNSUPPORTED: /etc/hakmem.conf exists, to be read"
	exit 77
fi
echo 'int main(void) { return 0; }' >idle.c
echo 'int empty;' >empty.c
# CC may hold several words.
# shellcheck disable=SC2086
{
	$CC -O2 "$top_srcdir/testsuite/lib/launch_cost.c" -o launch_cost
	$CC -O2 idle.c -o idle
	$CC -shared -fPIC empty.c -o empty.so
}

cost()
{
	status=0
	./launch_cost "$1" ./idle >cost || status=$?
	if test $status = 77; then
		echo "UNSUPPORTED: ptrace is not permitted"
		exit 77
	fi
	test $status = 0
}

cost "$PWD/empty.so"
read -r faults calls <cost
cost "$lib"
read -r our_faults our_calls <cost
echo "page faults in 300 runs $our_faults, empty library $faults"
echo "system calls $our_calls, empty library $calls"
test "$our_faults" -le $((faults + 5 * 300))
test "$our_calls" -le $((calls + 2))
