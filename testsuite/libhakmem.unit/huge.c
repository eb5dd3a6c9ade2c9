/* SPDX-License-Identifier: MIT */
/*
 * The Huge tier: random blocks against a model of sizes, places and contents;
 * the cache of freed mappings; tombstones; every call of the kernel failing in
 * turn; what a fork's child finds.
 */
#include "unit.h"

#include "fault.h"
#include "huge.h"
#include "purge.h"
#include "stats.h"

#define BLOCKS 12
#define STEPS 250
#define STRIDE 16384 /* bytes between those looked at */
#define MIB ((size_t)1 << 20)

struct block {
	char *p;
	size_t size;
	unsigned mark;
};

static struct block block[BLOCKS];
static unsigned blocks;

static void fill(const struct block *b)
{
	size_t size = hak_huge_size(b->p);

	for (size_t at = 0; at < size; at += STRIDE)
		t_fill(b->p + at, 16, b->mark + (unsigned)(at / STRIDE));
	b->p[size - 1] = (char)b->mark;
}

static bool filled(const struct block *b, size_t size)
{
	for (size_t at = 0; at < size; at += STRIDE)
		if (!t_filled(b->p + at, 16, b->mark + (unsigned)(at / STRIDE)))
			return false;
	return true;
}

static bool zero(const char *p, size_t size)
{
	for (size_t at = 0; at + 16 <= size; at += STRIDE)
		if (!t_zero(p + at, 16))
			return false;
	return p[size - 1] == 0;
}

static enum hak_kind kind_of(const void *p)
{
	return hak_word_kind(hak_registry_get(p));
}

static void *containing(const void *p)
{
	void *base;

	hak_pool_enter();
	base = hak_huge_containing(p);
	hak_pool_leave();
	return base;
}

static void check_block(const struct block *b)
{
	size_t size = hak_huge_size(b->p);

	CHECK(size >= b->size && size < 2 * b->size);
	CHECK((uintptr_t)b->p % HAK_SLOT_SIZE == 0);
	CHECK(kind_of(b->p) == HAK_KIND_HUGE);
	CHECK(hak_huge_size(b->p + 16) == 0);
	CHECK(containing(b->p) == b->p);
	CHECK(containing(b->p + size / 2) == b->p);
	CHECK(containing(b->p + size - 1) == b->p);
	CHECK(containing(b->p - 1) != b->p);
}

/* Each block is visited once. */
static int visit(void *base, size_t size, void *arg)
{
	unsigned *seen = arg;

	for (unsigned i = 0; i < blocks; i++)
		if (block[i].p == base) {
			CHECK(size >= hak_huge_size(base));
			CHECK(!(*seen >> i & 1));
			*seen |= 1u << i;
			return 0;
		}
	FAIL("%p is no block", base);
}

static int visit_one(void *base, size_t size, void *arg)
{
	(void)base;
	(void)size;
	++*(int *)arg;
	return 7;
}

static void check_all(void)
{
	uint64_t bytes = 0;
	unsigned seen = 0;
	int visits = 0;

	for (unsigned i = 0; i < blocks; i++)
		bytes += hak_huge_size(block[i].p);
	CHECK(hak_stats.huge_live_bytes == bytes);
	CHECK(hak_stats.huge_mallocs - hak_stats.huge_frees == blocks);
	CHECK(hak_stats.empty_bytes == hak_stats.huge_cached_bytes);
	hak_pool_enter();
	CHECK(hak_huge_walk(visit, &seen) == 0);
	CHECK(seen == (1u << blocks) - 1);
	CHECK(hak_huge_walk(visit_one, &visits) == (blocks ? 7 : 0));
	CHECK(visits == (blocks ? 1 : 0));
	hak_pool_leave();
}

