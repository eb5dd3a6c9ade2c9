#!/bin/sh
# SPDX-License-Identifier: MIT
# Forks: 10,000 of a process whose eight threads allocate; the tests of
# libhakmem.fork/ twenty times; the rate of forks with 64 threads beside the
# C library's; what a handler that allocates on fast paths does to either.
set -u

# Set by run-long.
: "${HAKMEM_LIB:?}" "${srcdir:?}" "${top_srcdir:?}" "${CC:?}"
lib=$HAKMEM_LIB
unset HAKMEM_LIB
if [ "${HAK_INTERPOSE:-1}" = 0 ]; then
	echo "SKIP: fork: built without interposition"
	exit 0
fi

# build OUT SOURCE [ARGUMENT...]
build()
{
	out=$1
	source=$2
	shift 2
	# CC and CFLAGS may hold several words.
	# shellcheck disable=SC2086
	$CC -std=gnu11 -D_GNU_SOURCE ${CFLAGS:-} -fno-builtin \
		-I"$top_srcdir/include" -I"$srcdir/lib" -o "$out" "$source" \
		-pthread "$@"
}

# result WHAT STATUS
result()
{
	if [ "$2" -eq 0 ]; then
		echo "PASS: $1"
	else
		echo "FAIL: $1"
	fi
}

# ---- 10,000 forks -----------------------------------------------------------

build fork_load "$srcdir/libhakmem.fork/fork_load.c"
wrong=0
done=0
while [ "$done" -lt 10000 ] && [ "$wrong" -eq 0 ]; do
	LD_PRELOAD=$lib timeout -k 5 200 ./fork_load 1000 || wrong=1
	done=$((done + 1000))
	echo "$done forks"
done
result "10,000 forks of a process whose threads allocate" "$wrong"

# ---- twenty times -----------------------------------------------------------

hangs=0
crashes=0
runs=0
for source in "$srcdir"/libhakmem.fork/*.c; do
	name=$(basename "$source" .c)
	build "set_$name" "$source" "$lib" || {
		crashes=$((crashes + 1))
		continue
	}
	round=0
	while [ "$round" -lt 20 ]; do
		round=$((round + 1))
		runs=$((runs + 1))
		LD_LIBRARY_PATH=$(dirname "$lib") timeout -k 5 60 \
			"./set_$name" >out 2>&1
		status=$?
		case $status in
		0) ;;
		124 | 137) hangs=$((hangs + 1)) ;;
		*)
			crashes=$((crashes + 1))
			tail -n 3 out
			;;
		esac
	done
	echo "$name: 20 times"
done
echo "$runs runs, $hangs hangs, $crashes crashes"
[ "$runs" -ge 200 ] && [ "$hangs" -eq 0 ] && [ "$crashes" -eq 0 ]
result "the fork tests twenty times" $?

# ---- rate -------------------------------------------------------------------

cat >rate.c <<'END2'
#include "t.h"
#include <pthread.h>
#include <stdbool.h>

enum { THREADS = 64 };

static bool any; /* size from 50 to 4049, else one of four */

static size_t next_size(uint64_t *seed)
{
	static const size_t few[] = { 48, 128, 500, 4000 };

	return any ? 50 + t_below(seed, 4000) : few[t_below(seed, 4)];
}

/* Alive, with blocks of its own, of which it replaces some at times. */
static void *live(void *arg)
{
	uint64_t seed = (uintptr_t)&seed;
	char *p[200] = { 0 };

	for (unsigned n = 0;; n++) {
		size_t i = n < 200 ? n : t_below(&seed, 200);
		size_t size = next_size(&seed);

		free(p[i]);
		p[i] = malloc(size);
		CHECK(p[i]);
		memset(p[i], 1, size);
		if (n >= 200 && n % 10 == 0)
			usleep(20000);
	}
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t t;
	double end;
	long n = 0;

	any = argc > 1 && !strcmp(argv[1], "any");
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t, NULL, live, NULL) == 0);
	usleep(100000);
	for (end = t_now() + 2; t_now() < end; n++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid == 0) {
			free(malloc(100));
			_exit(0);
		}
		CHECK(waitpid(pid, NULL, 0) == pid);
	}
	printf("%ld\n", n / 2);
	fflush(stdout);
	_exit(0);
}
END2
build rate rate.c

# rate KIND - forks a second by the C library's allocator and by ours
rate()
{
	: >rate.theirs
	: >rate.ours
	round=0
	while [ "$round" -lt 7 ]; do
		round=$((round + 1))
		./rate "$1" >>rate.theirs
		LD_PRELOAD=$lib ./rate "$1" >>rate.ours
	done
	theirs=$(sort -n rate.theirs | sed -n 4p)
	ours=$(sort -n rate.ours | sed -n 4p)
	echo "forks a second, 64 threads, $1: $ours, the C library $theirs"
}

# The aim is 0.9, and runs differ by more than the rest; a fork takes as long as
# there is memory, of which size classes need more where any size is asked for.
# doc/RELIABILITY.md has figures.
rate few
[ "$ours" -ge $((theirs * 3 / 4)) ]
result "the rate of forks, four sizes, is at least three quarters of the C library's" $?
rate any
[ "$ours" -ge $((theirs / 2)) ]
result "the rate of forks, any size, is at least half of the C library's" $?

# ---- handlers ---------------------------------------------------------------

build signals "$srcdir/libhakmem.threads/signal_malloc.c"
ours=0
theirs=0
round=0
while [ "$round" -lt 10 ]; do
	round=$((round + 1))
	timeout -k 2 8 ./signals mixed >out 2>&1 || theirs=$((theirs + 1))
	LD_PRELOAD=$lib timeout -k 2 8 ./signals mixed >out 2>&1 ||
		ours=$((ours + 1))
done
echo "handlers on fast paths: $ours of 10 went wrong, the C library $theirs"
[ "$ours" -le "$theirs" ]
result "handlers on fast paths: no worse than the C library" $?
