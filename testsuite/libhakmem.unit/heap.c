/* SPDX-License-Identifier: MIT */
/*
 * One thread's heap: blocks of all classes against a model of places and
 * contents; caches whose blocks are free in no bitmap and nowhere twice; frees
 * that pass them; figures that add up; remote frees; what is given back.
 */
#include "heap_model.h"

/* ---- start ------------------------------------------------------------------- */

static void check_sentinels(void)
{
	CHECK(hak_heap_self() == &hak_heap_none);
	CHECK(!hak_heap_is_real(&hak_heap_none));
	CHECK(!hak_heap_is_real(&hak_heap_dead));
	/* empty for malloc, full for free, without a block's start */
	CHECK(t_zero(hak_heap_none.cache, sizeof(hak_heap_none.cache)));
	CHECK(t_zero(hak_heap_dead.cache, sizeof(hak_heap_dead.cache)));
}

static void check_new(void)
{
	uint64_t total = hak_stats.heaps_total;

	heap = new_heap();
	other = new_heap();
	CHECK(heap && other && hak_heap_is_real(heap));
	CHECK(heap->pub.tag > HAK_TAG_POOL && heap->pub.tag != other->pub.tag);
	CHECK(heap->tag == heap->pub.tag << 16);
	CHECK(heap->pub.state == HAKMEM_HEAP_FREE);
	CHECK(hak_heap_all == other && other->next_all == heap);
	CHECK(hak_stats.heaps_total == total + 2);
	CHECK(hak_stats.heaps == (uintptr_t)&other->pub);
	check_heap(heap);
	for (size_t size = 0; size <= HAK_TINY_MAX; size++)
		CHECK(hak_heap_cache(heap, hak_heap_offset[(size + 15) >> 4]) ==
		      &heap->cache[hak_class_of(size)]);
	/* without memory for one */
	for (unsigned i = 0;; i++) {
		struct hak_heap *h;

		hak_os_fail_at(1);
		h = new_heap();
		hak_os_fail_at(0);
		if (!h)
			break;
		CHECK(i < 100);
	}
	CHECK(new_heap());
}

/* ---- blocks ------------------------------------------------------------------ */

static void check_classes(void)
{
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++) {
		unsigned n = cls < HAK_TINY_CLASSES ? 500 : 60;

		for (unsigned i = 0; i < n; i++)
			alloc(heap, cls);
		check_heap(heap);
		for (unsigned i = 0; i < n / 2; i++)
			drop(heap, (unsigned)t_below(&seed, blocks));
		check_heap(heap);
		drop_all(heap);
		check_heap(heap);
	}
	check_empty(heap);
}

static void check_random(void)
{
	for (unsigned i = 0; i < 60000; i++) {
		unsigned more = i / 5000 % 2 ? 40 : 60;
		unsigned cls = t_below(&seed, 10)
				       ? 1 + (unsigned)t_below(&seed, 40)
				       : 1 + (unsigned)t_below(&seed, 72);

		if (blocks < BLOCKS && t_below(&seed, 100) < more)
			alloc(heap, cls);
		else if (blocks)
			drop(heap, (unsigned)t_below(&seed, blocks));
		if (i % 500 == 0)
			check_heap(heap);
	}
	check_contents();
	drop_all(heap);
	check_empty(heap);
}

/* Mallocs are counted by the countdown, exactly. */
static void check_beat(void)
{
	uint64_t before = heap->pub.armed - (uint64_t)(int64_t)heap->countdown;
	uint32_t ticks = heap->ticks;

	for (unsigned i = 0; i < 3 * HAK_HEARTBEAT; i++) {
		alloc(heap, 5);
		drop(heap, 0);
	}
	CHECK(heap->pub.armed - (uint64_t)(int64_t)heap->countdown ==
	      before + 3 * HAK_HEARTBEAT);
	CHECK(heap->ticks >= ticks + 2);
	check_empty(heap);
}

static size_t cached_bytes(const struct hak_heap *h)
{
	size_t bytes = 0;

	for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
		bytes += cached(h, cls) * hak_class_size(cls);
	return bytes;
}

/* A burst may fill the caches of all classes; a few heartbeats later they hold
 * no more than the bound. */
