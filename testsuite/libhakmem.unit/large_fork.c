/* SPDX-License-Identifier: MIT */
/*
 * Forks while other threads free and allocate Large blocks, which splits and
 * joins what they keep.  In the child their blocks have their contents, are not
 * handed out again and can be freed; what they kept comes back as soon as their
 * heaps are used again, all but one block of each thread, which was under way.
 */
#include "t.h"

#include "alloc.h"
#include "bits.h"
#include "init.h"
#include "large.h"
#include "pool.h"
#include "stats.h"
#include "thread.h"

#include <pthread.h>

enum { THREADS = 3, BLOCKS = 12, FORKS = 60, MANY = 60, MARK = 64 };

/* p is 0 where it may be coming or going. */
static struct block {
	char *p;
	size_t size;
} table[THREADS + 1][BLOCKS];

static pthread_barrier_t there;
static bool stop;

static char *get(size_t size)
{
	char *p = hak_malloc_with(size, hak_malloc_slow);

	CHECK(p);
	return p;
}

static struct hak_heap *take_heap(void)
{
	hak_tls.boot = HAK_INITIAL_BOOT;
	hak_free_fast(get(2000));
	return hak_heap_self();
}

static void mark(char *p, size_t size, unsigned seed)
{
	t_fill(p, MARK, seed);
	t_fill(p + size - MARK, MARK, seed + 1);
}

static void check_mark(const struct block *b, unsigned seed)
{
	CHECK(hak_large_size(b->p) >= b->size);
	CHECK(t_filled(b->p, MARK, seed) &&
	      t_filled(b->p + b->size - MARK, MARK, seed + 1));
}

static void replace(unsigned row, unsigned i, uint64_t *seed)
{
	struct block *b = &table[row][i];
	char *p = b->p;

	__atomic_store_n(&b->p, NULL, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	hak_free_fast(p);
	b->size = 40000 + t_below(seed, 1000000);
	p = get(b->size);
	mark(p, b->size, row * BLOCKS + i);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&b->p, p, __ATOMIC_RELAXED);
}

static void fill_row(unsigned row)
{
	for (unsigned i = 0; i < BLOCKS; i++) {
		table[row][i].size = 100000;
		table[row][i].p = get(100000);
		mark(table[row][i].p, 100000, row * BLOCKS + i);
	}
}

static void *churn(void *arg)
{
	unsigned row = (unsigned)(uintptr_t)arg;
	uint64_t seed = row + 1;

	take_heap();
	fill_row(row);
	pthread_barrier_wait(&there);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		replace(row, (unsigned)t_below(&seed, BLOCKS), &seed);
	return arg;
}

static void check_rows(void)
{
	for (unsigned row = 0; row <= THREADS; row++)
		for (unsigned i = 0; i < BLOCKS; i++)
			if (table[row][i].p)
				check_mark(&table[row][i], row * BLOCKS + i);
}

static void *reuse(void *arg)
{
	take_heap();
	/* together, so that each has another */
	pthread_barrier_wait(arg);
	return NULL;
}

/* Runs by what their first word says; each must be whole. */
static unsigned count_runs(enum hak_kind kind)
{
	struct hak_superslab *ss = hak_ss_all;
	unsigned n = 0;

	for (; ss; ss = (struct hak_superslab *)(uintptr_t)ss->pub.next)
		for (uint32_t m = ss->pub.base ? ss->pub.active : 0; m;
		     m &= m - 1) {
			unsigned slot = hak_ctz32(m), slots;
			uint32_t word =
				hak_registry_get(hak_slot_base(ss, slot));

			if (hak_word_kind(word) != kind ||
			    hak_word_slotno(word))
				continue;
			slots = ss->pub.run[slot];
			CHECK(slots && slot + slots <= ss->pub.slots);
			CHECK((ss->pub.active >> slot & hak_low32(slots)) ==
			      hak_low32(slots));
			n++;
		}
	return n;
}

static void child(void)
{
	struct hak_heap *own = hak_heap_self();
	static pthread_barrier_t reused;
	static char *p[MANY];
	unsigned known = 0;
	pthread_t t[THREADS];

	alarm(30);
	check_rows();
	for (unsigned i = 0; i < MANY; i++) {
		p[i] = get(40000 + i * 10000);
		memset(p[i], 0xee, 40000 + i * 10000);
	}
	check_rows();
	CHECK(pthread_barrier_init(&reused, NULL, THREADS) == 0);
	for (unsigned i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, reuse, &reused) == 0);
	for (unsigned i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(hak_pool_check() && hak_heap_check(own));
	for (unsigned i = 0; i < MANY; i++)
		hak_free_fast(p[i]);
	check_rows();
	for (unsigned row = 0; row <= THREADS; row++)
		for (unsigned i = 0; i < BLOCKS; i++)
			if (table[row][i].p) {
				hak_free_fast(table[row][i].p);
				known++;
			}
	CHECK(known >= THREADS * (BLOCKS - 1));
	hak_thread_flush();
	CHECK(count_runs(HAK_KIND_LARGE_KEPT) == 0);
	CHECK(count_runs(HAK_KIND_LARGE) <= THREADS);
	CHECK(hak_pool_check() && hak_heap_check(own));
	hak_purge();
	CHECK(hak_pool_check());
}

int main(void)
{
	uint64_t seed = 100;
	pthread_t t[THREADS];

	CHECK(hak_mode_now() == HAK_MODE_OURS);
	take_heap();
	CHECK(pthread_barrier_init(&there, NULL, THREADS + 1) == 0);
	for (unsigned i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, churn,
				     (void *)(uintptr_t)i) == 0);
	fill_row(THREADS);
	pthread_barrier_wait(&there);
	for (int i = 0; i < FORKS; i++) {
		for (int k = 0; k < 50; k++)
			replace(THREADS, (unsigned)t_below(&seed, BLOCKS),
				&seed);
		CHECK(t_child(child) == 0);
	}
	CHECK(hak_heap_self()->pub.large_served > FORKS);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	check_rows();
	CHECK(hak_pool_check());
	return 0;
}
