/* SPDX-License-Identifier: MIT */
#include "heap.h"

#include "assert.h"
#include "bits.h"
#include "meta.h"
#include "options.h"
#include "os.h"
#include "pool.h"
#include "purge.h"
#include "stats.h"
#include "thread.h"

#include <string.h>

#define HEAP_SMALL_PROCESS ((uint64_t)4 << 20)
#define HEAP_OUTBOX_MAX 256u
#define HEAP_NEARLY_EMPTY 32u /* this part of it is live, and one block */
#define HEAP_ONLY_FREES 3u /* flushes without a refill */
#define HEAP_STRAIGHT (128u << 10) /* bytes flushed without a refill */
#define HEAP_PUNCH_CALLS 512u /* about 1 ms */
#define HEAP_RECLAIM_STEP 32u /* part of the memory in use */

HAK_SPARSE struct hak_heap hak_heap_none;
HAK_SPARSE struct hak_heap hak_heap_dead;
__thread struct hak_tls hak_tls;
uint32_t hak_heap_offset[HAK_TINY_MAX / 16 + 1];
uint32_t hak_heap_offset_mid[HAK_MID_MAX / 128 + 1];
uintptr_t hak_heap_secret;
struct hak_heap *hak_heap_all; /* pool lock; atomic for readers */

static uint32_t heap_tags = HAK_TAG_POOL; /* pool lock; last one given */

/* ---- start ----------------------------------------------------------- */

/* relaxed: partner is hak_heap_load */
static void heap_set_offset(uint32_t *offset, unsigned cls)
{
	__atomic_store_n(offset, (uint32_t)cls << HAK_WORD_CLASS_SHIFT,
			 __ATOMIC_RELAXED);
}

void hak_heap_init(uintptr_t secret)
{
	unsigned entries = 0;

	for (size_t i = 0; i <= HAK_TINY_MAX / 16; i++)
		heap_set_offset(&hak_heap_offset[i], hak_class_tiny[i]);
	for (size_t i = HAK_TINY_MAX / 128 + 1; i <= HAK_MID_MAX / 128; i++)
		heap_set_offset(&hak_heap_offset_mid[i],
				hak_class_of_mid(i * 128));
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
		entries += HAK_CACHE_SMALL + hak_class[cls].cache_usual;
	hak_assert(entries <= HAK_HEAP_ENTRIES);
	hak_heap_secret = secret;
	hak_pool_collect = hak_remote_collect;
}

struct hak_heap *hak_heap_new(void)
{
	struct hak_heap *h;

	if (heap_tags == 0xffff)
		return NULL;
	h = hak_meta_alloc(sizeof(*h), 4096);
	if (!h || !hak_inbox_register(heap_tags + 1, &h->inbox))
		return NULL;
	heap_tags++;
	h->tag = heap_tags << HAK_WORD_TAG_SHIFT;
	h->secret = hak_heap_secret;
	h->countdown = HAK_HEARTBEAT;
	h->small = 1;
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
		h->cache[cls].magic = hak_class[cls].magic;
	h->pub.tag = heap_tags;
	h->pub.armed = HAK_HEARTBEAT;
	h->pub.caches = (uintptr_t)h->cache;
	h->pub.bins = (uintptr_t)h->stat;
	h->pub.countdown = (uintptr_t)&h->countdown;
	h->next_all = hak_heap_all;
	h->pub.next = hak_stats.heaps;
	hak_heap_all = h;
	/* release: another process walks the list without a lock */
	__atomic_store_n(&hak_stats.heaps, (uintptr_t)&h->pub,
			 __ATOMIC_RELEASE);
	hak_stats_change(&hak_stats.heaps_total, 1);
	return h;
}

/* ---- caches ------------------------------------------------------------ */

/*
 * While a slow path moves a cache's blocks, a handler that interrupts it must
 * neither take one nor put one there: it goes the slow way, and finds the heap
 * busy.  Each of the two stores shuts a direction whatever top is; top is read
 * after them, for a handler may move it until then.
 */
static struct hak_cache heap_close(struct hak_cache *c)
{
	struct hak_cache own = *c;

	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* busy comes first */
	c->limit = own.base;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	c->base = HAK_CACHE_SHUT;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	own.top = c->top;
	return own;
}

