#!/bin/sh
# SPDX-License-Identifier: MIT
# The shadow model of libhakmem.threads/ for longer, under each A/B guard and
# observation switch, and under settings that make rare paths frequent: with 8
# threads, SHADOW_FIRST seconds by default and SHADOW_SECONDS in each setting,
# 20 each when not told.
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed
. "${srcdir:?}/lib/preload.sh"

: "${CC:?}"
seconds=${SHADOW_SECONDS:-20}
first=${SHADOW_FIRST:-$seconds}
unset SHADOW_SECONDS SHADOW_FIRST

# One setting a line, which may be several variables; the first is no change.
settings() {
	echo HAKMEM_ENABLE=1
	sed -n '/^GUARDS = /,/^$/s/^[[:space:]]*\(HAKMEM_[A-Z_]*=[0-9]*\).*/\1/p' \
		"$srcdir/Makefile.am"
	echo HAKMEM_TINY_SS_SHARED=0 HAKMEM_FOREIGN_REUSE=1
	echo HAKMEM_PURGE_DELAY=0
	echo HAKMEM_CACHE_MAX=0 HAKMEM_PURGE_DELAY=0 HAKMEM_FOREIGN_REUSE=1
}

# model SECONDS SETTING... - one run, judged; the model takes its time twice
model() {
	time=$1
	shift
	rm -rf "$reports"
	mkdir "$reports"
	env "$@" HAKMEM_STATS=exit HAKMEM_STATS_FORMAT=json \
		HAKMEM_STATS_FILE="$reports/%e.%p.json" LD_PRELOAD="$lib" \
		"$work/model" $((time / 2)) >"$work/out" 2>"$work/err"
	status=$?
	(
		# shellcheck disable=SC2163 # NAME=VALUE words
		export "$@"
		errors=$(grep -v "$(expected)" "$work/err")
		if [ $status -ne 0 ] || [ -n "$errors" ]; then
			fail "$*" "status $status: $errors"
		elif [ "$(cat "$work/out")" != ok ]; then
			fail "$*" "did not end with ok"
		else
			ours model $((time * 2000))
		fi
		exit "$failed"
	) || failed=1
}

# expected - what the observation switches may print
expected() {
	case ${HAKMEM_SS_DEBUG:-}:${HAKMEM_POOL_DEBUG:-}:${HAKMEM_REMOTE_DEBUG:-} in
	1::) echo '^hakmem: superslab: ' ;;
	:1:) echo '^hakmem: pool: ' ;;
	::1) echo '^hakmem: remote: ' ;;
	*) echo '^$' ;;
	esac
}

"$CC" -std=gnu11 -O2 -g -D_GNU_SOURCE -fno-builtin -pthread -DTHREADS=8 \
	-o "$work/model" "$srcdir/libhakmem.threads/shadow_model.c" || {
	fail "shadow model" "does not compile"
	finish
}
settings >"$work/settings"
[ "$(grep -c . "$work/settings")" -ge 10 ] ||
	fail "shadow model" "the guards are not in Makefile.am"
while read -r setting; do
	echo "$setting, $first seconds"
	# shellcheck disable=SC2086 # words
	model "$first" $setting
	first=$seconds
done <"$work/settings"
finish
