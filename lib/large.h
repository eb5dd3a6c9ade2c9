/* SPDX-License-Identifier: MIT */
/*
 * large.h - blocks of 32 KiB to 2 MiB: runs of slots
 *
 * Responsibility: the Large tier.  A block is a run of slots of one
 * SuperSlab; pages at its end that were not asked for are never touched.
 * Starts are coloured by multiples of 64 bytes within the last page's room,
 * so that the headers of many blocks do not share one cache set.  A thread
 * keeps a few runs that it has freed, for its next mallocs.
 *
 * Contract: takes the pool lock itself, except where noted.  Frees that do
 * not name the exact start are faults.  Never mremap: a run is part of a
 * larger mapping and would leave a hole in it.  A cache belongs to a heap and
 * is used by its owner alone; its runs stay ACTIVE, and their registry word
 * says that they are free.
 *
 * Observable: large_mallocs, large_frees, large_live_bytes; large_served,
 * large_kept, large_kept_bytes of each heap.
 *
 * Composable: needs pool.h and purge.h (same layer).
 */
#ifndef HAK_LARGE_H
#define HAK_LARGE_H

#include "base.h"

#include "hakmem/stats.h"

/* size > 0, size <= HAK_LARGE_MAX; align a power of two <= HAK_SS_SIZE.
 * zero: the block must read as zero. */
void *hak_large_alloc(size_t size, size_t align, bool zero);

void hak_large_free(void *p);

/* Usable bytes; no lock.  0: p is not the start of a block. */
size_t hak_large_size(const void *p);

/* Make the block size bytes where it stands; false: it cannot. */
bool hak_large_resize(void *p, size_t size);

struct hak_slab;

#define HAK_LARGE_KEPT 16u /* runs in a thread's cache */

/* The oldest first. */
struct hak_large_cache {
	struct hak_slab *run[HAK_LARGE_KEPT];
	uint8_t slots[HAK_LARGE_KEPT];
	uint32_t n;
	uint32_t sum; /* of slots[] */
	uint64_t seen; /* large_served at the last decay */
};

/* A kept run of as many slots as size needs, or up to a quarter more, whatever
 * it contains; no lock.
 * NULL: there is none. */
void *hak_large_take(struct hak_large_cache *c, struct hakmem_stats_heap *pub,
		     size_t size);

/* Keep p, which must be a live block, instead of freeing it; the pool's lock
 * is taken only to give others back.  false: p was not freed. */
bool hak_large_keep(struct hak_large_cache *c, struct hakmem_stats_heap *pub,
		    void *p);

/* Give back all that are kept. */
void hak_large_drop(struct hak_large_cache *c, struct hakmem_stats_heap *pub);

/* The same in a fork's child, for a thread that vanished, maybe in here; pool
 * lock held. */
void hak_large_recover(struct hak_large_cache *c,
		       struct hakmem_stats_heap *pub);

#endif /* HAK_LARGE_H */
