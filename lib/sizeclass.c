/* SPDX-License-Identifier: MIT */
#include "sizeclass.h"

#include "assert.h"

#define CLASS_BURST ((size_t)128 << 10) /* bytes of a cache at most */

struct hak_class hak_class[HAK_CLASSES];
uint8_t hak_class_tiny[HAK_TINY_MAX / 16 + 1];

static size_t class_bytes(unsigned cls)
{
	if (cls <= 8)
		return (size_t)cls * 16;
	unsigned step = (cls - 9) / 8; /* doublings above 128 */

	return (size_t)(9 + (cls - 9) % 8) << (step + 4);
}

/*
 * Slots of a slab: one while it holds 8 blocks; above that as many as give 8
 * blocks with at most an eighth of the slab unused.
 */
static unsigned class_slots(size_t size)
{
	unsigned n = 1;

	for (; n < 4; n++) {
		size_t bytes = n * HAK_SLOT_SIZE;

		if (bytes / size >= 8 && bytes % size <= bytes / 8)
			break;
	}
	return n;
}

/*
 * Most blocks in a thread's cache.  A working set that swings by more than
 * the cache holds goes through the bitmaps and touches pages that lay idle:
 * with 32 KiB a class, blocks of 1 to 8 KiB cost 2.2 times as much as with
 * 256 KiB, and those of 8 to 32 KiB twice as much and half as many pages
 * again as with 32 blocks.  Beyond 128 blocks nothing is won.
 */
static unsigned class_cache(size_t size)
{
	size_t n = ((size_t)256 << 10) / size;

	return (unsigned)(n > 128 ? 128 : n < 32 ? 32 : n);
}

/* ... and where all that a thread frees at a time fits into it. */
static unsigned class_burst(size_t size, unsigned usual)
{
	size_t n = CLASS_BURST / size;

	return (unsigned)(n > 2048 ? 2048 : n < usual ? usual : n);
}

void hak_sizeclass_init(void)
{
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++) {
		struct hak_class *c = &hak_class[cls];
		size_t size = class_bytes(cls);

		c->pub.block_size = (uint32_t)size;
		c->pub.slots = class_slots(size);
		c->pub.blocks = (uint32_t)(c->pub.slots * HAK_SLOT_SIZE / size);
		c->cache_usual = class_cache(size);
		c->pub.cache_blocks = class_burst(size, c->cache_usual);
		c->words = (c->pub.blocks + 63) / 64;
		c->magic = UINT64_MAX / size + 1;
		if (size <= HAK_TINY_MAX)
			for (size_t i = class_bytes(cls - 1) / 16 + 1;
			     i <= size / 16; i++)
				hak_class_tiny[i] = (uint8_t)cls;
	}
	hak_class_tiny[0] = 1;
}
