/* SPDX-License-Identifier: MIT */
#include "alloc.h"

#include "assert.h"
#include "boot.h"
#include "fault.h"
#include "harden.h"
#include "huge.h"
#include "init.h"
#include "large.h"
#include "libc.h"
#include "nested.h"
#include "options.h"
#include "os.h"
#include "pool.h"
#include "purge.h"
#include "stats.h"
#include "thread.h"

#include <string.h>

#define ALLOC_FOREIGN_MAX 16u /* FOREIGN_REUSE: in a cache at once */
#define ALLOC_KEPT_TICK 64u /* Large blocks from the cache between two looks */

/* What lies at p.  A tombstone speaks of the start of its slot; behind it
 * others may live by now, glibc's mapped chunks for example, and where glibc's
 * allocator is in use an aligned block of its may stand at the start. */
static inline uint32_t alloc_word(const void *p)
{
	uint32_t word = hak_registry_get(p);

	if (hak_unlikely(hak_word_kind(word) == HAK_KIND_TOMB) &&
	    ((uintptr_t)p & (HAK_SLOT_SIZE - 1) || hak_libc_in_use()))
		return 0;
	return word;
}

/* ---- malloc ---------------------------------------------------------------- */

/* Is this thread inside one of our slow paths (we are in a handler)? */
static bool alloc_nested(const struct hak_heap *h)
{
	return h->busy || hak_pool_mine();
}

/* Frees that a handler could not finish. */
static HAK_COLD void alloc_deferred(void)
{
	void *p = hak_nested_deferred();

	while (p) {
		void *next = *(void **)p;

		hak_free_slow(p);
		p = next;
	}
}

void *hak_malloc_beat(struct hak_heap *h, void *p)
{
	/* a handler leaves it to the program */
	if (!alloc_nested(h)) {
		hak_heap_tick(h);
		alloc_deferred();
	}
	return p;
}

static void *alloc_large(size_t size, size_t align, bool zero)
{
	struct hak_heap *h = hak_heap_self();
	void *p;

	if (!hak_heap_is_real(h) || h->busy)
		return hak_large_alloc(NULL, NULL, size, align, zero);
	h->busy++;
	p = hak_large_alloc(&h->large, &h->pub, size, align, zero);
	h->busy--;
	return p;
}

/* Large and Huge, for every thread. */
static void *alloc_run(size_t size, size_t align, bool zero)
{
	if (size > PTRDIFF_MAX)
		return NULL;
	if (size <= HAK_LARGE_MAX && align <= HAK_SS_SIZE) {
		void *p = alloc_large(size, align, zero);

		if (p)
			return p;
	}
	return hak_huge_alloc(size, align, zero);
}

/* HAKMEM_SECURITY 2 and 3. */
static HAK_COLD void *alloc_hard(size_t size, size_t align, bool zero)
{
	void *p;

	if (size > PTRDIFF_MAX || align > PTRDIFF_MAX)
		return NULL;
	hak_thread_arm();
	p = hak_harden_alloc(size, align);
	if (!p && (size > HAK_MID_MAX || align > HAK_MID_MAX))
		p = alloc_run(size ? size : 1, align, zero);
	return p;
}

/* May this thread do without a heap for one more block of this size?  The
 * initial thread may for longer, but for as many Large blocks as the others. */
static bool alloc_heapless(size_t size)
{
	bool initial = hak_thread_is_initial();

	if (hak_tls.boot >= (initial ? HAK_INITIAL_BOOT : HAK_THREAD_BOOT))
		return false;
	hak_tls.boot += initial && size > HAK_BOOT_MAX
				? HAK_INITIAL_BOOT / HAK_THREAD_BOOT
				: 1;
	return true;
}

/* A thread without a heap: mixed slots first, then a heap of its own. */
static struct hak_heap *alloc_heap(size_t size, void **p)
{
	struct hak_heap *h = hak_heap_self();
	bool early = hak_mode_now() == HAK_MODE_EARLY;

