/* SPDX-License-Identifier: MIT */
/*
 * heap.h - the front: one heap per thread
 *
 * Responsibility: the caches of Tiny and Mid blocks, the slabs they are
 * filled from and flushed to, and the heartbeat.  Decides how many blocks a
 * cache holds; not which thread has which heap (thread.c), and no slot state
 * (pool.c).
 *
 * Contract: a heap is used by its owner alone: the thread whose TLS leads to
 * it, or the one that holds it in the state DISSOLVING.  Fast paths are in
 * this header and touch no slab.  Slow paths set busy; a handler that finds
 * it set goes to nested.c.  Two threads in one heap would hand out the same
 * block twice.
 *
 * Observable: struct hakmem_stats_heap and _bin.
 *
 * Composable: needs slab.h, remote.h, pool.h.
 *
 * Invariants (hak_heap_check), for each class:
 *   base <= top <= limit
 *   every cached block is free in no bitmap
 *   every slab in partial has nfree > 0
 */
#ifndef HAK_HEAP_H
#define HAK_HEAP_H

#include "base.h"
#include "large.h"
#include "remote.h"
#include "sizeclass.h"

#include "hakmem/stats.h"

/*
 * One class's cache: a stack of blocks.  All zero in the sentinel heaps: empty
 * for malloc (top <= base), full for free (top >= limit), and no offset is a
 * block's start (magic == 0).  limit == base: closed, empty until the next
 * refill; frees pass it (hak_heap_put).  base == HAK_CACHE_SHUT: see there.
 */
struct hak_cache {
	void **top; /* owner */
	void **base; /* owner; const once grown */
	void **limit; /* owner */
	uint64_t magic; /* const; hak_class[].magic */
} __attribute__((aligned(32)));

/* base while a slow path works on the cache: no push and no pop passes. */
#define HAK_CACHE_SHUT ((void **)(UINTPTR_MAX & ~(sizeof(void *) - 1)))

_Static_assert(sizeof(struct hak_cache) == 32,
	       "class << HAK_WORD_CLASS_SHIFT is a cache's offset");

#define HAK_CACHE_SMALL 8u /* entries of a cache at its first use */
#define HAK_CACHE_BURST ((size_t)32 << 10) /* bytes it grows to anyhow */
#define HAK_HEAP_ENTRIES 7680u /* for all caches, small and usual */
#define HAK_HEAP_EDGE 32u /* nearly empty slabs that wait for holes */
#define HAK_HEARTBEAT 2048 /* mallocs between two heartbeats */

struct hak_bin {
	struct hak_slab *partial; /* nfree > 0 */
	struct hak_slab *full;
	void **burst; /* place for pub.cache_blocks entries, or NULL */
	uint16_t cap; /* entries of the cache */
	uint16_t fills; /* refills since the last flush */
	uint16_t empties; /* flushes since the last refill */
	uint16_t foreign; /* FOREIGN_REUSE: blocks of others in the cache */
	uint32_t moves; /* refills and flushes at the last decay */
	uint32_t away; /* blocks flushed since the last refill */
	uint32_t unkeyed; /* frees into slabs without keys or holes */
};

struct hak_heap {
	/* hot: read or written by every malloc and free of the owner */
	uint32_t tag; /* const; tag << 16 as in a registry word */
	int32_t countdown; /* mallocs until the heartbeat */
	uintptr_t secret; /* const; key of a freed block is secret ^ address */
	uint32_t busy; /* owner; inside a slow path */
	uint32_t small; /* the process is small: touch few pages */
	struct hak_cache cache[HAK_CLASSES];

	/* cold: slow paths */
	struct hakmem_stats_heap pub;
	struct hakmem_stats_bin stat[HAK_CLASSES];
	struct hak_bin bin[HAK_CLASSES];
	uint64_t punched; /* ms; slabs were searched for holes; owner */
	uint64_t reclaim_at; /* slots ACTIVE; owner */
	struct hak_slab *edge[HAK_HEAP_EDGE]; /* owner; a ring */
	uint32_t edge_turn; /* owner */
	uint32_t epoch; /* of forks; pool lock */
	uint32_t ticks; /* owner */

	uint32_t entries_used; /* owner; of entries[] */
	struct hak_heap *next_orphan; /* pool lock */
	struct hak_heap *next_all; /* const after publish */
	struct hak_large_cache large; /* owner */
	struct hak_outbox outbox;
	struct hak_inbox inbox
		__attribute__((aligned(HAK_APART))); /* any thread */
	void *entries[HAK_HEAP_ENTRIES] __attribute__((aligned(HAK_APART)));
};

