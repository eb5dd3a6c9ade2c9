#!/bin/sh
# SPDX-License-Identifier: MIT
# Threads that have allocated a little and sleep cost no more resident memory
# than with the C library's allocator: none gets a heap for a few blocks.

set -eu

lib=$HAKMEM_LIB
unset HAKMEM_LIB

cat >idle.c <<'END'
#include "t.h"
#include <pthread.h>

static pthread_barrier_t barrier;

static void *work(void *arg)
{
	char *p = malloc(100), *q = strdup("idle");

	CHECK(p && q);
	memset(p, 1, 100);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	free(p);
	free(q);
	return arg;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0;
	pthread_attr_t attr;
	long before, after;

	CHECK(pthread_attr_init(&attr) == 0);
	CHECK(pthread_attr_setstacksize(&attr, 64 << 10) == 0);
	CHECK(pthread_barrier_init(&barrier, NULL, (unsigned)n + 1) == 0);
	before = t_status_kib("VmRSS");
	for (int i = 0; i < n; i++) {
		pthread_t t;

		if (pthread_create(&t, &attr, work, NULL))
			unsupported("not that many threads");
	}
	pthread_barrier_wait(&barrier);
	after = t_status_kib("VmRSS");
	printf("%ld\n", (after - before) * 1024 / n);
	fflush(stdout);
	_exit(0);
}
END
# CC and CFLAGS may hold several words.
# shellcheck disable=SC2086,SC2154
$CC ${CFLAGS:-} -D_GNU_SOURCE -fno-builtin -I"$srcdir/lib" -o idle idle.c \
	-pthread
theirs=$(./idle 4000) || {
	echo "$theirs"
	exit 77
}
ours=$(env LD_PRELOAD="$lib" ./idle 4000)
echo "bytes a thread: $ours, with the C library's allocator $theirs"
# 5 % for what differs from run to run
test "$ours" -le $((theirs + theirs / 20))
