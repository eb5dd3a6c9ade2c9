/* SPDX-License-Identifier: MIT */
/*
 * boot.h - mixed slots: the first blocks of a process and of each thread
 *
 * Responsibility: small blocks for threads that have no heap (yet, or any
 * more).  A mixed slot holds blocks of any size to 4 KiB, in granules of 16
 * bytes, so that a program like true(1) touches a page instead of one per
 * size class, and thousands of idle threads share pages.
 *
 * Contract: takes the pool lock itself, except where noted.  Sizes to
 * HAK_BOOT_MAX; alignment 16.  A larger size would need a search over most
 * of a slot, under the lock.
 *
 * Observable: boot_mallocs, boot_frees, boot_live_bytes.
 *
 * Composable: needs pool.h.  Frees are told by their registry kind and always
 * take the slow path.
 *
 * Two bits per granule, out of band: used, and start of a block.  A block ends
 * where the next one starts or an unused granule lies.
 */
#ifndef HAK_BOOT_H
#define HAK_BOOT_H

#include "base.h"

#define HAK_BOOT_MAX ((size_t)4096)

void *hak_boot_alloc(size_t size);

/* false: the caller reports; *twice tells a double free from an invalid
 * one. */
bool hak_boot_free(void *p, bool *twice);

/* Usable bytes; 0: p is not the start of a live block. */
size_t hak_boot_size(const void *p);

/* In a fork's child, alone: drop lists that may be torn. */
void hak_boot_rebuild(void);

#endif /* HAK_BOOT_H */