/* A cache's offset from its heap, by the class bits of a registry word or
 * from hak_heap_offset[]. */
static inline struct hak_cache *hak_heap_cache(struct hak_heap *h,
					       size_t offset)
{
	return (struct hak_cache *)(void *)((char *)h->cache + offset);
}

/* What an uninitialised thread has, and one whose heap is gone: all zero. */
extern struct hak_heap hak_heap_none HAK_HIDDEN;
extern struct hak_heap hak_heap_dead HAK_HIDDEN;

/* Distance from hak_heap_none to this thread's heap: 0, right from the first
 * instruction of a thread, is the sentinel. */
struct hak_tls {
	uintptr_t heap;
	uint32_t boot; /* blocks taken without a heap */
	uint32_t spare;
};

extern __thread struct hak_tls hak_tls HAK_HIDDEN;

static inline struct hak_heap *hak_heap_self(void)
{
	return (struct hak_heap *)((uintptr_t)&hak_heap_none + hak_tls.heap);
}

static inline bool hak_heap_is_real(const struct hak_heap *h)
{
	return h->tag != 0;
}

/* Cache offsets of Tiny sizes, by (size + 15) / 16. */
extern uint32_t hak_heap_offset[HAK_TINY_MAX / 16 + 1] HAK_HIDDEN;
/* Of larger ones, by (size + 127) / 128. */
extern uint32_t hak_heap_offset_mid[HAK_MID_MAX / 128 + 1] HAK_HIDDEN;

/* relaxed: the heap of a thread that comes before hak_heap_init has written it
 * is hak_heap_none, in which any offset is that of an empty cache. */
static inline uint32_t hak_heap_load(const uint32_t *offset)
{
	return __atomic_load_n(offset, __ATOMIC_RELAXED);
}

/* The second word of a freed block. */
static inline uintptr_t hak_heap_key(const struct hak_heap *h, const void *p)
{
	return h->secret ^ (uintptr_t)p;
}

/* Once, at start. */
void hak_heap_init(uintptr_t secret);
extern uintptr_t hak_heap_secret;

/* All heaps ever made, newest first. */
extern struct hak_heap *hak_heap_all;

/* A new heap record, state FREE; pool lock held; NULL: no memory. */
struct hak_heap *hak_heap_new(void);

/* Slow paths; the heap is real and not busy (they set it). */
/* The cache is empty; NULL: no memory. */
void *hak_heap_refill(struct hak_heap *h, unsigned cls) HAK_NOINLINE;
void hak_heap_flush(struct hak_heap *h, unsigned cls, unsigned keep);
void hak_heap_flush_all(struct hak_heap *h);
void hak_heap_drain(struct hak_heap *h);
/* The same for a heap without a thread, pool lock held; what is empty goes to
 * the pool. */
void hak_heap_drain_orphan(struct hak_heap *h);
void hak_heap_tick(struct hak_heap *h) HAK_NOINLINE;
/* Put p, a block of one of h's slabs, into its cache. */
void hak_heap_push(struct hak_heap *h, unsigned cls, void *p);
#define HAK_REMOTE_MANY 4096u /* blocks of a class, freed into other heaps */
/*
 * The same past a closed cache, for block index of the slab around p: neither
 * the block nor the cache is touched.  false: it seems to be free already.
 */
bool hak_heap_put(struct hak_heap *h, const void *p, unsigned index);
/* A block of slab, which has no keys, was freed into the cache. */
void hak_heap_rekey(struct hak_heap *h, struct hak_slab *slab);
/* p belongs to another heap's slab. */
void hak_heap_push_remote(struct hak_heap *h, struct hak_slab *slab,
			  unsigned index);
/* Give back what can be given: empty slabs, and pages without live blocks;
 * bytes. */
size_t hak_heap_trim(struct hak_heap *h);

/* Put slab, which is h's, on the list of its class. */
void hak_heap_list(struct hak_heap *h, struct hak_slab *slab);

/* ---- heap_end.c: pool lock held, or a fork's child being mended ---- */

/* Every slab of h, to the pool; the caller owns h.  false: some slab is being
 * queued by a freer, try again later. */
bool hak_heap_dissolve(struct hak_heap *h);

/* In a fork's child: rebuild h, whose thread is gone, from bitmaps. */
void hak_heap_recover(struct hak_heap *h);

/* ---- checks ---- */

/* Is block p (slab, index) free in a cache or outbox of any heap? */
bool hak_heap_holds(const void *p, const struct hak_slab *slab, unsigned index);

bool hak_heap_check(const struct hak_heap *h);

#endif /* HAK_HEAP_H */
