/* SPDX-License-Identifier: MIT */
/*
 * purge.h - when memory goes back to the system
 *
 * Responsibility: the policy: which EMPTY slots and cached mappings are
 * returned, and when.  The mechanism is the pool's (hak_pool_purge) and
 * huge.c's.  Also the hard limit.
 *
 *   decay  what has been EMPTY for longer than the delay, on any slow path or
 *          heartbeat;
 *   edge   a release that lifts resident-but-free memory above the threshold
 *          purges at once down to half of it: an idle process may never call
 *          again.  At most 32 MiB and 64 system calls a visit;
 *   holes  the same two for the free pages of slabs in use; heap.c finds them;
 *   feedback  each eighth of the recent peak of live memory that is used again
 *          within a second of its return doubles the delay and lets a quarter
 *          of that peak stay; it fades in calm.
 *
 * Contract: pool lock held, but where a function says otherwise.  Only EMPTY
 * slots are touched: purging an ACTIVE one would zero a program's data.
 *
 * Observable: purged_bytes, purges, refaulted_bytes, empty_bytes.
 *
 * Composable: needs pool.h and huge.h (same layer), os.h, options.h.  No
 * thread is started: a preloaded library may sit in a sandbox that kills on
 * clone.
 */
#ifndef HAK_PURGE_H
#define HAK_PURGE_H

#include "base.h"

/* Would size more bytes exceed HAKMEM_LIMIT_HARD?  Asked before memory comes
 * into use, and so the place where the peak is seen. */
bool hak_purge_over_limit(size_t size);

/* size bytes are used again age_ms after they were given back. */
void hak_purge_refault(size_t size, uint32_t age_ms);

/* The same for pages of holes, whose age is that of the last hole made. */
void hak_purge_hole_used(size_t size);

/* May holes be made at once?  Not while memory comes back soon after, nor in a
 * small process.  No lock. */
bool hak_purge_holes(void);

/* After memory became free. */
void hak_purge_edge(void);
/* Before size bytes are mapped: what is empty and resident goes, as much as
 * would come on top of the recent peak. */
void hak_purge_make_room(size_t size);

/* Is a visit due?  No lock; cheap enough for every slow path. */
bool hak_purge_due(void);

/* Return what is old enough; the age in ms that counts as old, -1: none does,
 * or the process is too small to care. */
int64_t hak_purge_decay(void);

/* Return everything that is EMPTY or cached; bytes. */
size_t hak_purge_all(void);

#endif /* HAK_PURGE_H */
