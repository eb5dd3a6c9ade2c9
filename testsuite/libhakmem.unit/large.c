/* SPDX-License-Identifier: MIT */
/*
 * The Large tier: random blocks against a model of sizes, places and contents;
 * zeroing of memory that was used before; growing and shrinking in place;
 * pages that were not asked for stay untouched; wrong frees are reported.  What
 * a thread keeps: split, joined, bounded, and found by a fork's child between
 * any two instructions.
 */
#include "unit.h"

#include "fault.h"
#include "large.h"
#include "purge.h"
#include "stats.h"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

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

static struct hak_large_cache kept;
static struct hakmem_stats_heap figures = { .tag = 7 };

static char *take_new(size_t size, size_t align, bool zero)
{
	return hak_large_alloc(NULL, NULL, size, align, zero);
}

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

static void check_sums(unsigned live, uint64_t bytes)
{
	CHECK(hak_stats.large_mallocs + figures.large_served -
		      hak_stats.large_frees - figures.large_freed ==
	      live);
	CHECK(hak_stats.large_live_bytes + figures.large_bytes == bytes);
}

static void check_counts(void)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < blocks; i++)
		bytes += block[i].usable;
	check_sums(blocks, bytes);
	CHECK(hak_pool_check());
}

static void alloc(size_t size, size_t align, bool zero, unsigned mark)
{
	struct block *b = &block[blocks++];

	b->p = take_new(size, align, zero);
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
	CHECK(!take_new(100, 16, false));
	hak_opt.limit_hard = 0;
	drop(0);
	hak_opt.purge_delay = 500;
}

/* ---- a thread's cache ------------------------------------------------------ */

static void check_kept(unsigned n, unsigned slots)
{
	CHECK(figures.large_kept == n);
	CHECK(figures.large_kept_bytes == slots * HAK_SLOT_SIZE);
	CHECK(hak_large_check(&kept, &figures));
	CHECK(hak_pool_check());
}

static void keep(char *p)
{
	CHECK(hak_large_keep(&kept, &figures, p));
}

static char *take(size_t size)
{
	return hak_large_take(&kept, &figures, size);
}

static char *slot_of(const char *p)
{
	return (char *)((uintptr_t)p & ~(HAK_SLOT_SIZE - 1));
}

static unsigned kept_words(const char *p, unsigned slots)
{
	unsigned n = 0;

	for (unsigned i = 0; i < slots; i++)
		n += hak_word_kind(hak_registry_get(slot_of(p) +
						    i * HAK_SLOT_SIZE)) ==
		     HAK_KIND_LARGE_KEPT;
	return n;
}

/* Of a new SuperSlab, n blocks of so many slots side by side; nothing else is
 * in use. */
static void take_row(char **p, unsigned n, unsigned slots)
{
	char *filler;

	hak_pool_enter();
	hak_purge_all();
	hak_pool_leave();
	/* the static one */
	filler = take_new(HAK_FIRST_SLOTS * HAK_SLOT_SIZE, 16, false);
	for (unsigned i = 0; i < n; i++) {
		p[i] = take_new(slots * HAK_SLOT_SIZE, 16, false);
		CHECK(p[i] == p[0] + i * slots * HAK_SLOT_SIZE);
	}
	hak_large_free(filler);
}

