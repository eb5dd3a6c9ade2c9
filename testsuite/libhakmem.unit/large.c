/* SPDX-License-Identifier: MIT */
/*
 * The Large tier: random blocks against a model of sizes, places and contents;
 * zeroing of memory that was used before; growing and shrinking in place;
 * pages that were not asked for stay untouched; wrong frees are reported.
 */
#include "unit.h"

#include "fault.h"
#include "large.h"
#include "stats.h"

#include <sys/mman.h>

#define BLOCKS 60
#define STEPS 2500

struct block {
	char *p;
	size_t size;
	size_t usable;
	unsigned mark;
};

static struct block block[BLOCKS];
static unsigned blocks;

/* Both ends, and 16 bytes of each KiB between. */
static void fill(const struct block *b, size_t size)
{
	for (size_t at = 0; at + 16 <= size; at += 1024)
		t_fill(b->p + at, 16, b->mark + (unsigned)(at >> 10));
	b->p[size - 1] = (char)b->mark;
}

static void check_fill(const struct block *b, size_t size)
{
	for (size_t at = 0; at + 16 < size; at += 1024)
		if (!t_filled(b->p + at, 16, b->mark + (unsigned)(at >> 10)))
			FAIL("%zu of %zu bytes at %p", at, b->size,
			     (void *)b->p);
}

static void check_last(const struct block *b)
{
	CHECK(b->p[b->usable - 1] == (char)b->mark);
}

static void check_block(const struct block *b)
{
	CHECK(b->usable >= b->size);
	/* no page more than was asked for */
	CHECK(hak_round_up((uintptr_t)b->p + b->usable, hak_os_page) ==
	      hak_round_up((uintptr_t)b->p + b->size, hak_os_page));
	CHECK(hak_large_size(b->p) == b->usable);
	CHECK(hak_large_size(b->p + 16) == 0);
	CHECK((uintptr_t)b->p % HAK_ALIGNMENT == 0);
	CHECK(hak_word_kind(hak_registry_get(b->p)) == HAK_KIND_LARGE);
}

static void check_counts(void)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < blocks; i++)
		bytes += block[i].usable;
	CHECK(hak_stats.large_live_bytes == bytes);
	CHECK(hak_stats.large_mallocs - hak_stats.large_frees == blocks);
	CHECK(hak_pool_check());
}

static void alloc(size_t size, size_t align, bool zero, unsigned mark)
{
	struct block *b = &block[blocks++];

	b->p = hak_large_alloc(size, align, zero);
	CHECK(b->p);
	CHECK((uintptr_t)b->p % align == 0);
	if (zero && !t_zero(b->p, size))
		FAIL("%zu bytes at %p are not zero", size, (void *)b->p);
	b->size = size;
	b->usable = hak_large_size(b->p);
	b->mark = mark;
	check_block(b);
	fill(b, b->usable);
}

static void drop(unsigned i)
{
	check_block(&block[i]);
	check_fill(&block[i], block[i].usable);
	check_last(&block[i]);
	hak_large_free(block[i].p);
	block[i] = block[--blocks];
}

static void resize(struct block *b, size_t size)
{
	size_t had = b->usable;

	check_fill(b, had);
	check_last(b);
	if (hak_large_resize(b->p, size)) {
		b->size = size;
		b->usable = hak_large_size(b->p);
		check_block(b);
		check_fill(b, had < b->usable ? had : b->usable);
		fill(b, b->usable);
	} else {
		CHECK(size > had);
		check_block(b);
		check_fill(b, had);
		check_last(b);
	}
}

static size_t any_size(uint64_t *seed)
{
	switch (t_below(seed, 4)) {
	case 0:
		return 1 + t_below(seed, HAK_LARGE_MAX);
	case 1: /* around a slot's border */
		return (1 + t_below(seed, 31)) * HAK_SLOT_SIZE + 100 -
		       t_below(seed, 200);
	default:
		return HAK_MID_MAX + 1 + t_below(seed, 200000);
	}
}

