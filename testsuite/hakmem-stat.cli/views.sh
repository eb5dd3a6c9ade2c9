#!/bin/sh
# SPDX-License-Identifier: MIT
# Classes, threads and pool: known figures, and sums that agree.

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

compile target
start env LD_PRELOAD="$lib" ./target
order alloc 24 100
order alloc 3000 1
order threads 3 3000 200

# cells COLUMN - the figures of a column of "view", without its heading
cells()
{
	awk -v want="$1" 'NR == 1 { for (i = 1; i <= NF; i++)
			if ($i == want) column = i; next }
		NF { print $column }' view
}

sum()
{
	cells "$1" | awk '{ n += $1 } END { printf "%.0f\n", n }'
}

"$stat" -c -b -o SIZE,LIVE,BYTES,CACHED,SLABS,SLABBYTES,FILLED "$pid" >view ||
	fail "classes"
cp view classes
# 601 blocks of the class of 3000; a thread's first 32 are in the mixed slot.
have=$(awk '$1 == 3072 { print $2 }' classes)
between "live of 3072" "${have:-0}" 504 601
same "bytes of 3072" "$(awk '$1 == 3072 { print $3 }' classes)" \
	$((have * 3072))
for column in LIVE BYTES CACHED SLABS SLABBYTES FILLED; do
	all=$(awk -v c="$column" 'NR == 1 { for (i = 1; i <= NF; i++)
		if ($i == c) k = i } $1 == "all" { print $k }' classes)
	# the last row is the sum of all the others
	same "$column" "$(sum $column)" "$((2 * all))"
done
all_slabs=$(awk '$1 == "all" { print $5 }' classes)
all_bytes=$(awk '$1 == "all" { print $6 }' classes)

"$stat" -t -b -o TID,NAME,STATE,SLABS,BYTES,CACHED,MALLOCS "$pid" >view ||
	fail "threads"
for i in 1 2 3; do
	# shellcheck disable=SC2046 # words
	set -- $(awk -v name="worker-$i" '$2 == name' view)
	same "state of worker-$i" "${3-}" live
	[ -r "/proc/$pid/task/${1-none}/comm" ] &&
		same "name of ${1-none}" \
			"$(cat "/proc/$pid/task/$1/comm")" "worker-$i"
	[ "${7:-0}" -ge 168 ] || fail "worker-$i: ${7-} mallocs"
done
same "main thread" "$(awk -v pid="$pid" '$1 == pid { print $2 }' view)" target
same "slabs of the threads" "$(sum SLABS)" "$all_slabs"
same "bytes of the threads" "$(sum BYTES)" "$all_bytes"

"$stat" -p -b "$pid" >view || fail "pool"
pool()
{
	sed -n "s/^$1  *\([0-9][0-9]*\) .*/\1/p" view
}
active=$(pool "slots active")
empty=$(pool "slots empty")
unused=$(pool "slots unused")
[ "${active:-0}" -gt 10 ] || fail "slots active: $active"
for word in shared_fail shared_fail_fallback "registry slots" acquire release \
	adopt drain "lru length"; do
	[ -n "$(pool "$word")" ] || fail "the pool view lacks $word"
done
same "failures" "$(pool shared_fail)" 0
[ "$(pool "registry slots")" -ge "$active" ] || fail "registry slots"
same "states" "$(($(pool acquire) - $(pool release)))" "$active"

# The map has a cell for each slot.
"$stat" -m "$pid" >map || fail "map"
same "cells" "$(sed '1d;$d' map | awk '{ printf "%s", $2 }' | wc -c)" \
	$((active + empty + unused))
same "active cells" "$(sed '1d;$d' map | awk '{ print $2 }' | tr -dc '#+' |
	wc -c)" "$active"
order free 1
order alloc 60000 300
order free 300
"$stat" -m "$pid" >map
"$stat" -p -b "$pid" >view
same "empty cells" "$(sed '1d;$d' map | awk '{ print $2 }' | tr -dc 'o' |
	wc -c)" "$(pool "slots empty")"
[ "$(pool "slots empty")" -gt 0 ] || fail "no empty slot to see"

# Colour as told, never by itself into a file.
esc=$(printf '\033')
! grep -q "$esc" map || fail "colour in a file"
"$stat" -m --color=always "$pid" | grep -q "$esc" || fail "no colour"
! NO_COLOR=1 "$stat" -m --color=never "$pid" | grep -q "$esc" ||
	fail "colour with --color=never"
expect 1 'not auto, always or never' "$stat" -m --color=perhaps "$pid"
expect 1 'one view at a time' "$stat" -m -p "$pid"
expect 1 'no columns' "$stat" -m --list-columns

# Columns: chosen, added, in any case of letters; machine form.
"$stat" -o live,pid -R -n -b "$pid" >view
grep -Eq "^[0-9]+ $pid\$" view || fail "chosen columns: $(cat view)"
"$stat" -o +FREES "$pid" | head -n 1 | grep -q 'PURGED/s.*FREES$' ||
	fail "added column"
finish
