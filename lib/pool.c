/* SPDX-License-Identifier: MIT */
#include "pool.h"

#include "assert.h"
#include "fmt.h"
#include "huge.h"
#include "meta.h"
#include "options.h"
#include "os.h"
#include "purge.h"
#include "registry.h"
#include "sizeclass.h"
#include "stats.h"

#include <errno.h>

#define POOL_BINS (HAK_SS_SLOTS + 1)

struct hak_lock hak_pool_lock = HAK_LOCK_INIT(HAK_RANK_POOL);
uint32_t *hak_fork_word;
void (*hak_fork_repair)(void);
unsigned (*hak_pool_collect)(struct hak_slab *slab);
HAK_SELDOM struct hakmem_stats_bin hak_pool_stat[HAK_CLASSES];

struct hakmem_stats_heap hak_pool_pub;
struct hak_inbox hak_pool_inbox;

/*
 * SuperSlabs by the longest run of slots that are free (EMPTY or UNUSED), and
 * of those that are EMPTY: memory that is resident already is used first, and
 * the shortest run that suffices, which keeps the fullest SuperSlabs full.
 */
static struct {
	struct hak_superslab *by_free[POOL_BINS];
	struct hak_superslab *by_empty[POOL_BINS];
	uint64_t free_bins; /* bit n: by_free[n] is not empty */
	uint64_t empty_bins;
	uint32_t said; /* kinds of transition printed */
	uint32_t unmapped; /* SuperSlabs not mapped again */
	uint32_t unmapped_at; /* ms; the last one */
} pool; /* pool lock */

/* Slabs without a heap, by class. */
static HAK_SELDOM struct {
	struct hak_slab *partial[HAK_CLASSES];
	struct hak_slab *full[HAK_CLASSES];
} pool_slab; /* pool lock */

static void pool_debug(const char *what, const struct hak_superslab *ss,
		       unsigned slot, unsigned n, unsigned bit)
{
	char line[160];
	struct hak_fmt f;

	if (hak_likely(!hak_opt.pool_debug) || (pool.said & (1u << bit)))
		return;
	pool.said |= 1u << bit;
	hak_fmt_init(&f, line, sizeof(line));
	hak_fmt(&f, "pool: %s slot %u+%u of %p, active %u empty %u unused %u",
		what, slot, n, (void *)hak_ss_base(ss),
		(unsigned)hak_stats.slots_active,
		(unsigned)hak_stats.slots_empty,
		(unsigned)hak_stats.slots_unused);
	hak_warn(line);
}

/* ---- lists of SuperSlabs ------------------------------------------- */

#define POOL_LINK(list, bins, field, ss, n)                 \
	do {                                                \
		struct hak_superslab *head_ = pool.list[n]; \
		(ss)->field.prev = NULL;                    \
		(ss)->field.next = head_;                   \
		if (head_)                                  \
			head_->field.prev = (ss);           \
		pool.list[n] = (ss);                        \
		pool.bins |= UINT64_C(1) << (n);            \
	} while (0)

#define POOL_UNLINK(list, bins, field, ss, n)                            \
	do {                                                             \
		if ((ss)->field.prev)                                    \
			(ss)->field.prev->field.next = (ss)->field.next; \
		else                                                     \
			pool.list[n] = (ss)->field.next;                 \
		if ((ss)->field.next)                                    \
			(ss)->field.next->field.prev = (ss)->field.prev; \
		if (!pool.list[n])                                       \
			pool.bins &= ~(UINT64_C(1) << (n));              \
	} while (0)

static void pool_relink(struct hak_superslab *ss)
{
	unsigned n = hak_longest32(hak_ss_free_mask(ss));

	if (n != ss->free_bin) {
		if (ss->free_bin)
			POOL_UNLINK(by_free, free_bins, by_free, ss,
				    ss->free_bin);
		if (n)
			POOL_LINK(by_free, free_bins, by_free, ss, n);
		ss->free_bin = (uint8_t)n;
	}
	n = hak_longest32(ss->pub.empty);
	if (n != ss->empty_bin) {
		if (ss->empty_bin)
			POOL_UNLINK(by_empty, empty_bins, by_empty, ss,
				    ss->empty_bin);
		if (n)
			POOL_LINK(by_empty, empty_bins, by_empty, ss, n);
		ss->empty_bin = (uint8_t)n;
	}
}