static void check_bound(void)
{
	size_t bound = hak_opt.cache_max;

	for (hak_opt.cache_max = 512 << 10; hak_opt.cache_max <= bound;
	     hak_opt.cache_max *= 2) {
		for (unsigned round = 0; round < 10; round++) {
			for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
				for (unsigned i = 0; i < 40; i++)
					alloc(heap, cls);
			drop_all(heap);
		}
		check_heap(heap);
		for (unsigned i = 0; i < 8 * HAK_HEARTBEAT; i++) {
			alloc(heap, 1);
			drop(heap, 0);
		}
		if (cached_bytes(heap) > hak_opt.cache_max)
			FAIL("%zu bytes cached", cached_bytes(heap));
		CHECK(cached_bytes(heap) > 0);
	}
	hak_opt.cache_max = bound;
	check_empty(heap);
}

static void check_flush(void)
{
	for (unsigned i = 0; i < 200; i++)
		alloc(heap, 4);
	for (unsigned i = 0; i < 150; i++)
		drop(heap, 0);
	CHECK(cached(heap, 4) > 10);
	hak_heap_flush(heap, 4, 10);
	CHECK(cached(heap, 4) == 10);
	check_heap(heap);
	hak_heap_flush(heap, 4, 10);
	CHECK(cached(heap, 4) == 10);
	hak_heap_flush_all(heap);
	CHECK(cached(heap, 4) == 0);
	check_heap(heap);
	check_contents();
	drop_all(heap);
	check_empty(heap);
}

/*
 * Where blocks of a class only come, its cache is closed and they go straight
 * to their slabs, which then count as without keys; a refill opens the cache;
 * as many frees as a slab has free blocks, and the keys are written.
 */
static void check_straight(void)
{
	enum { CLS = 4, N = 3000 };
	struct hak_cache *c = &heap->cache[CLS];
	struct hak_slab *slab;
	unsigned i, n;
	char *p;

	while (blocks < N)
		alloc(heap, CLS);
	while (c->limit != c->base)
		drop(heap, 0);
	check_heap(heap);
	p = forget(0);
	i = index_of(p, &slab);
	n = slab->nfree;
	CHECK(!slab->keyless);
	((uintptr_t *)(void *)p)[1] = 5;
	CHECK(hak_heap_put(heap, p, i) && !hak_heap_put(heap, p, i));
	CHECK(slab->keyless && slab->nfree == n + 1);
	CHECK(hak_word_kind(hak_registry_get(p)) == HAK_KIND_HOLED);
	CHECK(((uintptr_t *)(void *)p)[1] == 5 && c->limit == c->base);
	while (blocks > N / 2) {
		i = index_of(block[0].p, &slab);
		CHECK(hak_heap_put(heap, forget(0), i));
	}
	check_heap(heap);
	check_contents();

	alloc(heap, CLS);
	CHECK(c->limit > c->base);
	(void)index_of(block[blocks - 1].p, &slab);
	CHECK(slab->keyless);
	for (n = slab->nfree; n; n--) {
		hak_heap_rekey(heap, slab);
		CHECK(slab->keyless);
	}
	hak_heap_rekey(heap, slab);
	CHECK(!slab->keyless);
	CHECK(hak_word_kind(hak_registry_get(slab->base)) == HAK_KIND_SLAB);
	for (i = 0; i < slab->carved; i++) {
		uintptr_t *q = (void *)(slab->base + i * hak_class_size(CLS));

		CHECK((q[1] == hak_heap_key(heap, q)) ==
		      (hak_slab_has(slab, i) || hak_heap_holds(q, slab, i)));
	}
	drop_all(heap);
	check_empty(heap);
}

static void burst(unsigned cls, unsigned n)
{
	while (blocks < n)
		alloc(heap, cls);
	while (blocks)
		drop(heap, 0);
	check_heap(heap);
}

/*
 * A cache grows to what was freed at a time, and the next such burst passes no
 * slab; one that no cache would hold leaves it as it is.
 */
