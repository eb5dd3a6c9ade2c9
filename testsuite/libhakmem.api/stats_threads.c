/* SPDX-License-Identifier: MIT */
/*
 * hakmem_stats_get has its sums however many threads call it at once.
 *
 * { dg-hakmem-modes "linked" }
 * { dg-hakmem-options "-pthread" }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>
#include <pthread.h>

enum { CALLS = 20000, THREADS = 4 };
#define BLOCKS 2000u
#define SIZE 200u

static void *get(void *arg)
{
	struct hakmem_stats s;

	for (int i = 0; i < CALLS; i++) {
		CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
		if (s.mallocs < BLOCKS || s.live_bytes < BLOCKS * SIZE)
			FAIL("%llu mallocs, %llu live bytes",
			     (unsigned long long)s.mallocs,
			     (unsigned long long)s.live_bytes);
	}
	return arg;
}

int main(void)
{
	pthread_t t[THREADS];

	for (unsigned i = 0; i < BLOCKS; i++)
		CHECK(malloc(SIZE));
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, get, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	return 0;
}