	hak_thread_arm();
	if (h != &hak_heap_dead && !early && !alloc_heapless(size)) {
		h = hak_thread_attach();
		if (h)
			return h;
		/* no memory for a heap: what is left in mixed slots */
		h = hak_heap_self();
	}
	*p = hak_boot_alloc(size);
	return h;
}

/* A Large block that this thread has freed, or NULL. */
static inline void *alloc_kept(struct hak_heap *h, size_t size)
{
	void *p;

	if (size > HAK_LARGE_MAX || !hak_heap_is_real(h) || h->busy ||
	    !h->pub.large_kept)
		return NULL;
	h->busy++;
	p = hak_large_take(&h->large, &h->pub, size);
	if (h->pub.large_served % ALLOC_KEPT_TICK == 0 && !hak_pool_mine() &&
	    hak_purge_due())
		hak_heap_tick(h);
	h->busy--;
	return p;
}

/* Large and Huge; a thread that asks for many gets a heap, to keep some. */
static void *alloc_big(struct hak_heap *h, size_t size, bool zero)
{
	hak_thread_arm();
	if (hak_heap_is_real(h)) {
		if (hak_purge_due())
			hak_heap_tick(h);
	} else if (h != &hak_heap_dead && hak_mode_is(HAK_MODE_OURS) &&
		   !alloc_heapless(size)) {
		(void)hak_thread_attach();
	}
	return alloc_run(size, HAK_ALIGNMENT, zero);
}

static void *alloc_class(struct hak_heap *h, unsigned cls)
{
	struct hak_cache *c = &h->cache[cls];

	if (c->top > c->base) {
		h->countdown--;
		return hak_pop(c);
	}
	h->pub.slow_mallocs++;
	return hak_heap_refill(h, cls);
}

static bool alloc_guarded(size_t size)
{
	return hak_unlikely(!hak_opt.tiny_use_superslab) &&
	       size <= HAK_TINY_MAX && hak_libc_present();
}

void *hak_malloc_slow(size_t size)
{
	struct hak_heap *h = hak_heap_self();
	void *p = NULL;

	if (size > HAK_MID_MAX && (p = alloc_kept(h, size)))
		return p;
	if (alloc_nested(h))
		return hak_nested_alloc(size, HAK_ALIGNMENT);
	if (hak_mode_now() == HAK_MODE_LIBC)
		return hak_libc_malloc(size);
	if (hak_unlikely(hak_mode_is(HAK_MODE_NEW)))
		return NULL;
	if (alloc_guarded(size)) {
		hak_stats_add(&hak_stats.shared_fail_fallback, 1);
		return hak_libc_malloc(size);
	}
	if (hak_unlikely(hak_harden_on()))
		return alloc_hard(size, HAK_ALIGNMENT, false);
	if (size > HAK_MID_MAX)
		return alloc_big(h, size, false);
	if (!hak_heap_is_real(h)) {
		h = alloc_heap(size, &p);
		if (p || !hak_heap_is_real(h))
			return p;
	}
	return alloc_class(h, hak_class_of(size));
}

/* ---- free ------------------------------------------------------------------- */

/* No registry word: may p be the inside of a Large or Huge block? */
static bool alloc_inside(const void *p, bool *freed)
{
	const struct hak_superslab *ss;
	bool inside;

	hak_pool_enter();
	ss = hak_ss_containing(p);
	inside = hak_huge_containing(p) ||
		 (ss && hak_ss_is_active(ss, p) && !hak_large_is_kept(ss, p));
	*freed = ss && !inside;
	hak_pool_leave();
	return inside;
}

/* ... or in a slot that went back to the pool, or is kept: there a block must
 * have been freed before. */
static HAK_COLD void free_in_ours(const void *p)
{
	bool freed, inside = alloc_inside(p, &freed);

	if (!inside && !freed)
		return;
	if ((uintptr_t)p & (HAK_ALIGNMENT - 1))
		hak_fault(HAK_FAULT_UNALIGNED_FREE, p, 0);
	hak_fault(inside ? HAK_FAULT_INVALID_FREE : HAK_FAULT_DOUBLE_FREE, p,
		  0);
}