static void alloc(size_t size, size_t align, bool clear, unsigned mark)
{
	struct block *b = &block[blocks++];

	b->p = hak_huge_alloc(size, align, clear);
	CHECK(b->p);
	CHECK((uintptr_t)b->p % align == 0);
	if (clear && !zero(b->p, size))
		FAIL("%zu bytes at %p are not zero", size, (void *)b->p);
	b->size = size;
	b->mark = mark;
	check_block(b);
	fill(b);
}

static void drop(unsigned i)
{
	char *p = block[i].p;

	check_block(&block[i]);
	CHECK(filled(&block[i], hak_huge_size(p)));
	hak_huge_free(p);
	CHECK(kind_of(p) == HAK_KIND_TOMB);
	CHECK(containing(p) == NULL);
	block[i] = block[--blocks];
}

static unsigned resizes, copies;

static void resize(struct block *b, size_t size)
{
	char *was = b->p;
	size_t had = hak_huge_size(was);

	resizes++;
	b->p = hak_huge_resize(was, size);
	if (!b->p) {
		/* two mappings, which the kernel does not move at once; the
		 * block is as it was */
		b->p = was;
		CHECK(hak_huge_size(was) == had && filled(b, had));
		copies++;
		b->p = hak_huge_alloc(size, 16, false);
		CHECK(b->p);
		memcpy(b->p, was, had < size ? had : size);
		hak_huge_free(was);
	}
	b->size = size;
	check_block(b);
	CHECK(filled(b, had < size ? had : size));
	if (b->p != was)
		CHECK(kind_of(was) == HAK_KIND_TOMB || containing(was));
	fill(b);
}

static size_t any_size(uint64_t *seed)
{
	return 2 * MIB + 1 + t_below(seed, 5 * MIB);
}

static void check_random(void)
{
	uint64_t seed = 4;

	for (unsigned i = 0; i < STEPS; i++) {
		unsigned kind = (unsigned)t_below(&seed, 10);
		unsigned at = blocks ? (unsigned)t_below(&seed, blocks) : 0;

		if (kind < 4 && blocks < BLOCKS)
			alloc(any_size(&seed),
			      kind ? 16 : (size_t)1 << t_below(&seed, 27),
			      kind < 3, i);
		else if (kind < 8 && blocks)
			drop(at);
		else if (blocks)
			resize(&block[at], any_size(&seed));
		check_all();
	}
	while (blocks)
		drop(0);
	check_all();
	CHECK(hak_stats.registry_slots == 0);
}

static void purge_all(void)
{
	hak_pool_enter();
	hak_purge_all();
	hak_pool_leave();
	CHECK(hak_stats.huge_cached_bytes == 0 && hak_stats.empty_bytes == 0);
}

/* ---- cache ----------------------------------------------------------------- */

/* Without what is mapped for records and leaves of the registry. */
static uint64_t mapped_now(void)
{
	const struct hakmem_stats_mapping *m =
		(const void *)(uintptr_t)hak_stats.mappings;
	uint64_t bytes = hak_stats.mapped_bytes;

	for (; m; m = (const void *)(uintptr_t)m->next)
		if (m->kind == HAKMEM_MAPPING_META)
			bytes -= m->size;
	return bytes;
}

static void check_cache(void)
{
	uint64_t mapped;
	unsigned calls = 1;
	void *p[120];

	purge_all();
	mapped = mapped_now();
	hak_opt.purge_delay = -1;
	alloc(4 * MIB, 16, false, 1);
	drop(0);
	CHECK(hak_stats.huge_cached_bytes == 4 * MIB);
	CHECK(mapped_now() == mapped + 4 * MIB);
	/* the next block of this size needs no new memory */
	alloc(4 * MIB - 100, 16, true, 2);
	CHECK(mapped_now() == mapped + 4 * MIB);
	CHECK(hak_stats.huge_cached_bytes == 0);
	drop(0);
	hak_pool_enter();
	CHECK(hak_huge_drop_oldest(&calls) == 4 * MIB && calls == 0);
	CHECK(hak_huge_drop_oldest(&calls) == 0);
	hak_pool_leave();
	CHECK(mapped_now() == mapped);

	/* it is a small one */
	for (unsigned i = 0; i < COUNT(p); i++) {
		p[i] = hak_huge_alloc(20 * MIB, 16, false);
		CHECK(p[i]);
	}
	for (unsigned i = 0; i < COUNT(p); i++)
		hak_huge_free(p[i]);
	CHECK(hak_stats.huge_cached_bytes < COUNT(p) * 20 * MIB / 2);
	CHECK(mapped_now() < mapped + COUNT(p) * 20 * MIB / 2);
	hak_opt.purge_delay = 500;
	purge_all();
	CHECK(mapped_now() == mapped);
}

