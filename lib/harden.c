/* SPDX-License-Identifier: MIT */
#include "harden.h"

#include "assert.h"
#include "bits.h"
#include "fault.h"
#include "huge.h"
#include "lock.h"
#include "meta.h"
#include "os.h"
#include "pool.h"
#include "purge.h"
#include "random.h"
#include "registry.h"
#include "sizeclass.h"
#include "slab.h"
#include "stats.h"

#include <string.h>

/* Each border between pages with and without access costs a mapping, of which
 * the system allows 65,530; beyond this number there are no more guards. */
#define HARD_MAPPINGS 28000u
#define HARD_PER_SLAB 2u
#define HARD_PER_BIG 3u

#define HARD_REST ((size_t)64 << 10) /* bytes of a class, twice */
#define HARD_REST_MIN 4u
#define HARD_REST_MAX 32u /* blocks */
#define HARD_CARVE ((size_t)16 << 10) /* bytes to choose among, at least */
#define HARD_CARVE_MIN 8u /* blocks */
#define HARD_TAIL 8u /* bytes of a canary */
#define HARD_VISIT 256u /* mallocs between two looks at the clock */
#define HARD_DEFERRED 64u
#define HARD_SPARSE 16u /* a slab with this part live gives back its pages */
#define HARD_CALLS 512u /* of the system, in a visit */

/* A freed block first takes the place of a random one, which then waits for
 * its turn: neither order nor time of reuse can be foretold. */
struct hard_rest {
	void **random;
	void **queue;
	uint16_t n; /* of each; 0: not made yet */
	uint16_t at; /* of queue */
};

/* List 0 has the blocks of size 0. */
static HAK_SPARSE struct {
	struct hak_slab *partial[HAK_CLASSES];
	struct hak_slab *full[HAK_CLASSES];
	struct hard_rest rest[HAK_CLASSES];
	struct hak_random random;
	uint64_t secret; /* const after init */
	uint32_t guarded; /* slabs; atomic for readers */
	uint32_t visit; /* mallocs until the next */
} hard; /* pool lock */

/* atomic; NULL: not used */
static HAK_SELDOM void *hard_deferred[HARD_DEFERRED];
static uint32_t hard_waiting; /* atomic; some are */

void hak_harden_init(void)
{
	if (!hak_harden_on())
		return;
	hak_random_begin(&hard.random, 1);
	hard.secret = hak_random_next(&hard.random);
	if (hak_opt.security > 2 && hak_opt.foreign_free == HAK_FOREIGN_AUTO &&
	    hak_opt.tiny_use_superslab)
		hak_opt.foreign_free = HAK_FOREIGN_ABORT;
}

static unsigned hard_list(const struct hak_slab *slab)
{
	return slab->hard & HAK_SLAB_NONE ? 0 : slab->cls;
}

/* A bound that is passed by as many as there are threads does no harm: by big
 * blocks it is looked at without the lock. */
static bool hard_room(unsigned mappings)
{
	uint32_t slabs = __atomic_load_n(&hard.guarded, __ATOMIC_RELAXED);
	uint32_t big = __atomic_load_n(&hak_huge_guarded, __ATOMIC_RELAXED);

	return slabs * HARD_PER_SLAB + big * HARD_PER_BIG + mappings <=
	       HARD_MAPPINGS;
}

/* ---- canaries ---------------------------------------------------------- */

/*
 * The last 8 bytes of a block of level 3, different for each address: the
 * number of bytes between the end of the data and them is in the highest 16
 * bits, which a write that runs over the end reaches last.  Those bytes are
 * filled.  The lowest byte and the filling are no ASCII, so neither a string
 * nor its end can be equal.
 */
static uint64_t hard_canary(const void *p)
{
	uint64_t x = hard.secret ^ (uintptr_t)p;

	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 32;
	x *= UINT64_C(0x94d049bb133111eb);
	return (x ^ x >> 29) | 0x81;
}

