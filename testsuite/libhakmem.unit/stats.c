/* SPDX-License-Identifier: MIT */
/*
 * The exported object: one object under two names, empty at start, changed
 * between two increments of seq, and counters with several writers.
 */
#include "t.h"

#include "stats.h"

#include <pthread.h>

#define THREADS 4
#define ROUNDS 500000

static int done; /* atomic */
static pthread_barrier_t start;

static void *add(void *arg)
{
	pthread_barrier_wait(&start);
	for (int i = 0; i < ROUNDS; i++) {
		hak_stats_add(&hak_stats.purges, 3);
		/* not one addition of their sum */
		__asm__ volatile("" ::: "memory");
		hak_stats_add(&hak_stats.purges, -UINT64_C(1));
	}
	return arg;
}

static void check_add(void)
{
	pthread_t t[THREADS];

	CHECK(pthread_barrier_init(&start, NULL, THREADS) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, add, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(hak_stats.purges == 2 * (uint64_t)THREADS * ROUNDS);
}

static uint64_t load(const hakmem_u64 *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

/* What a reader does: never a mixture between two equal even values. */
static void *read_figures(void *arg)
{
	uint64_t *whole = arg;

	while (!__atomic_load_n(&done, __ATOMIC_RELAXED)) {
		uint64_t seq =
			__atomic_load_n(&hak_stats.seq, __ATOMIC_ACQUIRE);
		uint64_t a = load(&hak_stats.slots_active);
		uint64_t b = load(&hak_stats.slots_empty);
		uint64_t c = load(&hak_stats.slots_unused);

		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if ((seq & 1) || seq != load(&hak_stats.seq))
			continue;
		if (a + b + c != 96)
			FAIL("torn: %llu + %llu + %llu", (unsigned long long)a,
			     (unsigned long long)b, (unsigned long long)c);
		++*whole;
	}
	return NULL;
}

static void store(hakmem_u64 *p, uint64_t value)
{
	__atomic_store_n(p, value, __ATOMIC_RELAXED);
}

static void check_sequence(void)
{
	uint64_t whole = 0;
	double end = t_now() + 0.3;
	pthread_t t;

	hak_stats.slots_unused = 96;
	CHECK(pthread_create(&t, NULL, read_figures, &whole) == 0);
	for (uint64_t i = 0; i % 64 || t_now() < end; i++) {
		uint64_t seq = hak_stats.seq;

		CHECK(seq % 2 == 0);
		hak_stats_begin();
		CHECK(hak_stats.seq == seq + 1);
		store(&hak_stats.slots_active, i % 32);
		store(&hak_stats.slots_empty, i % 64);
		store(&hak_stats.slots_unused, 96 - i % 32 - i % 64);
		hak_stats_end();
		CHECK(hak_stats.seq == seq + 2);
	}
	__atomic_store_n(&done, 1, __ATOMIC_RELAXED);
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(whole > 0);
}

int main(void)
{
	CHECK(T_HIDE(&hak_stats) == &hakmem_stats);
	CHECK(t_zero(&hak_stats, sizeof(hak_stats)));
	CHECK((uintptr_t)&hak_stats % HAK_CACHE_LINE == 0);
	/* a release of a layout holds its version in the field for it */
	CHECK(sizeof(HAKMEM_STATS_VERSION) <= sizeof(hak_stats.version));
	check_add();
	check_sequence();
	return 0;
}