static bool pool_is_idle(const struct hak_superslab *ss)
{
	return !ss->pub.active && ss->pub.base && !ss->is_static;
}

/* ---- the state machine --------------------------------------------- */

static void pool_count_empty(uint64_t n)
{
	hak_stats.slots_empty += n;
	hak_stats_change(&hak_stats.empty_bytes, n * HAK_SLOT_SIZE);
}

/*
 * The only writer of slot states.  The order of the two stores matters to a
 * fork's child: a slot with both bits set counts as ACTIVE.
 */
static void pool_set(struct hak_superslab *ss, unsigned slot, unsigned n,
		     enum hakmem_slot_state state)
{
	uint32_t mask = hak_low32(n) << slot;
	bool was_idle = pool_is_idle(ss);

	uint64_t empty;

	hak_stats_begin();
	switch (state) {
	case HAKMEM_SLOT_ACTIVE:
		hak_assert(!(ss->pub.active & mask));
		empty = hak_popcount32(ss->pub.empty & mask);
		ss->pub.active |= mask;
		ss->pub.empty &= ~mask;
		hak_stats_change(&hak_stats.slots_active, n);
		hak_stats.slots_unused -= n - empty;
		pool_count_empty(-empty);
		break;
	case HAKMEM_SLOT_EMPTY:
		hak_assert((ss->pub.active & mask) == mask);
		ss->pub.empty |= mask;
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		ss->pub.active &= ~mask;
		hak_stats_change(&hak_stats.slots_active, -(uint64_t)n);
		pool_count_empty(n);
		break;
	case HAKMEM_SLOT_UNUSED:
		hak_assert((ss->pub.empty & mask) == mask);
		ss->pub.empty &= ~mask;
		hak_stats.slots_unused += n;
		pool_count_empty(-(uint64_t)n);
		break;
	}
	hak_stats_end();
	pool_relink(ss);
	if (was_idle != pool_is_idle(ss))
		hak_stats.lru_length += was_idle ? (uint64_t)-1 : 1;
	hak_assert_slow(hak_ss_check(ss));
}

/* Memory that was given back a moment ago is needed again: tell purge.c. */
static void pool_note_reuse(struct hak_superslab *ss, uint32_t mask)
{
	uint32_t again = ss->pub.purged & mask;
	uint32_t now;

	if (hak_likely(!again))
		return;
	ss->pub.purged &= ~mask;
	now = (uint32_t)hak_os_now_ms();
	for (; again; again &= again - 1)
		hak_purge_refault(HAK_SLOT_SIZE,
				  now - ss->stamp[hak_ctz32(again)]);
}

static void pool_activate(struct hak_superslab *ss, unsigned slot, unsigned n,
			  uint32_t *zero)
{
	uint32_t mask = hak_low32(n) << slot;

	*zero = (ss->zero & mask) >> slot;
	ss->zero &= ~mask;
	pool_note_reuse(ss, mask);
	pool_set(ss, slot, n, HAKMEM_SLOT_ACTIVE);
	hak_stats.acquires += n;
	pool_debug("acquire", ss, slot, n, HAKMEM_SLOT_ACTIVE);
}

/* ---- acquire ------------------------------------------------------- */

/* Bit i: slot i lies at a multiple of align slots. */
static uint32_t pool_aligned(const struct hak_superslab *ss, unsigned align)
{
	uint32_t mask = 0;

	if (align == 1)
		return UINT32_MAX;
	for (unsigned i = 0; i < ss->pub.slots; i++)
		if (((ss->pub.base / HAK_SLOT_SIZE + i) & (align - 1)) == 0)
			mask |= UINT32_C(1) << i;
	return mask;
}

