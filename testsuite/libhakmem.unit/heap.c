/* SPDX-License-Identifier: MIT */
/*
 * One thread's heap: blocks of all classes against a model of places and
 * contents; caches whose blocks are free in no bitmap and nowhere twice; frees
 * that pass them; figures that add up; remote frees; what is given back; taking
 * a heap apart; a heap whose thread vanished in a fork.
 */
#include "unit.h"

#include "heap.h"
#include "stats.h"

#define SECRET ((uintptr_t)0x5bd1e995a7c3f1edULL)
#define BLOCKS 4000

struct block {
	char *p;
	unsigned cls;
	unsigned mark;
};

static struct hak_heap *heap, *other;
static struct block block[BLOCKS];
static unsigned blocks;
static unsigned marks;
static uint64_t seed = 1;

static struct hak_heap *new_heap(void)
{
	struct hak_heap *h;

	hak_pool_enter();
	h = hak_heap_new();
	hak_pool_leave();
	return h;
}

static unsigned index_of(const char *p, struct hak_slab **slab)
{
	unsigned i;
	bool exact;

	*slab = hak_registry_record(p);
	i = hak_slab_index(*slab, p, &exact);
	CHECK(exact);
	return i;
}

static size_t cached(const struct hak_heap *h, unsigned cls)
{
	return (size_t)(h->cache[cls].top - h->cache[cls].base);
}

/* As the entry points do it. */
static char *take(struct hak_heap *h, unsigned cls)
{
	struct hak_cache *c = &h->cache[cls];
	uintptr_t *p;

	if (c->top == c->base)
		return hak_heap_refill(h, cls);
	p = *--c->top;
	p[1] = 0;
	if (--h->countdown < 0)
		hak_heap_tick(h);
	return (char *)p;
}

static void give(struct hak_heap *h, unsigned cls, char *p)
{
	((uintptr_t *)(void *)p)[1] = hak_heap_key(h, p);
	hak_heap_push(h, cls, p);
}

static void alloc(struct hak_heap *h, unsigned cls)
{
	struct block *b = &block[blocks++];
	struct hak_slab *slab;
	unsigned i;

	CHECK(blocks <= BLOCKS);
	b->p = take(h, cls);
	CHECK(b->p);
	i = index_of(b->p, &slab);
	CHECK(!hak_slab_has(slab, i));
	CHECK(hak_word_class(hak_registry_get(b->p)) == cls);
	CHECK(hak_word_tag(hak_registry_get(b->p)) == h->pub.tag);
	CHECK(((uintptr_t *)(void *)b->p)[1] == 0);
	b->cls = cls;
	b->mark = marks++;
	t_fill(b->p, hak_class_size(cls), b->mark);
}

static char *forget(unsigned i)
{
	struct block *b = &block[i];
	char *p = b->p;

	if (!t_filled(p, hak_class_size(b->cls), b->mark))
		FAIL("%zu bytes at %p are not as they were",
		     hak_class_size(b->cls), (void *)p);
	*b = block[--blocks];
	return p;
}

static void drop(struct hak_heap *h, unsigned i)
{
	unsigned cls = block[i].cls;

	give(h, cls, forget(i));
}

static void drop_all(struct hak_heap *h)
{
	while (blocks)
		drop(h, (unsigned)t_below(&seed, blocks));
}

/* Caches lie apart and hold free blocks, each once, whose bits are not set. */
static void check_caches(struct hak_heap *h)
{
	uint64_t n = 0;

	for (unsigned cls = 1; cls < HAK_CLASSES; cls++) {
		struct hak_cache *c = &h->cache[cls];

		for (void **e = c->base; e < c->top; e++) {
			struct hak_slab *slab;
			unsigned i = index_of(*e, &slab);

			CHECK(slab->cls == cls && !hak_slab_has(slab, i));
			*(uint64_t *)*e = n++;
		}
		CHECK(c->limit >= c->top &&
		      (c->base == c->limit ||
		       (c->base >= h->entries &&
			c->limit <= h->entries + HAK_HEAP_ENTRIES)));
		for (unsigned k = 1; k < cls; k++)
			CHECK(c->limit <= h->cache[k].base ||
			      h->cache[k].limit <= c->base);
	}
	n = 0;
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
		for (void **e = h->cache[cls].base; e < h->cache[cls].top; e++)
			CHECK(*(uint64_t *)*e == n++);
}

