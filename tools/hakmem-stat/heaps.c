/* SPDX-License-Identifier: MIT */
#include "heaps.h"

#include "layout.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Heaps read in one system call: five pieces each, of IOV_MAX = 1024. */
#define BATCH 128u
#define TRIES 8
#define COUNTDOWN_TRIES 200
#define RESTING 3

/* Where the parts of one heap are put. */
struct raw {
	struct hakmem_stats_heap pub;
	int32_t countdown;
	uint64_t armed_again;
	char *bins;
	char *caches;
};

struct reader {
	struct snapshot *snap;
	struct target *t;
	struct error *e;
	struct raw *raw; /* BATCH of them */
	size_t bins_size; /* bytes of one heap's */
	size_t caches_size;
	char *buf;
	uint64_t moving; /* sum of all counters of slow paths */
	uint64_t mallocs;
	bool unclear; /* a heap may have been in its heartbeat */
};

static uint64_t pointer_at(const char *at, unsigned size)
{
	uint64_t wide;
	uint32_t narrow;

	if (size == 8) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, at, sizeof(narrow));
	return narrow;
}

/* Blocks in a cache; more than it can hold is nonsense of a moment. */
static uint64_t cached_blocks(const struct snapshot *snap, const char *header,
			      unsigned cls)
{
	unsigned size = snap->s.pointer_size;
	uint64_t top = pointer_at(header + snap->s.cache_top, size);
	uint64_t base = pointer_at(header + snap->s.cache_base, size);

	return min_u64(minus(top, base) / size, snap->info[cls].cache_blocks);
}

static void bin_read(struct reader *r, struct heap *h, const struct raw *raw,
		     unsigned cls)
{
	struct snapshot *snap = r->snap;
	struct sums *sum = &h->sum, *class = &snap->class[cls];
	struct hakmem_stats_bin bin = { .filled = 0 };
	uint64_t cached = 0;

	memcpy(&bin, raw->bins + (size_t)cls * snap->s.bin_size,
	       min_u64(sizeof(bin), snap->s.bin_size));
	if (raw->pub.caches)
		cached = cached_blocks(
			snap, raw->caches + (size_t)cls * snap->s.cache_stride,
			cls);
	/* twice the same: once for the heap, once for the class */
	for (int i = 0; i < 2; i++, sum = class) {
		sum->filled += bin.filled;
		sum->flushed += bin.flushed;
		sum->drained += bin.drained;
		sum->remote_freed += bin.remote_freed;
		sum->refills += bin.refills;
		sum->flushes += bin.flushes;
		sum->slabs += bin.slabs;
		sum->cached += cached;
	}
	h->cached_bytes += cached * snap->info[cls].block_size;
	h->slab_bytes += snapshot_slab_bytes(snap, cls, bin.slabs);
	r->moving += bin.filled + bin.flushed + bin.drained + bin.remote_freed;
}

/* The state is that of the moment the pool was read. */
static void heap_read(struct reader *r, struct heap *h, const struct raw *raw)
{
	h->pub.armed = raw->pub.armed;
	h->pub.drains = raw->pub.drains;
	h->pub.remote_out = raw->pub.remote_out;
	h->pub.slow_mallocs = raw->pub.slow_mallocs;
	h->pub.slow_frees = raw->pub.slow_frees;
	h->pub.large_served = raw->pub.large_served;
	h->pub.large_kept = raw->pub.large_kept;
	h->pub.large_kept_bytes = raw->pub.large_kept_bytes;
	h->pub.large_freed = raw->pub.large_freed;
	h->pub.large_bytes = raw->pub.large_bytes;
	h->pub.registry_slots = raw->pub.registry_slots;
	memset(&h->sum, 0, sizeof(h->sum));
	h->cached_bytes = raw->pub.large_kept_bytes;
	h->slab_bytes = 0;
	/* the pool's has no countdown, and only hardened mallocs */
	h->mallocs = raw->pub.armed - (uint64_t)(int64_t)raw->countdown;
	r->mallocs += h->mallocs;
	/* the heartbeat changes both, one after the other, once the countdown
	 * is below 0 */
	if (raw->pub.countdown &&
	    (raw->countdown < 0 || raw->armed_again != raw->pub.armed))
		r->unclear = true;
	if (raw->pub.bins)
		for (unsigned cls = 1; cls < r->snap->classes; cls++)
			bin_read(r, h, raw, cls);
}

/* The addresses of a heap's parts are constant once it is linked. */
static enum status batch_read(struct reader *r, size_t first, size_t n)
{
	struct piece piece[BATCH * 5];
	struct heap *heap = &r->snap->heap[first];
	size_t k = 0;
	enum status status;