static struct hak_superslab *pool_find(unsigned n, unsigned align,
				       unsigned *slot)
{
	uint64_t usable = ~hak_low64(n);

	for (uint64_t b = pool.empty_bins & usable; b; b &= b - 1) {
		struct hak_superslab *ss = pool.by_empty[hak_ctz64(b)];

		for (; ss; ss = ss->by_empty.next) {
			uint32_t fit = hak_runs32(ss->pub.empty, n) &
				       pool_aligned(ss, align);
			if (fit) {
				*slot = hak_ctz32(fit);
				return ss;
			}
		}
	}
	for (uint64_t b = pool.free_bins & usable; b; b &= b - 1) {
		struct hak_superslab *ss = pool.by_free[hak_ctz64(b)];

		for (; ss; ss = ss->by_free.next) {
			uint32_t fit = hak_runs32(hak_ss_free_mask(ss), n) &
				       pool_aligned(ss, align);
			if (fit) {
				*slot = hak_ctz32(fit);
				return ss;
			}
		}
	}
	return NULL;
}

int hak_pool_acquire(unsigned n, unsigned align, struct hak_run *run)
{
	struct hak_superslab *ss;
	unsigned slot = 0;

	if (hak_purge_over_limit(n * HAK_SLOT_SIZE)) {
		hak_stats.shared_fail++;
		return -ENOMEM;
	}
	ss = pool_find(n, align, &slot);
	if (!ss) {
		ss = hak_ss_map();
		if (!ss) {
			/* what is kept for later goes first */
			hak_huge_drop_rest();
			hak_purge_all();
			ss = hak_ss_map();
		}
		if (!ss) {
			hak_stats.shared_fail++;
			return -ENOMEM;
		}
		if (pool.unmapped) {
			pool.unmapped--;
			hak_purge_refault(HAK_SS_SIZE,
					  (uint32_t)hak_os_now_ms() -
						  pool.unmapped_at);
		}
		ss->free_bin = 0;
		ss->empty_bin = 0;
		pool_relink(ss);
		hak_stats.lru_length++;
		slot = 0;
	}
	run->ss = ss;
	run->slot = slot;
	run->n = n;
	pool_activate(ss, slot, n, &run->zero);
	return 0;
}

int hak_pool_extend(struct hak_superslab *ss, unsigned slot, unsigned n,
		    unsigned more, uint32_t *zero)
{
	uint32_t want;

	if (slot + n + more > ss->pub.slots)
		return -ENOMEM;
	want = hak_low32(more) << (slot + n);
	if ((hak_ss_free_mask(ss) & want) != want)
		return -ENOMEM;
	if (hak_purge_over_limit(more * HAK_SLOT_SIZE))
		return -ENOMEM;
	pool_activate(ss, slot + n, more, zero);
	return 0;
}

/* ---- release and purge --------------------------------------------- */

void hak_pool_release(struct hak_superslab *ss, unsigned slot, unsigned n)
{
	uint32_t now = (uint32_t)hak_os_now_ms();

	hak_assert((ss->pub.active & (hak_low32(n) << slot)) ==
		   hak_low32(n) << slot);
	for (unsigned i = 0; i < n; i++)
		ss->stamp[slot + i] = now;
	pool_set(ss, slot, n, HAKMEM_SLOT_EMPTY);
	hak_stats.releases += n;
	pool_debug("release", ss, slot, n, HAKMEM_SLOT_EMPTY);
}

static bool pool_purge_run(struct hak_superslab *ss, unsigned slot, unsigned n)
{
	bool lazily = hak_opt.purge_method == HAK_PURGE_FREE;
	uint32_t mask = hak_low32(n) << slot;
	uint32_t now = (uint32_t)hak_os_now_ms();

	if (hak_os_purge(hak_slot_base(ss, slot), n * HAK_SLOT_SIZE, lazily))
		return false;
	for (unsigned i = 0; i < n; i++)
		ss->stamp[slot + i] = now;
	pool_set(ss, slot, n, HAKMEM_SLOT_UNUSED);
	ss->pub.purged |= mask;
	if (!lazily && hak_os_purge_zeroes())
		ss->zero |= mask;
	hak_stats_add(&hak_stats.purged_bytes, n * HAK_SLOT_SIZE);
	pool_debug("purge", ss, slot, n, HAKMEM_SLOT_UNUSED);
	return true;
}