static void heap_open(struct hak_cache *c, const struct hak_cache *own)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	c->top = own->top;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	c->base = own->base;
	c->limit = own->limit;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* The blocks of a cache that is closed, to a place of more entries. */
static void heap_move(struct hak_cache *own, void **place)
{
	size_t n = (size_t)(own->top - own->base);

	if (n)
		memcpy(place, own->base, n * sizeof(*place));
	own->base = place;
	own->top = place + n;
}

/*
 * A cache begins with a few entries, then moves to its own place in entries[]
 * and doubles there.  In a fork's child that finds it half done, cap is not
 * more than what base has room for: it is written last.
 */
static void heap_grow(struct hak_heap *h, unsigned cls)
{
	struct hak_cache *c = &h->cache[cls];
	struct hak_bin *b = &h->bin[cls];
	struct hak_cache own = heap_close(c);
	unsigned full = hak_class[cls].cache_usual;
	unsigned cap = b->cap * 2u > full ? full : b->cap * 2u;

	if (b->cap <= HAK_CACHE_SMALL) {
		heap_move(&own, &h->entries[h->entries_used]);
		h->entries_used += b->cap ? full : HAK_CACHE_SMALL;
	}
	if (!cap)
		cap = HAK_CACHE_SMALL;
	own.limit = own.base + cap;
	heap_open(c, &own);
	b->cap = (uint16_t)cap;
}

/*
 * The blocks that were flushed since the last refill are about to be fetched
 * again.  A cache that would have held them all is worth more than its memory:
 * the next such burst passes no slab.  False: they are too many.
 */
static bool heap_hold_burst(struct hak_heap *h, unsigned cls)
{
	struct hak_cache *c = &h->cache[cls];
	struct hak_bin *b = &h->bin[cls];
	unsigned most = hak_class[cls].pub.cache_blocks, cap = b->cap + b->away;
	struct hak_cache own;

	/* one flush may be chance: a working set that swings */
	if (!b->empties || cap <= hak_class[cls].cache_usual || cap > most ||
	    (b->empties == 1 && c->base != b->burst))
		return false;
	if (!b->burst) {
		hak_pool_enter();
		b->burst =
			hak_meta_alloc(most * sizeof(void *), HAK_CACHE_LINE);
		hak_pool_leave();
		if (!b->burst)
			return false;
	}
	own = heap_close(c);
	if (own.base != b->burst)
		heap_move(&own, b->burst);
	/* the next one may be a little longer */
	cap += cap / 4;
	cap = cap > most ? most : cap;
	own.limit = own.base + cap;
	heap_open(c, &own);
	b->cap = (uint16_t)cap;
	return true;
}

/*
 * Is a larger cache worth its memory?  Up to HAK_CACHE_BURST bytes it pays by
 * fetching and returning more at once; beyond, only where blocks go to and
 * fro, so that they would have been found in it.
 */
static bool heap_may_grow(const struct hak_bin *b, unsigned cls,
			  bool to_and_fro)
{
	if (b->cap >= hak_class[cls].cache_usual)
		return false;
	return to_and_fro || b->cap * hak_class_size(cls) < HAK_CACHE_BURST;
}

/*
 * Blocks to fetch: a first use takes what lies in one page; a class that is
 * only refilled (a burst of mallocs) is filled whole, one that goes both ways
 * to the middle, so that neither direction meets the end soon.
 */
static unsigned heap_want(const struct hak_bin *b, unsigned cls)
{
	unsigned usual = hak_class[cls].cache_usual;
	unsigned cap = b->cap > usual ? usual : b->cap;

	if (b->fills > 1)
		return cap;
	return cap > 1 ? cap / 2u : 1;
}

/* ---- slabs of the heap -------------------------------------------------- */

void hak_heap_list(struct hak_heap *h, struct hak_slab *slab)
{
	struct hak_bin *b = &h->bin[slab->cls];

	if (slab->nfree)
		hak_slab_push(&b->partial, slab, HAK_SLAB_PARTIAL);
	else
		hak_slab_push(&b->full, slab, HAK_SLAB_FULL);
}