static size_t drop_oldest(void)
{
	unsigned calls = 1;
	size_t n;

	hak_pool_enter();
	n = hak_huge_drop_oldest(&calls);
	hak_pool_leave();
	return n;
}

static void check_cached(size_t bytes)
{
	CHECK(hak_stats.huge_cached_bytes == bytes);
	check_all();
}

/* Neighbours become one, and a smaller request takes the front of it. */
static void check_merge(void)
{
	char *p[3], *low;
	uint64_t purged;

	purge_all();
	hak_opt.purge_delay = -1;
	alloc(9 * MIB, 16, false, 1);
	low = block[0].p;
	drop(0);
	for (unsigned i = 0; i < 3; i++) {
		alloc(3 * MIB, 16, false, i);
		p[i] = block[i].p;
		CHECK(p[i] == low + i * 3 * MIB);
		check_cached((2 - i) * 3 * MIB);
	}
	/* the middle, both sides, in any order */
	drop(1);
	check_cached(3 * MIB);
	CHECK(kind_of(p[1]) == HAK_KIND_TOMB);
	drop(0);
	check_cached(6 * MIB);
	drop(0);
	check_cached(9 * MIB);
	for (unsigned i = 0; i < 3; i++)
		CHECK(kind_of(p[i]) == HAK_KIND_TOMB);
	/* one block of all; what lies inside it was not freed */
	alloc(9 * MIB, 16, true, 4);
	CHECK(block[0].p == low);
	check_cached(0);
	for (unsigned i = 1; i < 3; i++)
		CHECK(kind_of(p[i]) == HAK_KIND_SLAB);
	CHECK(containing(p[1]) == low);
	drop(0);
	/* a little too much is not cut off */
	alloc(8 * MIB, 16, false, 5);
	check_cached(0);
	CHECK(containing(low + 9 * MIB - 1) == low);
	drop(0);
	check_cached(9 * MIB);
	/* not beyond what can go back at once */
	alloc(40 * MIB, 16, false, 6);
	drop(0);
	purge_all();
	check_cached(0);
	alloc(20 * MIB, 16, false, 7);
	alloc(20 * MIB, 16, false, 8);
	drop(0);
	drop(0);
	check_cached(40 * MIB);
	CHECK(drop_oldest() == 20 * MIB);
	purge_all();
	/* what was joined grows: two blocks, mapped as one if the kernel gave
	 * them places side by side */
	alloc(5 * MIB, 16, false, 9);
	alloc(5 * MIB, 16, false, 10);
	low = block[1].p;
	if (block[0].p == low + 5 * MIB) {
		drop(0);
		drop(0);
		check_cached(10 * MIB);
		purged = hak_stats.purged_bytes;
		alloc(18 * MIB, 16, false, 11);
		check_cached(0);
		CHECK(hak_stats.purged_bytes == purged);
		drop(0);
	} else {
		drop(0);
		drop(0);
	}
	hak_opt.purge_delay = 500;
	purge_all();
	check_cached(0);
}

static void drop_old(uint64_t later, uint64_t delay, unsigned calls)
{
	hak_pool_enter();
	hak_huge_drop_old(hak_os_now_ms() + later, delay, &calls);
	hak_pool_leave();
}

