/* SPDX-License-Identifier: MIT */
/*
 * threads.h - whose heap is it
 *
 * A heap names its owner by the thread pointer.  The thread's number lies at
 * an offset from there that differs between C libraries and their versions:
 * the offset is right when it leads from every live heap to a different thread
 * of the process.
 */
#ifndef THREADS_H
#define THREADS_H

#include "snapshot.h"

/* Fill in tid and name of the live heaps; 0 and "" where it cannot be told. */
void threads_name(struct snapshot *snap, struct target *t);

#endif /* THREADS_H */