static void heap_unlist(struct hak_heap *h, struct hak_slab *slab)
{
	struct hak_bin *b = &h->bin[slab->cls];

	hak_slab_unlink(slab->listed == HAK_SLAB_FULL ? &b->full : &b->partial,
			slab);
}

static bool heap_retire(struct hak_heap *h, struct hak_slab *slab)
{
	unsigned cls = slab->cls; /* another's, once it is gone */
	bool gone;

	heap_unlist(h, slab);
	hak_pool_enter();
	gone = hak_pool_slab_retire(slab);
	if (gone)
		hak_purge_edge();
	hak_pool_leave();
	if (gone)
		h->stat[cls].slabs--;
	else
		hak_heap_list(h, slab);
	return gone;
}

/* After blocks came back: list the slab where it belongs.  An empty one goes
 * to the pool unless it is the last with free blocks. */
static HAK_NOINLINE void heap_settle(struct hak_heap *h, struct hak_slab *slab)
{
	struct hak_bin *b = &h->bin[slab->cls];

	if (slab->listed == HAK_SLAB_FULL) {
		hak_slab_unlink(&b->full, slab);
		hak_slab_push(&b->partial, slab, HAK_SLAB_PARTIAL);
	}
	if (slab->nfree == slab->blocks && (b->partial != slab || slab->next))
		heap_retire(h, slab);
}

/* Holes came or went: frees of the slab's blocks take another path. */
static void heap_relabel(const struct hak_heap *h, struct hak_slab *slab)
{
	hak_pool_enter();
	hak_pool_slab_words(slab, h->pub.tag);
	hak_pool_leave();
}

static bool heap_nearly_empty(const struct hak_slab *slab, unsigned live)
{
	return live <= slab->blocks / HEAP_NEARLY_EMPTY + 1;
}

/*
 * The slab has become nearly empty.  Its pages without a live block are given
 * back without waiting for a decay, for the program may never call again; but
 * only when some others have become so, because most slabs on their way down
 * are empty by then.  Not where other threads have heaps: each of the calls
 * would interrupt the processors that they run on.
 */
static HAK_NOINLINE void heap_edge(struct hak_heap *h, struct hak_slab *slab)
{
	struct hak_slab **place = &h->edge[h->edge_turn++ % HAK_HEAP_EDGE];
	struct hak_slab *old = *place;
	unsigned calls = HEAP_PUNCH_CALLS;

	*place = slab;
	/* it may be another heap's by now, or another slab of this one */
	if (old &&
	    hak_rstate_owner(__atomic_load_n(&hak_slab_remote(old)->rstate,
					     __ATOMIC_RELAXED)) == h->pub.tag &&
	    old->nfree != old->blocks &&
	    heap_nearly_empty(old, old->blocks - old->nfree) &&
	    __atomic_load_n(&hak_stats.heaps_live, __ATOMIC_RELAXED) < 2 &&
	    hak_purge_holes() && hak_slab_punch(old, &calls))
		heap_relabel(h, old);
}

/* n blocks are free again, whose bits are 0 yet.  false: nothing was done, for
 * this slab may have to be listed anew. */
static inline bool heap_set(struct hak_heap *h, struct hak_slab *slab,
			    unsigned w, uint64_t bits, unsigned n)
{
	if (hak_unlikely(
		    slab->listed == HAK_SLAB_FULL ||
		    heap_nearly_empty(slab, slab->blocks - slab->nfree - n)))
		return false;
	hak_slab_add(slab, w, bits, n);
	h->stat[slab->cls].flushed += n;
	return true;
}

static HAK_NOINLINE void heap_put_slow(struct hak_heap *h,
				       struct hak_slab *slab, unsigned w,
				       uint64_t bits)
{
	unsigned had = slab->blocks - slab->nfree, live;
	uint64_t twice = hak_slab_put(slab, w, bits);

	if (hak_unlikely(twice))
		hak_slab_twice(slab, w, twice & bits);
	live = slab->blocks - slab->nfree;
	h->stat[slab->cls].flushed += had - live;
	if (slab->listed == HAK_SLAB_FULL || !live)
		heap_settle(h, slab);
	if (live && heap_nearly_empty(slab, live) &&
	    !heap_nearly_empty(slab, had))
		heap_edge(h, slab);
}