static void check_random(void)
{
	uint64_t seed = 2;

	for (unsigned i = 0; i < STEPS; i++) {
		unsigned kind = (unsigned)t_below(&seed, 10);
		unsigned at = blocks ? (unsigned)t_below(&seed, blocks) : 0;

		if (kind < 5 && blocks < BLOCKS)
			alloc(any_size(&seed),
			      kind ? 16 : (size_t)1 << t_below(&seed, 22),
			      kind < 3, i);
		else if (kind < 8 && blocks)
			drop(at);
		else if (blocks)
			resize(&block[at], any_size(&seed));
		check_counts();
	}
	while (blocks)
		drop(0);
	check_counts();
	CHECK(hak_stats.slots_active == 0);
	CHECK(hak_stats.registry_slots == 0);
}

/* Every limit of size and alignment. */
static void check_limits(void)
{
	static const size_t sizes[] = { 1, HAK_SLOT_SIZE, HAK_LARGE_MAX };

	for (size_t align = 1; align <= HAK_SS_SIZE; align *= 2)
		for (unsigned i = 0; i < COUNT(sizes); i++) {
			alloc(sizes[i], align, false, i);
			drop(0);
		}
	check_counts();
}

/* It can, and keeps what it had. */
static void resizes(struct block *b, size_t size)
{
	size_t had = b->usable;

	CHECK(hak_large_resize(b->p, size));
	b->size = size;
	b->usable = hak_large_size(b->p);
	check_block(b);
	check_fill(b, had < b->usable ? had : b->usable);
	fill(b, b->usable);
	check_counts();
}

static void check_in_place(void)
{
	struct block *b = &block[0];
	uint64_t active;

	hak_opt.purge_delay = -1;
	/* room behind it, where its own tail was */
	alloc(20 * HAK_SLOT_SIZE, 16, false, 2);
	active = hak_stats.slots_active - 20;
	for (size_t n = 2; n <= 20; n++) {
		resizes(b, n * HAK_SLOT_SIZE - 5000);
		CHECK(hak_stats.slots_active == active + n);
	}
	resizes(b, HAK_SLOT_SIZE - 5000);
	CHECK(hak_stats.slots_active == active + 1);
	/* not beyond the SuperSlab, nor over the limit */
	CHECK(!hak_large_resize(b->p, 40 * HAK_SLOT_SIZE));
	check_block(b);
	hak_opt.limit_hard = hak_stats.slots_active * HAK_SLOT_SIZE;
	CHECK(!hak_large_resize(b->p, 2 * HAK_SLOT_SIZE));
	check_block(b);
	check_counts();
	resizes(b, HAK_SLOT_SIZE - 4000);
	CHECK(!hak_large_alloc(100, 16, false));
	hak_opt.limit_hard = 0;
	drop(0);
	hak_opt.purge_delay = 500;
}

/* ---- a thread's cache ------------------------------------------------------ */

static struct hak_large_cache kept;
static struct hakmem_stats_heap figures;

static void check_kept(unsigned n, size_t bytes)
{
	unsigned sum = 0;

	CHECK(kept.n == n && figures.large_kept == n);
	CHECK(figures.large_kept_bytes == bytes);
	for (unsigned i = 0; i < n; i++)
		sum += kept.slots[i];
	CHECK(sum == kept.sum);
	CHECK(sum * HAK_SLOT_SIZE <= hak_opt.cache_max / 2);
	CHECK(hak_pool_check());
}

