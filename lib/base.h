/* SPDX-License-Identifier: MIT */
/*
 * base.h - words, constants and attributes of every file
 *
 * Responsibility: the vocabulary.  Decides the geometry (slot, SuperSlab,
 * tier limits) and nothing at run time.
 *
 * Contract: includes only the C library's type headers; anyone may include
 * it.  Violation, for example a layer's own constant defined here, makes a
 * change in that layer rebuild and re-review everything.
 *
 * Observable: nothing.
 *
 * Composable: no state; safe anywhere.
 *
 * The words:
 *   SuperSlab  2 MiB of address space, 32 slots (the static first one: 8)
 *   slot       64 KiB; UNUSED, ACTIVE or EMPTY, changed by the pool alone
 *   slab       one or more slots that serve one size class
 *   block      one object of a slab
 *   tier       Tiny <= 1 KiB, Mid <= 32 KiB, Large <= 2 MiB, Huge above
 *   front      the per-thread heap: a cache of blocks per class
 *   tag        16-bit name of a heap in the registry
 */
#ifndef HAK_BASE_H
#define HAK_BASE_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef HAK_DEBUG
#define HAK_DEBUG 0
#endif
#ifndef HAK_MISUSE_CHECKS
#define HAK_MISUSE_CHECKS 1
#endif
#ifndef HAK_INTERPOSE
#define HAK_INTERPOSE 1
#endif

#define HAK_COLD __attribute__((noinline, cold))
#define HAK_NOINLINE __attribute__((noinline))
#define HAK_HIDDEN __attribute__((visibility("hidden"))) /* no GOT entry */
/*
 * Zero at start, and written by few programs, or in few places.  These lie behind
 * .bss (the name tells compilers that the file holds no bytes of it), so that
 * what every program writes at its start lies side by side, in two pages.
 */
#define HAK_SELDOM __attribute__((section(".sbss")))
#define HAK_SPARSE HAK_SELDOM __attribute__((aligned(4096)))
#define hak_likely(x) __builtin_expect(!!(x), 1)
#define hak_unlikely(x) __builtin_expect(!!(x), 0)

/* 64 bits that several threads write: aligned to 8 also on i386, or a cache
 * line may end within them. */
typedef uint64_t hak_u64 __attribute__((aligned(8)));

#define HAK_SLOT_SHIFT 16
#define HAK_SLOT_SIZE ((size_t)1 << HAK_SLOT_SHIFT)
#define HAK_SS_SHIFT 21
#define HAK_SS_SIZE ((size_t)1 << HAK_SS_SHIFT)
#define HAK_SS_SLOTS 32u
#define HAK_FIRST_SLOTS 8u /* slots of the static first SuperSlab */

#define HAK_TINY_MAX ((size_t)1024)
#define HAK_MID_MAX ((size_t)32768)
#define HAK_LARGE_MAX HAK_SS_SIZE

#define HAK_ALIGNMENT ((size_t)16)
#define HAK_CACHE_LINE 64
#define HAK_CLASSES 73u /* class 0 is never used */
#define HAK_TINY_CLASSES 33u /* classes 1..32 are Tiny */

/* Neighbouring lines are fetched in pairs: what two threads write is kept
 * this far apart. */
#define HAK_APART 128

static inline size_t hak_round_up(size_t n, size_t to)
{
	return (n + to - 1) & ~(to - 1);
}

static inline bool hak_is_pow2(size_t n)
{
	return n && (n & (n - 1)) == 0;
}

#endif /* HAK_BASE_H */
