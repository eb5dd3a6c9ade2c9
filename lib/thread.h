/* SPDX-License-Identifier: MIT */
/*
 * thread.h - which thread has which heap
 *
 * Responsibility: gives heaps to threads, takes them back at thread exit,
 * keeps orphans for the next thread and dissolves the oldest.  State word of
 * a heap: FREE -> LIVE -> ORPHAN -> LIVE (adopted whole) or DISSOLVING ->
 * FREE.
 *
 * Contract: a heap's state changes with the pool lock held.  The TLS pointer
 * is set before the exit hook, so that the hook's own allocation finds a
 * heap.  A heap published while its thread could still use it would have two
 * owners; therefore the exit hook switches TLS to the DEAD sentinel first.
 *
 * Observable: heaps_live, heaps_orphan, heaps_total, heaps_unhooked,
 * adoptions, dissolutions.
 *
 * Composable: needs heap.h, fork.h; one pthread key, made when a second
 * thread gets a heap.
 */
#ifndef HAK_THREAD_H
#define HAK_THREAD_H

#include "base.h"
#include "heap.h"

/* Blocks a thread takes from mixed slots before it gets a heap: thousands of
 * threads that allocate once must not cost a heap each. */
#define HAK_THREAD_BOOT 32u
/* The same for the initial thread: most commands never need a heap, whose
 * caches and slabs dirty a page for each size class. */
#define HAK_INITIAL_BOOT 1024u

/* The calling thread is the initial one; once, at start. */
void hak_thread_init(void);

/* A heap for the calling thread, which has none; NULL: no memory. */
struct hak_heap *hak_thread_attach(void);

/* Take the blocks that were freed into heaps without a thread and into the
 * pool's slabs; called where many were, and at a decay.  No lock held. */
void hak_thread_drain_orphans(void);

/* Before a slow path that may take the pool lock: the first call by a second
 * thread arms the detection of forks. */
void hak_thread_arm(void) HAK_COLD;
bool hak_thread_is_initial(void);

/* In a fork's child, alone: all heaps but own, that of the thread that forked,
 * have no owner. */
void hak_thread_rebuild(bool torn, struct hak_heap *own);

#endif /* HAK_THREAD_H */
