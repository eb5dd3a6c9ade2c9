#!/bin/sh
# SPDX-License-Identifier: MIT
# Mixed operations of every tier under four filters of system calls that end
# the process at anything else, with threads where the filter allows them:
# preloaded and linked.  That the filters bite is shown first.
# { dg-hakmem-timeout "120" }
set -u

# Set by the test suite, OPERATIONS by long/sandbox.sh.
: "${HAKMEM_LIB:?}" "${srcdir:?}" "${CC:?}" "${top_builddir:?}"
lib=$HAKMEM_LIB
unset HAKMEM_LIB
operations=${OPERATIONS:-100000}

echo '#include <seccomp.h>' >have.c
echo 'int main(void) { return seccomp_api_get() == 0; }' >>have.c
# CC and CFLAGS may hold several words.
# shellcheck disable=SC2086
$CC ${CFLAGS:-} -o have have.c -lseccomp 2>/dev/null || {
	echo "UNSUPPORTED: no libseccomp"
	exit 77
}
# shellcheck disable=SC2086
{
	set -- $CC ${CFLAGS:-} -std=gnu11 -Wall -Wextra -D_GNU_SOURCE \
		-fno-builtin -I"$srcdir/lib" -pthread
	"$@" -o plain "$srcdir/lib/sandbox.c" -lseccomp &&
		"$@" -o archive "$srcdir/lib/sandbox.c" \
			"$top_builddir/.libs/libhakmem.a" -lseccomp -ldl
} || exit 1

fail=0
# run FILTER PROGRAM... - under the filter, or the call that it does not allow
run()
{
	filter=$1
	shift
	"$@" "$filter" "$operations" >out 2>&1
	status=$?
	[ "$status" -ne 77 ] || {
		cat out
		exit 77
	}
	[ "$status" -ne 0 ] || return 0
	echo "$filter: $*: status $status"
	cat out
	SANDBOX_TRAP=1 "$@" "$filter" "$operations"
	fail=1
}

for filter in preauth preauth-args man-db service; do
	echo "$filter: $operations operations, preloaded and linked"
	./plain "$filter" break >out 2>&1
	status=$?
	# 128 + SIGSYS
	[ "$status" -eq 159 ] || [ "$status" -eq 77 ] || {
		echo "$filter does not end a process: status $status"
		cat out
		fail=1
	}
	run "$filter" env LD_PRELOAD="$lib" ./plain
	run "$filter" ./archive
done
exit $fail
