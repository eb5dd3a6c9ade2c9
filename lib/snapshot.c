/* SPDX-License-Identifier: MIT */
#include "snapshot.h"

#include "heap.h"
#include "os.h"
#include "sizeclass.h"
#include "stats.h"

#include <string.h>
#include <unistd.h>

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

/*
 * Added up with wrap-around: while writers go on, a class may seem to have
 * fewer blocks out than in.  Only sums are held to 0.
 */
struct stats_sums {
	uint64_t live; /* blocks */
	uint64_t live_bytes;
	uint64_t cached_bytes;
	uint64_t pending_bytes;
};

static void stats_add_bin(struct stats_sums *sums, struct hak_report_class *c,
			  const struct hakmem_stats_bin *b, unsigned cls,
			  uint64_t cached)
{
	uint64_t size = hak_class_size(cls);
	uint64_t live = b->filled - b->flushed - b->remote_freed - cached;

	sums->live += live;
	sums->live_bytes += live * size;
	sums->cached_bytes += cached * size;
	sums->pending_bytes += (b->remote_freed - b->drained) * size;
	if (!c)
		return;
	c->filled += b->filled;
	c->flushed += b->flushed;
	c->drained += b->drained;
	c->remote_freed += b->remote_freed;
	c->refills += b->refills;
	c->flushes += b->flushes;
	c->slabs += b->slabs;
	c->cached += cached;
	c->live += live;
}

static uint64_t stats_mallocs(const struct hakmem_stats_heap *h)
{
	const int32_t *countdown = (const void *)(uintptr_t)h->countdown;

	/* the pool's: those of harden.c */
	if (!countdown)
		return h->armed;
	return h->armed -
	       (uint64_t)(int64_t)__atomic_load_n(countdown, __ATOMIC_RELAXED);
}

static uint64_t stats_positive(uint64_t n)
{
	return (int64_t)n > 0 ? n : 0;
}

static void stats_sums(struct hakmem_stats *out, const struct stats_sums *sums)
{
	out->live_bytes = stats_positive(sums->live_bytes) +
			  out->boot_live_bytes + out->large_live_bytes +
			  out->huge_live_bytes;
	out->cached_bytes = stats_positive(sums->cached_bytes);
	out->pending_bytes = stats_positive(sums->pending_bytes);
	out->frees = stats_positive(out->mallocs - sums->live);
	out->mallocs += out->boot_mallocs + out->large_mallocs +
			out->huge_mallocs + out->nested_mallocs;
	out->frees += out->boot_frees + out->large_frees + out->huge_frees +
		      out->nested_mallocs - out->nested_live;
}

void hak_stats_collect(struct hakmem_stats *out,
		       struct hak_report_class *classes)
{
	const struct hakmem_stats_heap *h;
	struct stats_sums sums = { 0 };

	stats_copy(out);
	out->pid = (uint32_t)getpid();
	out->mallocs = 0;
	if (classes)
		memset(classes, 0, HAK_CLASSES * sizeof(*classes));
	h = (const void *)(uintptr_t)__atomic_load_n(&hak_stats.heaps,
						     __ATOMIC_ACQUIRE);
	for (; h; h = (const void *)(uintptr_t)h->next) {
		const struct hakmem_stats_bin *bins =
			(const void *)(uintptr_t)h->bins;

		out->mallocs += stats_mallocs(h);
		out->large_mallocs += h->large_served;
		out->large_frees += h->large_freed;
		out->large_live_bytes += h->large_bytes;
		out->registry_slots += h->registry_slots;
		sums.cached_bytes += h->large_kept_bytes;
		for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
			stats_add_bin(&sums, classes ? &classes[cls] : NULL,
				      &bins[cls], cls, stats_cached(h, cls));
	}
	for (unsigned cls = 1; classes && cls < HAK_CLASSES; cls++) {
		classes[cls].block_size = (uint32_t)hak_class_size(cls);
		classes[cls].live = stats_positive(classes[cls].live);
	}
	out->large_live_bytes = stats_positive(out->large_live_bytes);
	if (out->registry_peak < out->registry_slots)
		out->registry_peak = out->registry_slots;
	stats_sums(out, &sums);
}
