#!/bin/sh
# SPDX-License-Identifier: MIT
# jq: parse, change, group and print JSON.
# { dg-hakmem-timeout "60" }
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed

. "${srcdir:?}/lib/preload.sh"

need jq
numbers 8000 | awk '{ printf "{\"n\":%d,\"k\":\"%s\",\"l\":[%d,null,{\"x\":%d.5}]}\n", \
	$1, $2, $3, $1 % 77 }' >"$work/in"

with_jq() {
	jq -s 'group_by(.n % 97) | map({k: .[0].k, s: (map(.l[0]) | add),
		t: (map(.k) | unique | join("+") | length)})' "$work/in" &&
		jq -c 'select(.k | test("key[0-9]*7$")) |
			.l |= (map(tostring) | reverse) | del(.n)' "$work/in" &&
		jq -r '[.n, .k] | @csv' "$work/in" | cksum &&
		! jq . "$srcdir/README" &&
		echo refused
}

same "jq" with_jq
succeeded "jq" 0 '^refused$'
ours jq 100000
finish
