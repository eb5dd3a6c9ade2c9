/* SPDX-License-Identifier: MIT */
/*
 * alloc.h - sizes, zeroing, alignment: what the entry points mean
 *
 * Responsibility: from a request to a tier and back.  The fast paths stand
 * here, inline; everything else is a call.
 *
 * Contract: any thread, no lock held.  Failure is NULL; errno belongs to the
 * callers (malloc.c, hakmem.c).  Free functions never change errno.
 *
 * Observable: slow_mallocs, slow_frees.
 *
 * Composable: needs everything below.  Handlers: see nested.h.
 */
#ifndef HAK_ALLOC_H
#define HAK_ALLOC_H

#include "base.h"
#include "heap.h"
#include "registry.h"

void *hak_malloc_slow(size_t size) HAK_NOINLINE;
void hak_free_slow(void *p) HAK_NOINLINE;
/* own: p's registry word XOR h's tag */
void hak_free_far(void *p, struct hak_heap *h, uint32_t own) HAK_NOINLINE;
/* The heartbeat, after p was taken; returns p. */
void *hak_malloc_beat(struct hak_heap *h, void *p) HAK_NOINLINE;

void *hak_calloc(size_t n, size_t size);
void *hak_realloc(void *p, size_t size);
/* align is a power of two. */
void *hak_aligned(size_t align, size_t size);
void hak_free_sized(void *p, size_t size);
size_t hak_usable_size(const void *p);
size_t hak_good_size(size_t size);
bool hak_is_ours(const void *p);
size_t hak_purge(void);
void hak_thread_flush(void);

/* The block on top of a cache that is not empty. */
static inline void *hak_pop(struct hak_cache *c)
{
	void **top = c->top;
	void *p = top[-1];

	c->top = top - 1;
#if HAK_MISUSE_CHECKS
	((uintptr_t *)p)[1] = 0; /* the key of a free block */
#endif
	return p;
}

/*
 * Tiny and Mid by tables.  slow is called for all other sizes
 * and when the cache is empty, as the last thing: nothing has to be saved on
 * the way there.
 */
static inline __attribute__((always_inline)) void *
hak_malloc_with(size_t size, void *(*slow)(size_t))
{
	struct hak_heap *h = hak_heap_self();
	struct hak_cache *c;
	size_t offset;
	void *p;

	if (hak_likely(size <= HAK_TINY_MAX))
		offset = hak_heap_load(&hak_heap_offset[(size + 15) >> 4]);
	else if (size <= HAK_MID_MAX)
		offset = hak_heap_load(&hak_heap_offset_mid[(size + 127) >> 7]);
	else
		return slow(size);
	c = hak_heap_cache(h, offset);
	if (hak_unlikely(c->top <= c->base))
		return slow(size);
	p = hak_pop(c);
	if (hak_unlikely(--h->countdown < 0))
		return hak_malloc_beat(h, p);
	return p;
}

/*
 * Put p into the cache, if there is room, and p is the exact start of a block,
 * offset bytes into its slab, and does not carry the key that marks a free one.
 * No slab is touched.
 */
static inline bool hak_push(const struct hak_heap *h, struct hak_cache *c,
			    void *p, size_t offset)
{
	void **top = c->top;
#if HAK_MISUSE_CHECKS
	uintptr_t key = hak_heap_key(h, p);
#endif

	/* first, so that a closed cache costs no look at the block */
	if (hak_unlikely(top >= c->limit))
		return false;
	(void)h;
	(void)offset;
#if HAK_MISUSE_CHECKS
	if (hak_unlikely(!hak_is_block_start(offset, c->magic)))
		return false;
	if (hak_unlikely(((uintptr_t *)p)[1] == key))
		return false;
	((uintptr_t *)p)[1] = key;
#endif
	*top = p;
	c->top = top + 1;
	return true;
}

/*
 * Free of a block in a one-slot slab of this thread's heap: the registry word
 * with our tag taken off is the cache's offset, or anything above for other
 * kinds and owners.
 */
static inline void hak_free_fast(void *p)
{
	struct hak_heap *h = hak_heap_self();
	uint32_t offset = hak_registry_get(p) ^ h->tag;

	if (hak_unlikely(offset >= 1u << HAK_WORD_KIND_SHIFT))
		return hak_free_far(p, h, offset);
	if (hak_unlikely(!hak_push(h, hak_heap_cache(h, offset), p,
				   (uint16_t)(uintptr_t)p)))
		hak_free_slow(p);
}

#endif /* HAK_ALLOC_H */
