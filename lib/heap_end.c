/* SPDX-License-Identifier: MIT */
/*
 * heap_end.c - heaps without their thread
 *
 * hak_heap_dissolve takes one apart: what is free goes to its slabs, each slab
 * to the pool, which decides what is EMPTY.  hak_heap_recover mends one whose
 * thread a fork's child does not have, from bitmaps and keys.  Called by
 * thread.c alone, with the pool lock held or while a fork's child is mended,
 * which nobody else enters; so nothing that takes it may be called from here.
 */
#include "heap.h"

#include "bits.h"
#include "pool.h"
#include "slab.h"

static bool end_give_list(struct hak_heap *h, struct hak_slab **head)
{
	struct hak_slab *slab = *head;
	bool all = true;

	while (slab) {
		struct hak_slab *next = slab->next;
		enum hak_slab_list which = (enum hak_slab_list)slab->listed;

		hak_slab_unlink(head, slab);
		if (hak_pool_give(slab)) {
			h->stat[slab->cls].slabs--;
		} else {
			hak_slab_push(head, slab, which);
			all = false;
		}
		slab = next;
	}
	return all;
}

/* Pool lock held, which heap_retire would take: blocks are put back without
 * settling; the pool decides what is EMPTY. */
static void end_flush_locked(struct hak_heap *h)
{
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++) {
		struct hak_cache *c = &h->cache[cls];

		while (c->top > c->base) {
			void *p = *--c->top;
			struct hak_slab *slab = hak_registry_record(p);
			bool exact;
			unsigned i = hak_slab_index(slab, p, &exact);
			uint64_t bit = UINT64_C(1) << (i % 64);

			if ((hak_registry_get(p) & 0xffff0000u) == h->tag) {
				if (hak_slab_put(slab, i / 64, bit))
					hak_slab_twice(slab, i / 64, bit);
				h->stat[cls].flushed++;
			} else {
				h->stat[cls].remote_freed++;
				hak_remote_free(slab, i / 64, bit);
			}
		}
	}
	hak_outbox_flush(&h->outbox);
	h->pub.remote_out = 0;
}

bool hak_heap_dissolve(struct hak_heap *h)
{
	struct hak_slab *slab;
	bool all = true;

	end_flush_locked(h);
	for (slab = hak_inbox_take(&h->inbox); slab;) {
		struct hak_slab *next = hak_remote_dequeue(slab);

		h->stat[slab->cls].drained += hak_remote_collect(slab);
		slab = next;
	}
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++) {
		all &= end_give_list(h, &h->bin[cls].partial);
		all &= end_give_list(h, &h->bin[cls].full);
	}
	return all && !__atomic_load_n(&h->inbox.head, __ATOMIC_RELAXED);
}

/* Blocks in the cache of a thread that vanished are trusted only while they
 * carry the key of a free block; not at all when it was in a slow path, which
 * may have been moving them: an entry could then stand twice. */
static void end_recover_caches(struct hak_heap *h, bool busy)
{
	size_t used = 0;

	for (unsigned cls = 1; cls < HAK_CLASSES; cls++) {
		struct hak_cache *c = &h->cache[cls];
		unsigned cap = h->bin[cls].cap;
		bool shut = c->base == HAK_CACHE_SHUT;
		size_t n = 0;

		if (shut)
			c->base = c->limit; /* where its base was */
		for (void **e = c->base; e < c->top && !busy && !shut; e++) {
			void *p = *e;
			struct hak_slab *slab;
			bool exact;
			unsigned i;

			if (hak_word_class(hak_registry_get(p)) != cls ||
			    ((uintptr_t *)p)[1] != hak_heap_key(h, p))
				continue;
			slab = hak_registry_record(p);
			i = hak_slab_index(slab, p, &exact);
			if (exact && !hak_slab_has(slab, i))
				c->base[n++] = p;
		}
		c->top = c->base + n;
		c->limit = c->base + cap;
		if (!cap || c->base == h->bin[cls].burst)
			continue;
		if (cap > HAK_CACHE_SMALL)
			cap = hak_class[cls].cache_usual;
		if ((size_t)(c->base - h->entries) + cap > used)
			used = (size_t)(c->base - h->entries) + cap;
	}
	/* without the place that a growing cache had not moved to yet */
	h->entries_used = (uint32_t)used;
}

static void end_recover_slab(struct hak_heap *h, struct hak_slab *slab)
{
	struct hak_remote *r = hak_slab_remote(slab);
	unsigned n = slab->blocks - slab->carved;

	r->rstate &= ~HAK_RSTATE_QUEUED;
	slab->summary = 0;
	for (unsigned w = 0; w * 64 < slab->carved; w++) {
		if (slab->bits[w])
			slab->summary |= UINT64_C(1) << w;
		n += hak_popcount64(slab->bits[w]);
		if (r->bits[w])
			r->summary |= UINT64_C(1) << w;
	}
	slab->nfree = n;
	h->stat[slab->cls].drained += hak_remote_collect(slab);
	h->stat[slab->cls].slabs++;
	hak_heap_list(h, slab);
}

void hak_heap_recover(struct hak_heap *h)
{
	struct hak_superslab *ss = hak_ss_all;
	bool busy = h->busy != 0;

	h->inbox.head = NULL;
	h->busy = 0;
	hak_large_recover(&h->large, &h->pub);
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++) {
		h->bin[cls].partial = NULL;
		h->bin[cls].full = NULL;
		h->stat[cls].slabs = 0;
	}
	for (; ss; ss = (struct hak_superslab *)(uintptr_t)ss->pub.next)
		for (uint32_t m = ss->pub.base ? ss->pub.active : 0; m;
		     m &= m - 1) {
			unsigned slot = hak_ctz32(m);

			if (ss->pub.size_class[slot] &&
			    hak_rstate_owner(ss->remote[slot].rstate) ==
				    h->pub.tag)
				end_recover_slab(h, &ss->slab[slot]);
		}
	end_recover_caches(h, busy);
}
