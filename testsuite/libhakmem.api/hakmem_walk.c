/* SPDX-License-Identifier: MIT */
/*
 * hakmem_heap_walk: the entries contain our blocks, their sums agree with
 * each other and with the statistics, a result other than 0 ends the walk.
 *
 * { dg-hakmem-modes "linked" }
 * { dg-hakmem-options "-pthread" }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>
#include <pthread.h>

enum { N = 3000, CLASSES = HAKMEM_STATS_CLASSES, THREADS = 20, SOME = 400 };

static pthread_barrier_t all;

struct sums {
	unsigned class_entries, calls;
	size_t class_blocks[CLASSES], slab_blocks[CLASSES];
	size_t class_bytes[CLASSES], slab_bytes[CLASSES];
	size_t class_free[CLASSES], slab_free[CLASSES];
	size_t used, large, kept, huge;
	int slabs_seen;
	const char *look_for[4];
	int found[4];
};

static int visit(const struct hakmem_walk_entry *e, void *arg)
{
	struct sums *s = arg;

	s->calls++;
	CHECK(e->size > 0 && e->block_size > 0);
	CHECK(e->free_blocks <= e->blocks);
	switch (e->kind) {
	case HAKMEM_WALK_CLASS:
		CHECK(!e->address && !s->slabs_seen);
		CHECK(e->size_class > 0 && e->size_class < CLASSES);
		CHECK(e->blocks * e->block_size <= e->size);
		s->class_entries++;
		s->class_blocks[e->size_class] = e->blocks;
		s->class_bytes[e->size_class] = e->size;
		s->class_free[e->size_class] = e->free_blocks;
		s->used += (e->blocks - e->free_blocks) * e->block_size;
		return 0;
	case HAKMEM_WALK_SLAB:
		CHECK(e->size_class > 0 && e->size_class < CLASSES);
		CHECK(e->blocks * e->block_size <= e->size);
		s->slab_blocks[e->size_class] += e->blocks;
		s->slab_bytes[e->size_class] += e->size;
		s->slab_free[e->size_class] += e->free_blocks;
		break;
	case HAKMEM_WALK_LARGE:
		CHECK(e->size_class == 0 && e->blocks == 1);
		if (e->free_blocks)
			s->kept += e->block_size;
		else
			s->large += e->block_size;
		break;
	case HAKMEM_WALK_HUGE:
		CHECK(e->size_class == 0 && e->blocks == 1);
		s->huge += e->block_size;
		break;
	default:
		FAIL("kind %d", e->kind);
	}
	CHECK(e->address);
	s->slabs_seen = 1;
	for (int i = 0; i < 4; i++)
		s->found[i] += s->look_for[i] >= (char *)e->address &&
			       s->look_for[i] < (char *)e->address + e->size;
	return 0;
}

static int stop_at_third(const struct hakmem_walk_entry *e, void *arg)
{
	int *n = arg;

	(void)e;
	return ++*n == 3 ? 4711 : 0;
}

/* What is out of slabs is in use, in a cache or on its way back. */
static void check_sums(struct sums *s)
{
	struct hakmem_stats stats;

	CHECK(hakmem_heap_walk(visit, s) == 0);
	CHECK(hakmem_stats_get(&stats, sizeof(stats)) == 0);
	for (int c = 1; c < CLASSES; c++) {
		CHECK(s->class_blocks[c] == s->slab_blocks[c]);
		CHECK(s->class_bytes[c] == s->slab_bytes[c]);
		if (s->class_free[c] != s->slab_free[c])
			FAIL("class %d: %zu blocks free, %zu in its slabs", c,
			     s->class_free[c], s->slab_free[c]);
	}
	CHECK(s->large == stats.large_live_bytes);
	CHECK(s->huge == stats.huge_live_bytes);
	CHECK(s->used + s->large + s->kept + s->huge + stats.boot_live_bytes ==
	      stats.live_bytes + stats.cached_bytes + stats.pending_bytes);
}

static void *leave_some(void *arg)
{
	void **p = arg;

	for (int i = 0; i < SOME; i++) {
		free(malloc(3000));
		p[i] = malloc(200);
		CHECK(p[i]);
	}
	pthread_barrier_wait(&all);
	return arg;
}

/* Heaps that were taken apart: their slabs are the pool's. */
static void check_dissolved(void)
{
	static void *p[THREADS][SOME];
	static struct sums s;
	struct hakmem_stats stats;
	pthread_t t[THREADS];

	CHECK(pthread_barrier_init(&all, NULL, THREADS) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, leave_some, p[i]) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(hakmem_stats_get(&stats, sizeof(stats)) == 0);
	CHECK(stats.heaps_total > THREADS);
	check_sums(&s);
	for (int i = 0; i < THREADS; i++)
		for (int k = 0; k < SOME; k++)
			free(p[i][k]);
	memset(&s, 0, sizeof(s));
	check_sums(&s);
}

int main(void)
{
	static void *p[N];
	static struct sums s;
	uint64_t seed = 3;
	int n = 0;

	for (int i = 0; i < N; i++) {
		p[i] = malloc(1 + t_below(&seed, (size_t)1
							 << t_below(&seed,
								    17)));
		CHECK(p[i]);
	}
	s.look_for[0] = malloc(100);
	s.look_for[1] = malloc(9000);
	s.look_for[2] = malloc(400000);
	s.look_for[3] = malloc(9000000);
	check_sums(&s);
	for (int i = 0; i < 4; i++)
		if (s.found[i] != 1)
			FAIL("block %d stands in %d entries", i, s.found[i]);
	CHECK(s.class_entries > 20);
	CHECK(hakmem_heap_walk(stop_at_third, &n) == 4711);
	CHECK(n == 3);
	for (int i = 0; i < N; i++)
		free(p[i]);
	for (int i = 0; i < 4; i++)
		free((void *)(uintptr_t)s.look_for[i]);
	check_dissolved();
	return 0;
}
