/* SPDX-License-Identifier: MIT */
/*
 * large.h - blocks of 32 KiB to 2 MiB: runs of slots
 *
 * Responsibility: the Large tier.  A block is a run of slots of one
 * SuperSlab; pages at its end that were not asked for are never touched.
 * Starts are coloured by multiples of 64 bytes within the last page's room,
 * so that the headers of many blocks do not share one cache set.  A thread
 * keeps runs that it has freed, as many bytes as HAKMEM_CACHE_MAX, and joins
 * and splits them for its next mallocs.
 *
 * Contract: takes the pool lock itself, except where noted.  Frees that do
 * not name the exact start are faults.  Never mremap: a run is part of a
 * larger mapping and would leave a hole in it.  A cache belongs to a heap and
 * is used by its owner alone; its runs stay ACTIVE, and their registry words
 * say that they are free, and whose.
 *
 * Observable: large_mallocs, large_frees, large_live_bytes; large_served,
 * large_kept, large_kept_bytes, large_freed, large_bytes of each heap.
 *
 * Composable: needs pool.h and purge.h (same layer).
 */
#ifndef HAK_LARGE_H
#define HAK_LARGE_H

#include "base.h"

#include "hakmem/stats.h"

void hak_large_free(void *p);

/* Usable bytes; no lock.  0: p is not the start of a block. */
size_t hak_large_size(const void *p);

/* Make the block size bytes where it stands; false: it cannot. */
bool hak_large_resize(void *p, size_t size);

struct hak_slab;

struct hak_superslab;

/*
 * The run that was freed last, and others by length, the newest first.
 *
 * Invariants (hak_large_check):
 *   bins bit i set == bin[i] is not empty
 *   the words and pub.run of each in a bin say that it is kept, and no two of
 *   these are neighbours
 *   large_kept of the heap == their number, large_kept_bytes == their bytes
 */
struct hak_large_cache {
	struct hak_slab *last;
	struct hak_slab *bin[HAK_SS_SLOTS]; /* [i]: runs of i + 1 slots */
	uint32_t bins;
	uint32_t misses; /* in a row */
	uint64_t served; /* large_served at the last miss */
	uint64_t seen; /* large_served at the last decay */
};

/* From the pool; size > 0, size <= HAK_LARGE_MAX; align a power of two <=
 * HAK_SS_SIZE.  zero: the block must read as zero.  What the cache keeps goes
 * back before; c and pub may be NULL. */
void *hak_large_alloc(struct hak_large_cache *c, struct hakmem_stats_heap *pub,
		      size_t size, size_t align, bool zero);

/* The shortest kept run that suffices, or its front if it is longer by more
 * than a quarter, whatever it contains; no lock.  NULL: there is none, or it is
 * more than twice as long. */
void *hak_large_take(struct hak_large_cache *c, struct hakmem_stats_heap *pub,
		     size_t size);

/* Keep p, which must be a live block, instead of freeing it, and join it with
 * what is kept beside it; the pool's lock is taken only to give others back.
 * false: p was not freed. */
bool hak_large_keep(struct hak_large_cache *c, struct hakmem_stats_heap *pub,
		    void *p);

/* Give back all that are kept. */
void hak_large_drop(struct hak_large_cache *c, struct hakmem_stats_heap *pub);

/* The same in a fork's child, for a thread that vanished, maybe in here; pool
 * lock held. */
void hak_large_recover(struct hak_large_cache *c,
		       struct hakmem_stats_heap *pub);

/* Does p, an address in ss, lie in a kept run?  Pool lock held; for reports. */
bool hak_large_is_kept(const struct hak_superslab *ss, const void *p);

bool hak_large_check(const struct hak_large_cache *c,
		     const struct hakmem_stats_heap *pub);

#endif /* HAK_LARGE_H */