size_t hak_pool_purge(struct hak_superslab *ss, uint32_t mask, unsigned *calls)
{
	size_t done = 0;

	mask &= ss->pub.empty;
	while (mask && *calls) {
		unsigned slot = hak_ctz32(mask);
		uint32_t rest = ~(mask >> slot);
		unsigned n = rest ? hak_ctz32(rest) : HAK_SS_SLOTS;

		(*calls)--;
		if (!pool_purge_run(ss, slot, n))
			break;
		done += n * HAK_SLOT_SIZE;
		mask &= ~(hak_low32(n) << slot);
	}
	return done;
}

struct hak_superslab *hak_pool_largest_empty(void)
{
	if (!pool.empty_bins)
		return NULL;
	return pool.by_empty[63 - __builtin_clzll(pool.empty_bins)];
}

static void pool_forget(struct hak_superslab *ss)
{
	if (ss->free_bin)
		POOL_UNLINK(by_free, free_bins, by_free, ss, ss->free_bin);
	if (ss->empty_bin)
		POOL_UNLINK(by_empty, empty_bins, by_empty, ss, ss->empty_bin);
	ss->free_bin = 0;
	ss->empty_bin = 0;
}

size_t hak_pool_unmap_idle(unsigned keep)
{
	struct hak_superslab *ss = pool.by_free[HAK_SS_SLOTS];
	size_t done = 0;

	while (ss && hak_stats.lru_length > keep) {
		struct hak_superslab *next = ss->by_free.next;
		size_t empty = hak_popcount32(ss->pub.empty);

		/* what is resident is purge.c's to judge */
		if (empty && keep) {
			ss = next;
			continue;
		}
		if (hak_ss_unmap(ss))
			break;
		pool.unmapped++;
		pool.unmapped_at = (uint32_t)hak_os_now_ms();
		hak_stats_change(&hak_stats.empty_bytes,
				 -(uint64_t)empty * HAK_SLOT_SIZE);
		hak_stats_add(&hak_stats.purged_bytes, empty * HAK_SLOT_SIZE);
		hak_stats.lru_length--;
		done += empty * HAK_SLOT_SIZE;
		pool_forget(ss);
		ss = next;
	}
	return done;
}

/* ---- slabs --------------------------------------------------------- */

void hak_slab_push(struct hak_slab **head, struct hak_slab *slab,
		   enum hak_slab_list which)
{
	slab->prev = NULL;
	slab->next = *head;
	if (*head)
		(*head)->prev = slab;
	*head = slab;
	slab->listed = (uint8_t)which;
}

void hak_slab_unlink(struct hak_slab **head, struct hak_slab *slab)
{
	if (slab->prev)
		slab->prev->next = slab->next;
	else
		*head = slab->next;
	if (slab->next)
		slab->next->prev = slab->prev;
	slab->listed = HAK_SLAB_UNLISTED;
}