static int hard_filling(uint64_t canary)
{
	return (int)(canary >> 8 & 0x7f) | 0x80;
}

static void hard_tail_write(char *p, size_t size, size_t block)
{
	uint64_t canary = hard_canary(p);
	size_t room = block - HARD_TAIL - size;
	uint64_t tail = canary ^ (uint64_t)room << 48;

	memset(p + size, hard_filling(canary), room);
	memcpy(p + block - HARD_TAIL, &tail, HARD_TAIL);
}

/* Bytes of the data, whole or not. */
static size_t hard_tail_size(const char *p, size_t block)
{
	uint64_t canary = hard_canary(p), tail;
	size_t room;

	memcpy(&tail, p + block - HARD_TAIL, HARD_TAIL);
	tail ^= canary;
	room = (size_t)(tail >> 48);
	if (tail << 16 || room > block - HARD_TAIL)
		hak_fault(HAK_FAULT_CANARY, p, block);
	return block - HARD_TAIL - room;
}

static bool hard_filled(const char *p, size_t n, int byte)
{
	return !n || (*p == (char)byte && memcmp(p, p + 1, n - 1) == 0);
}

static size_t hard_tail_check(const char *p, size_t block)
{
	size_t size = hard_tail_size(p, block);

	if (!hard_filled(p + size, block - HARD_TAIL - size,
			 hard_filling(hard_canary(p))))
		hak_fault(HAK_FAULT_CANARY, p, block);
	return size;
}

static size_t hard_tail(void)
{
	return hak_opt.security > 2 ? HARD_TAIL : 0;
}

/* ---- zero --------------------------------------------------------------- */

/* Bytes of a free block that are zero. */
static size_t hard_mark(size_t block)
{
	return hak_opt.security > 2 || block < HAK_HARDEN_MARK
		       ? block
		       : HAK_HARDEN_MARK;
}

/* Block sizes are multiples of 16. */
static bool hard_is_zero(const char *p, size_t n)
{
	const char *end = p + n;

	for (; p < end; p += 2 * sizeof(uint64_t)) {
		uint64_t w[2];

		memcpy(w, p, sizeof(w));
		if (hak_unlikely(w[0] | w[1]))
			return false;
	}
	return true;
}

/* ---- slabs --------------------------------------------------------------- */

static hak_u64 *hard_live(const struct hak_slab *slab)
{
	return hak_slab_remote(slab)->bits;
}

static void hard_push(struct hak_slab *slab)
{
	unsigned list = hard_list(slab);

	if (slab->nfree)
		hak_slab_push(&hard.partial[list], slab, HAK_SLAB_PARTIAL);
	else
		hak_slab_push(&hard.full[list], slab, HAK_SLAB_FULL);
}

static void hard_unlink(struct hak_slab *slab)
{
	unsigned list = hard_list(slab);

	hak_slab_unlink(slab->listed == HAK_SLAB_FULL ? &hard.full[list]
						      : &hard.partial[list],
			slab);
}

/* Pages of earlier owners are made zero, as those of a free block. */
static void hard_clear(struct hak_slab *slab, uint32_t zero)
{
	for (unsigned i = 0; i < slab->slots; i++)
		if (!(zero >> i & 1))
			memset(slab->base + i * HAK_SLOT_SIZE, 0,
			       HAK_SLOT_SIZE);
}

static struct hak_slab *hard_slab(unsigned list)
{
	unsigned cls = list ? list : 1;
	bool guard = hak_opt.security > 2 && hard_room(HARD_PER_SLAB);
	uint32_t zero;
	struct hak_slab *slab = hak_pool_slab_hard(cls, guard, &zero);
	char *behind;

	if (!slab)
		return NULL;
	hard_clear(slab, zero);
	if (!list) {
		slab->hard |= HAK_SLAB_NONE;
		hak_os_protect(slab->base, HAK_SLOT_SIZE, false);
	}
	behind = slab->base + slab->slots * HAK_SLOT_SIZE;
	if (guard) {
		slab->hard |= HAK_SLAB_GUARDED;
		__atomic_fetch_add(&hard.guarded, 1, __ATOMIC_RELAXED);
		hak_os_protect(behind, HAK_SLOT_SIZE, false);
	}
	hak_pool_stat[cls].slabs++;
	hak_pool_slab_words(slab, HAK_TAG_NONE);
	hard_push(slab);
	return slab;
}