/* Not in any of our mappings: see hakmem(7), FOREIGN_FREE. */
static HAK_COLD void free_foreign(void *p)
{
	bool forward;

	if (hak_libc_is_loader(p)) {
		hak_stats_add(&hak_stats.foreign_ignored, 1);
		return;
	}
	forward = hak_opt.foreign_free == HAK_FOREIGN_FORWARD
			  ? hak_libc_present()
			  : hak_opt.foreign_free == HAK_FOREIGN_AUTO &&
				    hak_libc_in_use();
	/* the guard's own blocks come this way, all of them */
	if (!forward || hak_opt.tiny_use_superslab)
		free_in_ours(p);
	if (!forward)
		hak_fault(HAK_FAULT_FOREIGN_POINTER, p, 0);
	hak_stats_add(&hak_stats.foreign_forwarded, 1);
	hak_libc_free(p);
}

static HAK_COLD void free_inexact(const void *p, size_t size)
{
	hak_fault((uintptr_t)p & (HAK_ALIGNMENT - 1) ? HAK_FAULT_UNALIGNED_FREE
						     : HAK_FAULT_INVALID_FREE,
		  p, size);
}

#if HAK_MISUSE_CHECKS

/* The key says free: is it really?  A program may have copied the word. */
static HAK_COLD void free_confirm(void *p, const struct hak_slab *slab,
				  unsigned index)
{
	if (hak_slab_has(slab, index) || hak_heap_holds(p, slab, index))
		hak_fault(HAK_FAULT_DOUBLE_FREE, p, hak_class_size(slab->cls));
}

/* Free blocks of a slab with holes have no key while they lie in it; in a
 * cache they have. */
static void free_keyless(void *p, const struct hak_slab *slab, unsigned index)
{
	if (hak_unlikely(hak_slab_has(slab, index)))
		hak_fault(HAK_FAULT_DOUBLE_FREE, p, hak_class_size(slab->cls));
}

#endif

static void free_remote(struct hak_heap *h, void *p, struct hak_slab *slab,
			unsigned index)
{
	struct hak_bin *b = &h->bin[slab->cls];
	unsigned w = index / 64;
	uint64_t bit = UINT64_C(1) << (index % 64);

	if (!hak_heap_is_real(h) || alloc_nested(h)) {
		hakmem_u64 *freed = &hak_pool_stat[slab->cls].remote_freed;

		hak_stats_add(freed, 1);
		hak_remote_free(slab, w, bit);
		if (*freed % HAK_REMOTE_MANY == 0 && !alloc_nested(h)) {
			hak_thread_arm();
			hak_thread_drain_orphans();
		}
		return;
	}
	if (hak_opt.foreign_reuse && b->foreign < ALLOC_FOREIGN_MAX) {
		b->foreign++;
		hak_heap_push(h, slab->cls, p);
		return;
	}
	h->busy++;
	hak_heap_push_remote(h, slab, index);
	h->busy--;
}

/* The slab of a block that is to be freed or resized, which must be live. */
static struct hak_slab *alloc_slab_of(void *p, uint32_t word, unsigned *index)
{
	struct hak_slab *slab = hak_registry_record(p);
	bool exact;

	*index = hak_slab_index(slab, p, &exact);
	/* relaxed: carved only grows, and had passed a block before anybody
	 * could hand it to this thread */
	if (hak_unlikely(!exact || *index >= __atomic_load_n(&slab->carved,
							     __ATOMIC_RELAXED)))
		free_inexact(p, hak_class_size(slab->cls));
#if HAK_MISUSE_CHECKS
	if (hak_unlikely(((uintptr_t *)p)[1] ==
			 (hak_heap_secret ^ (uintptr_t)p)))
		free_confirm(p, slab, *index);
	else if (hak_unlikely(hak_word_kind(word) == HAK_KIND_HOLED))
		free_keyless(p, slab, *index);
#else
	(void)word;
#endif
	return slab;
}

