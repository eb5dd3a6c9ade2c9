/* SPDX-License-Identifier: MIT */
/*
 * harden.h - HAKMEM_SECURITY 2 and 3: memory that resists misuse
 *
 * Responsibility: Tiny and Mid blocks in place of the heaps, and blocks above
 * 32 KiB between pages without access.  Decides which block is handed out, how
 * long a freed one rests, and what is written into and checked in free memory:
 *   2  random order of blocks; quarantine; a bit per live block, apart; the
 *      first HAK_HARDEN_MARK bytes of a free block are zero, which is checked
 *      when it is handed out; a guard page behind big blocks
 *   3  all of a free block is zero; 8 bytes of canary, and the exact size,
 *      behind each block; a guard slot behind each slab; blocks of size 0
 *      without access; a guard in front of big blocks, too
 * Does not decide slot states (pool.c), nor what lies in big mappings (huge.c).
 *
 * Contract: any thread; takes the pool lock itself, except where noted.  No
 * thread has a heap while this serves, so the fast paths of malloc and free
 * find empty caches and arrive here by their slow paths: the level is looked
 * at there only, and is fixed before the first block is handed out.  A block
 * of a heap's slab given to hak_harden_free would be looked up in bitmaps that
 * mean something else.
 *
 * Observable: figures of the classes as the pool's (hak_pool_stat); faults.
 *
 * Composable: needs pool.h, huge.h, random.h.  A handler that interrupted the
 * pool is served by nested.c; what it frees waits in hak_harden_defer.
 *
 * Invariants, for a slab of this kind (hak_slab_check holds, too):
 *   a block is live (bit in remote->bits), free (bit in bits), resting in a
 *   quarantine, on its way there, or not carved yet: one of them
 *   what is not live is zero as far as the level says
 */
#ifndef HAK_HARDEN_H
#define HAK_HARDEN_H

#include "base.h"
#include "options.h"

#define HAK_HARDEN_MARK ((size_t)1024)

static inline bool hak_harden_on(void)
{
	return hak_opt.security > 1;
}

/* Once, when the options are known; pool lock held. */
void hak_harden_init(void);

/* A block, which for size > HAK_MID_MAX reads as zero; NULL: no memory, or,
 * above HAK_MID_MAX - 8 or HAK_SLOT_SIZE of alignment, none with guards. */
void *hak_harden_alloc(size_t size, size_t align);

/* p lies in a slab of kind HARD. */
void hak_harden_free(void *p);
/* The same from a handler that interrupted the pool; no lock. */
void hak_harden_defer(void *p);
/* Usable bytes of the live block that begins at p; *live: there is one. */
size_t hak_harden_size(const void *p, bool *live);
/* Make the live block size bytes where it stands; false: it cannot. */
bool hak_harden_resize(void *p, size_t size);

/* What is behind the last byte of the big block at p, which is size bytes. */
void hak_harden_big_written(void *p, size_t size);
void hak_harden_big_check(const void *p, size_t size);

/* Slabs without live blocks to the pool, pages without any to the system;
 * pool lock held.  Bytes of the latter. */
size_t hak_harden_trim(void);

/* In a fork's child, alone: lists from registry words. */
void hak_harden_rebuild(void);

#endif /* HAK_HARDEN_H */