static void heap_put(struct hak_heap *h, struct hak_slab *slab, unsigned w,
		     uint64_t bits)
{
	unsigned last = w * 64 + 63 - (unsigned)__builtin_clzll(bits);
	unsigned n = bits & (bits - 1) ? hak_popcount64(bits) : 1;

	if (hak_unlikely(last >= slab->carved || slab->bits[w] & bits ||
			 !heap_set(h, slab, w, bits, n)))
		heap_put_slow(h, slab, w, bits);
}

void hak_heap_push_remote(struct hak_heap *h, struct hak_slab *slab,
			  unsigned index)
{
	hak_outbox_free(&h->outbox, slab, index / 64,
			UINT64_C(1) << (index % 64));
	h->stat[slab->cls].remote_freed++;
	if (h->outbox.blocks >= HEAP_OUTBOX_MAX)
		hak_outbox_flush(&h->outbox);
	if (h->stat[slab->cls].remote_freed % HAK_REMOTE_MANY == 0)
		hak_thread_drain_orphans();
	h->pub.remote_out = h->outbox.blocks;
}

/*
 * Blocks of one class go back to their slabs, those of the same bitmap word in
 * one step.  The owner is read for each slab: one that was adopted, or of
 * another heap (FOREIGN_REUSE), is reached the remote way.
 */
static void heap_put_blocks(struct hak_heap *h, unsigned cls, void **block,
			    size_t n)
{
	uint64_t magic = hak_class[cls].magic;
	size_t size = hak_class[cls].pub.slots * HAK_SLOT_SIZE;
	struct hak_slab *slab = NULL;
	uintptr_t base = 0; /* of slab, which has live blocks left */
	uint64_t bits = 0;
	unsigned w = 0;
	bool own = false;

	for (size_t i = 0; i < n; i++) {
		size_t offset = (uintptr_t)block[i] - base;
		unsigned index;
		uint64_t bit;

		if (offset >= size) {
			if (bits)
				heap_put(h, slab, w, bits);
			bits = 0;
			slab = hak_registry_record(block[i]);
			base = (uintptr_t)slab->base;
			offset = (uintptr_t)block[i] - base;
			own = (hak_registry_get(block[i]) & 0xffff0000u) ==
			      h->tag;
		}
		index = hak_block_index(offset, magic);
		if (hak_unlikely(!own)) {
			hak_heap_push_remote(h, slab, index);
			continue;
		}
		bit = UINT64_C(1) << (index % 64);
		if (bits && index / 64 != w) {
			heap_put(h, slab, w, bits);
			bits = 0;
		}
		if (hak_unlikely(bits & bit))
			hak_slab_twice(slab, w, bit);
		w = index / 64;
		bits |= bit;
	}
	if (bits)
		heap_put(h, slab, w, bits);
}

/* ---- flush --------------------------------------------------------------- */

/*
 * The oldest blocks leave.  The cache is closed until they have gone, or a
 * fork's child could find a block there that is free in its slab as well.
 */
void hak_heap_flush(struct hak_heap *h, unsigned cls, unsigned keep)
{
	struct hak_cache *c = &h->cache[cls];
	struct hak_cache own = heap_close(c);
	size_t all = (size_t)(own.top - own.base);

	if (all > keep) {
		heap_put_blocks(h, cls, own.base, all - keep);
		memmove(own.base, own.top - keep, keep * sizeof(*own.base));
		own.top = own.base + keep;
	}
	heap_open(c, &own);
}

void hak_heap_flush_all(struct hak_heap *h)
{
	h->busy++;
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
		hak_heap_flush(h, cls, 0);
	hak_large_drop(&h->large, &h->pub);
	hak_outbox_flush(&h->outbox);
	h->pub.remote_out = 0;
	h->busy--;
}

/* Bytes in all caches, against the bound: the largest share goes first. */
static void heap_bound(struct hak_heap *h)
{
	size_t total = 0;

	for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
		total += (size_t)(h->cache[cls].top - h->cache[cls].base) *
			 hak_class_size(cls);
	for (unsigned cls = HAK_CLASSES - 1; cls && total > hak_opt.cache_max;
	     cls--) {
		size_t n = (size_t)(h->cache[cls].top - h->cache[cls].base);

		if (n < 2)
			continue;
		hak_heap_flush(h, cls, (unsigned)n / 2);
		total -= (n - n / 2) * hak_class_size(cls);
	}
}