/* A block of any slab. */
static void free_slab(struct hak_heap *h, void *p, uint32_t word)
{
	unsigned index;
	struct hak_slab *slab = alloc_slab_of(p, word, &index);
	bool own = (word & 0xffff0000u) == h->tag && hak_heap_is_real(h);

#if HAK_MISUSE_CHECKS
	((uintptr_t *)p)[1] = hak_heap_secret ^ (uintptr_t)p;
#endif
	if (own && !alloc_nested(h)) {
		hak_heap_push(h, slab->cls, p);
		if (hak_word_kind(word) == HAK_KIND_HOLED)
			hak_heap_rekey(h, slab);
	} else {
		free_remote(h, p, slab, index);
	}
}

static HAK_COLD void free_freed(const void *p)
{
	hak_fault(HAK_FAULT_DOUBLE_FREE, p, 0);
}

static bool free_keep(struct hak_heap *h, void *p)
{
	bool kept = false;

	if (hak_heap_is_real(h) && !h->busy) {
		h->busy++;
		kept = hak_large_keep(&h->large, &h->pub, p);
		h->busy--;
	}
	return kept;
}

static void free_boot(void *p)
{
	bool twice;

	if (!hak_boot_free(p, &twice)) {
		if (twice)
			hak_fault(HAK_FAULT_DOUBLE_FREE, p, 0);
		free_inexact(p, 0);
	}
}

/* Kinds whose free takes the pool lock, which a handler may not. */
static bool free_must_wait(enum hak_kind kind)
{
	return hak_pool_mine() &&
	       (kind == HAK_KIND_LARGE || kind == HAK_KIND_HUGE ||
		kind == HAK_KIND_BOOT || kind == HAK_KIND_HARD);
}

/* Bytes from the start of its slab to p, if p lies where its word says. */
static inline size_t alloc_offset(const void *p, uint32_t word)
{
	return (size_t)hak_word_slotno(word) << HAK_SLOT_SHIFT |
	       (uint16_t)(uintptr_t)p;
}

/* As hak_free_fast, for this heap's slabs of several slots. */
static inline bool free_multi(struct hak_heap *h, void *p, uint32_t own)
{
	return own >> HAK_WORD_KIND_SHIFT == HAK_KIND_MULTI &&
	       hak_push(h, &h->cache[hak_word_class(own)], p,
			alloc_offset(p, own));
}

static HAK_NOINLINE void free_other(void *p)
{
	struct hak_heap *h = hak_heap_self();
	uint32_t word = alloc_word(p);
	enum hak_kind kind = hak_word_kind(word);

	if (hak_word_is_slab(word)) {
		if (hak_heap_is_real(h))
			h->pub.slow_frees++;
		return free_slab(h, p, word);
	}
	if (kind == HAK_KIND_LARGE && free_keep(h, p))
		return;
	if (hak_unlikely(free_must_wait(kind)))
		return kind == HAK_KIND_HARD ? hak_harden_defer(p)
					     : hak_nested_defer(p);
	hak_thread_arm();
	switch (kind) {
	case HAK_KIND_HARD:
		return hak_harden_free(p);
	case HAK_KIND_LARGE:
		return hak_large_free(p);
	case HAK_KIND_HUGE:
		if (hak_unlikely(hak_harden_on()) && hak_huge_is_guarded(p))
			hak_harden_big_check(p, hak_huge_size(p));
		return hak_huge_free(p);
	case HAK_KIND_BOOT:
		return free_boot(p);
	case HAK_KIND_NESTED:
		return hak_nested_free(p);
	case HAK_KIND_TOMB:
	case HAK_KIND_LARGE_KEPT:
		return free_freed(p);
	default:
		break;
	}
	if (hak_mode_now() == HAK_MODE_LIBC)
		return hak_libc_free(p);
	free_foreign(p);
}

/*
 * A block of an own slab whose class's cache is closed: see hak_heap_put.
 * Nothing but what looks right is done here.
 */
static inline bool free_straight(struct hak_heap *h, void *p, uint32_t own)
{
	const struct hak_cache *c = &h->cache[hak_word_class(own)];
	size_t offset = alloc_offset(p, own);

	if (c->limit != c->base || !hak_is_block_start(offset, c->magic) ||
	    h->busy)
		return false;
	return hak_heap_put(h, p, hak_block_index(offset, c->magic));
}

