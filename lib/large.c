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
#define LARGE_SLACK 4u /* a block's run may be longer by this part */
#define LARGE_MISSES 8u /* in a row, until what is kept stays */
#define LARGE_SPLIT 2u /* a run of more times the length is not split */

static unsigned large_slots(size_t size)
{
	return (unsigned)((size + HAK_SLOT_SIZE - 1) >> HAK_SLOT_SHIFT);
}

static size_t large_room(size_t size)
{
	return hak_round_up(size, hak_os_page) - size;
}

/*
 * Bytes to skip at the start, as far as the last page leaves room: the headers
 * of many blocks do not share a cache set.  By the place, not in turn, so that
 * blocks that follow each other in it find its first lines in the cache.
 */
static size_t large_colour(const char *start, size_t size)
{
	uintptr_t place = (uintptr_t)start >> HAK_SLOT_SHIFT;
	size_t room = large_room(size);
	size_t colour = (place ^ place >> 4 ^ place >> 8) % LARGE_COLOURS *
			LARGE_COLOUR;

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

static char *large_start(const struct hak_slab *slab)
{
	return (char *)((uintptr_t)slab->base & ~(HAK_SLOT_SIZE - 1));
}

/* The run that begins at slab has n slots; 0: none begins there.  Its owner
 * has it in the record, pub.run is for all others. */
static void large_set_length(struct hak_slab *slab, unsigned n)
{
	struct hak_superslab *ss = hak_slab_ss(slab);

	slab->slots = (uint8_t)n;
	__atomic_store_n(&ss->pub.run[hak_slab_slot(slab)], (uint8_t)n,
			 __ATOMIC_RELAXED);
}

static void large_register(const struct hak_run *run, struct hak_slab *slab)
{
	char *base = hak_slot_base(run->ss, run->slot);

	run->ss->pub.size_class[run->slot] = 0;
	large_set_length(slab, run->n);
	hak_registry_set(base, large_word(HAK_KIND_LARGE), slab);
}

static void large_count(int64_t bytes)
{
	hak_stats_change(&hak_stats.large_live_bytes, (uint64_t)bytes);
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

/* Pool lock held. */
static void large_release(struct hak_slab *slab, unsigned n)
{
	struct hak_superslab *ss = hak_slab_ss(slab);
	unsigned slot = hak_slab_slot(slab);

	hak_registry_set(hak_slot_base(ss, slot), 0, NULL);
	large_set_length(slab, 0);
	hak_pool_release(ss, slot, n);
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
	large_count(-(int64_t)slab->bytes);
	hak_stats.large_frees++;
	large_release(slab, slab->slots);
	hak_purge_edge();
	hak_pool_leave();
}

size_t hak_large_size(const void *p)
{
	const struct hak_slab *slab = hak_registry_record(p);

	return slab->base == p ? slab->bytes : 0;
}

static void large_shrink(struct hak_slab *slab, unsigned n)
{
	unsigned had = slab->slots;

	large_set_length(slab, n);
	hak_pool_release(hak_slab_ss(slab), hak_slab_slot(slab) + n, had - n);
	hak_purge_edge();
}

static bool large_grow(struct hak_slab *slab, unsigned n)
{
	unsigned had = slab->slots;
	uint32_t zero;

	if (hak_pool_extend(hak_slab_ss(slab), hak_slab_slot(slab), had,
			    n - had, &zero))
		return false;
	large_set_length(slab, n);
	return true;
}

bool hak_large_resize(void *p, size_t size)
{
	struct hak_slab *slab = hak_registry_record(p);
	unsigned n =
		large_slots(size + (size_t)((char *)p - large_start(slab)));
	bool ok = true;

	hak_assert(slab->base == p);
	hak_pool_enter();
	if (n < slab->slots)
		large_shrink(slab, n);
	else if (n > slab->slots)
		ok = large_grow(slab, n);
	if (ok) {
		size_t usable = large_usable(p, size, n);

		large_count((int64_t)usable - (int64_t)slab->bytes);
		slab->bytes = (uint32_t)usable;
	}
	hak_pool_leave();
	return ok;
}

/* ---- a thread's cache ----------------------------------------------------
 *
 * The first registry word of a kept run says KEPT with the tag of its heap.  In
 * a bin the word of its last slot does, too, with the distance to the first as
 * its slot number: so the thread finds what it keeps on both sides of a run.
 * There is no word in between, nor in a block behind its first slot.
 *
 * A fork's child may find this half done by a thread that it does not have.
 * What it goes by is the first words that say KEPT, in ascending order, and
 * pub.run: at each step these cover every slot that is kept, and no other.
 */

/* Of a slot that lies back slots behind the first of a kept run. */
static uint32_t large_kept(const struct hakmem_stats_heap *pub, unsigned back)
{
	return hak_word(pub->tag, HAK_KIND_LARGE_KEPT, 0, back);
}

/* The last word of a run of n slots; that of one slot is the first as well. */
static void large_set_end(struct hak_slab *slab, unsigned n, uint32_t word)
{
	if (n > 1)
		hak_registry_rename(large_start(slab) + (n - 1) * HAK_SLOT_SIZE,
				    word);
}

/* Runs more, or less, are kept, slots in all. */
static inline void large_count_kept(struct hakmem_stats_heap *pub, int runs,
				    int slots)
{
	hak_stats_change(&pub->large_kept, (uint64_t)(int64_t)runs);
	hak_stats_change(&pub->large_kept_bytes,
			 (uint64_t)slots * HAK_SLOT_SIZE);
}

/* The whole run as one free block. */
static void large_blank(struct hak_slab *slab, char *start, unsigned n)
{
	slab->base = start;
	slab->bytes = (uint32_t)(n * HAK_SLOT_SIZE);
	large_set_length(slab, n);
}

static void large_list(struct hak_large_cache *c, struct hak_slab *slab)
{
	unsigned i = slab->slots - 1u;

	hak_slab_push(&c->bin[i], slab, HAK_SLAB_UNLISTED);
	c->bins |= UINT32_C(1) << i;
}

static void large_unlist(struct hak_large_cache *c, struct hak_slab *slab)
{
	unsigned i = slab->slots - 1u;

	hak_slab_unlink(&c->bin[i], slab);
	if (!c->bin[i])
		c->bins &= ~(UINT32_C(1) << i);
}

/* A run that is in no bin becomes one of n slots; the rest stays. */
static void large_split(struct hak_large_cache *c,
			struct hakmem_stats_heap *pub, struct hak_slab *slab,
			unsigned n)
{
	struct hak_slab *rest = slab + n;
	unsigned more = slab->slots - n;
	char *start = large_start(slab);

	large_blank(rest, start + n * HAK_SLOT_SIZE, more);
	large_set_end(rest, more, large_kept(pub, more - 1));
	hak_registry_mark(rest->base, large_kept(pub, 0), rest);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	large_blank(slab, start, n);
	large_list(c, rest);
	large_count_kept(pub, 1, 0);
	hak_stats_change(&pub->registry_slots, 1);
}

/* The run in a bin that ends before slab, or NULL. */
static struct hak_slab *large_left(const struct hak_large_cache *c,
				   const struct hakmem_stats_heap *pub,
				   struct hak_slab *slab)
{
	uint32_t back = hak_registry_get(large_start(slab) - HAK_SLOT_SIZE) -
			large_kept(pub, 0);

	if (!hak_slab_slot(slab) || back >= HAK_SS_SLOTS ||
	    slab - 1 - back == c->last)
		return NULL;
	return slab - 1 - back;
}

/* The one that begins behind it. */
static struct hak_slab *large_right(const struct hak_large_cache *c,
				    const struct hakmem_stats_heap *pub,
				    struct hak_slab *slab)
{
	const char *end = large_start(slab) + slab->slots * HAK_SLOT_SIZE;
	struct hak_slab *right = slab + slab->slots;

	if (hak_registry_get(end) != large_kept(pub, 0) ||
	    /* another SuperSlab */
	    hak_registry_record(end) != right || right == c->last)
		return NULL;
	return right;
}

/* Two runs that are in no bin, side by side, become one. */
static void large_join(struct hakmem_stats_heap *pub, struct hak_slab *left,
		       struct hak_slab *right)
{
	large_set_end(left, left->slots, 0);
	large_blank(left, large_start(left), left->slots + right->slots);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	hak_registry_rename(large_start(right), 0);
	large_set_length(right, 0);
	large_count_kept(pub, -1, 0);
	hak_stats_change(&pub->registry_slots, (uint64_t)-1);
}

/* A run that is in no bin is joined with its neighbours there, and listed. */
static void large_file(struct hak_large_cache *c, struct hakmem_stats_heap *pub,
		       struct hak_slab *slab)
{
	struct hak_slab *left = large_left(c, pub, slab);
	struct hak_slab *right = large_right(c, pub, slab);

	if (right) {
		large_unlist(c, right);
		large_join(pub, slab, right);
	}
	if (left) {
		large_unlist(c, left);
		large_join(pub, left, slab);
		slab = left;
	}
	large_set_end(slab, slab->slots, large_kept(pub, slab->slots - 1u));
	large_list(c, slab);
}

static void large_file_last(struct hak_large_cache *c,
			    struct hakmem_stats_heap *pub)
{
	struct hak_slab *slab = c->last;

	c->last = NULL;
	if (slab)
		large_file(c, pub, slab);
}

/* A run that is in no bin becomes a block. */
static inline void *large_serve(struct hakmem_stats_heap *pub,
				const struct hak_slab *slab)
{
	large_count_kept(pub, -1, -(int)slab->slots);
	hak_stats_change(&pub->large_served, 1);
	hak_stats_change(&pub->large_bytes, slab->bytes);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	/* its owner alone changes it while it is kept */
	hak_registry_rename(slab->base, large_word(HAK_KIND_LARGE));
	return slab->base;
}

/* ... of another size than before. */
static HAK_NOINLINE void *large_fit(struct hakmem_stats_heap *pub,
				    struct hak_slab *slab, size_t size)
{
	slab->base = large_start(slab);
	slab->base += large_colour(slab->base, size);
	slab->bytes = (uint32_t)large_usable(slab->base, size, slab->slots);
	return large_serve(pub, slab);
}

static HAK_NOINLINE void *large_search(struct hak_large_cache *c,
				       struct hakmem_stats_heap *pub,
				       size_t size)
{
	unsigned n = large_slots(size), had;
	struct hak_slab *slab;
	uint32_t fit;

	large_file_last(c, pub);
	fit = c->bins & ~hak_low32(n - 1) & hak_low32(LARGE_SPLIT * n);
	if (!fit)
		return NULL;
	had = hak_ctz32(fit) + 1;
	slab = c->bin[had - 1];
	large_unlist(c, slab);
	if (had - n > n / LARGE_SLACK)
		large_split(c, pub, slab, n);
	else
		large_set_end(slab, had, 0);
	return large_fit(pub, slab, size);
}

void *hak_large_take(struct hak_large_cache *c, struct hakmem_stats_heap *pub,
		     size_t size)
{
	unsigned n = large_slots(size);
	struct hak_slab *slab = c->last;

	if (!slab || slab->slots - n > n / LARGE_SLACK)
		return large_search(c, pub, size);
	c->last = NULL;
	/* with as many pages as before nothing else changes */
	if (slab->bytes - size >= hak_os_page)
		return large_fit(pub, slab, size);
	return large_serve(pub, slab);
}

/* What a heap has counted for others joins what it counts against, so that
 * neither grows without end; pool lock held. */
static void large_settle(struct hakmem_stats_heap *pub)
{
	hak_stats_add(&hak_stats.registry_slots, pub->registry_slots);
	hak_stats_change(&pub->registry_slots, -pub->registry_slots);
	hak_stats_change(&hak_stats.large_live_bytes, pub->large_bytes);
	hak_stats_change(&pub->large_bytes, -pub->large_bytes);
}

/* The longest go until most bytes remain; pool lock held. */
static void large_drop(struct hak_large_cache *c, struct hakmem_stats_heap *pub,
		       size_t most)
{
	large_file_last(c, pub);
	large_settle(pub);
	while (pub->large_kept_bytes > most) {
		struct hak_slab *slab = c->bin[31 - __builtin_clz(c->bins)];

		large_unlist(c, slab);
		large_count_kept(pub, -1, -(int)slab->slots);
		large_set_end(slab, slab->slots, 0);
		large_release(slab, slab->slots);
	}
	hak_purge_edge();
}

/*
 * Nothing that is kept serves a request.  The pool joins it with what is free
 * beside it, and finds what fits best among all; but where that was done again
 * and again and none was served in between, it stays: two sizes that take turns
 * would drive each other out for ever.  Pool lock held.
 */
static void large_miss(struct hak_large_cache *c, struct hakmem_stats_heap *pub)
{
	if (c->served != pub->large_served)
		c->misses = 0;
	c->served = pub->large_served;
	if (++c->misses < LARGE_MISSES)
		large_drop(c, pub, 0);
	else
		c->misses = 0;
}

void *hak_large_alloc(struct hak_large_cache *c, struct hakmem_stats_heap *pub,
		      size_t size, size_t align, bool zero)
{
	unsigned align_slots =
		align > HAK_SLOT_SIZE ? (unsigned)(align >> HAK_SLOT_SHIFT) : 1;
	struct hak_run run;
	struct hak_slab *slab;
	int err;

	hak_pool_enter();
	if (c && pub->large_kept)
		large_miss(c, pub);
	err = hak_pool_acquire(large_slots(size), align_slots, &run);
	if (err && c) {
		/* what this thread keeps may be what is missing */
		large_drop(c, pub, 0);
		err = hak_pool_acquire(large_slots(size), align_slots, &run);
	}
	if (err) {
		hak_pool_leave();
		return NULL;
	}
	slab = &run.ss->slab[run.slot];
	slab->base = hak_slot_base(run.ss, run.slot);
	if (align <= LARGE_COLOUR)
		slab->base += large_colour(slab->base, size);
	slab->bytes = (uint32_t)large_usable(slab->base, size, run.n);
	large_register(&run, slab);
	hak_stats.large_mallocs++;
	large_count(slab->bytes);
	hak_pool_leave();
	if (zero)
		large_clear(slab->base, size, &run);
	return slab->base;
}

/* Bytes that a thread may keep. */
static inline size_t large_most(void)
{
	/* with a delay of 0 memory goes back at once */
	return hak_opt.purge_delay ? (size_t)hak_opt.cache_max : 0;
}

/* The block is free from now on, and kept; false: it was free.  Two threads may
 * free it at once; with one heap there is nobody else to keep it. */
static inline bool large_claim(struct hakmem_stats_heap *pub,
			       const struct hak_slab *slab, const void *p)
{
	const uint32_t live = large_word(HAK_KIND_LARGE);
	const uint32_t kept = large_kept(pub, 0);

	if (slab->base != p)
		return false;
	if (__atomic_load_n(&hak_stats.heaps_total, __ATOMIC_RELAXED) > 1) {
		if (!hak_registry_change(p, live, kept))
			return false;
	} else {
		if (__atomic_load_n(hak_registry_word(p), __ATOMIC_RELAXED) !=
		    live)
			return false;
		hak_registry_rename(p, kept);
	}
	large_count_kept(pub, 1, slab->slots);
	hak_stats_change(&pub->large_freed, 1);
	hak_stats_change(&pub->large_bytes, -(uint64_t)slab->bytes);
	return true;
}

/* Others have to go.  A handler that finds the pool's lock taken by its own
 * thread cannot make room. */
static HAK_NOINLINE bool large_keep_full(struct hak_large_cache *c,
					 struct hakmem_stats_heap *pub,
					 struct hak_slab *slab, void *p)
{
	size_t most = large_most();

	if (slab->slots * HAK_SLOT_SIZE > most || hak_pool_mine() ||
	    !large_claim(pub, slab, p))
		return false;
	large_file(c, pub, slab);
	/* half of them, to come back here less often */
	hak_pool_enter();
	large_drop(c, pub, most / 2);
	hak_pool_leave();
	return true;
}

static HAK_NOINLINE bool large_keep_more(struct hak_large_cache *c,
					 struct hakmem_stats_heap *pub,
					 struct hak_slab *slab)
{
	struct hak_slab *last = c->last;

	/* first, so that it is not taken for one in a bin */
	c->last = slab;
	large_file(c, pub, last);
	return true;
}

bool hak_large_keep(struct hak_large_cache *c, struct hakmem_stats_heap *pub,
		    void *p)
{
	struct hak_slab *slab = hak_registry_record(p);
	size_t size = slab->slots * HAK_SLOT_SIZE;

	if (hak_unlikely(pub->large_kept_bytes + size > large_most()))
		return large_keep_full(c, pub, slab, p);
	if (!large_claim(pub, slab, p))
		return false;
	if (c->last)
		return large_keep_more(c, pub, slab);
	c->last = slab;
	return true;
}

bool hak_large_is_kept(const struct hak_superslab *ss, const void *p)
{
	unsigned slot = (unsigned)(((uintptr_t)p - (uintptr_t)ss->pub.base) >>
				   HAK_SLOT_SHIFT);
	unsigned first = slot;

	while (first && !ss->pub.run[first])
		first--;
	return slot - first < ss->pub.run[first] &&
	       hak_word_kind(hak_registry_get(hak_slot_base(ss, first))) ==
		       HAK_KIND_LARGE_KEPT;
}

/* The kept run at slot, if the words say so, whatever else they say: a split or
 * a join may have been under way.  Its slots. */
static unsigned large_recover(const struct hakmem_stats_heap *pub,
			      struct hak_superslab *ss, unsigned slot)
{
	char *base = hak_slot_base(ss, slot);
	unsigned n = ss->pub.run[slot];

	if (hak_registry_get(base) != large_kept(pub, 0))
		return 1;
	for (unsigned i = 1; i < n; i++) {
		hak_registry_mark(base + i * HAK_SLOT_SIZE, 0, NULL);
		ss->pub.run[slot + i] = 0;
	}
	large_release(&ss->slab[slot], n);
	return n;
}

void hak_large_recover(struct hak_large_cache *c, struct hakmem_stats_heap *pub)
{
	struct hak_superslab *ss = hak_ss_all;

	for (; ss; ss = (struct hak_superslab *)(uintptr_t)ss->pub.next) {
		uint32_t m = ss->pub.base ? ss->pub.active : 0;

		while (m) {
			unsigned slot = hak_ctz32(m);

			m &= ~(hak_low32(large_recover(pub, ss, slot)) << slot);
		}
	}
	memset(c, 0, sizeof(*c));
	pub->large_kept = 0;
	pub->large_kept_bytes = 0;
}

static bool large_is_right(const struct hak_large_cache *c,
			   const struct hakmem_stats_heap *pub,
			   struct hak_slab *slab, unsigned n)
{
	const char *start = large_start(slab);

	for (unsigned i = 1; i + 1 < n; i++)
		if (hak_registry_get(start + i * HAK_SLOT_SIZE))
			return false;
	return slab->slots == n &&
	       hak_slab_ss(slab)->pub.run[hak_slab_slot(slab)] == n &&
	       hak_registry_get(start) == large_kept(pub, 0) &&
	       hak_registry_get(start + (n - 1) * HAK_SLOT_SIZE) ==
		       large_kept(pub, n - 1) &&
	       !large_left(c, pub, slab) && !large_right(c, pub, slab);
}

bool hak_large_check(const struct hak_large_cache *c,
		     const struct hakmem_stats_heap *pub)
{
	const struct hak_slab *last = c->last;
	uint64_t runs = last != NULL;
	uint64_t bytes = last ? last->slots * HAK_SLOT_SIZE : 0;

	for (unsigned i = 0; i < HAK_SS_SLOTS; i++) {
		struct hak_slab *slab = c->bin[i];

		if ((c->bins >> i & 1) != (slab != NULL))
			return false;
		for (; slab; slab = slab->next, runs++,
			     bytes += (i + 1) * HAK_SLOT_SIZE)
			if (!large_is_right(c, pub, slab, i + 1))
				return false;
	}
	return pub->large_kept == runs && pub->large_kept_bytes == bytes;
}

void hak_large_drop(struct hak_large_cache *c, struct hakmem_stats_heap *pub)
{
	if (!pub->large_kept)
		return;
	hak_pool_enter();
	large_drop(c, pub, 0);
	hak_pool_leave();
}
