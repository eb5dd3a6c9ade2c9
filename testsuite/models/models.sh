# SPDX-License-Identifier: MIT
# models.sh - check the models of this folder; sourced by tests
#
# Needs srcdir (testsuite/) and CC; works in the current directory.
# shellcheck shell=sh disable=SC2154

# models_build NAME [FLAG...] - the checker of a model; it is written by spin
models_build() {
	model=$1
	shift
	mkdir -p "$model" || return 1
	(cd "$model" && spin -a "$srcdir/models/$model.pml" >spin.out &&
		$CC -O1 -w -DSAFETY "$@" -o pan pan.c) && return 0
	cat "$model/spin.out"
	echo "$model: no checker"
	return 1
}

# models_run NAME SIZE BUG [FLAG...] - what the checker found, in NAME/out
models_run() {
	dir=$1 size=$2 bug=$3
	shift 3
	(cd "$dir" && rm -f ./*.trail &&
		SIZE=$size BUG=$bug ./pan "$@" >out 2>&1)
}

# models_holds NAME SIZE - every state was seen, and each was right
models_holds() {
	models_run "$1" "$2" 0 -m4000000
	if grep -q 'errors: 0$' "$1/out" &&
		! grep -q 'search not completed\|too small\|out of memory' \
			"$1/out"; then
		echo "$1, size $2:$(grep 'states, stored' "$1/out")"
		return 0
	fi
	cat "$1/out"
	echo "$1, size $2: does not hold"
	return 1
}

# models_finds NAME SIZE - each mistake that the model can make is found
models_finds() {
	mistakes=$(sed -n 's/^#define BUGS //p' "$srcdir/models/$1.pml")
	found=0
	while [ "$found" -lt "$mistakes" ]; do
		models_run "$1" "$2" $((found + 1)) -m200000 -w18
		grep -q 'assertion violated' "$1/out" || {
			cat "$1/out"
			echo "$1, size $2: mistake $((found + 1)) is not found"
			return 1
		}
		found=$((found + 1))
	done
	echo "$1: $found mistakes found"
	[ "$found" -gt 0 ]
}