static void check_cache(void)
{
	uint64_t active = hak_stats.slots_active;
	char *p[20], *q;
	size_t bytes = 0;

	check_kept(0, 0);
	CHECK(!hak_large_take(&kept, &figures, 100000));
	/* the newest of as many slots, for any such size */
	for (unsigned i = 0; i < 4; i++) {
		p[i] = hak_large_alloc(100000 + i, 16, false);
		bytes += hak_large_size(p[i]);
		CHECK(hak_large_keep(&kept, &figures, p[i]));
		CHECK(hak_word_kind(hak_registry_get(p[i])) ==
		      HAK_KIND_LARGE_KEPT);
		check_kept(i + 1, bytes);
	}
	CHECK(hak_stats.slots_active == active + 8);
	CHECK(!hak_large_take(&kept, &figures, HAK_SLOT_SIZE));
	CHECK(!hak_large_take(&kept, &figures, 2 * HAK_SLOT_SIZE + 1));
	bytes -= hak_large_size(p[3]);
	q = hak_large_take(&kept, &figures, 2 * HAK_SLOT_SIZE);
	CHECK(q && q <= p[3] && q > p[3] - 1024);
	CHECK(hak_word_kind(hak_registry_get(q)) == HAK_KIND_LARGE);
	CHECK(hak_large_size(q) == 2 * HAK_SLOT_SIZE);
	check_kept(3, bytes);
	hak_large_free(q);
	bytes -= hak_large_size(p[2]);
	q = hak_large_take(&kept, &figures, HAK_SLOT_SIZE + 1);
	CHECK(q == p[2]);
	CHECK(hak_round_up((uintptr_t)q + hak_large_size(q), hak_os_page) ==
	      hak_round_up((uintptr_t)q + HAK_SLOT_SIZE + 1, hak_os_page));
	check_kept(2, bytes);
	hak_large_free(q);
	CHECK(figures.large_served == 2);
	hak_large_drop(&kept, &figures);
	check_kept(0, 0);
	/* one that is up to a quarter longer serves as well, and stays so long */
	p[0] = hak_large_alloc(10 * HAK_SLOT_SIZE, 16, false);
	CHECK(hak_large_keep(&kept, &figures, p[0]));
	CHECK(!hak_large_take(&kept, &figures, 7 * HAK_SLOT_SIZE));
	CHECK(!hak_large_take(&kept, &figures, 11 * HAK_SLOT_SIZE));
	q = hak_large_take(&kept, &figures, 8 * HAK_SLOT_SIZE - 5);
	CHECK(q == p[0] && hak_large_size(q) == 8 * HAK_SLOT_SIZE);
	CHECK(hak_stats.slots_active == active + 10);
	CHECK(hak_pool_check());
	hak_large_free(q);
	CHECK(hak_stats.slots_active == active);
	CHECK(hak_stats.large_live_bytes == 0);
}

/* The oldest go, half of them, when there are too many or they are too long. */
static void check_cache_bounds(void)
{
	size_t was = hak_opt.cache_max;
	size_t bytes = 0;
	char *p[20], *q;

	for (unsigned i = 0; i < 20; i++)
		p[i] = hak_large_alloc(50000, 16, false);
	for (unsigned i = 0; i < 20; i++) {
		CHECK(hak_large_keep(&kept, &figures, p[i]));
		CHECK(kept.n <= HAK_LARGE_KEPT);
	}
	for (unsigned i = 0; i < 20; i++) {
		bool there = hak_word_kind(hak_registry_get(p[i])) ==
			     HAK_KIND_LARGE_KEPT;

		CHECK(there == (i >= HAK_LARGE_KEPT / 2));
		if (there)
			bytes += hak_large_size(p[i]);
	}
	check_kept(20 - HAK_LARGE_KEPT / 2, bytes);
	/* half of HAKMEM_CACHE_MAX in all */
	hak_opt.cache_max = 18 * HAK_SLOT_SIZE;
	q = hak_large_alloc(7 * HAK_SLOT_SIZE, 16, false);
	bytes = hak_large_size(q) + hak_large_size(p[19]);
	CHECK(hak_large_keep(&kept, &figures, q));
	check_kept(2, bytes);
	/* none where memory goes back at once */
	hak_opt.purge_delay = 0;
	q = hak_large_alloc(50000, 16, false);
	CHECK(!hak_large_keep(&kept, &figures, q));
	hak_large_free(q);
	hak_opt.purge_delay = 500;
	hak_opt.cache_max = 4 * HAK_SLOT_SIZE;
	q = hak_large_alloc(3 * HAK_SLOT_SIZE, 16, false);
	CHECK(!hak_large_keep(&kept, &figures, q));
	hak_large_free(q);
	hak_opt.cache_max = was;
	hak_large_drop(&kept, &figures);
	check_kept(0, 0);
	check_counts();
	CHECK(hak_stats.slots_active == 0);
}

