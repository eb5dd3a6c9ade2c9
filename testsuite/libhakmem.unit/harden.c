/* SPDX-License-Identifier: MIT */
/*
 * HAKMEM_SECURITY 2 and 3: blocks against a model of places, sizes and
 * contents; random order; quarantine; each report; guards that trap; the bound
 * on mappings; handlers; a fork's child; several threads.
 */
#include "unit.h"

#include "bits.h"
#include "harden.h"
#include "huge.h"
#include "random.h"
#include "stats.h"

#include <pthread.h>
#include <sys/resource.h>

#define BLOCKS 600
#define STEPS 60000
#define THREADS 4

struct block {
	char *p;
	size_t size;
	unsigned mark;
};

struct set {
	struct block block[BLOCKS];
	unsigned n;
	unsigned marks;
	uint64_t seed;
};

static int level;

static bool is_small(const void *p)
{
	return hak_word_kind(hak_registry_get(p)) == HAK_KIND_HARD;
}

static size_t usable(const void *p)
{
	bool live = true;
	size_t n = is_small(p) ? hak_harden_size(p, &live) : hak_huge_size(p);

	CHECK(live);
	return n;
}

static void give(char *p)
{
	if (is_small(p)) {
		hak_harden_free(p);
		return;
	}
	hak_harden_big_check(p, hak_huge_size(p));
	hak_huge_free(p);
}

static char *take(size_t size)
{
	char *p = hak_harden_alloc(size, HAK_ALIGNMENT);

	CHECK(p && (uintptr_t)p % HAK_ALIGNMENT == 0);
	return p;
}

static void begin(void)
{
	hak_opt.security = level;
	hak_pool_enter();
	hak_harden_init();
	hak_pool_leave();
}

/* ---- a model ------------------------------------------------------------- */

static size_t some_size(uint64_t *seed)
{
	static const size_t most[] = { 40, 1100, 33000, 300000 };
	size_t kind = t_below(seed, 40);

	return t_below(seed, most[kind < 20   ? 0
				  : kind < 34 ? 1
				  : kind < 39 ? 2
					      : 3]);
}

static void alloc(struct set *s)
{
	struct block *b = &s->block[s->n++];
	size_t align = t_below(&s->seed, 8)
			       ? HAK_ALIGNMENT
			       : (size_t)32 << t_below(&s->seed, 9);

	b->size = some_size(&s->seed);
	b->p = hak_harden_alloc(b->size, align);
	CHECK(b->p && (uintptr_t)b->p % align == 0);
	if (level == 3 ? usable(b->p) != b->size : usable(b->p) < b->size)
		FAIL("%zu of %zu bytes", usable(b->p), b->size);
	b->mark = s->marks++;
	t_fill(b->p, b->size, b->mark);
}

static void check(const struct block *b)
{
	if (!t_filled(b->p, b->size, b->mark))
		FAIL("%zu bytes at %p are not as they were", b->size,
		     (void *)b->p);
}

static void drop(struct set *s, unsigned i)
{
	check(&s->block[i]);
	give(s->block[i].p);
	s->block[i] = s->block[--s->n];
}

static void resize(struct block *b, uint64_t *seed)
{
	size_t size = some_size(seed);
	char *p = b->p;

	check(b);
	if (is_small(p)) {
		if (!hak_harden_resize(p, size))
			return;
	} else {
		if (size <= HAK_MID_MAX)
			return;
		p = hak_huge_resize_guarded(p, size);
		CHECK(p);
		hak_harden_big_written(p, size);
	}
	CHECK(t_filled(p, size < b->size ? size : b->size, b->mark));
	b->p = p;
	b->size = size;
	CHECK(level == 3 ? usable(p) == size : usable(p) >= size);
	t_fill(p, size, b->mark);
}

static void work(struct set *s, int steps)
{
	for (int i = 0; i < steps; i++) {
		if (s->n == BLOCKS || (s->n && t_below(&s->seed, 2)))
			drop(s, (unsigned)t_below(&s->seed, s->n));
		else
			alloc(s);
		if (s->n && !t_below(&s->seed, 8))
			resize(&s->block[t_below(&s->seed, s->n)], &s->seed);
	}
}

static struct set set;

