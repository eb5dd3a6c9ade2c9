/* SPDX-License-Identifier: MIT */
#include "snapshot.h"

#include "heap.h"
#include "os.h"
#include "sizeclass.h"
#include "stats.h"

#include <string.h>

/* The readers outside see class_info as an array of the public part. */
static struct hakmem_stats_class stats_class[HAK_CLASSES];

void hak_stats_init(void)
{
	struct hakmem_stats *s = &hak_stats;

	for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
		stats_class[cls] = hak_class[cls].pub;
	s->major = HAKMEM_STATS_MAJOR;
	s->minor = HAKMEM_STATS_MINOR;
	s->size = sizeof(*s);
	memcpy(s->version, HAKMEM_STATS_VERSION, sizeof(HAKMEM_STATS_VERSION));
	s->class_size = sizeof(struct hakmem_stats_class);
	s->bin_size = sizeof(struct hakmem_stats_bin);
	s->heap_size = sizeof(struct hakmem_stats_heap);
	s->superslab_size = sizeof(struct hakmem_stats_superslab);
	s->mapping_size = sizeof(struct hakmem_stats_mapping);
	s->classes = HAK_CLASSES;
	s->pointer_size = sizeof(void *);
	s->cache_stride = sizeof(struct hak_cache);
	s->cache_top = offsetof(struct hak_cache, top);
	s->cache_base = offsetof(struct hak_cache, base);
	s->slab_stride = sizeof(struct hak_slab);
	s->slab_nfree = offsetof(struct hak_slab, nfree);
	s->page_size = (uint32_t)hak_os_page;
	s->slot_size = HAK_SLOT_SIZE;
	s->class_info = (uintptr_t)stats_class;
	/* release: who sees the magic sees a complete header */
	__atomic_store_n(&s->magic, HAKMEM_STATS_MAGIC, __ATOMIC_RELEASE);
}

/* Copy between two equal even values of seq; after some tries, as it is. */
static void stats_copy(struct hakmem_stats *out)
{
	for (int tries = 0; tries < 1000; tries++) {
		uint64_t seq =
			__atomic_load_n(&hak_stats.seq, __ATOMIC_ACQUIRE);

		memcpy(out, &hak_stats, sizeof(*out));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(seq & 1) &&
		    seq == __atomic_load_n(&hak_stats.seq, __ATOMIC_RELAXED))
			return;
	}
}

static uint64_t stats_cached(const struct hakmem_stats_heap *h, unsigned cls)
{
	const struct hak_cache *c = (const void *)(uintptr_t)h->caches;
	void **top, **base;

	if (!c)
		return 0;
	base = __atomic_load_n(&c[cls].base, __ATOMIC_RELAXED);
	top = __atomic_load_n(&c[cls].top, __ATOMIC_RELAXED);
	return top > base ? (uint64_t)(top - base) : 0;
}

static void stats_add_heap(struct hakmem_stats *out,
			   struct hak_report_class *sum,
			   const struct hakmem_stats_heap *h)
{
	const struct hakmem_stats_bin *bins = (const void *)(uintptr_t)h->bins;
	const int32_t *countdown = (const void *)(uintptr_t)h->countdown;

	if (countdown)
		out->mallocs += h->armed - (uint64_t)(int64_t)__atomic_load_n(
						   countdown, __ATOMIC_RELAXED);
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++) {
		struct hak_report_class *c = &sum[cls];

		c->filled += bins[cls].filled;
		c->flushed += bins[cls].flushed;
		c->drained += bins[cls].drained;
		c->remote_freed += bins[cls].remote_freed;
		c->refills += bins[cls].refills;
		c->flushes += bins[cls].flushes;
		c->slabs += bins[cls].slabs;
		c->cached += stats_cached(h, cls);
	}
}

static uint64_t stats_minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0; /* writers do not wait for us */
}

static void stats_sum_class(struct hakmem_stats *out,
			    struct hak_report_class *c, unsigned cls)
{
	uint64_t size = hak_class_size(cls);

	c->block_size = (uint32_t)size;
	c->live = stats_minus(c->filled,
			      c->flushed + c->remote_freed + c->cached);
	out->live_bytes += c->live * size;
	out->cached_bytes += c->cached * size;
	out->pending_bytes += stats_minus(c->remote_freed, c->drained) * size;
	out->frees -= c->live;
}

void hak_stats_collect(struct hakmem_stats *out,
		       struct hak_report_class *classes)
{
	/* one class at a time would walk the heaps 72 times; the sums are
	 * kept on the stack only when the caller has no room: 72 lines */
	static struct hak_report_class scratch[HAK_CLASSES];
	static uint32_t scratch_used;
	bool own = !classes &&
		   !__atomic_exchange_n(&scratch_used, 1, __ATOMIC_ACQUIRE);
	const struct hakmem_stats_heap *h;

	stats_copy(out);
	out->mallocs = 0;
	out->live_bytes = out->boot_live_bytes + out->large_live_bytes +
			  out->huge_live_bytes;
	out->cached_bytes = 0;
	out->pending_bytes = 0;
	out->frees = 0;
	if (own)
		classes = scratch;
	if (!classes)
		return;
	memset(classes, 0, HAK_CLASSES * sizeof(*classes));
	for (h = (const void *)(uintptr_t)__atomic_load_n(&hak_stats.heaps,
							  __ATOMIC_ACQUIRE);
	     h; h = (const void *)(uintptr_t)h->next)
		stats_add_heap(out, classes, h);
	out->frees = out->mallocs;
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
		stats_sum_class(out, &classes[cls], cls);
	out->mallocs += out->boot_mallocs + out->large_mallocs +
			out->huge_mallocs + out->nested_mallocs;
	out->frees += out->boot_frees + out->large_frees + out->huge_frees +
		      out->nested_mallocs - out->nested_live;
	if (own)
		__atomic_store_n(&scratch_used, 0, __ATOMIC_RELEASE);
}
