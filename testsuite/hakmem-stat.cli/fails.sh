#!/bin/sh
# SPDX-License-Identifier: MIT
# What fails is counted and seen: requests refused at the limit, and requests
# sent to the C library by the guard.

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

compile target

pool()
{
	"$stat" -p -b "$pid" | sed -n "s/^$1  *\([0-9][0-9]*\) .*/\1/p"
}

start env LD_PRELOAD="$lib" HAKMEM_TINY_USE_SUPERSLAB=1 HAKMEM_LIMIT_HARD=20M \
	./target
same "refused before" "$(pool shared_fail)" 0
order try 100000 500
[ "$answer" -gt 200 ] || fail "only $answer requests were refused"
[ "$(pool shared_fail)" -ge "$answer" ] ||
	fail "shared_fail is $(pool shared_fail), refused were $answer"
same "sent to libc" "$(pool shared_fail_fallback)" 0
"$stat" --prometheus "$pid" >metrics
grep -q "^hakmem_limit_bytes{.*} 20971520\$" metrics || fail "limit"
grep -q "^hakmem_shared_fail_total{.*} [1-9]" metrics || fail "metric"
stop

start env LD_PRELOAD="$lib" HAKMEM_TINY_USE_SUPERSLAB=0 ./target
before=$(pool shared_fail_fallback)
order alloc 100 1000
[ "$(($(pool shared_fail_fallback) - before))" -ge 1000 ] ||
	fail "shared_fail_fallback went from $before to" \
		"$(pool shared_fail_fallback)"
same "refused" "$(pool shared_fail)" 0
finish
