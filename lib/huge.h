/* SPDX-License-Identifier: MIT */
/*
 * huge.h - blocks above 2 MiB: a mapping each
 *
 * Responsibility: the Huge tier: mappings, a small cache of freed ones, which
 * are joined with their neighbours and split for smaller requests, and growth
 * by mremap, which moves page tables instead of bytes.  For harden.c also
 * mappings between pages without access, which are never cached.
 *
 * Contract: takes the pool lock itself, except where noted.  The registry
 * entry is set after mmap and cleared before munmap or mremap; a freed block
 * leaves a tombstone at its start until the address is used again, so that
 * its double free is told from a foreign pointer.
 *
 * Observable: huge_mallocs, huge_frees, huge_live_bytes, huge_cached_bytes.
 *
 * Composable: needs os.h, meta.h, registry.h, and purge.h of its own layer.
 */
#ifndef HAK_HUGE_H
#define HAK_HUGE_H

#include "base.h"

/* align is a power of two.  zero: the block must read as zero. */
void *hak_huge_alloc(size_t size, size_t align, bool zero);

/*
 * The same between pages that cannot be accessed: behind its last page, and
 * with both, unless align is above 64 KiB, in front of it.  Usable are the
 * whole pages, or with both just size bytes.  Always a fresh mapping, and a
 * freed one is kept without memory and access for a while before its address
 * is used again.  NULL, too, when the system allows no more mappings.
 */
void *hak_huge_alloc_guarded(size_t size, size_t align, bool both);
bool hak_huge_is_guarded(const void *p);
/* As hak_huge_resize; its pages move to another place when their number
 * changes. */
void *hak_huge_resize_guarded(void *p, size_t size);
extern uint32_t hak_huge_guarded; /* live ones; pool lock; atomic for readers */
/* Pool lock held: address space is short.  false: none was kept. */
bool hak_huge_drop_rest(void);

void hak_huge_free(void *p);

/* Usable bytes; no lock.  0: p is not the start of a block. */
size_t hak_huge_size(const void *p);

/* Grow or shrink, moving the mapping if need be.  The new address, or NULL:
 * the block is as it was; then it may still be copied, for the kernel does not
 * move several mappings of its own at once. */
void *hak_huge_resize(void *p, size_t size);

/* The block that contains p, or NULL; pool lock held.  Walks all blocks: for
 * reports only. */
void *hak_huge_containing(const void *p);

/* Visit live blocks until fn returns non-zero; pool lock held. */
int hak_huge_walk(int (*fn)(void *base, size_t size, void *arg), void *arg);

/* Pool lock held: return cached mappings; bytes. */
size_t hak_huge_drop_oldest(unsigned *calls);
void hak_huge_drop_old(uint64_t now_ms, uint64_t delay_ms, unsigned *calls);

/* In a fork's child, alone: lists from records. */
void hak_huge_rebuild(void);

#endif /* HAK_HUGE_H */