static void model(void)
{
	uint64_t before = hak_stats.huge_live_bytes;

	begin();
	set.seed = 42;
	work(&set, STEPS);
	while (set.n)
		drop(&set, set.n - 1);
	CHECK(hak_stats.huge_live_bytes == before && !hak_huge_guarded);
	hak_pool_enter();
	hak_harden_trim();
	CHECK(hak_pool_check());
	hak_pool_leave();
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++) {
		const struct hakmem_stats_bin *b = &hak_pool_stat[cls];

		CHECK(b->filled == b->flushed);
		/* what rests holds on to some */
		CHECK(b->slabs <= 64);
	}
}

/* Of 0 bytes, by alignment in a mapping of its own. */
static void nothing(void)
{
	begin();
	for (size_t align = 16; align <= 1 << 20; align *= 2) {
		char *p = hak_harden_alloc(0, align);

		CHECK(p && (uintptr_t)p % align == 0);
		give(p);
	}
}

/* ---- order, quarantine ---------------------------------------------------- */

static void order(void)
{
	char *last = NULL;
	int up = 0, same = 0;

	begin();
	for (int i = 0; i < 2000; i++) {
		char *p = take(48);

		up += p > last;
		same += p == last + 48 || p == last + 64;
		last = p;
	}
	if (up < 700 || up > 1300 || same > 40)
		FAIL("%d go up, %d to the neighbour", up, same);
}

static void streams(void)
{
	struct hak_random a, b, again;
	int ones = 0;

	hak_random_begin(&a, 1);
	hak_random_begin(&b, 2);
	hak_random_begin(&again, 1);
	for (int i = 0; i < 1000; i++) {
		uint64_t x = hak_random_next(&a);

		CHECK(x == hak_random_next(&again));
		CHECK(x != hak_random_next(&b));
		ones += (int)hak_popcount64(x);
	}
	CHECK(ones > 31000 && ones < 33000);
}

static void rests(void)
{
	char *p;

	begin();
	p = take(100);
	give(p);
	for (int i = 0; i < 1000; i++)
		CHECK(take(100) != p);
}

/* ---- reports --------------------------------------------------------------- */

static void twice(void)
{
	char *p;

	begin();
	p = take(100);
	give(p);
	give(p);
}

static void never(void)
{
	char *p;

	begin();
	p = take(100);
	/* the last block of its slab, not carved yet */
	p += (HAK_SLOT_SIZE - (uintptr_t)p % HAK_SLOT_SIZE) / 112 * 112;
	p -= (uintptr_t)p % HAK_SLOT_SIZE % 112;
	give(p);
}

static void inside(void)
{
	begin();
	give(take(100) + 16);
}

static void odd(void)
{
	begin();
	give(take(100) + 1);
}

static void beyond(void)
{
	char *p;

	begin();
	p = take(50);
	p[50] = 'A';
	give(p);
}

static void far_beyond(void)
{
	char *p;

	begin();
	p = take(50);
	/* the canary itself, not what is between */
	p[50 + 64 - 8 - 50] ^= 1;
	give(p);
}

static void beyond_big(void)
{
	char *p;

	begin();
	p = take(100001);
	p[100001] = 0;
	give(p);
}

static void written(size_t at)
{
	char *p;

	begin();
	p = take(3000);
	give(p);
	p[at] = 'A';
	for (int i = 0; i < 2000; i++)
		give(take(3000));
}

static void written_first(void)
{
	written(0);
}

static void written_marked(void)
{
	written(HAK_HARDEN_MARK - 1);
}

static void written_last(void)
{
	written(2999);
}

/* ---- guards ------------------------------------------------------------------ */

static void touch(volatile char *p)
{
	*p = 1;
}

static void none(void)
{
	begin();
	touch(take(0));
}

static void behind_big(void)
{
	begin();
	touch(take(65536) + 65536);
}

static void before_big(void)
{
	begin();
	touch(take(65536) - 1);
}

static void freed_big(void)
{
	char *p;

	begin();
	p = take(65536);
	give(p);
	touch(p + 4096);
}

static void behind_slab(void)
{
	char *p;

	begin();
	p = take(100);
	touch(p + HAK_SLOT_SIZE - (uintptr_t)p % HAK_SLOT_SIZE);
}

