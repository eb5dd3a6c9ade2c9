/* SPDX-License-Identifier: MIT */
/*
 * meta.h - memory for our own structures
 *
 * Responsibility: hands out zeroed memory for records that are never given
 * back to the kernel; record kinds keep their own free lists.  Never takes
 * from a user heap, and no user block ever lies beside a record.
 *
 * Contract: pool lock held.  size <= HAK_META_MAX, align a power of two up to
 * HAK_META_ALIGN.  NULL when the kernel refuses memory.  Memory once handed
 * out stays mapped and keeps its kind for the life of the process: readers
 * without a lock (other threads, other processes) rely on that.  A record
 * reused as another kind would let a late remote free set bits in it.
 *
 * Observable: hakmem_stats.meta_bytes.
 *
 * Composable: needs os.h; safe before libc is ready.  In a fork's child at
 * worst one record is lost.
 */
#ifndef HAK_META_H
#define HAK_META_H

#include "base.h"

#define HAK_META_CHUNK ((size_t)1 << 20)
/* A chunk's own record and the gap in front of an aligned one fit beside it. */
#define HAK_META_MAX (HAK_META_CHUNK / 8 * 7)
#define HAK_META_SMALL ((size_t)4096) /* side by side */
#define HAK_META_ALIGN (HAK_META_CHUNK / 16)

void *hak_meta_alloc(size_t size, size_t align);

/* Bitmaps of 1, 2, 4 .. 128 words, kept on a free list per size. */
uint64_t *hak_meta_bitmap_get(unsigned words);
void hak_meta_bitmap_put(uint64_t *bits, unsigned words);

#endif /* HAK_META_H */
