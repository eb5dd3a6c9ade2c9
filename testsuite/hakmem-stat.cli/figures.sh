#!/bin/sh
# SPDX-License-Identifier: MIT
# At rest the figures are exactly what the program did.

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

compile target
start env LD_PRELOAD="$lib" ./target

# A first round of each size: caches and slabs are made.
order alloc 24 1
before()
{
	"$stat" --json "$pid" >before.json || fail "no snapshot"
}

# changed KEY HOW-MUCH
changed()
{
	"$stat" --json "$pid" >after.json || fail "no snapshot"
	have=$(($(figure after.json "$1") - $(figure before.json "$1")))
	same "change of $1 after '$what'" "$have" "$2"
}

for what in "alloc 24 1000" "alloc 512 333" "alloc 20000 77" \
	"alloc 100000 9" "alloc 5000000 3"; do
	before
	# shellcheck disable=SC2086 # words
	order $what
	changed live_bytes "${answer% *}"
	changed live_objects "${answer#* }"
	changed mallocs "${answer#* }"
	changed frees 0
done
for what in "free 50" "free 1372"; do
	before
	# shellcheck disable=SC2086 # words
	order $what
	changed live_bytes "-${answer% *}"
	changed live_objects "-${answer#* }"
	changed frees "${answer#* }"
	changed mallocs 0
done

# At rest anywhere around a heartbeat, one allocation at a time: each of them
# is counted at once, and the look is no longer than others.
last=$(figure after.json mallocs)
n=0
while [ "$n" -lt 60 ]; do
	case $n in
	1) order alloc 32 $((2040 - last % 2048)) ;;
	*) order alloc 32 1 ;;
	esac
	"$stat" --json "$pid" >after.json || fail "no snapshot"
	same "mallocs at the heartbeat, $n" "$(figure after.json mallocs)" \
		$((last + ${answer#* }))
	last=$(figure after.json mallocs)
	[ "$(figure after.json retries)" -le 5 ] ||
		fail "$(figure after.json retries) retries at rest"
	n=$((n + 1))
done

# Another thread frees them: gone from live at once.
what="remote 64 500"
before
order remote 64 500
[ "$(figure before.json live_bytes)" -gt 0 ] || fail "nothing was live"
"$stat" --json "$pid" >after.json
[ "$(figure after.json remote_frees)" -ge \
	"$(($(figure before.json remote_frees) + 500))" ] ||
	fail "remote frees: $(figure after.json remote_frees)"
same "retries at rest" "$(figure after.json retries)" 0
same "blocks moved at rest" "$(figure after.json moved_objects)" 0
finish