/* The last one freed, and then the best of the others. */
static void check_cache(void)
{
	uint64_t active = hak_stats.slots_active;
	char *p[4], *q;

	hak_opt.purge_delay = -1;
	check_kept(0, 0);
	CHECK(!take(100000));
	for (unsigned i = 0; i < 4; i++) {
		p[i] = take_new((i + 1) * 3 * HAK_SLOT_SIZE - 50000, 4096,
				false);
		CHECK(slot_of(p[i]) == p[i]);
	}
	for (unsigned i = 0; i < 4; i++) {
		keep(p[i]);
		CHECK(hak_word_kind(hak_registry_get(p[i])) ==
		      HAK_KIND_LARGE_KEPT);
		CHECK(hak_pool_check() && hak_large_check(&kept, &figures));
	}
	check_sums(0, 0);
	CHECK(figures.large_kept_bytes == 30 * HAK_SLOT_SIZE);
	CHECK(hak_stats.slots_active == active + 30);
	/* as it was, with as many pages */
	q = take(12 * HAK_SLOT_SIZE - 50001);
	CHECK(q == p[3] && hak_large_size(q) >= 12 * HAK_SLOT_SIZE - 50001);
	CHECK(hak_word_kind(hak_registry_get(q)) == HAK_KIND_LARGE);
	CHECK(kept_words(q, 12) == 0);
	keep(q);
	/* up to a quarter longer: whole */
	q = take(10 * HAK_SLOT_SIZE);
	CHECK(slot_of(q) == p[3] && hak_large_size(q) == 10 * HAK_SLOT_SIZE);
	CHECK(kept_words(q, 12) == 0);
	check_sums(1, hak_large_size(q));
	keep(q);
	hak_large_drop(&kept, &figures);
	check_kept(0, 0);
	CHECK(hak_stats.slots_active == active);
	CHECK(figures.large_served == 2 && figures.large_freed == 6);
	check_sums(0, 0);
	hak_opt.purge_delay = 500;
}

/* One run, cut and put together again from all sides. */
static void check_split_and_join(void)
{
	static const unsigned order[][4] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 },
					     { 0, 2, 1, 3 }, { 3, 0, 2, 1 },
					     { 1, 3, 0, 2 }, { 2, 0, 3, 1 } };
	uint64_t active = hak_stats.slots_active;
	char *p[4], *q;

	for (unsigned each = 1; each <= 8; each += 7)
		for (unsigned i = 0; i < COUNT(order); i++) {
			take_row(p, 4, each);
			for (unsigned k = 0; k < 4; k++) {
				keep(p[order[i][k]]);
				CHECK(hak_large_check(&kept, &figures));
			}
			/* the last one is not looked at before the next */
			CHECK(!take(each == 1 ? 5 * HAK_SLOT_SIZE : 100));
			check_kept(1, 4 * each);
			CHECK(kept_words(p[0], 4 * each) == 2);
			CHECK(hak_ss_containing(p[0])->pub.run[0] == 4 * each);
			for (unsigned k = 1; k < 4; k++)
				CHECK(!hak_ss_containing(p[0])
					       ->pub.run[k * each]);
			/* more than twice as long */
			CHECK(!take((2 * each - 1) * HAK_SLOT_SIZE));
			hak_large_drop(&kept, &figures);
			check_kept(0, 0);
			CHECK(hak_stats.slots_active == active);
		}
	/* the front is taken, the rest stays */
	take_row(p, 4, 5);
	for (unsigned i = 0; i < 4; i++)
		keep(p[i]);
	q = take(10 * HAK_SLOT_SIZE - 3000);
	CHECK(slot_of(q) == p[0]);
	CHECK(hak_large_size(q) >= 10 * HAK_SLOT_SIZE - 3000 &&
	      hak_large_size(q) < 10 * HAK_SLOT_SIZE - 3000 + hak_os_page);
	check_kept(1, 10);
	check_sums(1, hak_large_size(q));
	CHECK(kept_words(p[0], 20) == 2 && kept_words(p[2], 10) == 2);
	memset(q, 1, hak_large_size(q));
	/* of the rest, nearly all */
	p[3] = take(9 * HAK_SLOT_SIZE);
	CHECK(slot_of(p[3]) == p[2]);
	check_kept(0, 0);
	check_sums(2, hak_large_size(q) + hak_large_size(p[3]));
	/* the pool takes either */
	hak_large_free(q);
	hak_large_free(p[3]);
	CHECK(hak_stats.slots_active == active && hak_pool_check());
	check_sums(0, 0);
	CHECK(hak_stats.registry_slots + figures.registry_slots == 0);
}

