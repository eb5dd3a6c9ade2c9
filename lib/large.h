/* SPDX-License-Identifier: MIT */
/*
 * large.h - blocks of 32 KiB to 2 MiB: runs of slots
 *
 * Responsibility: the Large tier.  A block is a run of slots of one
 * SuperSlab; pages at its end that were not asked for are never touched.
 * Starts are coloured by multiples of 64 bytes within the last page's room,
 * so that the headers of many blocks do not share one cache set.
 *
 * Contract: takes the pool lock itself, except where noted.  Frees that do
 * not name the exact start are faults.  Never mremap: a run is part of a
 * larger mapping and would leave a hole in it.
 *
 * Observable: large_mallocs, large_frees, large_live_bytes.
 *
 * Composable: needs pool.h and purge.h (same layer).
 */
#ifndef HAK_LARGE_H
#define HAK_LARGE_H

#include "base.h"

/* size > 0, size <= HAK_LARGE_MAX; align a power of two <= HAK_SS_SIZE.
 * zero: the block must read as zero. */
void *hak_large_alloc(size_t size, size_t align, bool zero);

void hak_large_free(void *p);

/* Usable bytes; no lock.  0: p is not the start of a block. */
size_t hak_large_size(const void *p);

/* Make the block size bytes where it stands; false: it cannot. */
bool hak_large_resize(void *p, size_t size);

#endif /* HAK_LARGE_H */
