#!/bin/sh
# SPDX-License-Identifier: MIT
# Every case of the misuse matrix does what misuse-matrix/matrix.c says that it
# must, as C and as C++, at each level of HAKMEM_SECURITY.

set -eu

lib=${HAKMEM_LIB:?}
unset HAKMEM_LIB
# The only line on standard error is to be the report.
unset HAKMEM_SS_DEBUG HAKMEM_POOL_DEBUG HAKMEM_REMOTE_DEBUG
source=${srcdir:?}/misuse-matrix/matrix.c
flags="-O1 -Wall -Wextra -D_GNU_SOURCE -fno-builtin -pthread"
status=0

# judge PROGRAM LEVEL
judge()
{
	env LD_PRELOAD="$lib" HAKMEM_SECURITY="$2" timeout 120 \
		"$1" -c "$2" >out 2>&1 || status=1
	cat out
	# the last line counts them; a table that became empty is no success
	test "$(sed -n '$s/^[0-9]* of \([0-9]*\) cases failed$/\1/p' out)" \
		-gt 60 || status=1
}

# shellcheck disable=SC2086 # words
$CC ${CFLAGS:-} -std=gnu11 $flags -o c "$source" -ldl
for level in 1 2 3; do
	judge ./c $level
done
if ${CXX:-g++} --version >/dev/null 2>&1; then
	# shellcheck disable=SC2086
	${CXX:-g++} -x c++ -std=c++17 $flags -o cxx "$source" -ldl
	for level in 1 2 3; do
		judge ./cxx $level
	done
else
	echo "no C++ compiler"
fi
exit $status