/* A run at the end of a SuperSlab is no neighbour of the next one's. */
static void check_apart(void)
{
	char *p[2] = { NULL, NULL }, *more[8];
	unsigned n = 0;

	do {
		CHECK(n < COUNT(more));
		more[n++] = take_new(HAK_SS_SIZE, 16, false);
		for (unsigned i = 0; i + 1 < n; i++)
			if (more[i] == more[n - 1] + HAK_SS_SIZE) {
				p[0] = more[n - 1];
				p[1] = more[i];
			}
	} while (!p[0]);
	keep(p[0]);
	keep(p[1]);
	CHECK(!take(100000));
	check_kept(2, 64);
	hak_large_drop(&kept, &figures);
	for (unsigned i = 0; i < n; i++)
		if (more[i] != p[0] && more[i] != p[1])
			hak_large_free(more[i]);
	check_counts();
}

/* HAKMEM_CACHE_MAX; the longest go until half of it is left. */
static void check_cache_bounds(void)
{
	size_t was = hak_opt.cache_max;
	char *p[20], *q, *r;

	hak_opt.cache_max = 16 * HAK_SLOT_SIZE;
	take_row(p, 15, 2);
	for (unsigned i = 0; i < 15; i += 2)
		keep(p[i]);
	check_kept(8, 16);
	q = take_new(5 * HAK_SLOT_SIZE, 16, false);
	keep(q);
	CHECK(hak_word_kind(hak_registry_get(q)) != HAK_KIND_LARGE_KEPT);
	check_kept(4, 8);
	/* a handler that interrupted its thread under the lock */
	q = take_new(9 * HAK_SLOT_SIZE, 16, false);
	hak_pool_enter();
	CHECK(!hak_large_keep(&kept, &figures, q));
	hak_pool_leave();
	hak_large_free(q);
	/* one that is longer than the bound */
	q = take_new(17 * HAK_SLOT_SIZE, 16, false);
	CHECK(!hak_large_keep(&kept, &figures, q));
	hak_large_free(q);
	check_kept(4, 8);
	/* a miss gives all back, for the pool to join; but not for ever */
	q = hak_large_alloc(&kept, &figures, 6 * HAK_SLOT_SIZE, 16, false);
	check_kept(0, 0);
	for (unsigned i = 1; i < 20; i++) {
		keep(q);
		CHECK(!take(HAK_SLOT_SIZE));
		r = hak_large_alloc(&kept, &figures, HAK_SLOT_SIZE, 16, false);
		if (figures.large_kept)
			break;
		q = hak_large_alloc(&kept, &figures, 6 * HAK_SLOT_SIZE, 16,
				    false);
		hak_large_free(r);
	}
	check_kept(1, 6);
	CHECK(take(6 * HAK_SLOT_SIZE));
	hak_large_free(r);
	hak_large_free(q);
	for (unsigned i = 1; i < 15; i += 2)
		hak_large_free(p[i]);
	/* none where memory goes back at once */
	hak_opt.purge_delay = 0;
	q = take_new(50000, 16, false);
	CHECK(!hak_large_keep(&kept, &figures, q));
	hak_large_free(q);
	hak_opt.purge_delay = 500;
	hak_opt.cache_max = was;
	check_kept(0, 0);
	CHECK(hak_stats.slots_active == 0 && hak_pool_check());
}

/* What the pool cannot serve, with all that is kept. */
static void check_last_resort(void)
{
	char *p = take_new(HAK_SS_SIZE / 2, 16, false);

	keep(p);
	hak_opt.limit_hard = (hak_stats.slots_active + 4) * HAK_SLOT_SIZE;
	CHECK(!take_new(HAK_SS_SIZE / 2, 65536 * 2, false));
	/* as after many misses in a row */
	kept.misses = 1000;
	kept.served = figures.large_served;
	p = hak_large_alloc(&kept, &figures, HAK_SS_SIZE / 2, 65536 * 2, false);
	CHECK(p);
	check_kept(0, 0);
	hak_opt.limit_hard = 0;
	hak_large_free(p);
}

