/* SPDX-License-Identifier: MIT */
/*
 * os.h - memory from and to the kernel
 *
 * Responsibility: the only place that calls mmap, munmap, mremap, madvise and
 * mprotect.
 * Decides how a mapping becomes aligned and which flags are retried; does not
 * decide what is mapped or returned, or when.
 *
 * Contract: sizes are multiples of the page size.  Errors are negative errno
 * values or NULL; errno itself is left alone.  A failed unmap or advice is
 * survived and counted, never fatal.  A caller that ignored a NULL from
 * hak_os_map would hand address 0 to a program.
 *
 * Observable: hakmem_stats.mapped_bytes, purges, os_errors.
 *
 * Composable: needs only sys.h; safe before libc is ready and in handlers.
 * Counters are relaxed atomics, since callers hold different locks or none.
 *
 * Tests put a failing layer underneath with hak_os_fail_at(): the n-th call
 * from now on fails with ENOMEM.
 */
#ifndef HAK_OS_H
#define HAK_OS_H

#include "base.h"

/* Bytes of a page; set by hak_os_init from the auxiliary vector. */
extern size_t hak_os_page;

void hak_os_init(void);

/* size bytes, page-aligned, zeroed; NULL when the kernel refuses. */
void *hak_os_map(size_t size);

/* The same at a multiple of align (a power of two >= the page size).  hint is
 * a wished address or NULL. */
void *hak_os_map_aligned(size_t size, size_t align, void *hint);

/* 0 or a negative errno; on failure the mapping stays. */
int hak_os_unmap(void *p, size_t size);

/* The new address (aligned to align) or NULL: then all is as it was.  NULL as
 * well for what is several mappings to the kernel, if it is to grow. */
void *hak_os_remap(void *p, size_t old_size, size_t new_size, size_t align);

/* Move the pages at p, all of one mapping, onto to, where new_size bytes are
 * mapped; 0 or a negative errno, then nothing has changed. */
int hak_os_move(void *p, size_t size, void *to, size_t new_size);

/* Grow or shrink where it stands; 0 or a negative errno. */
int hak_os_resize(void *p, size_t old_size, size_t new_size);

/* Give the memory behind p back.  lazily: MADV_FREE, contents undefined;
 * else MADV_DONTNEED.  0 or a negative errno. */
int hak_os_purge(void *p, size_t size, bool lazily);

/* True when a page given back has been seen to read as zero (emulators may
 * ignore MADV_DONTNEED). */
bool hak_os_purge_zeroes(void);

/* Whether the pages can be accessed; 0 or a negative errno. */
int hak_os_protect(void *p, size_t size, bool access);

int hak_os_hugepage(void *p, size_t size, bool want);

/* A page that reads as zero in a fork's child; NULL if not supported. */
void *hak_os_wipe_on_fork(void);

/* CLOCK_MONOTONIC_COARSE in milliseconds; 0 for ever after one failure. */
uint64_t hak_os_now_ms(void);
uint64_t hak_os_realtime_ns(void);

/* The n-th memory call from now fails; 0 switches this off. */
void hak_os_fail_at(unsigned n);
/* It and all after it fail. */
void hak_os_fail_from(unsigned n);

#endif /* HAK_OS_H */
