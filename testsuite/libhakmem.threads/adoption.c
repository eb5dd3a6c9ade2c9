/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a thread's heap: the next thread adopts it whole; of more
 * than a few orphans the oldest is dissolved, its slabs go to the pool, the
 * pool drains what is freed into them, and other threads adopt them or their
 * slots.  Each step shows in the statistics, and no live block is touched.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>
#include <pthread.h>

enum { MANY = 24, BLOCKS = 2000, SIZE = 2000 };

/* Slots of the slabs that hold a thread's blocks, 32 each. */
enum { SLOTS = BLOCKS / 32 };

static char *block[MANY + 1][BLOCKS];
static pthread_barrier_t barrier;
static pthread_attr_t small;

static struct hakmem_stats get(void)
{
	struct hakmem_stats s;

	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	return s;
}

static void *fill(void *arg)
{
	unsigned self = (unsigned)(uintptr_t)arg;

	for (int i = 0; i < BLOCKS; i++) {
		block[self][i] = malloc(SIZE);
		CHECK(block[self][i]);
		t_fill(block[self][i], SIZE, self * 31 + (unsigned)i);
	}
	return NULL;
}

static void *fill_together(void *arg)
{
	fill(arg);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void drop(unsigned self, int from, int step)
{
	for (int i = from; i < BLOCKS; i += step) {
		CHECK(t_filled(block[self][i], SIZE, self * 31 + (unsigned)i));
		free(block[self][i]);
	}
}

/* MANY threads at the same time. */
static void together(void *(*fn)(void *))
{
	pthread_t t[MANY];

	for (uintptr_t i = 0; i < MANY; i++)
		CHECK(pthread_create(&t[i], &small, fn, (void *)i) == 0);
	for (int i = 0; i < MANY; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
}

static void *wait_for_others(void *arg)
{
	pthread_barrier_wait(&barrier);
	return arg;
}

static void in_thread(void *(*fn)(void *), unsigned self)
{
	pthread_t t;

	CHECK(pthread_create(&t, &small, fn, (void *)(uintptr_t)self) == 0);
	CHECK(pthread_join(t, NULL) == 0);
}

/* One after the other: one heap serves them all. */
static void adopt_whole(void)
{
	struct hakmem_stats before, after;

	in_thread(fill, 0);
	drop(0, 0, 1);
	before = get();
	CHECK(before.heaps_orphan == 1);
	for (int i = 0; i < 20; i++) {
		in_thread(fill, 0);
		drop(0, 0, 1);
	}
	after = get();
	CHECK(after.heaps_total == before.heaps_total);
	CHECK(after.heaps_orphan == 1 && after.heaps_live == 1);
	CHECK(after.adoptions - before.adoptions == 20);
	/* memory that the main thread freed was used again */
	CHECK(after.slots_active <= before.slots_active + 32);
	CHECK(after.live_bytes == before.live_bytes);
}

/* The slabs of an adopted heap with what is still alive in them. */
static void adopt_used(void)
{
	struct hakmem_stats before = get(), after;

	in_thread(fill, 0);
	drop(0, 0, 2);
	in_thread(fill, 1);
	after = get();
	CHECK(after.heaps_total == before.heaps_total);
	drop(1, 0, 1);
	drop(0, 1, 2);
	CHECK(get().live_bytes == before.live_bytes);
}

/* Enough for a heap, which then takes back what others have freed. */
static void *take_a_few(void *arg)
{
	for (int i = 0; i < 200; i++)
		free(malloc(SIZE));
	hakmem_purge();
	pthread_barrier_wait(&barrier);
	return arg;
}

static void dissolve(int shared)
{
	struct hakmem_stats before = get(), after, s;
	uint64_t live = before.live_bytes, drains = before.pool_drains;

	together(fill_together);
	s = get();
	CHECK(s.heaps_live == 1);
	CHECK(s.heaps_total == MANY + 1);
	if (shared) {
		CHECK(s.heaps_orphan >= 1 && s.heaps_orphan <= 8);
		CHECK(s.dissolutions - before.dissolutions ==
		      MANY - s.heaps_orphan);
	} else {
		CHECK(s.heaps_orphan == MANY);
		CHECK(s.dissolutions == 0);
	}
	/* half of each slab, so that there is something to share */
	for (unsigned i = 0; i < MANY; i++)
		drop(i, 0, 2);
	before = get();
	/* drained by now, or when a heap has to ask the pool, which then takes
	 * slabs of it */
	fill((void *)MANY);
	s = get();
	if (shared) {
		CHECK(s.pool_drains > drains);
		CHECK(s.adoptions > before.adoptions);
		CHECK(s.slots_active < before.slots_active + SLOTS / 2);
	}
	for (unsigned i = 0; i < MANY; i++)
		drop(i, 1, 2);
	drop(MANY, 0, 1);
	/* what the orphans hold waits for the next threads */
	hakmem_purge();
	after = get();
	if (shared)
		CHECK(after.releases - before.releases >= (MANY - 9) * SLOTS);
	together(take_a_few);
	s = get();
	CHECK(s.heaps_total == MANY + 1);
	CHECK(s.live_bytes == live);
	CHECK(s.releases - before.releases >= (MANY - 1) * SLOTS);
	CHECK(s.shared_fail == 0);
}

int main(void)
{
	char shared[8];

	CHECK(hakmem_option_get("TINY_SS_SHARED", shared, sizeof(shared)) == 1);
	free(memalign(2048, 2048)); /* the main thread's heap */
	/* what the C library keeps for the stacks of that many threads */
	CHECK(pthread_attr_init(&small) == 0);
	CHECK(pthread_attr_setstacksize(&small, 128 << 10) == 0);
	CHECK(pthread_barrier_init(&barrier, NULL, MANY) == 0);
	together(wait_for_others);
	adopt_whole();
	adopt_used();
	dissolve(shared[0] == '1');
	return 0;
}
