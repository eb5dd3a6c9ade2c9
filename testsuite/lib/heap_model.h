/* SPDX-License-Identifier: MIT */
/*
 * What the tests of heaps share: blocks of two heaps against a model of places
 * and contents, caches whose blocks are free in no bitmap and nowhere twice,
 * figures that add up.
 */
#ifndef HEAP_MODEL_H
#define HEAP_MODEL_H

#include "unit.h"

#include "stats.h"

#define SECRET ((uintptr_t)0x5bd1e995a7c3f1edULL)
#define BLOCKS 4000

struct block {
	char *p;
	unsigned cls;
	unsigned mark;
};

static struct hak_heap *heap, *other; /* no thread's */
static struct block block[BLOCKS];
static unsigned blocks;
static unsigned marks;
static uint64_t seed = 1;

static inline struct hak_heap *new_heap(void)
{
	struct hak_heap *h;

	hak_pool_enter();
	h = hak_heap_new();
	hak_pool_leave();
	return h;
}

static inline unsigned index_of(const char *p, struct hak_slab **slab)
{
	unsigned i;
	bool exact;

	*slab = hak_registry_record(p);
	i = hak_slab_index(*slab, p, &exact);
	CHECK(exact);
	return i;
}

static inline size_t cached(const struct hak_heap *h, unsigned cls)
{
	return (size_t)(h->cache[cls].top - h->cache[cls].base);
}

static inline void give(struct hak_heap *h, unsigned cls, char *p)
{
	((uintptr_t *)(void *)p)[1] = hak_heap_key(h, p);
	hak_heap_push(h, cls, p);
}

static inline void alloc(struct hak_heap *h, unsigned cls)
{
	struct block *b = &block[blocks++];
	struct hak_slab *slab;
	unsigned i;

	CHECK(blocks <= BLOCKS);
	b->p = u_take(h, cls);
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

static inline char *forget(unsigned i)
{
	struct block *b = &block[i];
	char *p = b->p;

	if (!t_filled(p, hak_class_size(b->cls), b->mark))
		FAIL("%zu bytes at %p are not as they were",
		     hak_class_size(b->cls), (void *)p);
	*b = block[--blocks];
	return p;
}

static inline void drop(struct hak_heap *h, unsigned i)
{
	unsigned cls = block[i].cls;

	give(h, cls, forget(i));
}

static inline void drop_all(struct hak_heap *h)
{
	while (blocks)
		drop(h, (unsigned)t_below(&seed, blocks));
}

/* A cache's entries, up to end, lie in one of the two places for them. */
static inline void check_place(const struct hak_heap *h, unsigned cls,
			       void **base, void **end)
{
	const struct hak_bin *b = &h->bin[cls];

	if (base == end)
		return;
	if (b->burst && base == b->burst)
		CHECK(end <= base + hak_class[cls].pub.cache_blocks);
	else
		CHECK(base >= h->entries &&
		      end <= h->entries + h->entries_used);
}

/* Caches lie apart and hold free blocks, each once, whose bits are not set. */
static inline void check_caches(struct hak_heap *h)
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
		CHECK(c->limit >= c->top);
		check_place(h, cls, c->base, c->limit);
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
static inline void check_figures(const struct hak_heap *h)
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

static inline void check_heap(struct hak_heap *h)
{
	CHECK(hak_heap_check(h));
	CHECK(h->busy == 0);
	check_caches(h);
	check_figures(h);
	CHECK(hak_pool_check());
}

static inline void check_contents(void)
{
	for (unsigned i = 0; i < blocks; i++)
		CHECK(t_filled(block[i].p, hak_class_size(block[i].cls),
			       block[i].mark));
}

/* With nothing in use nothing stays. */
static inline void check_empty(struct hak_heap *h)
{
	CHECK(blocks == 0);
	hak_heap_trim(h);
	check_heap(h);
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
		CHECK(cached(h, cls) == 0 && h->stat[cls].slabs == 0);
	CHECK(hak_stats.slots_active == 0);
	CHECK(hak_stats.hole_bytes == 0);
}

#endif /* HEAP_MODEL_H */
