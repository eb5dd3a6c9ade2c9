/* SPDX-License-Identifier: MIT */
/*
 * lock.h - one short futex lock, with ranks
 *
 * Responsibility: mutual exclusion, the identity of the holder, and the
 * order of locks.  Decides nothing about what a lock protects.
 *
 * Contract: not recursive; a thread that may already hold it asks
 * hak_lock_mine() first (a signal handler inside a critical section).  Locks
 * are taken in rising rank; debug builds abort on an inversion.  Held across
 * fork by another thread, it is reset in the child by hak_lock_reset().
 *
 * Observable: contended counts the waits.
 *
 * Composable: futex(2) only; safe before libc is ready.  The word names the
 * holder by an address in its TLS block, which needs no system call and is the same in
 * the child of a fork.
 */
#ifndef HAK_LOCK_H
#define HAK_LOCK_H

#include "assert.h"
#include "base.h"

enum hak_rank {
	HAK_RANK_NONE = 0,
	HAK_RANK_POOL = 1,
};

/* word: 0 free, else the holder's identity << 1 | waiters */
struct hak_lock {
	uint32_t word; /* atomic */
	uint32_t rank; /* const, enum hak_rank */
	uint64_t contended; /* holder; statistic */
};

#define HAK_LOCK_INIT(r)  \
	{                 \
		0, (r), 0 \
	}

extern __thread uint32_t hak_lock_held; /* rank, in debug builds */
extern __thread uint32_t hak_lock_id; /* even; 0: none yet */

uint32_t hak_lock_new_id(void) HAK_COLD;

/* The number of this thread, given at its first use of a lock. */
static inline uint32_t hak_lock_self(void)
{
	return hak_likely(hak_lock_id) ? hak_lock_id : hak_lock_new_id();
}

void hak_lock_slow(struct hak_lock *l, uint32_t self) HAK_COLD;
void hak_lock_wake(struct hak_lock *l) HAK_COLD;

#if HAK_DEBUG >= 1
void hak_lock_ranked(const struct hak_lock *l, bool take);
/* Not before: a handler may come in between and take it, too. */
static inline void hak_lock_taken(const struct hak_lock *l)
{
	hak_lock_held = l->rank;
}
#else
static inline void hak_lock_ranked(const struct hak_lock *l, bool take)
{
	(void)l;
	(void)take;
}
static inline void hak_lock_taken(const struct hak_lock *l)
{
	(void)l;
}
#endif

static inline bool hak_lock_mine(const struct hak_lock *l)
{
	return (__atomic_load_n(&l->word, __ATOMIC_RELAXED) & ~1u) ==
	       hak_lock_self();
}

static inline void hak_lock_take(struct hak_lock *l)
{
	uint32_t expect = 0;
	uint32_t self = hak_lock_self();

	hak_lock_ranked(l, true);
	/* acquire: partner is the release in hak_lock_drop */
	if (hak_unlikely(!__atomic_compare_exchange_n(&l->word, &expect, self,
						      false, __ATOMIC_ACQUIRE,
						      __ATOMIC_RELAXED)))
		hak_lock_slow(l, self);
	hak_lock_taken(l);
}

static inline void hak_lock_drop(struct hak_lock *l)
{
	uint32_t old;

	hak_assert(hak_lock_mine(l));
	hak_lock_ranked(l, false);
	/* release: publishes what was written under the lock */
	old = __atomic_exchange_n(&l->word, 0, __ATOMIC_RELEASE);
	if (hak_unlikely(old & 1))
		hak_lock_wake(l);
}

/* Only in a fork's child, where no other thread exists. */
static inline void hak_lock_reset(struct hak_lock *l)
{
	__atomic_store_n(&l->word, 0, __ATOMIC_RELAXED);
}

#endif /* HAK_LOCK_H */