/* Nothing was written to since it was freed, or carved. */
static void hard_check_free(const struct hak_slab *slab)
{
	size_t block = hak_class_size(slab->cls), mark = hard_mark(block);

	for (unsigned i = 0; i < slab->carved; i++) {
		const char *p = slab->base + i * block;

		if (hak_unlikely(!hard_is_zero(p, mark))) {
			hak_pool_leave();
			hak_fault(HAK_FAULT_WRITE_AFTER_FREE, p, block);
		}
	}
}

/* The pool gets memory that can be accessed, or nothing. */
static bool hard_retire(struct hak_slab *slab)
{
	char *from = slab->base;
	size_t size = slab->slots * HAK_SLOT_SIZE;

	if (!(slab->hard & HAK_SLAB_NONE))
		hard_check_free(slab);
	if (!(slab->hard & HAK_SLAB_NONE)) {
		from += size;
		size = 0;
	}
	if (slab->hard & HAK_SLAB_GUARDED)
		size += HAK_SLOT_SIZE;
	if (size && hak_os_protect(from, size, true))
		return false;
	hard_unlink(slab);
	if (slab->hard & HAK_SLAB_GUARDED)
		__atomic_fetch_sub(&hard.guarded, 1, __ATOMIC_RELAXED);
	hak_pool_stat[slab->cls].slabs--;
	return hak_pool_slab_retire(slab);
}

static unsigned hard_carved_free(const struct hak_slab *slab)
{
	return slab->nfree - (slab->blocks - slab->carved);
}

static void hard_carve(struct hak_slab *slab)
{
	unsigned i = slab->carved;

	if (i % 64 == 0)
		slab->bits[i / 64] = 0;
	slab->bits[i / 64] |= UINT64_C(1) << (i % 64);
	slab->summary |= UINT64_C(1) << (i / 64);
	/* relaxed: partner is the check of a free, see alloc.c */
	__atomic_store_n(&slab->carved, (uint16_t)(i + 1), __ATOMIC_RELAXED);
}

/* Some to choose among, as long as there are; not all of the slab at once,
 * whose pages would all be touched. */
static void hard_offer(struct hak_slab *slab)
{
	size_t n = HARD_CARVE / hak_class_size(slab->cls);

	if (n < HARD_CARVE_MIN)
		n = HARD_CARVE_MIN;
	if (hard_carved_free(slab) > n / 2)
		return;
	while (hard_carved_free(slab) < n && slab->carved < slab->blocks)
		hard_carve(slab);
}

/* One of the set bits of x.  From a random place the next one would not do:
 * where few are left, that is the same one for most places. */
static unsigned hard_choose(uint64_t x, unsigned r)
{
	for (r %= hak_popcount64(x); r; r--)
		x &= x - 1;
	return hak_ctz64(x);
}

static char *hard_take(struct hak_slab *slab)
{
	uint64_t r = hak_random_next(&hard.random);
	unsigned w, bit, i;
	char *p;

	hard_offer(slab);
	w = hard_choose(slab->summary, r & UINT16_MAX);
	bit = hard_choose(slab->bits[w], r >> 16 & UINT16_MAX);
	slab->bits[w] &= ~(UINT64_C(1) << bit);
	if (!slab->bits[w])
		slab->summary &= ~(UINT64_C(1) << w);
	if (--slab->nfree == 0) {
		hard_unlink(slab);
		hard_push(slab);
	}
	/* free and live at no time: a fork's child may lose the block, but
	 * not have it twice */
	__atomic_fetch_or(&hard_live(slab)[w], UINT64_C(1) << bit,
			  __ATOMIC_RELAXED);
	i = w * 64 + bit;
	p = slab->base + i * hak_class_size(slab->cls);
	if (hak_unlikely(slab->holes))
		hak_slab_unpunch(slab, p);
	return p;
}