/*
 * Half leaves at first, three quarters when no refill came in between.  Where
 * blocks only ever come, each kept one would hold on to a slab: the cache
 * becomes small, is emptied, and closed until the next refill.  Frees then go
 * to the slab's bitmap.  They need not look at the block, which is in no
 * cache, nor mark it: where many are freed at once most have left the
 * processor's caches, and waiting for them is what such frees cost.
 */
static void heap_overflow(struct hak_heap *h, unsigned cls)
{
	struct hak_cache *c = &h->cache[cls];
	struct hak_bin *b = &h->bin[cls];
	unsigned n = (unsigned)(c->top - c->base), keep = 0;

	if (++b->empties <= HEAP_ONLY_FREES)
		keep = b->cap / (b->empties > 1 ? 4u : 2u);
	b->away += n > keep ? n - keep : 0;
	hak_heap_flush(h, cls, keep);
	if (keep)
		return;
	b->empties = HEAP_ONLY_FREES;
	if (b->cap > 2 * HAK_CACHE_SMALL) {
		b->cap = 2 * HAK_CACHE_SMALL;
		c->limit = c->base + b->cap;
	}
	if (b->away * hak_class_size(cls) >= HEAP_STRAIGHT)
		c->limit = c->base;
}

static bool heap_is_closed(const struct hak_cache *c, const struct hak_bin *b)
{
	return b->cap && c->limit == c->base;
}

void hak_heap_push(struct hak_heap *h, unsigned cls, void *p)
{
	struct hak_cache *c = &h->cache[cls];
	struct hak_bin *b = &h->bin[cls];

	if (c->top >= c->limit) {
		h->busy++;
		h->stat[cls].flushes++;
		if (!b->cap ||
		    (b->fills && b->cap < hak_class[cls].cache_usual))
			heap_grow(h, cls);
		b->fills = 0;
		if (c->top >= c->limit)
			heap_overflow(h, cls);
		if ((h->stat[cls].flushes & 15) == 0)
			heap_bound(h);
		if (hak_purge_due())
			hak_heap_tick(h);
		if (heap_is_closed(c, b)) {
			heap_put_blocks(h, cls, &p, 1);
			h->busy--;
			return;
		}
		h->busy--;
	}
	*c->top = p;
	c->top++;
}

/* Where the pool may be needed; false: a handler that interrupted it cannot
 * have it. */
static HAK_NOINLINE bool heap_put_pool(struct hak_heap *h,
				       struct hak_slab *slab, unsigned w,
				       uint64_t bit)
{
	if (hak_pool_mine())
		return false;
	if (!slab->keyless) {
		slab->keyless = true;
		heap_relabel(h, slab);
		/* once a slab, where flushes no longer come by */
		if (hak_purge_due())
			hak_heap_tick(h);
	}
	heap_put_slow(h, slab, w, bit);
	return true;
}

bool hak_heap_put(struct hak_heap *h, const void *p, unsigned index)
{
	struct hak_slab *slab = hak_registry_record(p);
	unsigned w = index / 64;
	uint64_t bit = UINT64_C(1) << (index % 64);
	bool put = true;

	/* on its way from another thread it has a key */
	if (hak_unlikely(index >= slab->carved || slab->bits[w] & bit ||
			 (hak_remote_waits(slab) &&
			  ((const uintptr_t *)p)[1] == hak_heap_key(h, p))))
		return false;
	h->busy++;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (hak_unlikely(!slab->keyless || !heap_set(h, slab, w, bit, 1)))
		put = heap_put_pool(h, slab, w, bit);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	h->busy--;
	return put;
}

/* The keys are written when that costs no more than the frees that had to
 * take the slow path for want of them. */
