#!/bin/bash
# SPDX-License-Identifier: MIT
# Being looked at costs a process nothing: it is never traced, stopped, woken
# or given a page fault, and does not get slower under 100 looks a second.

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

# While it works, by turns with and without: the best rounds of each.  Others
# use the machine, too; a real cost shows in every attempt.
"$stat" --json "$pid" 0.01 >samples &
sampler=$!
targets="$targets $sampler"
until [ -s samples ]; do sleep 0.01; done

# rounds SIGNAL LEAST - with the sampler in this state
rounds()
{
	kill "-$1" "$sampler"
	least=$2
	for _ in 1 2 3 4 5 6; do
		order spin 40
		[ "${answer% *}" -lt "$least" ] && least=${answer% *}
	done
}

for attempt in 1 2 3 4 5; do
	quiet=999999999
	sampled=999999999
	for _ in 1 2 3; do
		rounds STOP "$quiet"
		quiet=$least
		rounds CONT "$sampled"
		sampled=$least
	done
	echo "alone $quiet us, looked at 100 times a second $sampled us"
	[ "$((sampled * 100))" -le "$((quiet * 103))" ] && break
done
[ "$((sampled * 100))" -le "$((quiet * 103))" ] ||
	fail "slower by more than 3 % in $attempt attempts"
[ "$(wc -l <samples)" -ge 10 ] || fail "only $(wc -l <samples) samples"
finish