/* What is free is zero, or may become so: its pages can go. */
static size_t hard_punch(struct hak_slab *slab, unsigned *calls)
{
	return slab->hard & HAK_SLAB_NONE ? 0 : hak_slab_punch(slab, calls);
}

/* In half empty slabs; with old, in those without a change since last time. */
static size_t hard_punch_all(bool old, unsigned *calls)
{
	size_t done = 0;

	for (unsigned list = 1; list < HAK_CLASSES; list++) {
		struct hak_slab *slab = hard.partial[list];

		for (; slab && *calls; slab = slab->next) {
			bool still = slab->seen == slab->nfree;

			slab->seen = (uint16_t)slab->nfree;
			if (slab->nfree * 2 >= slab->blocks && (still || !old))
				done += hard_punch(slab, calls);
		}
	}
	return done;
}

/* Few blocks live, or half as many as when this was so before. */
static bool hard_is_sparse(const struct hak_slab *slab)
{
	unsigned live = slab->blocks - slab->nfree;

	return live <= slab->blocks / HARD_SPARSE && (live & (live - 1)) == 0;
}

/* What rests no longer is free, unless a torn change in a fork's parent has
 * left it in two places. */
static void hard_put(void *p)
{
	struct hak_slab *slab = hak_registry_record(p);
	bool exact;
	unsigned i = hak_slab_index(slab, p, &exact);
	uint64_t bit = UINT64_C(1) << (i % 64);
	/* relaxed: other bits of the word change, this block's does not */
	uint64_t live =
		__atomic_load_n(&hard_live(slab)[i / 64], __ATOMIC_RELAXED);
	unsigned calls = HARD_CALLS;

	if ((slab->bits[i / 64] | live) & bit)
		return;
	slab->bits[i / 64] |= bit;
	slab->summary |= UINT64_C(1) << (i / 64);
	if (slab->nfree++ == 0) {
		hard_unlink(slab);
		hard_push(slab);
	}
	if (slab->nfree == slab->blocks &&
	    (slab->next || hard.partial[hard_list(slab)] != slab) &&
	    hard_retire(slab))
		hak_purge_edge();
	else if (hard_is_sparse(slab) && hak_purge_holes())
		hard_punch(slab, &calls);
}

/* ---- quarantine ----------------------------------------------------------- */

static bool hard_rest_make(struct hard_rest *r, unsigned cls)
{
	size_t n = HARD_REST / hak_class_size(cls);
	void **places;

	n = n < HARD_REST_MIN ? HARD_REST_MIN : n;
	n = n > HARD_REST_MAX ? HARD_REST_MAX : n;
	places = hak_meta_alloc(2 * n * sizeof(*places), HAK_CACHE_LINE);
	if (!places)
		return false;
	r->random = places;
	r->queue = places + n;
	r->n = (uint16_t)n;
	return true;
}

static void *hard_swap(void **place, void *p)
{
	void *old = *place;

	*place = p;
	return old;
}

static void hard_rest(struct hak_slab *slab, void *p)
{
	struct hard_rest *r = &hard.rest[hard_list(slab)];

	if (!r->n && !hard_rest_make(r, slab->cls)) {
		hard_put(p);
		return;
	}
	p = hard_swap(&r->random[hak_random_next(&hard.random) % r->n], p);
	if (!p)
		return;
	p = hard_swap(&r->queue[r->at], p);
	r->at = (uint16_t)((r->at + 1u) % r->n);
	if (p)
		hard_put(p);
}

/* ---- malloc, free ---------------------------------------------------------- */

/* Blocks that handlers freed while they could not. */
static HAK_COLD void hard_undefer(void)
{
	__atomic_store_n(&hard_waiting, 0, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < HARD_DEFERRED; i++) {
		/* acquire: partner is the release in hak_harden_defer */
		void *p = __atomic_exchange_n(&hard_deferred[i], NULL,
					      __ATOMIC_ACQUIRE);

		if (p)
			hak_harden_free(p);
	}
}