/* Blocks out of slabs = filled - flushed - drained: in use, or in a cache. */
static void check_figures(const struct hak_heap *h)
{
	uint64_t live[HAK_CLASSES] = { 0 };

	for (unsigned i = 0; i < blocks; i++)
		live[block[i].cls]++;
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++) {
		const struct hakmem_stats_bin *s = &h->stat[cls];
		uint64_t out = s->filled - s->flushed - s->drained;

		if (out != live[cls] + cached(h, cls))
			FAIL("%zu bytes: %llu out, %llu in use, %zu cached",
			     hak_class_size(cls), (unsigned long long)out,
			     (unsigned long long)live[cls], cached(h, cls));
	}
}

static void check_heap(struct hak_heap *h)
{
	CHECK(hak_heap_check(h));
	CHECK(h->busy == 0);
	check_caches(h);
	check_figures(h);
	CHECK(hak_pool_check());
}

static void check_contents(void)
{
	for (unsigned i = 0; i < blocks; i++)
		CHECK(t_filled(block[i].p, hak_class_size(block[i].cls),
			       block[i].mark));
}

/* With nothing in use nothing stays. */
static void check_empty(struct hak_heap *h)
{
	CHECK(blocks == 0);
	hak_heap_trim(h);
	check_heap(h);
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
		CHECK(cached(h, cls) == 0 && h->stat[cls].slabs == 0);
	CHECK(hak_stats.slots_active == 0);
	CHECK(hak_stats.hole_bytes == 0);
}

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

