/* SPDX-License-Identifier: MIT */
#include "large.h"

#include "assert.h"
#include "bits.h"
#include "fault.h"
#include "options.h"
#include "os.h"
#include "pool.h"
#include "purge.h"
#include "registry.h"
#include "stats.h"

#include <string.h>

#define LARGE_COLOUR ((size_t)64)
#define LARGE_COLOURS 16u
#define LARGE_SLACK 4u /* a kept run may be longer by this part */

static unsigned large_turn; /* pool lock */

static unsigned large_slots(size_t size)
{
	return (unsigned)((size + HAK_SLOT_SIZE - 1) >> HAK_SLOT_SHIFT);
}

static size_t large_room(size_t size)
{
	return hak_round_up(size, hak_os_page) - size;
}

/* Bytes to skip at the start: what the last page leaves over allows. */
static size_t large_colour(size_t size, size_t align)
{
	size_t room = large_room(size);
	size_t colour = LARGE_COLOUR * (large_turn++ % LARGE_COLOURS);

	if (align > LARGE_COLOUR)
		return 0;
	return colour <= room ? colour : room & ~(LARGE_COLOUR - 1);
}

/* Bytes from p on, of a run of n slots, when size of them are asked for: to
 * the end of the page, which may be larger than a slot. */
static size_t large_usable(const char *p, size_t size, unsigned n)
{
	size_t colour = (uintptr_t)p & (HAK_SLOT_SIZE - 1);
	size_t usable = hak_round_up(size + colour, hak_os_page) - colour;
	size_t most = n * HAK_SLOT_SIZE - colour;

	return usable < most ? usable : most;
}

static uint32_t large_word(enum hak_kind kind)
{
	return hak_word(HAK_TAG_NONE, kind, 0, 0);
}

static void large_register(const struct hak_run *run, struct hak_slab *slab)
{
	char *base = hak_slot_base(run->ss, run->slot);

	run->ss->pub.size_class[run->slot] = 0;
	run->ss->pub.run[run->slot] = (uint8_t)run->n;
	hak_registry_set(base, large_word(HAK_KIND_LARGE), slab);
}

static void large_count(int64_t bytes)
{
	/* threads' caches count without the lock */
	hak_stats_add(&hak_stats.large_live_bytes, (uint64_t)bytes);
}

/* Clear what does not read as zero already. */
static void large_clear(char *p, size_t size, const struct hak_run *run)
{
	char *base = hak_slot_base(run->ss, run->slot);

	for (unsigned i = 0; i < run->n; i++) {
		char *from = base + i * HAK_SLOT_SIZE;
		char *to = from + HAK_SLOT_SIZE;

		if (run->zero & (UINT32_C(1) << i))
			continue;
		if (from < p)
			from = p;
		if (to > p + size)
			to = p + size;
		if (from < to)
			memset(from, 0, (size_t)(to - from));
	}
}

void *hak_large_alloc(size_t size, size_t align, bool zero)
{
	unsigned align_slots =
		align > HAK_SLOT_SIZE ? (unsigned)(align >> HAK_SLOT_SHIFT) : 1;
	struct hak_run run;
	struct hak_slab *slab;
	size_t colour;

	hak_pool_enter();
	if (hak_pool_acquire(large_slots(size), align_slots, &run)) {
		hak_pool_leave();
		return NULL;
	}
	colour = large_colour(size, align);
	slab = &run.ss->slab[run.slot];
	slab->base = hak_slot_base(run.ss, run.slot) + colour;
	run.ss->bytes[run.slot] =
		(uint32_t)large_usable(slab->base, size, run.n);
	large_register(&run, slab);
	hak_stats.large_mallocs++;
	large_count(run.ss->bytes[run.slot]);
	hak_pool_leave();
	if (zero)
		large_clear(slab->base, size, &run);
	return slab->base;
}

