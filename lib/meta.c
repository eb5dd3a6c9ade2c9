/* SPDX-License-Identifier: MIT */
#include "meta.h"

#include "assert.h"
#include "bits.h"
#include "os.h"
#include "stats.h"

static char *meta_next; /* pool lock */
static char *meta_end; /* pool lock */
static uint64_t *meta_bitmaps[8]; /* pool lock; by log2 of words */

static bool meta_chunk(void)
{
	char *p = hak_os_map(HAK_META_CHUNK);
	struct hakmem_stats_mapping *m = (void *)p;

	if (!p)
		return false;
	/* neighbouring mappings merge; THP=always would then make huge pages
	 * of memory that is touched a line at a time */
	hak_os_hugepage(p, HAK_META_CHUNK, false);
	m->base = (uintptr_t)p;
	m->size = HAK_META_CHUNK;
	m->kind = HAKMEM_MAPPING_META;
	hak_stats_mapping(m);
	/* a fork's child never finds the start of one and the end of another */
	meta_end = NULL;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	meta_next = p + sizeof(*m);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	meta_end = p + HAK_META_CHUNK;
	return true;
}

/* Small records from the start of the chunk, side by side, and from its end
 * those of pages, which are seldom written all over. */
static char *meta_take(size_t size, size_t align)
{
	uintptr_t next = (uintptr_t)meta_next, end = (uintptr_t)meta_end;
	uintptr_t p = size < HAK_META_SMALL ? hak_round_up(next, align)
					    : (end - size) & ~(align - 1);

	if (end < size || p < next || p > end - size)
		return NULL;
	if (size < HAK_META_SMALL)
		meta_next = (char *)p + size;
	else
		meta_end = (char *)p;
	return (char *)p;
}

void *hak_meta_alloc(size_t size, size_t align)
{
	char *p = meta_take(size, align);

	hak_assert(hak_is_pow2(align) && align <= HAK_META_ALIGN &&
		   size <= HAK_META_MAX);
	if (!p && (!meta_chunk() || !(p = meta_take(size, align))))
		return NULL;
	hak_stats.meta_bytes += size;
	return p;
}

uint64_t *hak_meta_bitmap_get(unsigned words)
{
	unsigned kind = words > 1 ? hak_log2(words - 1) + 1 : 0;
	uint64_t *bits = meta_bitmaps[kind];

	if (!bits) {
		size_t size = sizeof(*bits) << kind;

		/* a remote freer writes here: no line shared by two slabs
		 * where the bitmap fills one */
		return hak_meta_alloc(
			size, size < HAK_CACHE_LINE ? size : HAK_CACHE_LINE);
	}
	meta_bitmaps[kind] = (uint64_t *)(uintptr_t)bits[0];
	return bits;
}

void hak_meta_bitmap_put(uint64_t *bits, unsigned words)
{
	unsigned kind = words > 1 ? hak_log2(words - 1) + 1 : 0;

	bits[0] = (uintptr_t)meta_bitmaps[kind];
	meta_bitmaps[kind] = bits;
}
