/* SPDX-License-Identifier: MIT */
/*
 * nested.h - allocation from handlers that interrupted a slow path
 *
 * Responsibility: serves malloc and free of a signal handler that runs while
 * its own thread is inside one of our slow paths, where neither the heap nor
 * the pool may be used.
 *
 * Contract: lock-free; any thread.  Used only when the heap is busy or the
 * thread holds the pool lock: everybody else would waste memory here.
 *
 * Observable: nested_mallocs, nested_live.
 *
 * Composable: needs os.h and registry.h; async-signal-safe.
 *
 * Memory is a chain of bump areas; an area is used again from its start when
 * its last block has been freed.  Blocks have a 16-byte header (the only
 * metadata of ours beside user memory; it is read for realloc only).
 */
#ifndef HAK_NESTED_H
#define HAK_NESTED_H

#include "base.h"

/* align is a power of two. */
void *hak_nested_alloc(size_t size, size_t align);

void hak_nested_free(void *p);

size_t hak_nested_size(const void *p);

/* A block of another kind whose free needs the pool lock: kept until the
 * interrupted slow path has ended. */
void hak_nested_defer(void *p);

/* The deferred blocks, linked through their first word. */
void *hak_nested_deferred(void);

/* Once, at start, pool lock held: registers the static area. */
bool hak_nested_init(void);

#endif /* HAK_NESTED_H */