/* Random blocks, kept and taken; the contents of those in use stay. */
static void check_cache_random(void)
{
	uint64_t seed = 3;

	for (unsigned i = 0; i < 4 * STEPS; i++) {
		unsigned at = blocks ? (unsigned)t_below(&seed, blocks) : 0;
		struct block *b = &block[blocks];

		hak_stats.heaps_total = 1 + i % 2;
		if (blocks < BLOCKS / 2 && t_below(&seed, 2)) {
			b->size = any_size(&seed);
			b->p = take(b->size);
			if (!b->p)
				b->p = hak_large_alloc(&kept, &figures, b->size,
						       16, false);
			b->usable = hak_large_size(b->p);
			b->mark = i;
			blocks++;
			check_block(b);
			fill(b, b->usable);
		} else if (blocks) {
			b = &block[at];
			check_block(b);
			check_fill(b, b->usable);
			check_last(b);
			if (!hak_large_keep(&kept, &figures, b->p))
				hak_large_free(b->p);
			*b = block[--blocks];
		}
		check_counts();
		CHECK(hak_large_check(&kept, &figures));
		CHECK(figures.large_kept_bytes <= hak_opt.cache_max);
	}
	CHECK(figures.large_served > STEPS / 4);
	hak_stats.heaps_total = 0;
	while (blocks)
		drop(0);
	hak_large_drop(&kept, &figures);
	check_kept(0, 0);
	check_sums(0, 0);
	CHECK(hak_stats.slots_active == 0);
	CHECK(hak_stats.registry_slots + figures.registry_slots == 0);
}

/* ---- a fork in the middle --------------------------------------------------- */

#if defined(__x86_64__) || defined(__i386__)
#define TRAP_FLAG 0x100

static volatile sig_atomic_t stepping;
static long steps;
static uint64_t others; /* slots of blocks that are in use all along */
static unsigned under_way, most; /* slots of one that comes or goes, of all */

/* A child has no thread that keeps anything: all is given back, and nothing is
 * lost but what was under way. */
static void check_recovered(void)
{
	struct hak_superslab *ss = hak_ss_all;
	uint64_t slots = 0;

	hak_pool_enter();
	hak_large_recover(&kept, &figures);
	hak_pool_leave();
	check_kept(0, 0);
	for (; ss; ss = (struct hak_superslab *)(uintptr_t)ss->pub.next)
		for (unsigned i = 0; i < ss->pub.slots; i++) {
			uint32_t word = hak_registry_get(hak_slot_base(ss, i));

			CHECK(hak_word_kind(word) != HAK_KIND_LARGE_KEPT);
			CHECK(!word == !ss->pub.run[i]);
			slots += ss->pub.run[i];
		}
	CHECK(slots == hak_stats.slots_active);
	slots -= others;
	CHECK(slots <= most && slots % under_way == 0);
	while (blocks)
		drop(0);
	CHECK(hak_stats.slots_active == slots && hak_pool_check());
}

