#!/bin/bash
# SPDX-License-Identifier: MIT
# Being looked at costs a process nothing: it is never traced, stopped, woken
# or given a page fault.  That it does not get slower: long/stat_slowdown.sh.

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

compile target
start env LD_PRELOAD="$lib" ./target
order alloc 1000 20000
order threads 4 500 100

# What the kernel counts about all its threads.
counts()
{
	cat "/proc/$pid"/task/*/status |
		grep -E '^(State|TracerPid|.*ctxt_switches)'
	# minor and major faults, CPU time
	awk '{ print $10, $12, $14, $15 }' "/proc/$pid/stat"
	grep -E '^(Rss|Private_Dirty):' "/proc/$pid/smaps_rollup"
}

counts >before
for view in "" -c -t -p -m -r --json; do
	# shellcheck disable=SC2086 # none or one
	"$stat" $view "$pid" 0.001 50 >/dev/null || fail "view '$view'"
done
counts >after
diff before after || fail "the process has noticed"
! grep -q 'TracerPid:.*[1-9]' after || fail "traced"

finish
