/* SPDX-License-Identifier: MIT */
/*
 * fork.h - the child of a fork
 *
 * Responsibility: finding out that this process is a child whose other
 * threads vanished, and the order in which modules mend themselves.
 *
 * Contract: no lock is held across fork, and no atfork handler runs but one
 * in the child that notes which heap survives.  When a second thread appears, a page is mapped that the kernel
 * empties in every child (MADV_WIPEONFORK); hak_pool_enter() looks at its
 * word before it takes the lock.  That covers children made by raw clone(2)
 * as well.  A lock taken before the look would wait for a thread that does
 * not exist.
 *
 * Observable: forks_repaired.
 *
 * Composable: called with no lock held, by one thread of the child while
 * others that come by wait.  Where the kernel has no MADV_WIPEONFORK, the
 * child handler clears the word.
 *
 * What may be lost in the child, never handed out twice: blocks that a
 * vanished thread was moving between its cache and a bitmap, those in its cache
 * that it had fetched and never used yet (only a freed block carries the key
 * that tells it), a Large run on its way into or out of its cache, and records
 * it had just taken.
 */
#ifndef HAK_FORK_H
#define HAK_FORK_H

#include "base.h"

bool hak_fork_armed(void);

/* Idempotent; any thread, no lock held. */
void hak_fork_arm(void) HAK_COLD;

#endif /* HAK_FORK_H */