	for (size_t i = 0; i < n; i++) {
		struct raw *raw = &r->raw[i];
		const struct hakmem_stats_heap *pub = &heap[i].pub;

		raw->countdown = 0;
		piece[k++] = (struct piece){ heap[i].addr, &raw->pub,
					     min_u64(sizeof(raw->pub),
						     r->snap->s.heap_size) };
		if (pub->bins)
			piece[k++] = (struct piece){ pub->bins, raw->bins,
						     r->bins_size };
		if (pub->caches)
			piece[k++] = (struct piece){ pub->caches, raw->caches,
						     r->caches_size };
		if (!pub->countdown)
			continue;
		piece[k++] = (struct piece){ pub->countdown, &raw->countdown,
					     sizeof(raw->countdown) };
		piece[k++] = (struct piece){
			heap[i].addr +
				offsetof(struct hakmem_stats_heap, armed),
			&raw->armed_again, sizeof(raw->armed_again)
		};
	}
	status = target_readv(r->t, piece, k, r->e);
	for (size_t i = 0; i < n && status == STATUS_OK; i++) {
		const struct hakmem_stats_heap *pub = &heap[i].pub;

		if (pub->bins != r->raw[i].pub.bins ||
		    pub->caches != r->raw[i].pub.caches ||
		    pub->countdown != r->raw[i].pub.countdown)
			return layout_hostile(r->t, r->e, "heap that moves");
		heap_read(r, &heap[i], &r->raw[i]);
	}
	return status;
}

static enum status pass(struct reader *r)
{
	enum status status = STATUS_OK;

	memset(r->snap->class, 0, sizeof(r->snap->class));
	r->moving = 0;
	r->mallocs = 0;
	r->unclear = false;
	for (size_t i = 0; i < r->snap->heaps && status == STATUS_OK;
	     i += BATCH)
		status = batch_read(r, i, min_u64(BATCH, r->snap->heaps - i));
	return status;
}

/* Keep the figures of one pass while another is tried. */
struct kept {
	struct sums class[CLASSES_MAX];
	struct heap *heap;
	uint64_t moved;
};

static void keep(struct kept *k, const struct snapshot *snap, uint64_t moved)
{
	k->moved = moved;
	memcpy(k->class, snap->class, sizeof(k->class));
	memcpy(k->heap, snap->heap, snap->heaps * sizeof(*snap->heap));
}

static void restore(const struct kept *k, struct snapshot *snap)
{
	snap->moved = k->moved;
	memcpy(snap->class, k->class, sizeof(k->class));
	memcpy(snap->heap, k->heap, snap->heaps * sizeof(*snap->heap));
}

/*
 * Passes until two agree; else the one that moved least.  A thread that rests
 * just before its heartbeat is unclear for ever; one that is in it goes on
 * between two of some passes.
 */
static enum status settle(struct reader *r)
{
	struct snapshot *snap = r->snap;
	struct kept best = { .heap = xcalloc(snap->heaps, sizeof(*snap->heap)),
			     .moved = UINT64_MAX };
	enum status status = pass(r);
	int tries = 0, resting = 0;

	for (int i = 0; status == STATUS_OK && i < COUNTDOWN_TRIES &&
			!(i && target_late(r->t));
	     i++) {
		uint64_t moving = r->moving, mallocs = r->mallocs;
		bool unclear = r->unclear;

		status = pass(r);
		if (status != STATUS_OK)
			break;
		unclear |= r->unclear;
		if (r->moving == moving && r->mallocs == mallocs)
			resting++;
		else
			resting = 0;
		if ((!unclear || resting >= RESTING) &&
		    r->moving - moving < best.moved)
			keep(&best, snap, r->moving - moving);
		if (best.moved == 0 || (++tries >= TRIES && !unclear))
			break;
		snap->retries++;
	}
	if (status == STATUS_OK && best.moved != UINT64_MAX)
		restore(&best, snap);
	free(best.heap);
	return status;
}

static void reader_open(struct reader *r)
{
	const struct hakmem_stats *s = &r->snap->s;
	size_t batch = min_u64(BATCH, r->snap->heaps);
	size_t each;

	r->bins_size = (size_t)s->bin_size * s->classes;
	r->caches_size = (size_t)s->cache_stride * s->classes;
	each = r->bins_size + r->caches_size;
	r->raw = xcalloc(batch, sizeof(*r->raw));
	r->buf = xcalloc(batch, each);
	for (size_t i = 0; i < batch; i++) {
		r->raw[i].bins = r->buf + i * each;
		r->raw[i].caches = r->raw[i].bins + r->bins_size;
	}
}

enum status heaps_read(struct snapshot *snap, struct target *t, struct error *e)
{
	struct reader r = { .snap = snap, .t = t, .e = e };
	enum status status;

	reader_open(&r);
	status = settle(&r);
	free(r.raw);
	free(r.buf);
	return status;
}