static HAK_NOINLINE void free_own(void *p, struct hak_heap *h, uint32_t own)
{
	if (!free_straight(h, p, own))
		free_other(p);
}

/* Several slots are common: nothing is saved for what is not. */
void hak_free_far(void *p, struct hak_heap *h, uint32_t own)
{
	if (free_multi(h, p, own) || !p)
		return;
	if (own >> HAK_WORD_KIND_SHIFT <= HAK_KIND_HOLED)
		free_own(p, h, own);
	else
		free_other(p);
}

void hak_free_slow(void *p)
{
	struct hak_heap *h = hak_heap_self();

	hak_free_far(p, h, hak_registry_get(p) ^ h->tag);
}

/* Is its usable size what was asked for? */
static HAK_COLD bool alloc_is_exact(const void *p)
{
	enum hak_kind kind = hak_word_kind(hak_registry_get(p));

	return kind == HAK_KIND_HARD ||
	       (kind == HAK_KIND_HUGE && hak_huge_is_guarded(p));
}

void hak_free_sized(void *p, size_t size)
{
	size_t usable;

	if (!p)
		return;
	usable = hak_usable_size(p);
	if (usable &&
	    (size > usable || (hak_unlikely(hak_opt.security > 2) &&
			       size + !size != usable && alloc_is_exact(p))))
		hak_fault(HAK_FAULT_SIZE_MISMATCH, p, usable);
	hak_free_fast(p);
}

/* ---- sizes ------------------------------------------------------------------- */

size_t hak_usable_size(const void *p)
{
	uint32_t word = alloc_word(p);
	bool live;

	if (!p)
		return 0;
	if (hak_word_is_slab(word))
		return hak_class_size(hak_word_class(word));
	switch (hak_word_kind(word)) {
	case HAK_KIND_LARGE:
		return hak_large_size(p);
	case HAK_KIND_HUGE:
		return hak_huge_size(p);
	case HAK_KIND_BOOT:
		hak_thread_arm();
		return hak_boot_size(p);
	case HAK_KIND_NESTED:
		return hak_nested_size(p);
	case HAK_KIND_HARD:
		return hak_harden_size(p, &live);
	default:
		break;
	}
	if (word || !hak_libc_present())
		return 0;
	if (hak_mode_is(HAK_MODE_LIBC) || hak_libc_in_use())
		return hak_libc_usable_size((void *)(uintptr_t)p);
	return 0;
}

size_t hak_good_size(size_t size)
{
	if (size > PTRDIFF_MAX)
		return 0;
	if (hak_mode_now() == HAK_MODE_NEW)
		return 0;
	if (hak_opt.security > 2)
		return size; /* to the byte */
	if (hak_harden_on() && size > HAK_MID_MAX - 8)
		return hak_round_up(size, hak_os_page);
	if (size <= HAK_MID_MAX)
		return hak_class_size(hak_class_of(size));
	if (size <= HAK_LARGE_MAX)
		return hak_round_up(size, hak_os_page);
	return hak_round_up(size, HAK_SLOT_SIZE);
}

bool hak_is_ours(const void *p)
{
	uint32_t word = alloc_word(p);
	bool freed;

	if (word)
		return hak_word_kind(word) != HAK_KIND_TOMB;
	if (hak_mode_is(HAK_MODE_NEW) || hak_pool_mine())
		return false;
	hak_thread_arm();
	return alloc_inside(p, &freed);
}

/* ---- calloc, realloc, aligned -------------------------------------------------- */

static void *alloc_any(size_t size)
{
	return hak_malloc_with(size, hak_malloc_slow);
}

void *hak_calloc(size_t n, size_t size)
{
	struct hak_heap *h = hak_heap_self();
	size_t total;
	void *p;

	if (__builtin_mul_overflow(n, size, &total))
		return NULL;
	if (total > HAK_MID_MAX) {
		p = alloc_kept(h, total);
		if (p)
			return memset(p, 0, total);
		if (!alloc_nested(h) && hak_mode_now() != HAK_MODE_LIBC)
			return hak_unlikely(hak_harden_on())
				       ? alloc_hard(total, HAK_ALIGNMENT, true)
				       : alloc_big(h, total, true);
	}
	p = alloc_any(total);
	if (p)
		memset(p, 0, total);
	return p;
}