/* No memory: NULL, and the heap goes on when there is some. */
static void check_refused(void)
{
	unsigned n;

	alloc(heap, 72);
	hak_opt.limit_hard = hak_stats.slots_active * HAK_SLOT_SIZE;
	for (n = 0;; n++) {
		char *p = take(heap, 72);

		if (!p)
			break;
		CHECK(n < 100);
		give(heap, 72, p);
		alloc(heap, 72);
	}
	CHECK(!take(heap, 72) && !take(heap, 1));
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
		CHECK(large[i] = hak_large_alloc(HAK_LARGE_MAX, 16, false));
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

static bool dissolve(struct hak_heap *h)
{
	bool all;

	hak_pool_enter();
	all = hak_heap_dissolve(h);
	hak_pool_leave();
	return all;
}

static void free_pool_block(unsigned i)
{
	struct hak_slab *slab;
	char *p = forget(i);
	unsigned at = index_of(p, &slab);

	CHECK(hak_word_tag(hak_registry_get(p)) == HAK_TAG_POOL);
	hak_heap_push_remote(other, slab, at);
}

static void check_dissolve(void)
{
	uint64_t acquires;
	char *p;

	for (unsigned i = 0; i < 2000; i++)
		alloc(heap, 1 + (unsigned)t_below(&seed, 30));
	for (unsigned i = 0; i < 1000; i++)
		drop(heap, (unsigned)t_below(&seed, blocks));
	/* whole of another class: blocks in caches do not hold it back */
	p = take(heap, 60);
	give(heap, 60, p);
	CHECK(dissolve(heap));
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
		CHECK(cached(heap, cls) == 0 && heap->stat[cls].slabs == 0);
	CHECK(!hak_registry_get(p));
	CHECK(hak_heap_check(heap) && hak_pool_check());
	check_contents();
	/* another heap goes on with the slabs, if they may be shared */
	acquires = hak_stats.acquires;
	p = take(other, block[0].cls);
	CHECK(p);
	CHECK((hak_stats.acquires == acquires) ==
	      (hak_opt.tiny_ss_shared != 0));
	give(other, block[0].cls, p);
	CHECK(dissolve(other));
	check_contents();
	/* all that is in use comes back to the pool */
	while (blocks)
		free_pool_block((unsigned)t_below(&seed, blocks));
	hak_heap_flush_all(other);
	hak_pool_enter();
	hak_pool_drain();
	hak_pool_leave();
	CHECK(hak_stats.slots_active == 0 && hak_pool_check());
	/* it may be used once more */
	alloc(heap, 3);
	drop_all(heap);
	hak_heap_trim(heap);
	CHECK(hak_stats.slots_active == 0);
}

/* ---- fork -------------------------------------------------------------------------- */

/*
 * The thread was putting a block back: it is free in the bitmap and still in
 * the cache, and the counts of its slab are as before.  One inside a slow path
 * may have left an entry twice.
 */
static void put_back_half(unsigned cls, bool busy)
{
	struct hak_cache *c = &heap->cache[cls];
	struct hak_slab *slab;
	void **e = c->base;
	unsigned i;

	while (e < c->top && ((uintptr_t *)*e)[1] != hak_heap_key(heap, *e))
		e++;
	CHECK(c->top - e >= 3);
	i = index_of(*e, &slab);
	slab->bits[i / 64] |= UINT64_C(1) << i % 64;
	if (busy)
		e[1] = e[2];
	for (unsigned w = 0; w * 64 < slab->carved; w++)
		if (!slab->bits[w])
			slab->summary |= UINT64_C(1) << w;
}

/* Caches have places of their own, as large as cap says. */
static void check_places(void)
{
	for (unsigned i = 1; i < HAK_CLASSES; i++) {
		void **base = heap->cache[i].base;
		void **end = base + heap->bin[i].cap;

		CHECK(heap->cache[i].limit == end);
		if (base == end)
			continue;
		CHECK(base >= heap->entries &&
		      end <= heap->entries + heap->entries_used);
		for (unsigned k = 1; k < i; k++)
			CHECK(heap->cache[k].base >= end ||
			      heap->cache[k].base + heap->bin[k].cap <= base);
	}
}

/* As a fork finds them in the middle of a move: shut; shut, with the place
 * taken that the cache is to grow into; open there, its size not yet told. */
static void tear(void)
{
	for (unsigned cls = 1; cls < 30; cls++) {
		struct hak_cache *c = &heap->cache[cls];

		if (cls % 3 < 2 || cls == 29) {
			c->limit = c->base;
			c->base =
				(void **)(UINTPTR_MAX & ~(sizeof(void *) - 1));
		}
		if (cls == 29)
			heap->entries_used += HAK_CACHE_SMALL;
	}
	for (unsigned cls = 30; cls < HAK_CLASSES; cls++)
		if (!heap->bin[cls].cap) {
			struct hak_cache *c = &heap->cache[cls];

			c->base = &heap->entries[heap->entries_used];
			c->top = c->base + 1;
			heap->entries_used += HAK_CACHE_SMALL;
			return;
		}
	CHECK(!"a cache that was never used");
}

static void recover_torn(void)
{
	heap = new_heap();
	for (unsigned i = 0; i < 2000; i++)
		alloc(heap, 1 + (unsigned)t_below(&seed, 40));
	for (unsigned i = 0; i < 1000; i++)
		drop(heap, (unsigned)t_below(&seed, blocks));
	tear();
	heap->busy = 1;
	hak_heap_recover(heap);
	CHECK(hak_heap_check(heap));
	check_places();
	check_contents();
	while (blocks < 2000)
		alloc(heap, 1 + (unsigned)t_below(&seed, HAK_CLASSES - 1));
	check_contents();
	check_places();
	drop_all(heap);
	CHECK(hak_heap_check(heap));
}

static void recover(bool busy)
{
	for (unsigned i = 0; i < 2000; i++)
		alloc(heap, 1 + (unsigned)t_below(&seed, 40));
	for (unsigned i = 0; i < 1000; i++)
		drop(heap, (unsigned)t_below(&seed, blocks));
	for (unsigned cls = 1; cls < 10; cls++)
		put_back_half(cls, busy);
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++) {
		heap->bin[cls].partial = NULL;
		heap->stat[cls].slabs = 77;
	}
	heap->busy = busy;

	hak_heap_recover(heap);
	CHECK(hak_heap_check(heap) && heap->busy == 0);
	check_caches(heap);
	check_contents();
	/* nothing that is in use is handed out again */
	while (blocks < 3900)
		alloc(heap, 1 + (unsigned)t_below(&seed, 40));
	check_contents();
	check_caches(heap);
	CHECK(hak_heap_check(heap));
	drop_all(heap);
	CHECK(hak_heap_check(heap));
	hak_heap_trim(heap);
	CHECK(hak_pool_check());
}

static void recover_idle(void)
{
	recover(false);
}

static void recover_busy(void)
{
	recover(true);
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
	check_refused();
	check_remote();
	check_refill_drains();
	check_trim();
	check_dissolve();
	LIVES(recover_idle);
	LIVES(recover_busy);
	LIVES(recover_torn);
	DIES(twice_in_cache, "double free of 0x");
	DIES(twice_in_outbox, "double free of 0x");
	DIES(twice_through_outbox, "double free of 0x");
	DIES(own_and_remote, "double free of 0x");
	return 0;
}
