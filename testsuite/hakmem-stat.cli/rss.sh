#!/bin/sh
# SPDX-License-Identifier: MIT
# The division of RSS: adds up, and each part is where it belongs.

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

compile target
start env LD_PRELOAD="$lib" HAKMEM_PURGE_DELAY=-1 HAKMEM_THP=never ./target

part()
{
	sed -n "s/^$1  *\([0-9][0-9]*\) .*/\1/p" view
}

look()
{
	"$stat" -r -b "$pid" >view || fail "no view"
	total=0
	for p in live fragmentation cached reclaimable metadata "THP padding" \
		"not ours"; do
		[ -n "$(part "$p")" ] || fail "$1: no line for $p"
		total=$((total + $(part "$p")))
	done
	same "$1: the sum" "$total" "$(part RSS)"
	smaps=$(awk '/^Rss:/ { n += $2 } END { print n * 1024 }' \
		"/proc/$pid/smaps")
	# small buffers of the kernel's own change by a page or two
	between "$1: RSS" "$(part RSS)" $((smaps - 65536)) $((smaps + 65536))
}

look "start"
before=$(part live)
others=$(part "not ours")

order alloc 1000 65536
bytes=${answer% *}
look "64 MiB in small blocks"
between "small blocks" $(($(part live) - before)) $((bytes - 200000)) \
	$((bytes + 200000))
between "not ours" "$(part "not ours")" $((others - 1000000)) \
	$((others + 1500000))
before=$(part live)

order alloc 50000000 1
look "a huge block"
between "huge block" $(($(part live) - before)) 49900000 50300000

order free 1
look "a huge block freed"
between "huge block freed: live" "$(part live)" $((before - 100000)) \
	$((before + 100000))
between "huge block freed: reclaimable" "$(part reclaimable)" 49900000 \
	52000000

order free 60000
look "small blocks freed"
between "small blocks freed: live" "$(part live)" 5000000 8000000
[ "$(($(part reclaimable) + $(part fragmentation)))" -gt 100000000 ] ||
	fail "60 MB of freed blocks are neither reclaimable nor fragmentation"
"$stat" -r --json "$pid" >look.json || fail "no JSON"
same "RSS of residence" "$(sed -n '/"residence"/,$p' look.json >r.json
	figure r.json rss_bytes)" "$(part RSS)"
finish