static void *realloc_move(void *p, size_t had, size_t size)
{
	void *to = alloc_any(size);

	if (!to)
		return NULL;
	memcpy(to, p, had < size ? had : size);
	hak_free_fast(p);
	return to;
}

static void *realloc_zero(void *p)
{
	switch (hak_opt.zero_realloc) {
	case HAK_ZERO_REALLOC_ABORT:
		hak_fault_text("realloc of a block to size 0");
	case HAK_ZERO_REALLOC_ALLOC:
		return realloc_move(p, 0, 0);
	default:
		hak_free_fast(p);
		return NULL;
	}
}

/* Stay in place if the block is large enough and not more than twice too
 * large: a smaller difference is not worth a copy. */
static bool realloc_fits(size_t had, size_t size)
{
	return size <= had && (size >= had / 2 || had <= 64);
}

static HAK_COLD void *realloc_guarded(void *p, size_t had, size_t size)
{
	void *to = NULL;

	hak_harden_big_check(p, had);
	if (size > HAK_MID_MAX)
		to = hak_huge_resize_guarded(p, size);
	if (!to)
		return realloc_move(p, had, size);
	hak_harden_big_written(to, size);
	return to;
}

static HAK_COLD void *realloc_hard(void *p, size_t size)
{
	bool live;
	size_t had = hak_harden_size(p, &live);

	if (!live) {
		/* with the report of a free */
		hak_free_slow(p);
		return NULL;
	}
	if (size > PTRDIFF_MAX)
		return NULL;
	if (!size)
		return realloc_zero(p);
	return hak_harden_resize(p, size) ? p : realloc_move(p, had, size);
}

static void *realloc_big(void *p, enum hak_kind kind, size_t had, size_t size)
{
	hak_thread_arm();
	if (hak_unlikely(hak_harden_on()) && kind == HAK_KIND_HUGE &&
	    hak_huge_is_guarded(p))
		return realloc_guarded(p, had, size);
	if (kind == HAK_KIND_HUGE && size > HAK_LARGE_MAX) {
		void *to = hak_huge_resize(p, size);

		/* the kernel does not move several mappings at once */
		if (to || size <= had)
			return to ? to : p;
	}
	if (kind == HAK_KIND_LARGE && size > HAK_MID_MAX &&
	    size <= HAK_LARGE_MAX && hak_large_resize(p, size))
		return p;
	return realloc_move(p, had, size);
}

/* The usable size of a slab's block, which must not be a freed one; as in free,
 * the slab is looked at only when something speaks against the block. */
static size_t realloc_slab_size(void *p, uint32_t word)
{
	const struct hak_class *c = &hak_class[hak_word_class(word)];
	unsigned index;

	if (hak_unlikely(!hak_is_block_start(alloc_offset(p, word), c->magic) ||
			 ((uintptr_t *)p)[1] ==
				 (hak_heap_secret ^ (uintptr_t)p) ||
			 hak_word_kind(word) == HAK_KIND_HOLED))
		(void)alloc_slab_of(p, word, &index);
	return c->pub.block_size;
}

