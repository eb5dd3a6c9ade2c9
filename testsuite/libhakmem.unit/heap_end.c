/* SPDX-License-Identifier: MIT */
/*
 * Taking a heap apart; a heap whose thread vanished in a fork, between two
 * mallocs, inside a slow path, and in the middle of moving its caches.
 */
#include "heap_model.h"

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
	p = u_take(heap, 60);
	give(heap, 60, p);
	CHECK(dissolve(heap));
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
		CHECK(cached(heap, cls) == 0 && heap->stat[cls].slabs == 0);
	CHECK(!hak_registry_get(p));
	CHECK(hak_heap_check(heap) && hak_pool_check());
	check_contents();
	/* another heap goes on with the slabs, if they may be shared */
	acquires = hak_stats.acquires;
	p = u_take(other, block[0].cls);
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
		check_place(heap, i, base, end);
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
			c->base = HAK_CACHE_SHUT;
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

static bool holds(unsigned cls, const void *p)
{
	for (void **e = heap->cache[cls].base; e < heap->cache[cls].top; e++)
		if (*e == p)
			return true;
	return false;
}

static void recover(bool busy)
{
	uintptr_t *odd;

	for (unsigned i = 0; i < 2000; i++)
		alloc(heap, 1 + (unsigned)t_below(&seed, 40));
	for (unsigned i = 0; i < 1000; i++)
		drop(heap, (unsigned)t_below(&seed, blocks));
	for (unsigned cls = 1; cls < 10; cls++)
		put_back_half(cls, busy);
	/* what has lost its key may be in use */
	odd = *heap->cache[12].base;
	CHECK(holds(12, odd));
	odd[1] = 1;
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++) {
		heap->bin[cls].partial = NULL;
		heap->stat[cls].slabs = 77;
	}
	heap->busy = busy;

	hak_heap_recover(heap);
	CHECK(hak_heap_check(heap) && heap->busy == 0);
	CHECK(!holds(12, odd));
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

int main(void)
{
	u_start();
	hak_heap_init(SECRET);
	heap = new_heap();
	other = new_heap();
	CHECK(heap && other);
	check_dissolve();
	LIVES(recover_idle);
	LIVES(recover_busy);
	LIVES(recover_torn);
	return 0;
}
