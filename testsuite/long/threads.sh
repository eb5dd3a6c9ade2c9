#!/bin/sh
# SPDX-License-Identifier: MIT
# The tests of threads and registry for longer than make check does:
# 100,000 short threads, a million SuperSlabs, the shadow model for a minute.

set -u

# Set by run-long.
: "${HAKMEM_LIB:?}" "${srcdir:?}" "${top_srcdir:?}" "${top_builddir:?}" "${CC:?}"
lib=$HAKMEM_LIB
unset HAKMEM_LIB
if test "${HAK_INTERPOSE:-1}" = 0; then
	echo "SKIP: threads: built without interposition"
	exit 0
fi
LD_LIBRARY_PATH=$(dirname "$lib")
export LD_LIBRARY_PATH

# run FOLDER NAME WHAT ARGUMENT... - build a test of make check, and run it
run()
{
	source=$srcdir/libhakmem.$1/$2.c
	name=$2
	what=$3
	shift 3
	# CC and CFLAGS may hold several words.
	# shellcheck disable=SC2086
	if $CC -std=gnu11 -D_GNU_SOURCE ${CFLAGS:-} -fno-builtin \
		-I"$top_srcdir/include" -I"$srcdir/lib" -o "$name" "$source" \
		-pthread "$lib" &&
		timeout -k 5 400 "./$name" "$@" >"$name.out" 2>&1; then
		tail -n 1 "$name.out"
		echo "PASS: $what"
	else
		tail -n 5 "$name.out"
		echo "FAIL: $what"
	fi
}

run threads short_threads "100,000 short threads" 100000
run threads registry "a million SuperSlabs" 1000000
run threads shadow_model "shadow model" 60