/* All but blocks of slabs that get another size than 0. */
static HAK_NOINLINE void *realloc_other(void *p, size_t size)
{
	uint32_t word = alloc_word(p);
	enum hak_kind kind = hak_word_kind(word);
	size_t had;

	if (!word && (hak_mode_now() == HAK_MODE_LIBC || hak_libc_in_use()))
		return size || hak_mode_is(HAK_MODE_LIBC)
			       ? hak_libc_realloc(p, size)
			       : realloc_zero(p);
	if (hak_unlikely(kind == HAK_KIND_HARD))
		return realloc_hard(p, size);
	if (size > PTRDIFF_MAX)
		return NULL;
	had = hak_word_is_slab(word) ? realloc_slab_size(p, word)
				     : hak_usable_size(p);
	if (!had) {
		/* the reports of free fit: not ours, not exact, freed */
		hak_free_slow(p);
		return NULL;
	}
	if (!size)
		return realloc_zero(p);
	if (kind != HAK_KIND_HUGE && kind != HAK_KIND_LARGE) {
		/* a handler inside the pool sees a mixed slot half changed */
		if (realloc_fits(had, size) &&
		    !(kind == HAK_KIND_BOOT && hak_pool_mine()))
			return p;
		return realloc_move(p, had, size);
	}
	if (hak_pool_mine())
		return size <= had ? p : realloc_move(p, had, size);
	return realloc_big(p, kind, had, size);
}

/*
 * A block that grows by a little will do so again: what it gets then is a
 * quarter more than it had, which halves the moves.
 */
static size_t realloc_room(size_t had, size_t size)
{
	size_t room = had + had / 4;

	return size > had && size - had <= had / 8 && room <= HAK_MID_MAX
		       ? room
		       : size;
}

void *hak_realloc(void *p, size_t size)
{
	uint32_t word = hak_registry_get(p);
	size_t had;

	if (hak_unlikely(!hak_word_is_slab(word) || size - 1 >= PTRDIFF_MAX))
		return p ? realloc_other(p, size) : alloc_any(size);
	had = realloc_slab_size(p, word);
	if (realloc_fits(had, size))
		return p;
	return realloc_move(p, had, realloc_room(had, size));
}

static HAK_NOINLINE void *aligned_slow(size_t align, size_t size, unsigned cls)
{
	struct hak_heap *h = hak_heap_self();

	if (size > PTRDIFF_MAX || align > PTRDIFF_MAX)
		return NULL;
	if (alloc_nested(h))
		return hak_nested_alloc(size, align);
	if (hak_mode_now() == HAK_MODE_LIBC)
		return hak_libc_memalign(align, size);
	if (alloc_guarded(size)) {
		hak_stats_add(&hak_stats.shared_fail_fallback, 1);
		return hak_libc_memalign(align, size);
	}
	if (hak_unlikely(hak_harden_on()))
		return alloc_hard(size, align, false);
	hak_thread_arm();
	if (cls && hak_mode_is(HAK_MODE_OURS) && h != &hak_heap_dead) {
		/* the tables may have been made just now */
		cls = hak_class_of_aligned(size, align);
		if (!hak_heap_is_real(h))
			h = hak_thread_attach();
		return h ? alloc_class(h, cls) : NULL;
	}
	return alloc_run(size ? size : 1, align, false);
}

void *hak_aligned(size_t align, size_t size)
{
	struct hak_heap *h = hak_heap_self();
	unsigned cls;
	struct hak_cache *c;
	void *p;

	if (align <= HAK_ALIGNMENT)
		return alloc_any(size);
	cls = hak_class_of_aligned(size, align);
	c = &h->cache[cls];
	if (hak_unlikely(c->top <= c->base))
		return aligned_slow(align, size, cls);
	p = hak_pop(c);
	if (hak_unlikely(--h->countdown < 0))
		return hak_malloc_beat(h, p);
	return p;
}

/* ---- memory back ------------------------------------------------------------------ */

void hak_thread_flush(void)
{
	struct hak_heap *h = hak_heap_self();

	if (!hak_heap_is_real(h) || alloc_nested(h))
		return;
	hak_heap_flush_all(h);
	h->busy++;
	hak_heap_drain(h);
	h->busy--;
}

size_t hak_purge(void)
{
	struct hak_heap *h = hak_heap_self();
	size_t done = 0;

	if (alloc_nested(h) || hak_mode_now() != HAK_MODE_OURS)
		return 0;
	hak_thread_arm();
	if (hak_heap_is_real(h))
		done = hak_heap_trim(h);
	hak_pool_enter();
	hak_pool_drain();
	if (hak_harden_on())
		done += hak_harden_trim();
	done += hak_purge_all();
	hak_pool_leave();
	return done;
}