void hak_heap_rekey(struct hak_heap *h, struct hak_slab *slab)
{
	struct hak_bin *b = &h->bin[slab->cls];
	size_t size = hak_class_size(slab->cls);

	if (slab->holes || !slab->keyless || ++b->unkeyed <= slab->nfree)
		return;
	b->unkeyed = 0;
	h->busy++;
	for (unsigned w = 0; w * 64 < slab->carved; w++)
		for (uint64_t m = slab->bits[w]; m; m &= m - 1) {
			char *p = slab->base + (w * 64 + hak_ctz64(m)) * size;

			((uintptr_t *)(void *)p)[1] = hak_heap_key(h, p);
		}
	slab->keyless = false;
	heap_relabel(h, slab);
	h->busy--;
}

/* ---- refill --------------------------------------------------------------- */

void hak_heap_drain(struct hak_heap *h)
{
	struct hak_slab *slab = hak_inbox_take(&h->inbox);

	if (!slab)
		return;
	h->pub.drains++;
	while (slab) {
		struct hak_slab *next = hak_remote_dequeue(slab);
		unsigned n = hak_remote_collect(slab);

		h->stat[slab->cls].drained += n;
		if (n)
			heap_settle(h, slab);
		slab = next;
	}
}

void hak_heap_drain_orphan(struct hak_heap *h)
{
	struct hak_slab *slab = hak_inbox_take(&h->inbox);

	while (slab) {
		struct hak_slab *next = hak_remote_dequeue(slab);

		h->stat[slab->cls].drained += hak_remote_collect(slab);
		heap_unlist(h, slab);
		if (slab->nfree == slab->blocks && hak_pool_slab_retire(slab))
			h->stat[slab->cls].slabs--;
		else
			hak_heap_list(h, slab);
		slab = next;
	}
}

/* Pages without a live block, in slabs that are half free; with old, only in
 * those that nothing was taken from or put into since the last visit. */
static size_t heap_punch(struct hak_heap *h, unsigned cls, bool old,
			 unsigned *calls)
{
	struct hak_slab *slab = h->bin[cls].partial;
	size_t done = 0;

	for (; slab && *calls; slab = slab->next) {
		bool still = slab->seen == slab->nfree;
		size_t n;

		slab->seen = (uint16_t)slab->nfree;
		if (slab->nfree * 2 < slab->blocks ||
		    slab->nfree == slab->blocks || (old && !still))
			continue;
		n = hak_slab_punch(slab, calls);
		if (n)
			heap_relabel(h, slab);
		done += n;
	}
	return done;
}

/*
 * The process is about to use more memory than ever: first give back the pages
 * that earlier blocks left in sparse slabs, about as many as are to come.
 */
static HAK_NOINLINE void heap_reclaim(struct hak_heap *h, uint64_t active)
{
	unsigned calls = HEAP_PUNCH_CALLS;

	h->reclaim_at = active + active / HEAP_RECLAIM_STEP;
	if (!hak_purge_holes())
		return;
	for (unsigned cls = HAK_CLASSES - 1; cls && calls; cls--)
		heap_punch(h, cls, false, &calls);
}

/* A slab with free blocks at the head of the class's list; NULL: no memory. */
static struct hak_slab *heap_more(struct hak_heap *h, unsigned cls)
{
	struct hak_bin *b = &h->bin[cls];
	struct hak_slab *slab = NULL;
	uint64_t active =
		__atomic_load_n(&hak_stats.slots_active, __ATOMIC_RELAXED);

	hak_heap_drain(h);
	if (b->partial)
		return b->partial;
	if (hak_unlikely(active > h->reclaim_at))
		heap_reclaim(h, active);
	hak_pool_enter();
	if (hak_opt.tiny_ss_shared) {
		hak_pool_drain();
		slab = hak_pool_adopt(cls, h->pub.tag);
	}
	if (!slab)
		slab = hak_pool_slab_new(cls, h->pub.tag);
	h->small =
		(hak_stats.slots_active << HAK_SLOT_SHIFT) < HEAP_SMALL_PROCESS;
	hak_pool_leave();
	if (!slab)
		return NULL;
	h->stat[cls].slabs++;
	hak_heap_list(h, slab);
	return b->partial;
}

/*
 * n blocks were taken from a slab with holes, now or before.  They get their
 * keys while they lie in the cache; when the last free block has left, no
 * block lacks one.
 */
