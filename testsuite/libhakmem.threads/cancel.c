/* SPDX-License-Identifier: MIT */
/*
 * Cancelled threads: at cancellation points between allocations, with cleanup
 * handlers that free, and asynchronously while computing between them.  Their
 * heaps go the way of all others; nothing leaks and nobody waits for them.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>
#include <pthread.h>
#include <semaphore.h>

enum { THREADS = 400, BLOCKS = 50 };

static sem_t running;

static struct hakmem_stats get(void)
{
	struct hakmem_stats s;

	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	return s;
}

static void free_all(void *arg)
{
	void **p = arg;

	for (int i = 0; i < BLOCKS; i++)
		free(p[i]);
	free(p);
}

static void churn(void **p, uint64_t *seed)
{
	for (int i = 0; i < 200; i++) {
		size_t k = t_below(seed, BLOCKS);

		free(p[k]);
		p[k] = malloc(t_below(seed, 100) ? t_below(seed, 2000)
						 : t_below(seed, 300000));
		CHECK(p[k]);
	}
}

/* free and malloc are no cancellation points: p is whole at each. */
static void *deferred(void *arg)
{
	uint64_t seed = (uintptr_t)arg + 1;
	void **p = calloc(BLOCKS, sizeof(*p));

	pthread_cleanup_push(free_all, p);
	sem_post(&running);
	for (;;) {
		churn(p, &seed);
		pthread_testcancel();
		usleep(10);
	}
	pthread_cleanup_pop(1);
	return NULL;
}

static void *asynchronous(void *arg)
{
	uint64_t seed = (uintptr_t)arg + 1;
	void **p = calloc(BLOCKS, sizeof(*p));
	int old;

	pthread_cleanup_push(free_all, p);
	sem_post(&running);
	for (;;) {
		churn(p, &seed);
		CHECK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS,
					    &old) == 0);
		for (volatile int i = 0; i < 20000; i++)
			;
		CHECK(pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &old) ==
		      0);
	}
	pthread_cleanup_pop(1);
	return NULL;
}

static void cancel_many(void *(*fn)(void *), int n)
{
	pthread_t t[4];
	void *result;

	for (int i = 0; i < n; i += 4) {
		for (uintptr_t k = 0; k < 4; k++)
			CHECK(pthread_create(&t[k], NULL, fn,
					     (void *)((uintptr_t)i + k)) == 0);
		for (int k = 0; k < 4; k++)
			while (sem_wait(&running))
				;
		usleep(t_below(&(uint64_t){ (uint64_t)i + 1 }, 1000));
		for (int k = 0; k < 4; k++)
			CHECK(pthread_cancel(t[k]) == 0);
		for (int k = 0; k < 4; k++) {
			CHECK(pthread_join(t[k], &result) == 0);
			CHECK(result == PTHREAD_CANCELED);
		}
	}
}

static void check(void *(*fn)(void *), const char *what)
{
	struct hakmem_stats before, after;

	cancel_many(fn, 8);
	before = get();
	cancel_many(fn, THREADS);
	after = get();
	printf("%s: %lld mallocs, %llu heaps\n", what,
	       (long long)(after.mallocs - before.mallocs),
	       (unsigned long long)after.heaps_total);
	if (after.live_bytes > before.live_bytes + 2048)
		FAIL("%s: %lld bytes more", what,
		     (long long)(after.live_bytes - before.live_bytes));
	CHECK(after.heaps_live <= 1);
	CHECK(after.heaps_total <= 10);
}

int main(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	CHECK(sem_init(&running, 0, 0) == 0);
	check(deferred, "deferred");
	check(asynchronous, "asynchronous");
	return 0;
}
