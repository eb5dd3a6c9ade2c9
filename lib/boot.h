/* SPDX-License-Identifier: MIT */
/*
 * boot.h - mixed slots: the first blocks of a process and of each thread
 *
 * Responsibility: small blocks for threads that have no heap (yet, or any
 * more).  A mixed slot holds blocks of any size to 32 KiB, in granules of 16
 * bytes, so that a small command touches the pages that it fills instead of
 * some for each size class, and thousands of idle threads share pages.
 *
 * Contract: takes the pool lock itself, except where noted.  Sizes to
 * HAK_BOOT_MAX; alignment 16.
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

#define HAK_BOOT_MAX HAK_MID_MAX /* what a heap serves */

void *hak_boot_alloc(size_t size);

/* false: the caller reports; *twice tells a double free from an invalid
 * one. */
bool hak_boot_free(void *p, bool *twice);

/* Usable bytes; 0: p is not the start of a live block. */
size_t hak_boot_size(const void *p);

/* In a fork's child, alone: drop lists that may be torn. */
void hak_boot_rebuild(void);

#endif /* HAK_BOOT_H */
