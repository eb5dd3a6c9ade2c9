/* SPDX-License-Identifier: MIT */
#include "snapshot.h"

#include "heaps.h"
#include "layout.h"
#include "slots.h"
#include "threads.h"

#include <stdlib.h>
#include <string.h>

#define SECONDS_MAX 3

uint64_t snapshot_slab_bytes(const struct snapshot *snap, unsigned cls,
			     uint64_t slabs)
{
	return slabs * snap->info[cls].slots * snap->s.slot_size;
}

static void sums_add(struct sums *to, const struct sums *from)
{
	to->filled += from->filled;
	to->flushed += from->flushed;
	to->drained += from->drained;
	to->remote_freed += from->remote_freed;
	to->refills += from->refills;
	to->flushes += from->flushes;
	to->slabs += from->slabs;
	to->cached += from->cached;
	to->live += from->live;
	to->pending += from->pending;
}

/* What hakmem_stats_get() does within the process. */
static void snapshot_sum(struct snapshot *snap)
{
	struct hakmem_stats *s = &snap->s;
	uint64_t heap_mallocs = 0;

	memset(&snap->total, 0, sizeof(snap->total));
	s->cached_bytes = 0;
	s->pending_bytes = 0;
	for (size_t i = 0; i < snap->heaps; i++) {
		const struct hakmem_stats_heap *h = &snap->heap[i].pub;

		heap_mallocs += snap->heap[i].mallocs;
		s->large_mallocs += h->large_served;
		s->large_frees += h->large_freed;
		s->large_live_bytes += h->large_bytes;
		s->registry_slots += h->registry_slots;
		s->cached_bytes += h->large_kept_bytes;
	}
	if ((int64_t)s->large_live_bytes < 0)
		s->large_live_bytes = 0;
	if (s->registry_peak < s->registry_slots)
		s->registry_peak = s->registry_slots;
	s->live_bytes =
		s->boot_live_bytes + s->large_live_bytes + s->huge_live_bytes;
	for (unsigned cls = 1; cls < snap->classes; cls++) {
		struct sums *c = &snap->class[cls];
		uint64_t size = snap->info[cls].block_size;

		c->live = minus(c->filled,
				c->flushed + c->remote_freed + c->cached);
		c->pending = minus(c->remote_freed, c->drained);
		s->live_bytes += c->live * size;
		s->cached_bytes += c->cached * size;
		s->pending_bytes += c->pending * size;
		sums_add(&snap->total, c);
	}
	s->mallocs = heap_mallocs + s->boot_mallocs + s->large_mallocs +
		     s->huge_mallocs + s->nested_mallocs;
	s->frees = minus(heap_mallocs, snap->total.live) + s->boot_frees +
		   s->large_frees + s->huge_frees +
		   minus(s->nested_mallocs, s->nested_live);
}

enum status snapshot_take(struct snapshot *snap, struct target *t,
			  unsigned want, struct error *e)
{
	enum status status;

	snap->pid = t->pid;
	memcpy(snap->name, t->name, sizeof(snap->name));
	snap->retries = 0;
	snap->moved = 0;
	target_hurry(t, SECONDS_MAX);
	status = layout_header(snap, t, e);
	if (status == STATUS_OK)
		status = slots_read(snap, t, want, e);
	if (status == STATUS_OK)
		status = layout_classes(snap, t, e);
	if (status == STATUS_OK)
		status = heaps_read(snap, t, e);
	if (status == STATUS_OK && (want & WANT_OPTIONS))
		status = layout_options(snap, t, e);
	if (status != STATUS_OK)
		return status;
	snap->time = target_time(t);
	snap->rss = t->core ? 0 : procfs_rss(t->dir);
	if (want & WANT_THREADS)
		threads_name(snap, t);
	snapshot_sum(snap);
	return STATUS_OK;
}

void snapshot_free(struct snapshot *snap)
{
	free(snap->heap);
	free(snap->ss);
	free(snap->mapping);
	free(snap->options);
	memset(snap, 0, sizeof(*snap));
}

void snapshot_figures(const struct snapshot *snap, struct figures *f)
{
	const struct hakmem_stats *s = &snap->s;
	uint64_t in_slots = s->slots_active * s->slot_size;
	uint64_t used = minus(s->live_bytes, s->huge_live_bytes);

	f->live = s->live_bytes;
	f->cached = s->cached_bytes + s->pending_bytes;
	f->reclaim = s->empty_bytes;
	f->frag = minus(in_slots, used + f->cached + s->hole_bytes);
	f->meta = s->meta_bytes;
	f->ours = f->live + f->cached + f->reclaim + f->frag + f->meta;
	if (snap->rss)
		f->ours = min_u64(f->ours, snap->rss);
	f->mallocs = s->mallocs;
	f->frees = s->frees;
	f->objects = minus(s->mallocs, s->frees);
	f->refills = snap->total.refills;
	f->flushes = snap->total.flushes;
	f->remote = snap->total.remote_freed;
	f->purged = s->purged_bytes;
}
