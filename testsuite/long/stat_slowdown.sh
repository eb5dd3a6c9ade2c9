#!/bin/bash
# SPDX-License-Identifier: MIT
# A process does not get slower under 100 looks a second.  Wants a machine with
# a processor to spare.

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

compile target
start env LD_PRELOAD="$lib" ./target
order alloc 1000 20000

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
what="100 looks a second: slower by at most 3 %"
if [ "$((sampled * 100))" -gt "$((quiet * 103))" ]; then
	echo "FAIL: $what: not in $attempt attempts"
elif [ "$(wc -l <samples)" -lt 10 ]; then
	echo "FAIL: $what: only $(wc -l <samples) samples"
else
	echo "PASS: $what"
fi
finish