static void traps(void (*fn)(void), const char *name)
{
	char text[2000];
	int status = u_child(fn, text, sizeof(text), NULL);

	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV)
		FAIL("%s: status %x: %s", name, status, text);
}

static int mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[1000];
	int n = 0;

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		n++;
	fclose(f);
	return n;
}

/* Beyond their number there are blocks without guards. */
static void bound(void)
{
	int big = 0, n;

	begin();
	while (big < 40000 && hak_harden_alloc(40000, HAK_ALIGNMENT))
		big++;
	n = mappings();
	if (big < 5000 || big == 40000 || n < 10000 || n >= 32000)
		FAIL("%d big blocks, %d mappings", big, n);
	for (int i = 0; i < 1500 * 8; i++)
		take(8000);
	n = mappings();
	if (n >= 32000)
		FAIL("%d mappings with slabs", n);
}

/* ---- handlers, fork, threads --------------------------------------------------- */

static void defers(void)
{
	char *p[100];
	bool live;

	begin();
	for (int i = 0; i < 100; i++)
		p[i] = take(100);
	hak_pool_enter();
	for (int i = 0; i < 50; i++)
		hak_harden_defer(p[i]);
	(void)hak_harden_size(p[0], &live);
	CHECK(live);
	hak_pool_leave();
	take(100);
	for (int i = 0; i < 100; i++) {
		(void)hak_harden_size(p[i], &live);
		CHECK(live == (i >= 50));
	}
}

/* Lists from nothing: what lived lives, the rest is used again. */
static void rebuilds(void)
{
	begin();
	set.seed = 4711;
	work(&set, 5000);
	hak_pool_enter();
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
		hak_pool_stat[cls].slabs = 0;
	hak_harden_rebuild();
	CHECK(hak_pool_check());
	hak_pool_leave();
	work(&set, 5000);
	while (set.n)
		drop(&set, set.n - 1);
}

static void *slot[THREADS][1000];

static void *pass_on(void *arg)
{
	int me = (int)(intptr_t)arg;
	uint64_t seed = (uint64_t)me + 1;

	for (int i = 0; i < 40000; i++) {
		size_t to = t_below(&seed, THREADS), at = t_below(&seed, 1000);
		char *p = take(t_below(&seed, 300));
		char *old;

		if (usable(p))
			memset(p, me, usable(p));
		old = __atomic_exchange_n(&slot[to][at], p, __ATOMIC_ACQ_REL);
		if (old)
			give(old);
	}
	return NULL;
}

static void threads(void)
{
	pthread_t t[THREADS];

	begin();
	for (intptr_t i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&t[i], NULL, pass_on, (void *)i));
	for (int i = 0; i < THREADS; i++)
		CHECK(!pthread_join(t[i], NULL));
	for (int i = 0; i < THREADS * 1000; i++)
		if (slot[i / 1000][i % 1000])
			give(slot[i / 1000][i % 1000]);
	hak_pool_enter();
	CHECK(hak_pool_check());
	hak_pool_leave();
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
		CHECK(hak_pool_stat[cls].filled == hak_pool_stat[cls].flushed);
}

static void every_level(void)
{
	LIVES(model);
	LIVES(nothing);
	LIVES(order);
	LIVES(rests);
	LIVES(defers);
	LIVES(rebuilds);
	LIVES(threads);
	LIVES(bound);
	DIES(twice, "double free");
	DIES(never, "invalid free");
	DIES(inside, "invalid free");
	DIES(odd, "unaligned free");
	DIES(written_first, "write after free");
	DIES(written_marked, "write after free");
	traps(behind_big, "behind a big block");
	traps(freed_big, "a freed big block");
}

int main(void)
{
	const struct rlimit no_core = { 0, 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	u_start();
	streams();
	level = 2;
	every_level();
	level = 3;
	every_level();
	DIES(beyond, "canary overwritten");
	DIES(far_beyond, "canary overwritten");
	DIES(beyond_big, "canary overwritten");
	DIES(written_last, "write after free");
	traps(none, "a block of size 0");
	traps(before_big, "before a big block");
	traps(behind_slab, "behind a slab");
	return 0;
}
