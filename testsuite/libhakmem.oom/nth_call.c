/* SPDX-License-Identifier: MIT */
/*
 * The n-th memory call of the system fails, n = 1..200, and then every k-th,
 * under a program that uses each tier, resizes, trims and runs a thread.  A
 * request that fails is NULL; no block is damaged, and the checks of pool and
 * heaps and the statistics find nothing wrong.
 *
 * { dg-hakmem-modes "unit" }
 * { dg-hakmem-absent {hakmem: (fatal|warning)} }
 */
#include "t.h"

#include "alloc.h"
#include "heap.h"
#include "os.h"
#include "pool.h"
#include "snapshot.h"
#include "stats.h"

#include <pthread.h>

enum { BLOCKS = 100, STEPS = 500 };

static struct block {
	unsigned char *p;
	size_t size;
	unsigned seed;
} table[BLOCKS];

static unsigned every; /* calls from one failure to the next; 0: only one */
static unsigned nth;
static size_t least = 1; /* bytes */

static void *get_block(size_t size, uint64_t *seed)
{
	switch (t_below(seed, 8)) {
	case 0:
		return hak_calloc(1, size);
	case 1:
		return hak_aligned((size_t)16 << t_below(seed, 18), size);
	default:
		return hak_malloc_slow(size);
	}
}

static size_t pick(uint64_t *seed)
{
	size_t kind = t_below(seed, 100);

	if (kind < 50)
		return least + t_below(seed, 1024);
	if (kind < 75)
		return least + t_below(seed, 30 << 10);
	if (kind < 92)
		return least + t_below(seed, 300 << 10);
	return (2 << 20) + t_below(seed, 1 << 20);
}

/* Ends only: most of it is address space. */
static void mark(struct block *b)
{
	size_t n = b->size < 32 ? b->size : 32;

	t_fill(b->p, n, b->seed);
	t_fill(b->p + b->size - n, n, b->seed);
}

static void check(const struct block *b)
{
	size_t n = b->size < 32 ? b->size : 32;

	CHECK(t_filled(b->p + b->size - n, n, b->seed));
	if (b->size >= 64)
		CHECK(t_filled(b->p, n, b->seed));
}

static void step(struct block *b, uint64_t *seed)
{
	size_t size = pick(seed);
	unsigned char *p;

	if (every && t_below(seed, 20) == 0)
		hak_os_fail_at(every);
	if (!b->p) {
		p = get_block(size, seed);
	} else {
		check(b);
		if (t_below(seed, 3)) {
			hak_free_slow(b->p);
			b->p = NULL;
			return;
		}
		p = hak_realloc(b->p, size);
	}
	if (!p) {
		if (b->p)
			check(b);
		return;
	}
	CHECK(hak_usable_size(p) >= size);
	b->p = p;
	b->size = size;
	b->seed = (unsigned)t_random(seed);
	mark(b);
	if (t_below(seed, 10) == 0)
		hak_purge();
}

/* Bytes of the blocks that live, as the library gives them. */
static uint64_t live(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < BLOCKS; i++)
		if (table[i].p)
			sum += hak_usable_size(table[i].p);
	return sum;
}

static void consistent(void)
{
	static uint64_t others; /* what the C library keeps of a thread */
	struct hakmem_stats s;

	hak_stats_collect(&s, NULL);
	if (!others)
		others = s.live_bytes - live();
	if (others > 1024 || s.live_bytes != live() + others)
		FAIL("n %u every %u: %llu bytes live, not %llu", nth, every,
		     (unsigned long long)s.live_bytes,
		     (unsigned long long)live());
	hak_pool_enter();
	CHECK(hak_pool_check());
	hak_pool_leave();
	for (struct hak_heap *h = hak_heap_all; h; h = h->next_all)
		CHECK(hak_heap_check(h));
}

static void *work(void *arg)
{
	uint64_t seed = nth + 1000 + every;

	for (int i = 0; i < STEPS / 4; i++)
		step(&table[t_below(&seed, BLOCKS / 2)], &seed);
	return arg;
}

static void program(void)
{
	uint64_t seed = nth * 3 + every + 1;
	pthread_t t;

	alarm(40);
	hak_os_fail_at(nth);
	for (int i = 0; i < STEPS; i++)
		step(&table[t_below(&seed, BLOCKS)], &seed);
	CHECK(pthread_create(&t, NULL, work, NULL) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	for (int i = 0; i < STEPS / 4; i++)
		step(&table[t_below(&seed, BLOCKS)], &seed);
	hak_os_fail_at(0);
	if (!every && !hak_stats.os_errors)
		FAIL("not so many calls");
	consistent();
	for (int i = 0; i < BLOCKS; i++) {
		if (table[i].p)
			check(&table[i]);
		hak_free_slow(table[i].p);
		table[i].p = NULL;
	}
	hak_purge();
	consistent();
	/* with memory back nothing fails */
	every = 0;
	for (int i = 0; i < BLOCKS; i++) {
		size_t size = t_sizes[(size_t)i % T_SIZES];

		table[i].p = hak_malloc_slow(size + least);
		CHECK(table[i].p);
	}
	consistent();
}

static int run(unsigned n, unsigned k)
{
	int status;

	nth = n;
	every = k;
	status = t_child(program);
	if (status)
		printf("n %u every %u: status %#x\n", n, k, (unsigned)status);
	return status != 0;
}

int main(void)
{
	const char *guard = getenv("HAKMEM_TINY_USE_SUPERSLAB");
	int failed = 0;

	/* Tiny blocks that are the C library's would not be in the figures */
	if (guard && guard[0] == '0')
		least = 1025;
	setvbuf(stdout, NULL, _IONBF, 0);
	for (unsigned n = 1; n <= 200; n++)
		failed += run(n, 0);
	for (unsigned k = 1; k <= 20; k++)
		failed += run(k, k);
	return failed != 0;
}
