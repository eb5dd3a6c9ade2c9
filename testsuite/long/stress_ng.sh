#!/bin/sh
# SPDX-License-Identifier: MIT
# stress-ng's workers for malloc, memory and fork, which look at what they wrote,
# for STRESS_SECONDS, 60 by default.
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed
. "${srcdir:?}/lib/preload.sh"

seconds=${STRESS_SECONDS:-60}
unset STRESS_SECONDS

need stress-ng
mkdir -p "$reports"
cd "$work" || exit 1
env HAKMEM_STATS=exit HAKMEM_STATS_FORMAT=json \
	HAKMEM_STATS_FILE="$reports/%e.%p.json" LD_PRELOAD="$lib" \
	stress-ng --malloc 2 --malloc-pthreads 4 --malloc-bytes 16K \
	--malloc-touch --vm 1 --vm-bytes 256M --fork 2 --verify --metrics-brief \
	--timeout "$seconds" >out 2>&1
status=$?
cat out
if [ $status -ne 0 ]; then
	fail "stress-ng" "exit status $status"
elif grep -q 'hakmem: \|: fail: \|finished prematurely' out; then
	fail "stress-ng" "something was reported"
else
	pass "stress-ng, $seconds s"
fi
ours stress-ng 100
finish