/* Pool lock held. */
static void large_release(struct hak_slab *slab)
{
	struct hak_superslab *ss = hak_slab_ss(slab);
	unsigned slot = hak_slab_slot(slab), n = ss->pub.run[slot];

	hak_registry_set(hak_slot_base(ss, slot), 0, NULL);
	large_count(-(int64_t)ss->bytes[slot]);
	hak_stats.large_frees++;
	ss->bytes[slot] = 0;
	ss->pub.run[slot] = 0;
	hak_pool_release(ss, slot, n);
	hak_purge_edge();
}

void hak_large_free(void *p)
{
	struct hak_slab *slab;

	hak_pool_enter();
	if (hak_word_kind(hak_registry_get(p)) != HAK_KIND_LARGE) {
		hak_pool_leave();
		hak_fault(HAK_FAULT_DOUBLE_FREE, p, 0);
	}
	slab = hak_registry_record(p);
	if (slab->base != p) {
		hak_pool_leave();
		hak_fault(HAK_FAULT_INVALID_FREE, p, 0);
	}
	large_release(slab);
	hak_pool_leave();
}

size_t hak_large_size(const void *p)
{
	const struct hak_slab *slab = hak_registry_record(p);
	const struct hak_superslab *ss = hak_slab_ss(slab);

	if (slab->base != p)
		return 0;
	return ss->bytes[hak_slab_slot(slab)];
}

static void large_shrink(struct hak_superslab *ss, unsigned slot, unsigned n)
{
	unsigned had = ss->pub.run[slot];

	ss->pub.run[slot] = (uint8_t)n;
	hak_pool_release(ss, slot + n, had - n);
	hak_purge_edge();
}

static bool large_grow(struct hak_slab *slab, unsigned slot, unsigned n)
{
	struct hak_superslab *ss = hak_slab_ss(slab);
	unsigned had = ss->pub.run[slot];
	uint32_t zero;

	if (hak_pool_extend(ss, slot, had, n - had, &zero))
		return false;
	ss->pub.run[slot] = (uint8_t)n;
	return true;
}

bool hak_large_resize(void *p, size_t size)
{
	struct hak_slab *slab = hak_registry_record(p);
	struct hak_superslab *ss = hak_slab_ss(slab);
	unsigned slot = hak_slab_slot(slab);
	size_t colour = (size_t)((char *)p - hak_slot_base(ss, slot));
	unsigned n = large_slots(size + colour);
	bool ok = true;

	hak_assert(slab->base == p);
	hak_pool_enter();
	if (n < ss->pub.run[slot])
		large_shrink(ss, slot, n);
	else if (n > ss->pub.run[slot])
		ok = large_grow(slab, slot, n);
	if (ok) {
		size_t usable = large_usable(p, size, n);

		large_count((int64_t)usable - (int64_t)ss->bytes[slot]);
		ss->bytes[slot] = (uint32_t)usable;
	}
	hak_pool_leave();
	return ok;
}

/* ---- a thread's cache ---------------------------------------------------- */

static void large_forget(struct hak_large_cache *c,
			 struct hakmem_stats_heap *pub, unsigned i,
			 size_t bytes)
{
	c->sum -= c->slots[i];
	/* a fork's child finds each of the others once, or twice */
	for (; i + 1 < c->n; i++) {
		c->run[i] = c->run[i + 1];
		c->slots[i] = c->slots[i + 1];
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
	}
	c->n--;
	pub->large_kept = c->n;
	pub->large_kept_bytes -= bytes;
}

/* A kept run is to be a block of another size. */
static HAK_NOINLINE void large_fit(struct hak_slab *slab, uint32_t *bytes,
				   size_t size, unsigned n)
{
	size_t colour = (uintptr_t)slab->base & (HAK_SLOT_SIZE - 1);
	size_t usable;

	/* the start stays, unless the last page has no room for it */
	if (colour > large_room(size))
		slab->base -= colour;
	usable = large_usable(slab->base, size, n);
	if (usable != *bytes)
		large_count((int64_t)usable - (int64_t)*bytes);
	*bytes = (uint32_t)usable;
}

