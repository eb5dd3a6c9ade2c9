/* SPDX-License-Identifier: MIT */
/*
 * sizeclass.h - from a size to a class and back
 *
 * Responsibility: block sizes, slab geometry and cache capacities of the
 * classes.  16-byte steps to 128, then 8 classes per doubling to 32 KiB, so
 * at most 12.5 % of a block is not asked for.
 *
 * Contract: pure arithmetic over tables that hak_sizeclass_init() fills once,
 * before any other function.  Sizes above HAK_MID_MAX have no class; asking
 * for one reads outside the table.
 *
 * Observable: struct hakmem_stats_class.
 *
 * Composable: no lock, no system call; safe anywhere after init.
 */
#ifndef HAK_SIZECLASS_H
#define HAK_SIZECLASS_H

#include "base.h"
#include "bits.h"

#include "hakmem/stats.h"

_Static_assert(HAKMEM_STATS_CLASSES == HAK_CLASSES, "one number of classes");

struct hak_class {
	struct hakmem_stats_class pub; /* const after init */
	uint32_t words; /* of the slab's bitmap */
	uint32_t cache_usual; /* as pub.cache_blocks, where no burst fits */
	/* ceil(2^64 / block size): offset * magic overflows to less than
	 * magic exactly when the offset is a multiple, and its high word is
	 * the quotient (Lemire, Kaser, Kurz 2019) */
	uint64_t magic;
};

extern struct hak_class hak_class[HAK_CLASSES];
/* Tiny: class by (size + 15) / 16. */
extern uint8_t hak_class_tiny[HAK_TINY_MAX / 16 + 1];

void hak_sizeclass_init(void);

/* 1024 < size <= 32 KiB */
static inline unsigned hak_class_of_mid(size_t size)
{
	unsigned log = hak_log2(size - 1);

	return (log - 10) * 8 + (unsigned)((size - 1) >> (log - 3)) + 25;
}

static inline unsigned hak_class_of(size_t size)
{
	if (size <= HAK_TINY_MAX)
		return hak_class_tiny[(size + 15) >> 4];
	return hak_class_of_mid(size);
}

static inline size_t hak_class_size(unsigned cls)
{
	return hak_class[cls].pub.block_size;
}

/*
 * The smallest class whose blocks hold size bytes at multiples of align, or 0.
 * Slabs begin at a slot, so block sizes decide: those of a doubling are the
 * multiples of a power of two, thus either all are multiples of align, or all
 * multiples of align are among them.
 */
static inline unsigned hak_class_of_aligned(size_t size, size_t align)
{
	size_t up = hak_round_up(size + !size, align);

	if (size > HAK_MID_MAX || up > HAK_MID_MAX)
		return 0;
	return hak_class_of(up);
}

static inline bool hak_is_block_start(size_t offset, uint64_t magic)
{
	return (uint64_t)offset * magic < magic;
}

static inline unsigned hak_block_index(size_t offset, uint64_t magic)
{
#ifdef __SIZEOF_INT128__
	return (unsigned)(((unsigned __int128)offset * magic) >> 64);
#else
	/* offset < 2^18: two halves of the product suffice */
	uint64_t low = (uint64_t)offset * (uint32_t)magic;

	return (unsigned)(((uint64_t)offset * (magic >> 32) + (low >> 32)) >>
			  32);
#endif
}

#endif /* HAK_SIZECLASS_H */