static void keep_twice(void)
{
	char *p = hak_large_alloc(100000, 16, false);

	CHECK(hak_large_keep(&kept, &figures, p));
	CHECK(!hak_large_keep(&kept, &figures, p));
	hak_large_free(p);
}

static void keep_inside(void)
{
	char *p = hak_large_alloc(100000, 16, false);

	CHECK(!hak_large_keep(&kept, &figures, p + 16));
	hak_large_free(p + 16);
}

/* Headers of many blocks do not all lie in one cache set. */
static void check_colours(void)
{
	uint64_t seen = 0;
	unsigned different = 0;

	for (unsigned i = 0; i < 32; i++) {
		alloc(100000, 16, false, i);
		seen |= UINT64_C(1) << (uintptr_t)block[i].p % 4096 / 64;
		CHECK((uintptr_t)block[i].p % 64 == 0);
	}
	for (; seen; seen &= seen - 1)
		different++;
	if (different < 8)
		FAIL("%u different starts", different);
	while (blocks)
		drop(0);
}

/* Of a fresh mapping only what was asked for becomes resident. */
static void check_untouched(void)
{
	size_t size = 20 * HAK_SLOT_SIZE + 3 * hak_os_page;
	unsigned char there[HAK_SLOT_SIZE / 4096];
	char *p = hak_large_alloc(size, 16, true), *end;

	CHECK(p);
	end = (char *)hak_round_up((uintptr_t)p + hak_large_size(p),
				   hak_os_page);
	memset(p, 1, hak_large_size(p));
	CHECK(mincore(end, 10 * hak_os_page, there) == 0);
	for (unsigned i = 0; i < 10; i++)
		CHECK((there[i] & 1) == 0);
	hak_large_free(p);
}

/* ---- misuse --------------------------------------------------------------- */

static void free_twice(void)
{
	char *p = hak_large_alloc(100000, 16, false);

	hak_large_free(p);
	hak_large_free(p);
}

static void free_inside(void)
{
	char *p = hak_large_alloc(100000, 16, false);

	hak_large_free(p + 16);
}

static void free_before(void)
{
	/* a coloured block: its slot begins before it */
	for (int i = 0; i < 20; i++) {
		char *p = hak_large_alloc(100000, 16, false);

		if ((uintptr_t)p % HAK_SLOT_SIZE)
			hak_large_free(p - (uintptr_t)p % HAK_SLOT_SIZE);
	}
}

static void handler(int sig)
{
	(void)sig;
	/* no lock is held when a fault is reported */
	if (hak_large_alloc(100000, 16, false))
		hak_warn("allocated in the handler");
}

static void free_inside_handled(void)
{
	CHECK(signal(SIGABRT, handler) != SIG_ERR);
	free_inside();
}

static void check_refused(void)
{
	uint64_t fails = hak_stats.shared_fail;

	while (hak_stats.slots_unused + hak_stats.slots_empty >= 32)
		CHECK(hak_large_alloc(HAK_LARGE_MAX, 16, false));
	hak_os_fail_from(1);
	CHECK(!hak_large_alloc(HAK_LARGE_MAX, 16, false));
	hak_os_fail_at(0);
	CHECK(hak_stats.shared_fail == fails + 1);
	CHECK(hak_large_alloc(HAK_LARGE_MAX, 16, false));
}

int main(void)
{
	u_start();
	check_untouched();
	check_random();
	check_limits();
	check_in_place();
	check_colours();
	check_cache();
	check_cache_bounds();
	LIVES(check_refused);
	DIES(free_twice, "double free of 0x");
	DIES(free_inside, "invalid free of 0x");
	DIES(keep_twice, "double free of 0x");
	DIES(keep_inside, "invalid free of 0x");
	DIES(free_before, "invalid free of 0x");
	DIES(free_inside_handled, "allocated in the handler");
	check_counts();
	return 0;
}