static void check_burst(void)
{
	enum { CLS = 4 };
	const struct hakmem_stats_bin *stat = &heap->stat[CLS];
	const struct hak_bin *b = &heap->bin[CLS];
	unsigned most = hak_class[CLS].pub.cache_blocks;
	unsigned usual = hak_class[CLS].cache_usual;
	uint64_t filled, flushed;

	CHECK(usual * 4 < most && most < BLOCKS);
	for (unsigned n = usual * 3; n < most; n += usual * 4) {
		for (unsigned i = 0; i < 4; i++)
			burst(CLS, n);
		if (b->cap < n || b->cap > most)
			FAIL("%u entries for %u blocks", b->cap, n);
		CHECK(heap->cache[CLS].base == b->burst);
		filled = stat->filled;
		flushed = stat->flushed;
		burst(CLS, n);
		CHECK(stat->filled == filled && stat->flushed == flushed);
	}
	for (unsigned i = 0; i < 4; i++)
		burst(CLS + 1, BLOCKS);
	CHECK(b[1].cap <= usual);
	check_empty(heap);
}

/* No memory: NULL, and the heap goes on when there is some. */
static void check_refused(void)
{
	unsigned n;

	alloc(heap, 72);
	hak_opt.limit_hard = hak_stats.slots_active * HAK_SLOT_SIZE;
	for (n = 0;; n++) {
		char *p = u_take(heap, 72);

		if (!p)
			break;
		CHECK(n < 100);
		give(heap, 72, p);
		alloc(heap, 72);
	}
	CHECK(!u_take(heap, 72) && !u_take(heap, 1));
	check_heap(heap);
	hak_opt.limit_hard = 0;
	alloc(heap, 72);
	alloc(heap, 1);
	check_heap(heap);
	drop_all(heap);
	check_empty(heap);
}

/* ---- remote frees -------------------------------------------------------------- */

static void check_remote(void)
{
	uint64_t gone = other->stat[9].remote_freed;
	uint64_t back = heap->stat[9].drained;
	struct hak_slab *slab;
	unsigned i;
	char *p;

	for (unsigned k = 0; k < 600; k++)
		alloc(heap, 9);
	p = block[3].p;
	i = index_of(p, &slab);
	CHECK(!hak_heap_holds(p, slab, i));
	for (unsigned k = 0; k < 500; k++) {
		struct hak_slab *s;
		char *q = forget(3);

		unsigned at = index_of(q, &s);

		hak_heap_push_remote(other, s, at);
		if (k == 0) {
			/* on its way: in an outbox, not in the slab */
			CHECK(hak_heap_holds(q, s, at));
			CHECK(other->pub.remote_out == 1);
		}
	}
	CHECK(other->stat[9].remote_freed == gone + 500);
	hak_heap_flush_all(other);
	CHECK(other->pub.remote_out == 0);
	CHECK(hak_slab_has(slab, i) && !hak_heap_holds(p, slab, i));
	hak_heap_drain(heap);
	CHECK(heap->stat[9].drained == back + 500);
	CHECK(heap->pub.drains > 0);
	check_heap(heap);
	p = block[0].p;
	i = index_of(p, &slab);
	drop(heap, 0);
	CHECK(hak_heap_holds(p, slab, i));
	check_contents();
	drop_all(heap);
	check_empty(heap);
}

/* What others freed is found when the heap needs it, without being told. */
static void check_refill_drains(void)
{
	uint64_t acquires;

	while (blocks < 64)
		alloc(heap, 32);
	CHECK(cached(heap, 32) == 0);
	while (blocks > 1) {
		struct hak_slab *s;
		char *q = forget(1);
		unsigned i = index_of(q, &s);

		hak_heap_push_remote(other, s, i);
	}
	hak_heap_flush_all(other);
	acquires = hak_stats.acquires;
	while (blocks < 64)
		alloc(heap, 32);
	CHECK(hak_stats.acquires == acquires);
	check_heap(heap);
	drop_all(heap);
	check_empty(heap);
}

/* ---- what is given back ---------------------------------------------------------- */

/* Blocks in one page of sixteen. */
static void make_sparse(void)
{
	while (blocks < 3500)
		alloc(heap, 20);
	for (unsigned i = 0; i < blocks;)
		if ((uintptr_t)block[i].p % (16 * hak_os_page) > 1000)
			drop(heap, i);
		else
			i++;
	CHECK(blocks > 10);
}

