/* SPDX-License-Identifier: MIT */
/*
 * pool.h - THE Shared Pool
 *
 * Responsibility: the state of every slot.  UNUSED, ACTIVE and EMPTY change
 * here and nowhere else, through five operations:
 *   acquire  EMPTY or UNUSED -> ACTIVE
 *   release  ACTIVE -> EMPTY
 *   purge    EMPTY -> UNUSED (memory returned)
 *   adopt    a slab changes its owner
 *   drain    collect remote frees of pool-owned slabs; decides EMPTY
 * It owns the one lock, and the slabs of heaps that were taken apart.  When
 * it cannot serve, that is shared_fail and ENOMEM: there is no other backend.
 *
 * Contract: hak_pool_enter() before, hak_pool_leave() after, unless a function
 * says otherwise; a thread that finds hak_pool_mine() is in a handler that
 * interrupted a critical section and must not enter.  Releasing a slot that
 * still holds a live block hands the same memory out twice.
 *
 * Observable: slots_*, acquires, releases, adoptions, pool_drains,
 * shared_fail; HAKMEM_POOL_DEBUG prints each kind of transition once.
 *
 * Composable: needs superslab.h, registry.h, meta.h, os.h, purge.h.  What it
 * needs from above is registered at start: hak_pool_collect.
 *
 * Fork: the registry word of a slot is the commit record of its state.  It is
 * the last thing set when memory becomes ACTIVE and the first cleared before
 * it becomes EMPTY, so a child whose parent held the lock at the fork finds
 * half-done changes: ACTIVE slots without a word (hak_pool_rebuild).
 */
#ifndef HAK_POOL_H
#define HAK_POOL_H

#include "base.h"
#include "lock.h"
#include "superslab.h"

/* Slots handed out together. */
struct hak_run {
	struct hak_superslab *ss;
	unsigned slot;
	unsigned n;
	uint32_t zero; /* bit i: slot i of the run reads as zero */
};

extern struct hak_lock hak_pool_lock;
/* HAK_FORK_MENDED but in a fork's child, until fork.c has mended what the
 * parent's other threads left; NULL while one thread allocates. */
#define HAK_FORK_MENDED 1u
extern uint32_t *hak_fork_word;
extern void (*hak_fork_repair)(void);

/* Figures of the slabs that the pool owns, as of a heap: the first record of
 * hakmem_stats.heaps.  remote_freed also counts the frees of threads without a
 * heap; atomic. */
extern struct hakmem_stats_bin hak_pool_stat[HAK_CLASSES];
extern struct hakmem_stats_heap hak_pool_pub; /* armed: mallocs of harden.c */

/* Move remotely freed blocks of a slab into its own bitmap (remote.c). */
extern unsigned (*hak_pool_collect)(struct hak_slab *slab);

static inline void hak_pool_enter(void)
{
	const uint32_t *word =
		__atomic_load_n(&hak_fork_word, __ATOMIC_RELAXED);

	/* acquire: what another thread of the child has mended is seen */
	if (hak_unlikely(word && __atomic_load_n(word, __ATOMIC_ACQUIRE) !=
					 HAK_FORK_MENDED))
		hak_fork_repair();
	hak_lock_take(&hak_pool_lock);
}

static inline void hak_pool_leave(void)
{
	hak_lock_drop(&hak_pool_lock);
}

static inline bool hak_pool_mine(void)
{
	return hak_lock_mine(&hak_pool_lock);
}

/* n slots at a multiple of align slots.  0 or -ENOMEM. */
int hak_pool_acquire(unsigned n, unsigned align, struct hak_run *run);

/* Make the run that starts at slot longer by more slots, in place. */
int hak_pool_extend(struct hak_superslab *ss, unsigned slot, unsigned n,
		    unsigned more, uint32_t *zero);

/* n slots become EMPTY.  Their registry words are already cleared. */
void hak_pool_release(struct hak_superslab *ss, unsigned slot, unsigned n);

/* Return the memory of the EMPTY slots in mask; bytes returned.  At most
 * *calls system calls, which are counted down. */
size_t hak_pool_purge(struct hak_superslab *ss, uint32_t mask, unsigned *calls);

/* Unmap SuperSlabs without an ACTIVE slot until keep are left; with keep 0
 * also those that have EMPTY slots. */
size_t hak_pool_unmap_idle(unsigned keep);

/* The SuperSlab with the longest run of EMPTY slots, or NULL. */
struct hak_superslab *hak_pool_largest_empty(void);

/* A new slab of class cls for tag; NULL: out of memory. */
struct hak_slab *hak_pool_slab_new(unsigned cls, uint32_t tag);

/* The same for harden.c, with a slot behind it that is no part of the slab:
 * the registry words are the caller's to write.  *zero as in hak_run. */
struct hak_slab *hak_pool_slab_hard(unsigned cls, bool guard, uint32_t *zero);

/* Write the slab's registry words; its holes decide their kind. */
void hak_pool_slab_words(struct hak_slab *slab, uint32_t tag);

/* A slab without live blocks: give its slots back.  false: a remote free is
 * under way, the slab stays with its owner. */
bool hak_pool_slab_retire(struct hak_slab *slab);

/* A partly used slab of class cls that the pool owns, now owned by tag. */
struct hak_slab *hak_pool_adopt(unsigned cls, uint32_t tag);

/* The owner hands a slab to the pool.  false: queued, try again later. */
bool hak_pool_give(struct hak_slab *slab);

/* Take pending remote frees of the pool's slabs. */
void hak_pool_drain(void);

/* The pool's slabs with remote frees; any thread pushes, no lock. */
extern struct hak_inbox hak_pool_inbox;

/* Doubly linked lists of slabs, for the pool and for heaps. */
void hak_slab_push(struct hak_slab **head, struct hak_slab *slab,
		   enum hak_slab_list which);
void hak_slab_unlink(struct hak_slab **head, struct hak_slab *slab);

/* In a fork's child, alone: states from registry words, lists from states. */
void hak_pool_rebuild(bool torn);

bool hak_pool_check(void);

/* Start: link the static SuperSlab. */
void hak_pool_init(struct hak_superslab *first);

#endif /* HAK_POOL_H */