static void on_step(int sig, siginfo_t *info, void *context)
{
	greg_t *flags = &((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL];
	int status;
	pid_t pid;

	(void)sig;
	(void)info;
	if (!stepping) {
		*flags &= ~(greg_t)TRAP_FLAG;
		return;
	}
	*flags |= TRAP_FLAG;
	steps++;
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		alarm(20);
		check_recovered();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	if (status)
		FAIL("status %x after %ld steps", (unsigned)status, steps);
}

static void step(void (*fn)(void), unsigned slots, unsigned n)
{
	under_way = slots;
	most = n * slots;
	steps = 0;
	stepping = 1;
	raise(SIGTRAP);
	fn();
	stepping = 0;
	CHECK(steps > 50);
}

static char *row[6], *taken;

static void step_keep(void)
{
	keep(row[2]);
	keep(row[4]);
}

static void step_split(void)
{
	taken = take(13 * HAK_SLOT_SIZE);
}

static void step_take(void)
{
	taken = take(13 * HAK_SLOT_SIZE);
}

static void check_forks(void)
{
	struct sigaction sa = { .sa_sigaction = on_step,
				.sa_flags = SA_SIGINFO | SA_RESTART };

	if (U_SANITIZER)
		return;
	CHECK(sigaction(SIGTRAP, &sa, NULL) == 0);
	take_row(row, 6, 5);
	alloc(100000, 16, false, 1);
	alloc(500000, 16, false, 2);
	others = hak_stats.slots_active - 6 * 5;
	hak_large_free(row[5]);
	keep(row[0]);
	keep(row[1]);
	keep(row[3]);
	/* joined with both sides when the next one comes */
	step(step_keep, 5, 2);
	check_kept(2, 25);
	/* joined with that, and split */
	step(step_split, 13, 1);
	check_kept(1, 12);
	keep(taken);
	step(step_take, 13, 1);
	check_kept(1, 12);
	hak_large_free(taken);
	hak_large_drop(&kept, &figures);
	while (blocks)
		drop(0);
	CHECK(hak_stats.slots_active == 0);
}
#else
static void check_forks(void)
{
}
#endif

static void keep_twice(void)
{
	char *p = take_new(100000, 16, false);

	CHECK(hak_large_keep(&kept, &figures, p));
	CHECK(!hak_large_keep(&kept, &figures, p));
	hak_large_free(p);
}

static void keep_inside(void)
{
	char *p = take_new(100000, 16, false);

	CHECK(!hak_large_keep(&kept, &figures, p + 16));
	hak_large_free(p + 16);
}

/* Headers of many blocks do not all lie in one cache set; one that follows
 * another in its slot finds the same lines. */
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
	/* the same in the same slot */
	for (unsigned i = 0; i < 32; i++) {
		char *was = block[0].p;

		drop(0);
		alloc(100000, 16, false, i);
		CHECK(slot_of(was) != slot_of(block[31].p) ||
		      was == block[31].p);
	}
	while (blocks)
		drop(0);
}

/* Of a fresh mapping only what was asked for becomes resident. */
static void check_untouched(void)
{
	size_t size = 20 * HAK_SLOT_SIZE + 3 * hak_os_page;
	unsigned char there[HAK_SLOT_SIZE / 4096];
	char *p = take_new(size, 16, true), *end;

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
	char *p = take_new(100000, 16, false);

	hak_large_free(p);
	hak_large_free(p);
}

static void free_inside(void)
{
	char *p = take_new(100000, 16, false);

	hak_large_free(p + 16);
}

static void free_before(void)
{
	/* a coloured block: its slot begins before it */
	for (int i = 0; i < 20; i++) {
		char *p = take_new(100000, 16, false);

		if ((uintptr_t)p % HAK_SLOT_SIZE)
			hak_large_free(p - (uintptr_t)p % HAK_SLOT_SIZE);
	}
}

static void handler(int sig)
{
	(void)sig;
	/* no lock is held when a fault is reported */
	if (take_new(100000, 16, false))
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
		CHECK(take_new(HAK_LARGE_MAX, 16, false));
	hak_os_fail_from(1);
	CHECK(!take_new(HAK_LARGE_MAX, 16, false));
	hak_os_fail_at(0);
	CHECK(hak_stats.shared_fail == fails + 1);
	CHECK(take_new(HAK_LARGE_MAX, 16, false));
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
	check_split_and_join();
	check_apart();
	check_cache_bounds();
	check_last_resort();
	check_cache_random();
	LIVES(check_forks);
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