void hak_harden_defer(void *p)
{
	for (unsigned i = 0; i < HARD_DEFERRED; i++) {
		void *none = NULL;

		if (__atomic_compare_exchange_n(&hard_deferred[i], &none, p,
						false, __ATOMIC_RELEASE,
						__ATOMIC_RELAXED)) {
			__atomic_store_n(&hard_waiting, 1, __ATOMIC_RELAXED);
			return;
		}
	}
	/* more than a handler can be expected to free: it stays live */
}

static void hard_visit(void)
{
	unsigned calls = HARD_CALLS;

	if (hak_likely(hard.visit++ % HARD_VISIT))
		return;
	if (hak_purge_due() && hak_purge_decay() >= 0)
		hard_punch_all(true, &calls);
}

static void *hard_small(unsigned list, size_t size)
{
	size_t block = hak_class_size(list ? list : 1);
	struct hak_slab *slab;
	char *p = NULL;

	if (hak_unlikely(__atomic_load_n(&hard_waiting, __ATOMIC_RELAXED)))
		hard_undefer();
	hak_pool_enter();
	hard_visit();
	slab = hard.partial[list];
	if (!slab)
		slab = hard_slab(list);
	if (slab) {
		p = hard_take(slab);
		hak_pool_stat[slab->cls].filled++;
		hak_pool_pub.armed++;
	}
	hak_pool_leave();
	if (!p || !list)
		return p;
	if (hak_unlikely(!hard_is_zero(p, hard_mark(block))))
		hak_fault(HAK_FAULT_WRITE_AFTER_FREE, p, block);
	if (hard_tail())
		hard_tail_write(p, size, block);
	return p;
}

static void *hard_big(size_t size, size_t align)
{
	bool both = hak_opt.security > 2;
	char *p;

	if (!hard_room(HARD_PER_BIG))
		return NULL;
	/* huge.c knows no block of 0 bytes */
	size += !size;
	p = hak_huge_alloc_guarded(size, align, both);
	if (p && both)
		hak_harden_big_written(p, size);
	return p;
}

void *hak_harden_alloc(size_t size, size_t align)
{
	unsigned cls = 0;

	if (size <= HAK_MID_MAX - HARD_TAIL && align <= HAK_MID_MAX)
		cls = hak_class_of_aligned(size + hard_tail(), align);
	if (!cls)
		return hard_big(size, align);
	if (!size && hard_tail() && align <= HAK_ALIGNMENT)
		cls = 0;
	return hard_small(cls, size);
}

/* The record and number of the block that begins at p; no return if none. */
static struct hak_slab *hard_block(const void *p, unsigned *i)
{
	struct hak_slab *slab = hak_registry_record(p);
	bool exact;

	*i = hak_slab_index(slab, p, &exact);
	if (hak_unlikely(!exact || *i >= __atomic_load_n(&slab->carved,
							 __ATOMIC_RELAXED)))
		hak_fault((uintptr_t)p & (HAK_ALIGNMENT - 1)
				  ? HAK_FAULT_UNALIGNED_FREE
				  : HAK_FAULT_INVALID_FREE,
			  p, hak_class_size(slab->cls));
	return slab;
}

void hak_harden_free(void *p)
{
	unsigned i;
	struct hak_slab *slab = hard_block(p, &i);
	uint64_t bit = UINT64_C(1) << (i % 64);
	size_t block = hak_class_size(slab->cls);

	/* acq_rel: of two frees one finds the bit cleared; and the block's
	 * last writes come before its reuse */
	if (hak_unlikely(!(__atomic_fetch_and(&hard_live(slab)[i / 64], ~bit,
					      __ATOMIC_ACQ_REL) &
			   bit)))
		hak_fault(HAK_FAULT_DOUBLE_FREE, p, block);
	if (!(slab->hard & HAK_SLAB_NONE)) {
		if (hard_tail())
			(void)hard_tail_check(p, block);
		memset(p, 0, hard_mark(block));
	}
	hak_pool_enter();
	hak_pool_stat[slab->cls].flushed++;
	hard_rest(slab, p);
	hak_pool_leave();
}