static void heap_filled_keyless(struct hak_heap *h, struct hak_slab *slab,
				uint64_t holes, void **out, unsigned n)
{
	uint64_t used = holes & ~slab->holes;

	for (unsigned i = 0; i < n; i++)
		((uintptr_t *)out[i])[1] = hak_heap_key(h, out[i]);
	if (!used && slab->nfree)
		return;
	hak_pool_enter();
	if (used)
		hak_purge_hole_used(hak_popcount64(used) * hak_os_page);
	if (slab->nfree == 0) {
		slab->keyless = false;
		hak_pool_slab_words(slab, h->pub.tag);
	}
	hak_pool_leave();
}

/*
 * Where a refill carves into another page, all blocks that begin there get the
 * key of a free one: until malloc hands them out it is wrong to free them, and
 * word 1 is all that the fast path of free looks at.  Tiny only, whose
 * neighbours lie within reach of a pointer that is off by a little; a larger
 * block may have its first page untouched.
 */
static void heap_key_carved(const struct hak_heap *h,
			    const struct hak_slab *slab, unsigned from)
{
	size_t size = hak_class_size(slab->cls);
	size_t room = slab->blocks * size;
	size_t old = hak_round_up(from * size, hak_os_page);
	size_t end = hak_round_up(slab->carved * size, hak_os_page);
	size_t at = from * size;

	if (!HAK_MISUSE_CHECKS || size > HAK_TINY_MAX || old == end)
		return;
	/* the first whose word 1 lies behind the pages that were done before */
	if (at + HAK_ALIGNMENT <= old)
		at += (old - at - HAK_ALIGNMENT) / size * size + size;
	for (; at < room && at + HAK_ALIGNMENT <= end; at += size) {
		char *p = slab->base + at;

		((uintptr_t *)(void *)p)[1] = hak_heap_key(h, p);
	}
}

/* A heap's first slab of a class, and a small process: page by page. */
static unsigned heap_fill(struct hak_heap *h, unsigned cls, void **out,
			  unsigned want)
{
	struct hak_bin *b = &h->bin[cls];
	unsigned n = 0;

	while (n < want) {
		struct hak_slab *slab = b->partial;
		uint64_t holes;
		unsigned carved, got;
		bool page;

		if (!slab) {
			if (n)
				break;
			slab = heap_more(h, cls);
			if (!slab)
				break;
		}
		page = h->small || h->stat[cls].slabs <= 1;
		holes = slab->holes;
		carved = slab->carved;
		got = hak_slab_take(slab, out + n, want - n, page);
		if (slab->carved != carved)
			heap_key_carved(h, slab, carved);
		if (hak_unlikely(slab->keyless))
			heap_filled_keyless(h, slab, holes, out + n, got);
		n += got;
		if (slab->nfree == 0) {
			hak_slab_unlink(&b->partial, slab);
			hak_slab_push(&b->full, slab, HAK_SLAB_FULL);
		} else if (page) {
			break;
		}
	}
	return n;
}

void *hak_heap_refill(struct hak_heap *h, unsigned cls)
{
	struct hak_cache *c = &h->cache[cls];
	struct hak_bin *b = &h->bin[cls];
	struct hak_cache own;
	unsigned n;
	void *p = NULL;

	h->busy++;
	if (!heap_hold_burst(h, cls) &&
	    (!b->cap || ((b->fills || b->empties) &&
			 heap_may_grow(b, cls, b->empties != 0))))
		heap_grow(h, cls);
	b->fills++;
	b->empties = 0;
	b->away = 0;
	h->stat[cls].refills++;
	own = heap_close(c);
	own.limit = own.base + b->cap;
	n = heap_fill(h, cls, own.top, heap_want(b, cls));
	h->stat[cls].filled += n;
	if (n) {
		own.top += n - 1;
		p = *own.top;
		((uintptr_t *)p)[1] = 0;
		h->countdown--;
	}
	heap_open(c, &own);
	if ((h->stat[cls].refills & 15) == 0)
		heap_bound(h);
	h->busy--;
	return p;
}

/* Half of what lies in a cache that was neither filled nor flushed since the
 * last visit is more than its class needs. */
