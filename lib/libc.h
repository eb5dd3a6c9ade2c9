/* SPDX-License-Identifier: MIT */
/*
 * libc.h - the C library's own allocator
 *
 * Responsibility: reaching it, for pass-through, for the A/B guard
 * HAKMEM_TINY_USE_SUPERSLAB=0, and for pointers that it handed out.
 *
 * Contract: never called with the pool lock held.  hak_libc_present() first:
 * in static programs, and with other C libraries, there is none.
 *
 * Observable: foreign_forwarded, shared_fail_fallback, counted by callers.
 *
 * Composable: glibc's __libc_* names, bound at load time; dlsym(3) for the
 * names that have no such form, and only in pass-through, where the caller is
 * ordinary code.
 */
#ifndef HAK_LIBC_H
#define HAK_LIBC_H

#include "base.h"

bool hak_libc_present(void);

/* Does the process's malloc resolve to this library's? */
bool hak_libc_malloc_is_ours(void);

/* Has the C library's allocator handed out memory in this process? */
bool hak_libc_in_use(void);

/* Does p lie in the dynamic loader's own data?  Its start-up allocator hands
 * out blocks there, which nobody can free. */
bool hak_libc_is_loader(const void *p);

void *hak_libc_malloc(size_t size);
void *hak_libc_realloc(void *p, size_t size);
void *hak_libc_memalign(size_t align, size_t size);
void hak_libc_free(void *p);
size_t hak_libc_usable_size(void *p);

/* The next library's after ours; NULL if absent. */
void *hak_libc_next(const char *name);

/* The C library's own; NULL if absent. */
void *hak_libc_symbol(const char *name);

#endif /* HAK_LIBC_H */