static void check_drop_old(void)
{
	hak_opt.purge_delay = -1;
	for (unsigned i = 0; i < 3; i++)
		alloc(20 * MIB, 16, false, i);
	while (blocks)
		drop(0);
	CHECK(hak_stats.huge_cached_bytes == 60 * MIB);
	drop_old(0, 60000, 10);
	CHECK(hak_stats.huge_cached_bytes == 60 * MIB);
	drop_old(60000, 60000, 0);
	CHECK(hak_stats.huge_cached_bytes == 60 * MIB);
	drop_old(60000, 60000, 1);
	CHECK(hak_stats.huge_cached_bytes == 40 * MIB);
	drop_old(60000, 60000, 10);
	CHECK(hak_stats.huge_cached_bytes == 0);
	hak_opt.purge_delay = 500;
}

/* ---- refusals ---------------------------------------------------------------- */

static void check_refused(void)
{
	uint64_t fails = hak_stats.shared_fail;
	uint64_t meta;

	CHECK(!hak_huge_alloc(SIZE_MAX, 16, false));
	CHECK(!hak_huge_alloc(T_TOO_MUCH, 16, true));
	CHECK(hak_stats.shared_fail > fails);
	alloc(3 * MIB, 16, false, 1);
	CHECK(!hak_huge_resize(block[0].p, SIZE_MAX));
	CHECK(!hak_huge_resize(block[0].p, T_TOO_MUCH));
	check_all();
	hak_opt.limit_hard = 5 * MIB;
	CHECK(!hak_huge_alloc(2 * MIB + HAK_SLOT_SIZE, 16, false));
	CHECK(!hak_huge_resize(block[0].p, 5 * MIB + 1));
	check_all();
	resize(&block[0], 5 * MIB);
	check_all();
	/* in a larger cached mapping, what is asked for counts */
	hak_opt.limit_hard = 0;
	drop(0);
	alloc(3 * MIB + 3 * MIB / 4, 16, false, 2);
	drop(0);
	alloc(3 * MIB, 16, false, 3);
	hak_opt.limit_hard = 5 * MIB;
	CHECK(!hak_huge_resize(block[0].p, 5 * MIB + 1));
	hak_opt.limit_hard = 3 * MIB + MIB / 4;
	CHECK(!hak_huge_resize(block[0].p, 3 * MIB + MIB / 2));
	check_all();
	hak_opt.limit_hard = 0;
	CHECK(filled(&block[0], hak_huge_size(block[0].p)));
	drop(0);
	check_all();
	/* what is refused costs nothing */
	purge_all();
	meta = hak_stats.meta_bytes;
	for (unsigned i = 0; i < 1000; i++) {
		hak_os_fail_from(1);
		CHECK(!hak_huge_alloc(3 * MIB, 16, false));
	}
	hak_os_fail_at(0);
	CHECK(hak_stats.meta_bytes == meta);
}

static bool try_alloc(size_t size, size_t align, unsigned mark)
{
	struct block *b = &block[blocks];

	b->p = hak_huge_alloc(size, align, true);
	if (!b->p)
		return false;
	blocks++;
	b->size = size;
	b->mark = mark;
	CHECK(zero(b->p, size));
	check_block(b);
	fill(b);
	return true;
}

static bool try_resize(struct block *b, size_t size)
{
	size_t had = hak_huge_size(b->p);
	char *to = hak_huge_resize(b->p, size);

	if (!to) {
		check_block(b);
		CHECK(hak_huge_size(b->p) == had && filled(b, had));
		return false;
	}
	b->p = to;
	b->size = size;
	check_block(b);
	CHECK(filled(b, had < size ? had : size));
	fill(b);
	return true;
}

/* A life of some blocks; the number of steps that could not be done. */
static unsigned scenario(void)
{
	unsigned failed = 0;

	failed += !try_alloc(3 * MIB, 16, 1);
	failed += !try_alloc(5 * MIB, 32 * MIB, 2);
	if (blocks)
		drop(0);
	failed += !try_alloc(4 * MIB, 16, 3);
	if (blocks)
		failed += !try_resize(&block[blocks - 1], 9 * MIB);
	check_all();
	failed += !try_alloc(4 * MIB, 16, 4);
	if (blocks)
		failed += !try_resize(&block[0], 3 * MIB);
	check_all();
	while (blocks)
		drop(0);
	return failed;
}

