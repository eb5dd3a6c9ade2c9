/* SPDX-License-Identifier: MIT */
/*
 * Heaps and threads: one each, adopted whole by the next thread, the oldest of
 * many orphans taken apart.
 */
#include "t.h"

#include "alloc.h"
#include "init.h"
#include "options.h"
#include "stats.h"
#include "thread.h"

#include <pthread.h>

enum { MANY = 20 };

static pthread_barrier_t all;

/* A thread's heap, after it has taken more than mixed slots are for. */
static struct hak_heap *take_heap(void)
{
	for (unsigned i = 0; i < 2 * HAK_THREAD_BOOT; i++)
		hak_free_fast(hak_malloc_with(2000, hak_malloc_slow));
	CHECK(hak_heap_is_real(hak_heap_self()));
	return hak_heap_self();
}

static void *one(void *arg)
{
	struct hak_heap **heap = arg;

	CHECK(!hak_heap_is_real(hak_heap_self()));
	CHECK(!hak_thread_is_initial());
	*heap = take_heap();
	CHECK((*heap)->pub.state == HAKMEM_HEAP_LIVE);
	CHECK((*heap)->pub.thread == (uintptr_t)pthread_self());
	return arg;
}

static void *one_of_many(void *arg)
{
	one(arg);
	pthread_barrier_wait(&all);
	return arg;
}

static void check_adopted(struct hak_heap *own)
{
	struct hak_heap *a, *b;
	uint64_t adoptions = hak_stats.adoptions;
	uint64_t generation;
	pthread_t t;

	CHECK(pthread_create(&t, NULL, one, &a) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(a != own && a->pub.state == HAKMEM_HEAP_ORPHAN);
	CHECK(hak_stats.heaps_orphan == 1);
	generation = a->pub.generation;
	CHECK(pthread_create(&t, NULL, one, &b) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(a == b && hak_stats.adoptions == adoptions + 1);
	CHECK(b->pub.generation == generation + 1);
}

static void check_many(struct hak_heap *own)
{
	struct hak_heap *heap[MANY];
	pthread_t t[MANY];

	CHECK(pthread_barrier_init(&all, NULL, MANY) == 0);
	for (int i = 0; i < MANY; i++)
		CHECK(pthread_create(&t[i], NULL, one_of_many, &heap[i]) == 0);
	for (int i = 0; i < MANY; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	for (int i = 0; i < MANY; i++)
		for (int k = 0; k < i; k++)
			CHECK(heap[i] != heap[k] && heap[i] != own);
	CHECK(hak_stats.heaps_total == MANY + 1);
	CHECK(hak_stats.heaps_live == 1);
	if (hak_opt.tiny_ss_shared) {
		CHECK(hak_stats.heaps_orphan == 8);
		CHECK(hak_stats.dissolutions == MANY - 8);
	} else {
		CHECK(hak_stats.heaps_orphan == MANY);
	}
	for (int i = 0; i < MANY; i++)
		CHECK(hak_heap_check(heap[i]));
}

int main(void)
{
	struct hak_heap *own;

	CHECK(hak_mode_now() == HAK_MODE_OURS);
	CHECK(hak_thread_is_initial());
	own = take_heap();
	CHECK(own == take_heap());
	check_adopted(own);
	check_many(own);
	return 0;
}