static void check_trim(void)
{
	uint64_t purged;
	size_t bytes;

	make_sparse();
	purged = hak_stats.purged_bytes;
	bytes = hak_heap_trim(heap);
	CHECK(bytes >= 8 * hak_os_page);
	CHECK(hak_stats.purged_bytes >= purged + bytes);
	CHECK(hak_stats.hole_bytes == bytes);
	CHECK(hak_word_kind(hak_registry_get(block[0].p)) == HAK_KIND_HOLED);
	check_contents();
	check_heap(heap);
	CHECK(hak_heap_trim(heap) == 0);
	while (blocks < 3500)
		alloc(heap, 20);
	CHECK(hak_stats.hole_bytes == 0);
	check_heap(heap);
	/* holes end with their slabs, too */
	make_sparse();
	CHECK(hak_heap_trim(heap) > 0 && hak_stats.hole_bytes > 0);
	drop_all(heap);
	check_empty(heap);
	CHECK(hak_stats.hole_bytes == 0);
}

/* ---- taking apart ------------------------------------------------------------------ */

/* Slabs that become nearly empty give their holes back at once, one in 32 late;
 * not while others have heaps. */
static uint64_t edge_holes(uint64_t live)
{
	enum { CLS = 40, SLABS = 100, LARGE = 40 };
	uint64_t was = hak_stats.heaps_live, holes;
	int64_t delay = hak_opt.purge_delay;
	unsigned each = hak_class[CLS].pub.blocks;
	void *large[LARGE]; /* in a small process none are made */

	CHECK(hak_class[CLS].pub.slots == 1 && each >= 8);
	for (unsigned i = 0; i < LARGE; i++)
		CHECK(large[i] = hak_large_alloc(NULL, NULL, HAK_LARGE_MAX, 16,
						 false));
	hak_stats.heaps_live = live;
	hak_opt.purge_delay = 500;
	while (blocks < SLABS * each)
		alloc(heap, CLS);
	for (unsigned i = blocks; i-- > 0;)
		if ((uintptr_t)block[i].p % HAK_SLOT_SIZE)
			drop(heap, i);
	hak_heap_flush_all(heap);
	holes = hak_stats.hole_bytes;
	hak_stats.heaps_live = was;
	hak_opt.purge_delay = delay;
	for (unsigned i = 0; i < LARGE; i++)
		hak_large_free(large[i]);
	drop_all(heap);
	check_empty(heap);
	return holes;
}

static void edge_alone(void)
{
	CHECK(edge_holes(1) > 50 * (HAK_SLOT_SIZE - 3 * hak_os_page));
}

static void edge_beside(void)
{
	CHECK(edge_holes(2) == 0);
}

/* ---- misuse -------------------------------------------------------------------------- */

static void twice_in_cache(void)
{
	alloc(heap, 6);
	give(heap, 6, block[0].p);
	give(heap, 6, block[0].p);
	hak_heap_flush_all(heap);
}

/* A block of heap that other frees as often, each time sent or not. */
static void freed_by_other(unsigned times, bool sent)
{
	struct hak_slab *slab;
	unsigned i;

	alloc(heap, 6);
	i = index_of(block[0].p, &slab);
	while (times--) {
		hak_heap_push_remote(other, slab, i);
		if (sent)
			hak_heap_flush_all(other);
	}
}

static void twice_in_outbox(void)
{
	freed_by_other(2, false);
}

static void own_and_remote(void)
{
	freed_by_other(1, true);
	give(heap, 6, block[0].p);
	hak_heap_flush_all(heap);
	hak_heap_drain(heap);
}

/* Sent twice, with the outbox emptied in between. */
static void twice_through_outbox(void)
{
	freed_by_other(2, true);
}

int main(void)
{
	u_start();
	hak_heap_init(SECRET);
	CHECK(hak_heap_secret == SECRET);
	check_sentinels();
	check_new();
	/* before memory that is used again makes the process keep it */
	LIVES(edge_alone);
	LIVES(edge_beside);
	check_classes();
	check_random();
	check_beat();
	check_bound();
	check_flush();
	check_straight();
	check_burst();
	check_refused();
	check_remote();
	check_refill_drains();
	check_trim();
	DIES(twice_in_cache, "double free of 0x");
	DIES(twice_in_outbox, "double free of 0x");
	DIES(twice_through_outbox, "double free of 0x");
	DIES(own_and_remote, "double free of 0x");
	return 0;
}