size_t hak_harden_size(const void *p, bool *live)
{
	struct hak_slab *slab = hak_registry_record(p);
	size_t block = hak_class_size(slab->cls);
	bool exact;
	unsigned i = hak_slab_index(slab, p, &exact);

	*live = exact && i < __atomic_load_n(&slab->carved, __ATOMIC_RELAXED) &&
		__atomic_load_n(&hard_live(slab)[i / 64], __ATOMIC_RELAXED) >>
				(i % 64) &
			1;
	if (!*live || slab->hard & HAK_SLAB_NONE)
		return 0;
	return hard_tail() ? hard_tail_check(p, block) : block;
}

bool hak_harden_resize(void *p, size_t size)
{
	struct hak_slab *slab = hak_registry_record(p);
	size_t block = hak_class_size(slab->cls);
	size_t need = size + hard_tail();

	if (slab->hard & HAK_SLAB_NONE || !size || need > block ||
	    need < size || (need < block / 2 && block > 64))
		return false;
	if (hard_tail())
		hard_tail_write(p, size, block);
	return true;
}

/* ---- big blocks -------------------------------------------------------------- */

static size_t hard_big_room(size_t size)
{
	return hak_round_up(size, hak_os_page) - size;
}

void hak_harden_big_written(void *p, size_t size)
{
	if (hard_tail())
		memset((char *)p + size, hard_filling(hard_canary(p)),
		       hard_big_room(size));
}

void hak_harden_big_check(const void *p, size_t size)
{
	if (hard_tail() &&
	    !hard_filled((const char *)p + size, hard_big_room(size),
			 hard_filling(hard_canary(p))))
		hak_fault(HAK_FAULT_CANARY, p, size);
}

/* ---- trim, fork --------------------------------------------------------------- */

size_t hak_harden_trim(void)
{
	unsigned calls = UINT_MAX;

	for (unsigned list = 0; list < HAK_CLASSES; list++) {
		struct hak_slab *slab = hard.partial[list];

		while (slab) {
			struct hak_slab *next = slab->next;

			if (slab->nfree == slab->blocks)
				hard_retire(slab);
			slab = next;
		}
	}
	return hard_punch_all(false, &calls);
}

static void hard_mend(struct hak_slab *slab)
{
	unsigned n = slab->blocks - slab->carved;

	slab->summary = 0;
	for (unsigned w = 0; w * 64 < slab->carved; w++) {
		slab->bits[w] &= ~hard_live(slab)[w];
		if (slab->bits[w])
			slab->summary |= UINT64_C(1) << w;
		n += hak_popcount64(slab->bits[w]);
	}
	slab->nfree = n;
	slab->listed = HAK_SLAB_UNLISTED;
	hard.guarded += (slab->hard & HAK_SLAB_GUARDED) != 0;
	hak_pool_stat[slab->cls].slabs++;
	hard_push(slab);
}

void hak_harden_rebuild(void)
{
	struct hak_superslab *ss = hak_ss_all;

	memset(hard.partial, 0, sizeof(hard.partial));
	memset(hard.full, 0, sizeof(hard.full));
	hard.guarded = 0;
	for (; ss; ss = (struct hak_superslab *)(uintptr_t)ss->pub.next)
		for (uint32_t m = ss->pub.base ? ss->pub.active : 0; m;
		     m &= m - 1) {
			unsigned slot = hak_ctz32(m);
			uint32_t word =
				hak_registry_get(hak_slot_base(ss, slot));

			if (hak_word_kind(word) == HAK_KIND_HARD &&
			    !hak_word_slotno(word))
				hard_mend(&ss->slab[slot]);
		}
}