static void heap_shrink(struct hak_heap *h)
{
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++) {
		struct hak_cache *c = &h->cache[cls];
		struct hak_bin *b = &h->bin[cls];
		uint32_t moves =
			(uint32_t)(h->stat[cls].refills + h->stat[cls].flushes);

		if (c->top != c->base && b->moves == moves)
			hak_heap_flush(h, cls,
				       (unsigned)(c->top - c->base) / 2);
		b->moves = moves;
	}
	if (h->large.seen == h->pub.large_served)
		hak_large_drop(&h->large, &h->pub);
	h->large.seen = h->pub.large_served;
}

/* ---- heartbeat, trim ------------------------------------------------------- */

/* The one empty slab that a class may keep is given back when it was still
 * empty at the last visit. */
static void heap_release_empty(struct hak_heap *h, bool all)
{
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++) {
		struct hak_slab *slab = h->bin[cls].partial;

		while (slab) {
			struct hak_slab *next = slab->next;

			if (slab->nfree == slab->blocks &&
			    (all || slab->spare++))
				heap_retire(h, slab);
			else if (slab->nfree != slab->blocks)
				slab->spare = 0;
			slab = next;
		}
	}
}

/* What the calls of one visit do not reach is left to the next. */
static void heap_punch_old(struct hak_heap *h, int64_t delay)
{
	uint64_t now = hak_os_now_ms();
	unsigned calls = HEAP_PUNCH_CALLS;

	if (delay < 0 || now - h->punched < (uint64_t)delay)
		return;
	for (unsigned cls = 1; cls < HAK_CLASSES && calls; cls++)
		heap_punch(h, cls, true, &calls);
	if (calls)
		h->punched = now;
}

void hak_heap_tick(struct hak_heap *h)
{
	h->busy++;
	if (h->countdown < 0) {
		h->pub.armed += (uint64_t)(HAK_HEARTBEAT - h->countdown);
		h->countdown = HAK_HEARTBEAT;
		h->ticks++;
		heap_bound(h);
		for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
			if (h->bin[cls].foreign) {
				h->bin[cls].foreign = 0;
				hak_heap_flush(h, cls, 0);
			}
		if (h->outbox.blocks)
			hak_outbox_flush(&h->outbox);
		h->pub.remote_out = 0;
	}
	hak_heap_drain(h);
	if (hak_purge_due()) {
		int64_t delay;

		heap_shrink(h);
		heap_release_empty(h, false);
		hak_thread_drain_orphans();
		hak_pool_enter();
		delay = hak_purge_decay();
		hak_pool_leave();
		heap_punch_old(h, delay);
	}
	h->busy--;
}

size_t hak_heap_trim(struct hak_heap *h)
{
	unsigned calls = UINT_MAX;
	size_t done = 0;

	h->busy++;
	hak_heap_flush_all(h);
	hak_heap_drain(h);
	heap_release_empty(h, true);
	hak_pool_enter();
	hak_pool_drain();
	hak_pool_leave();
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
		done += heap_punch(h, cls, false, &calls);
	h->busy--;
	return done;
}

/* ---- checks --------------------------------------------------------------- */

static bool heap_caches(const struct hak_heap *h, unsigned cls, const void *p)
{
	const struct hak_cache *c = &h->cache[cls];
	void **top = __atomic_load_n(&c->top, __ATOMIC_RELAXED);

	for (void **e = c->base; e < top; e++)
		if (*e == p)
			return true;
	return false;
}

bool hak_heap_holds(const void *p, const struct hak_slab *slab, unsigned index)
{
	const struct hak_heap *h =
		__atomic_load_n(&hak_heap_all, __ATOMIC_ACQUIRE);

	for (; h; h = h->next_all)
		if (heap_caches(h, slab->cls, p) ||
		    hak_outbox_has(&h->outbox, slab, index / 64,
				   UINT64_C(1) << (index % 64)))
			return true;
	return false;
}

bool hak_heap_check(const struct hak_heap *h)
{
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++) {
		const struct hak_cache *c = &h->cache[cls];
		const struct hak_slab *slab = h->bin[cls].partial;

		if (c->base > c->top || c->top > c->limit)
			return false;
		for (; slab; slab = slab->next)
			if (!slab->nfree || !hak_slab_check(slab))
				return false;
	}
	return true;
}