void *hak_large_take(struct hak_large_cache *c, struct hakmem_stats_heap *pub,
		     size_t size)
{
	unsigned n = large_slots(size);

	for (unsigned i = c->n; i-- > 0;) {
		struct hak_slab *slab = c->run[i];
		uint32_t *bytes;

		if (c->slots[i] - n > n / LARGE_SLACK)
			continue;
		bytes = &hak_slab_ss(slab)->bytes[hak_slab_slot(slab)];
		large_forget(c, pub, i, *bytes);
		pub->large_served++;
		/* with as many pages as before nothing else changes */
		if (*bytes - size >= hak_os_page)
			large_fit(slab, bytes, size, n);
		/* its owner alone changes it while it is kept */
		hak_registry_rename(slab->base, large_word(HAK_KIND_LARGE));
		return slab->base;
	}
	return NULL;
}

/* The oldest go until n remain that take at most sum slots; pool lock held. */
static void large_drop(struct hak_large_cache *c, struct hakmem_stats_heap *pub,
		       unsigned n, unsigned sum)
{
	while (c->n > n || c->sum > sum) {
		struct hak_slab *slab = c->run[0];

		large_forget(c, pub, 0,
			     hak_slab_ss(slab)->bytes[hak_slab_slot(slab)]);
		large_release(slab);
	}
}

/* The block is free from now on; false: it was.  Two threads may free it at
 * once; with one heap there is nobody else to keep it. */
static bool large_claim(const void *p)
{
	const uint32_t live = large_word(HAK_KIND_LARGE);
	const uint32_t kept = large_word(HAK_KIND_LARGE_KEPT);

	if (__atomic_load_n(&hak_stats.heaps_total, __ATOMIC_RELAXED) > 1)
		return hak_registry_change(p, live, kept);
	if (__atomic_load_n(hak_registry_word(p), __ATOMIC_RELAXED) != live)
		return false;
	hak_registry_rename(p, kept);
	return true;
}

bool hak_large_keep(struct hak_large_cache *c, struct hakmem_stats_heap *pub,
		    void *p)
{
	struct hak_slab *slab = hak_registry_record(p);
	struct hak_superslab *ss = hak_slab_ss(slab);
	unsigned slot = hak_slab_slot(slab), n = ss->pub.run[slot];
	unsigned most = (unsigned)(hak_opt.cache_max / 2 >> HAK_SLOT_SHIFT);
	bool full = c->n == HAK_LARGE_KEPT || c->sum + n > most;

	/* with a delay of 0 memory goes back at once; a handler that finds the
	 * pool's lock taken by its own thread cannot make room */
	if (slab->base != p || !hak_opt.purge_delay ||
	    (hak_unlikely(full) && (n > most || hak_pool_mine())) ||
	    !large_claim(p))
		return false;
	if (hak_unlikely(full)) {
		/* half of them, to come back here less often */
		hak_pool_enter();
		large_drop(c, pub, HAK_LARGE_KEPT / 2, (most - n) / 2);
		hak_pool_leave();
	}
	c->run[c->n] = slab;
	c->slots[c->n] = (uint8_t)n;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	c->n++;
	c->sum += n;
	pub->large_kept = c->n;
	pub->large_kept_bytes += ss->bytes[slot];
	return true;
}

void hak_large_recover(struct hak_large_cache *c, struct hakmem_stats_heap *pub)
{
	for (unsigned i = 0; i < c->n; i++) {
		struct hak_slab *slab = c->run[i];

		/* not if it has gone already, as the other of two */
		if (hak_word_kind(hak_registry_get(slab->base)) ==
		    HAK_KIND_LARGE_KEPT)
			large_release(slab);
	}
	c->n = 0;
	c->sum = 0;
	pub->large_kept = 0;
	pub->large_kept_bytes = 0;
}

void hak_large_drop(struct hak_large_cache *c, struct hakmem_stats_heap *pub)
{
	if (!c->n)
		return;
	hak_pool_enter();
	large_drop(c, pub, 0, 0);
	hak_pool_leave();
}
