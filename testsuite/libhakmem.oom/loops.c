/* SPDX-License-Identifier: MIT */
/*
 * Loops that allocate until there is nothing left: in each tier and mixed, by
 * a limit on address space and by a system that refuses every call.  After
 * each the checks of pool, SuperSlabs, slabs and heaps find every structure
 * whole, and the program goes on when memory is there again.
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

#include <sys/resource.h>

/* Where the blocks are is kept in them; ends only are touched. */
struct block {
	struct block *next;
	size_t size;
};

static void limit(rlim_t bytes)
{
	const struct rlimit r = { bytes, RLIM_INFINITY };

	CHECK(setrlimit(RLIMIT_AS, &r) == 0);
}

static unsigned checks;

static void whole(void)
{
	checks++;
	hak_pool_enter();
	CHECK(hak_pool_check());
	hak_pool_leave();
	for (struct hak_heap *h = hak_heap_all; h; h = h->next_all)
		CHECK(hak_heap_check(h));
}

static size_t pick(size_t max, uint64_t *seed)
{
	return sizeof(struct block) + t_below(seed, max);
}

/* Until NULL comes a hundred times: smaller ones may still fit. */
static struct block *use_up(size_t max, uint64_t *seed, unsigned long *n)
{
	struct block *all = NULL;
	int refused = 0;

	while (refused < 100) {
		size_t size = pick(max, seed);
		struct block *b = hak_malloc_slow(size);

		if (!b) {
			refused++;
			continue;
		}
		b->next = all;
		b->size = size;
		all = b;
		++*n;
	}
	return all;
}

/* Some grow, some go, nothing is lost. */
static struct block *shuffle(struct block *all, uint64_t *seed)
{
	struct block *left = NULL, *b;

	while ((b = all)) {
		struct block *to;
		size_t size = b->size;

		all = b->next;
		switch (t_below(seed, 4)) {
		case 0:
			hak_free_slow(b);
			continue;
		case 1:
			to = hak_realloc(b, size * 3);
			if (to) {
				CHECK(to->size == size);
				b = to;
				b->size = size * 3;
			}
		}
		CHECK(hak_usable_size(b) >= b->size);
		b->next = left;
		left = b;
	}
	return left;
}

static void drop(struct block *b)
{
	while (b) {
		struct block *next = b->next;

		hak_free_slow(b);
		b = next;
	}
}

static void loop(size_t max, void (*stop)(int))
{
	uint64_t seed = max + 1;
	unsigned long n = 0;
	struct block *all;

	for (int round = 0; round < 3; round++) {
		stop(1);
		all = use_up(max, &seed, &n);
		whole();
		all = shuffle(all, &seed);
		whole();
		drop(use_up(max, &seed, &n));
		whole();
		stop(0);
		drop(all);
		hak_purge();
		whole();
		/* and there is memory again */
		all = NULL;
		for (int i = 0; i < 1000; i++) {
			struct block *b =
				hak_malloc_slow(pick(max / 8 + 1, &seed));

			CHECK(b);
			b->next = all;
			all = b;
		}
		drop(all);
		whole();
	}
	printf("up to %zu bytes: %lu blocks before the end\n", max, n);
}

static void by_limit(int on)
{
	limit(on ? 128 << 20 : RLIM_INFINITY);
}

static void by_system(int on)
{
	if (on)
		hak_os_fail_from(60);
	else
		hak_os_fail_at(0);
}

int main(void)
{
	static const size_t tiers[] = { 400,	 30000,	  300000,
					1900000, 6000000, 100000000 };

	setvbuf(stdout, NULL, _IONBF, 0);
	for (unsigned i = 0; i < sizeof(tiers) / sizeof(tiers[0]); i++) {
		loop(tiers[i], by_limit);
		loop(tiers[i], by_system);
	}
	CHECK(hak_stats.os_errors > 0 && checks > 140);
	return 0;
}