/* Each call of the kernel fails in turn. */
static void check_failures(void)
{
	unsigned failed = 0, survived = 0;

	for (unsigned n = 1; n <= 30; n++) {
		unsigned steps;

		purge_all();
		hak_os_fail_at(n);
		steps = scenario();
		hak_os_fail_at(0);
		check_all();
		CHECK(steps <= 1);
		failed += steps;
		survived += !steps;
	}
	CHECK(failed > 0 && survived > 0);
	/* an unmap that fails is tried again */
	purge_all();
	alloc(3 * MIB, 16, false, 1);
	drop(0);
	for (unsigned i = 0; i < 2; i++) {
		unsigned calls = 2;

		hak_os_fail_at(1 - i);
		hak_pool_enter();
		CHECK(hak_huge_drop_oldest(&calls) == i * 3 * MIB);
		hak_pool_leave();
		hak_os_fail_at(0);
		check_all();
	}
}

/* ---- misuse ------------------------------------------------------------------ */

static void free_twice(void)
{
	alloc(3 * MIB, 16, false, 1);
	hak_huge_free(block[0].p);
	hak_huge_free(block[0].p);
}

static void free_unmapped(void)
{
	alloc(3 * MIB, 16, false, 1);
	hak_huge_free(block[0].p);
	purge_all();
	hak_huge_free(block[0].p);
}

static void free_moved(void)
{
	char *p, *to;

	alloc(3 * MIB, 16, false, 1);
	p = block[0].p;
	/* nothing larger fits there */
	for (size_t size = 8 * MIB; (to = hak_huge_resize(p, size)) == p;)
		size *= 2;
	CHECK(to);
	hak_huge_free(p);
}

static void free_inside(void)
{
	alloc(3 * MIB, 16, false, 1);
	hak_huge_free(block[0].p + 16);
}

static void handler(int sig)
{
	(void)sig;
	/* no lock is held when a fault is reported */
	if (hak_huge_alloc(3 * MIB, 16, false))
		hak_warn("allocated in the handler");
}

static void free_inside_handled(void)
{
	CHECK(signal(SIGABRT, handler) != SIG_ERR);
	free_inside();
}

/* ---- fork --------------------------------------------------------------------- */

static void rebuild(void)
{
	uint64_t cached;

	hak_opt.purge_delay = -1;
	while (blocks < 6)
		alloc(3 * MIB, 16, false, blocks);
	drop(1);
	drop(3);
	cached = hak_stats.huge_cached_bytes;
	hak_stats.huge_live_bytes += 5;
	hak_stats.huge_cached_bytes -= 5;
	hak_huge_rebuild();
	CHECK(hak_stats.huge_cached_bytes == cached);
	hak_stats.empty_bytes = cached; /* hak_pool_rebuild's */
	check_all();
	for (unsigned i = 0; i < blocks; i++) {
		check_block(&block[i]);
		CHECK(filled(&block[i], hak_huge_size(block[i].p)));
	}
	/* cached ones are used again, live ones freed */
	alloc(3 * MIB, 16, true, 9);
	CHECK(hak_stats.huge_cached_bytes < cached);
	while (blocks)
		drop(0);
	check_all();
	purge_all();
}

int main(void)
{
	u_start();
	check_random();
	CHECK(resizes > 4 * copies);
	check_cache();
	check_merge();
	check_drop_old();
	check_refused();
	check_failures();
	purge_all();
	DIES(free_twice, "double free of 0x");
	DIES(free_unmapped, "double free of 0x");
	DIES(free_moved, "double free of 0x");
	DIES(free_inside, "invalid free of 0x");
	DIES(free_inside_handled, "allocated in the handler");
	LIVES(rebuild);
	check_all();
	return 0;
}
