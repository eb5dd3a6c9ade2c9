/* SPDX-License-Identifier: MIT */
/*
 * stats.h - the exported object
 *
 * Responsibility: the definition of hakmem_stats, its sequence counter, and
 * sums over what lower layers count.  Decides nothing.
 *
 * Contract: every field has one writer at a time, the holder of the pool lock
 * unless include/hakmem/stats.h says otherwise.  Multi-word changes stand
 * between hak_stats_begin() and hak_stats_end() under the pool lock; a
 * missing end leaves the counter odd and every outside reader says "torn".
 *
 * Observable: the object itself.
 *
 * Composable: no lower layer needed; safe anywhere.
 */
#ifndef HAK_STATS_H
#define HAK_STATS_H

#include "base.h"

#include "hakmem/stats.h"

extern struct hakmem_stats hakmem_stats;
/* hakmem_stats under a hidden name: reached without the GOT. */
extern struct hakmem_stats hak_stats;

/* A counter with several writers. */
static inline void hak_stats_add(hakmem_u64 *counter, uint64_t n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

/* One that the holder of the pool lock changes, and others read. */
static inline void hak_stats_change(hakmem_u64 *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline void hak_stats_begin(void)
{
	__atomic_store_n(&hak_stats.seq, hak_stats.seq + 1, __ATOMIC_RELAXED);
	/* release fence: no later store moves before the odd value */
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void hak_stats_end(void)
{
	/* release: all changes are visible before the even value */
	__atomic_store_n(&hak_stats.seq, hak_stats.seq + 1, __ATOMIC_RELEASE);
}

/* Publish a new mapping record; pool lock held. */
static inline void hak_stats_mapping(struct hakmem_stats_mapping *m)
{
	m->next = hak_stats.mappings;
	/* release: another process walks the list without a lock */
	__atomic_store_n(&hak_stats.mappings, (uintptr_t)m, __ATOMIC_RELEASE);
}

#define HAKMEM_STATS_VERSION "0.1.0"

#endif /* HAK_STATS_H */