/* Give slab to tag unless a remote freer is queueing it for its owner. */
static bool pool_set_owner(struct hak_slab *slab, uint32_t tag)
{
	struct hak_remote *r = hak_slab_remote(slab);
	uint64_t old = __atomic_load_n(&r->rstate, __ATOMIC_RELAXED);
	uint64_t new;

	do {
		if (old & HAK_RSTATE_QUEUED)
			return false;
		new = ((old >> 32) + 1) << 32 | tag;
		/* acq_rel: partner is the CAS of hak_remote_queue; after it
		 * no freer queues for the old owner */
	} while (!__atomic_compare_exchange_n(&r->rstate, &old, new, true,
					      __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	return true;
}

void hak_pool_slab_words(struct hak_slab *slab, uint32_t tag)
{
	enum hak_kind kind = slab->hard	       ? HAK_KIND_HARD
			     : slab->keyless   ? HAK_KIND_HOLED
			     : slab->slots > 1 ? HAK_KIND_MULTI
					       : HAK_KIND_SLAB;

	hak_registry_set_run(slab->base, slab->slots,
			     hak_word(tag, kind, slab->cls, 0), slab);
}

static void pool_slab_begin(struct hak_slab *slab, unsigned cls, char *base,
			    hak_u64 *bits)
{
	const struct hak_class *c = &hak_class[cls];

	slab->summary = 0;
	slab->bits = bits;
	slab->base = base;
	slab->nfree = c->pub.blocks;
	slab->carved = 0;
	slab->blocks = (uint16_t)c->pub.blocks;
	slab->cls = (uint8_t)cls;
	slab->slots = (uint8_t)c->pub.slots;
	slab->holes = 0;
	slab->keyless = false;
	slab->hard = 0;
}

static struct hak_slab *pool_slab_make(unsigned cls, uint32_t tag,
				       unsigned guards, uint32_t *zero)
{
	const struct hak_class *c = &hak_class[cls];
	struct hak_run run;
	struct hak_slab *slab;
	struct hak_remote *r;
	hak_u64 *bits;

	/* own words, then remote words; on lines of their own when they are
	 * long enough to matter */
	bits = hak_meta_bitmap_get(2 * c->words);
	if (!bits) {
		hak_stats.shared_fail++;
		return NULL;
	}
	if (hak_pool_acquire(c->pub.slots + guards, 1, &run)) {
		hak_meta_bitmap_put(bits, 2 * c->words);
		return NULL;
	}
	slab = &run.ss->slab[run.slot];
	r = &run.ss->remote[run.slot];
	pool_slab_begin(slab, cls, hak_slot_base(run.ss, run.slot), bits);
	r->bits = bits + c->words;
	for (unsigned w = 0; w < c->words; w++)
		r->bits[w] = 0;
	__atomic_store_n(&r->summary, 0, __ATOMIC_RELAXED);
	/* nobody queues what has no owner */
	hak_require(pool_set_owner(slab, tag));
	run.ss->pub.size_class[run.slot] = (uint8_t)cls;
	run.ss->pub.run[run.slot] = (uint8_t)run.n;
	*zero = run.zero;
	return slab;
}

struct hak_slab *hak_pool_slab_new(unsigned cls, uint32_t tag)
{
	uint32_t zero;
	struct hak_slab *slab = pool_slab_make(cls, tag, 0, &zero);

	if (slab)
		hak_pool_slab_words(slab, tag);
	return slab;
}

struct hak_slab *hak_pool_slab_hard(unsigned cls, bool guard, uint32_t *zero)
{
	struct hak_slab *slab = pool_slab_make(cls, HAK_TAG_NONE, guard, zero);

	if (slab)
		slab->hard = HAK_SLAB_HARD;
	return slab;
}

bool hak_pool_slab_retire(struct hak_slab *slab)
{
	struct hak_superslab *ss = hak_slab_ss(slab);
	unsigned slot = hak_slab_slot(slab);
	unsigned n = ss->pub.run[slot];

	hak_assert(slab->nfree == slab->blocks);
	if (!pool_set_owner(slab, HAK_TAG_NONE))
		return false;
	if (slab->holes)
		hak_stats_add(&hak_stats.hole_bytes,
			      -(uint64_t)hak_popcount64(slab->holes) *
				      hak_os_page);
	slab->holes = 0;
	hak_registry_set_run(slab->base, n, 0, NULL);
	hak_meta_bitmap_put(slab->bits, 2 * hak_class[slab->cls].words);
	slab->bits = NULL;
	ss->pub.size_class[slot] = 0;
	ss->pub.run[slot] = 0;
	hak_pool_release(ss, slot, n);
	return true;
}

static void pool_collect(struct hak_slab *slab)
{
	hak_pool_stat[slab->cls].drained += hak_pool_collect(slab);
}

struct hak_slab *hak_pool_adopt(unsigned cls, uint32_t tag)
{
	struct hak_slab *slab = pool_slab.partial[cls];

	for (; slab; slab = slab->next) {
		if (!pool_set_owner(slab, tag))
			continue;
		hak_slab_unlink(&pool_slab.partial[cls], slab);
		hak_pool_slab_words(slab, tag);
		/* bits that came in before the owner changed */
		pool_collect(slab);
		hak_pool_stat[cls].slabs--;
		hak_stats.adoptions++;
		pool_debug("adopt", hak_slab_ss(slab), hak_slab_slot(slab),
			   slab->slots, 8);
		return slab;
	}
	return NULL;
}

bool hak_pool_give(struct hak_slab *slab)
{
	if (!pool_set_owner(slab, HAK_TAG_POOL))
		return false;
	hak_pool_slab_words(slab, HAK_TAG_POOL);
	pool_collect(slab);
	if (slab->nfree == slab->blocks && hak_pool_slab_retire(slab))
		return true;
	hak_pool_stat[slab->cls].slabs++;
	if (slab->nfree)
		hak_slab_push(&pool_slab.partial[slab->cls], slab,
			      HAK_SLAB_PARTIAL);
	else
		hak_slab_push(&pool_slab.full[slab->cls], slab, HAK_SLAB_FULL);
	return true;
}

static void pool_settle(struct hak_slab *slab)
{
	struct hak_slab **from = slab->listed == HAK_SLAB_FULL
					 ? &pool_slab.full[slab->cls]
					 : &pool_slab.partial[slab->cls];

	if (slab->nfree == 0)
		return;
	if (slab->listed != HAK_SLAB_UNLISTED)
		hak_slab_unlink(from, slab);
	if (slab->nfree == slab->blocks && hak_pool_slab_retire(slab)) {
		hak_pool_stat[slab->cls].slabs--;
		return;
	}
	hak_slab_push(&pool_slab.partial[slab->cls], slab, HAK_SLAB_PARTIAL);
}

void hak_pool_drain(void)
{
	struct hak_slab *slab;

	if (!__atomic_load_n(&hak_pool_inbox.head, __ATOMIC_RELAXED))
		return;
	/* acquire: partner is the release push of hak_remote_queue */
	slab = __atomic_exchange_n(&hak_pool_inbox.head, NULL,
				   __ATOMIC_ACQUIRE);
	while (slab) {
		struct hak_remote *r = hak_slab_remote(slab);
		struct hak_slab *next = r->next;

		/* queued first, then the bits: see remote.h */
		__atomic_fetch_and(&r->rstate, ~HAK_RSTATE_QUEUED,
				   __ATOMIC_SEQ_CST);
		pool_collect(slab);
		pool_debug("drain", hak_slab_ss(slab), hak_slab_slot(slab),
			   slab->slots, 9);
		pool_settle(slab);
		hak_stats.pool_drains++;
		slab = next;
	}
}

/* ---- start, checks, fork ------------------------------------------- */

void hak_pool_init(struct hak_superslab *first)
{
	first->free_bin = 0;
	first->empty_bin = 0;
	pool_relink(first);
	hak_pool_pub.tag = HAK_TAG_POOL;
	hak_pool_pub.state = HAKMEM_HEAP_LIVE;
	hak_pool_pub.bins = (uintptr_t)hak_pool_stat;
	/* release: another process walks the list without a lock */
	__atomic_store_n(&hak_stats.heaps, (uintptr_t)&hak_pool_pub,
			 __ATOMIC_RELEASE);
}

bool hak_pool_check(void)
{
	uint64_t active = 0, empty = 0, unused = 0;
	struct hak_superslab *ss = hak_ss_all;

	for (; ss; ss = (struct hak_superslab *)(uintptr_t)ss->pub.next) {
		if (!ss->pub.base)
			continue;
		if (!hak_ss_check(ss) ||
		    ss->free_bin != hak_longest32(hak_ss_free_mask(ss)) ||
		    ss->empty_bin != hak_longest32(ss->pub.empty))
			return false;
		active += hak_popcount32(ss->pub.active);
		empty += hak_popcount32(ss->pub.empty);
		unused += hak_popcount32(hak_ss_mask(ss, HAKMEM_SLOT_UNUSED));
	}
	return active == hak_stats.slots_active &&
	       empty == hak_stats.slots_empty &&
	       unused == hak_stats.slots_unused;
}

/* Slots of the run that begins here, 0: none.  A run's first registry word is
 * written last and cleared first. */
static unsigned pool_committed(const struct hak_superslab *ss, unsigned slot)
{
	uint32_t word = hak_registry_get(hak_slot_base(ss, slot));

	if (!word)
		return 0;
	switch (hak_word_kind(word)) {
	case HAK_KIND_SLAB:
	case HAK_KIND_MULTI:
	case HAK_KIND_HOLED:
		return hak_word_slotno(word)
			       ? 0
			       : hak_class[hak_word_class(word)].pub.slots;
	case HAK_KIND_LARGE:
	case HAK_KIND_LARGE_KEPT:
	case HAK_KIND_HARD:
		return hak_word_slotno(word) ? 0 : ss->pub.run[slot];
	case HAK_KIND_BOOT:
		return 1;
	default:
		return 0;
	}
}

/* Slots that were becoming something when the parent's thread vanished. */
static void pool_mend_states(struct hak_superslab *ss)
{
	uint32_t slots = hak_low32(ss->pub.slots);
	uint32_t committed = 0;

	ss->pub.active &= slots;
	for (uint32_t m = ss->pub.active; m; m &= m - 1) {
		unsigned slot = hak_ctz32(m);

		committed |= hak_low32(pool_committed(ss, slot)) << slot;
	}
	for (uint32_t m = ss->pub.active & ~committed; m; m &= m - 1) {
		unsigned slot = hak_ctz32(m);

		if (hak_registry_get(hak_slot_base(ss, slot)))
			hak_registry_set(hak_slot_base(ss, slot), 0, NULL);
		ss->pub.size_class[slot] = 0;
		ss->pub.run[slot] = 0;
		/* nor is it queued: its inbox is not read any more */
		ss->remote[slot].rstate &=
			~(uint64_t)(0xffff | HAK_RSTATE_QUEUED);
	}
	ss->pub.empty |= ss->pub.active & ~committed;
	ss->pub.active &= committed;
	ss->pub.empty &= slots & ~ss->pub.active;
	ss->zero &= slots & ~(ss->pub.active | ss->pub.empty);
}

static void pool_relist_slabs(struct hak_superslab *ss)
{
	for (uint32_t m = ss->pub.active; m; m &= m - 1) {
		unsigned slot = hak_ctz32(m);
		struct hak_slab *slab = &ss->slab[slot];
		struct hak_remote *r = &ss->remote[slot];

		if (!ss->pub.size_class[slot] ||
		    hak_rstate_owner(r->rstate) != HAK_TAG_POOL)
			continue;
		r->rstate &= ~HAK_RSTATE_QUEUED;
		pool_collect(slab);
		slab->listed = HAK_SLAB_UNLISTED;
		hak_pool_stat[slab->cls].slabs++;
		if (slab->nfree)
			hak_slab_push(&pool_slab.partial[slab->cls], slab,
				      HAK_SLAB_PARTIAL);
		else
			hak_slab_push(&pool_slab.full[slab->cls], slab,
				      HAK_SLAB_FULL);
	}
}

void hak_pool_rebuild(bool torn)
{
	struct hak_superslab *ss;

	if (!torn)
		return;
	hak_pool_inbox.head = NULL;
	__builtin_memset(&pool, 0, sizeof(pool));
	__builtin_memset(&pool_slab, 0, sizeof(pool_slab));
	hak_stats.slots_active = 0;
	hak_stats.slots_empty = 0;
	hak_stats.slots_unused = 0;
	hak_stats.superslabs_mapped = 0;
	hak_stats.lru_length = 0;
	hak_stats.empty_bytes = hak_stats.huge_cached_bytes;
	hak_stats.seq += hak_stats.seq & 1;
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
		hak_pool_stat[cls].slabs = 0;
	ss = hak_ss_all;
	for (; ss; ss = (struct hak_superslab *)(uintptr_t)ss->pub.next) {
		if (!ss->pub.base)
			continue;
		pool_mend_states(ss);
		hak_stats.slots_active += hak_popcount32(ss->pub.active);
		hak_stats.slots_unused +=
			hak_popcount32(hak_ss_mask(ss, HAKMEM_SLOT_UNUSED));
		pool_count_empty(hak_popcount32(ss->pub.empty));
		hak_stats.superslabs_mapped++;
		hak_stats.lru_length += pool_is_idle(ss);
		ss->free_bin = 0;
		ss->empty_bin = 0;
		pool_relink(ss);
		pool_relist_slabs(ss);
	}
}
