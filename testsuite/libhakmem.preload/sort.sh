#!/bin/sh
# SPDX-License-Identifier: MIT
# sort with two threads, 10 MB (long: 200 MB).
# { dg-hakmem-timeout "120" }
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed

. "${srcdir:?}/lib/preload.sh"

need sort awk cmp
memory=$(pick 4M 64M)
numbers "$(pick 370000 7300000)" >"$work/in"

by_threads() {
	sort --parallel=2 -S "$memory" -T . -o sorted "$work/in" &&
		sort --parallel=2 -S "$memory" -T . -k2,2 -k1,1nr "$work/in" |
		cksum &&
		sort -c sorted
}

same "sort of $(wc -c <"$work/in") bytes" by_threads
succeeded "sort"
ours sort 50
finish
