/* SPDX-License-Identifier: MIT */
#include "huge.h"

#include "assert.h"
#include "meta.h"
#include "options.h"
#include "os.h"
#include "pool.h"
#include "purge.h"
#include "registry.h"
#include "stats.h"

#include <string.h>

#define HUGE_CACHE 32u /* mappings kept */
#define HUGE_MERGED ((size_t)32 << 20) /* bytes of one, so that it ages */
#define HUGE_REST 64u /* freed guarded blocks whose addresses are kept */
#define HUGE_REST_BYTES ((size_t)256 << 20) /* of address space */

enum huge_state {
	HUGE_SPARE = HAKMEM_MAPPING_FREE,
	HUGE_LIVE = HAKMEM_MAPPING_HUGE,
	HUGE_CACHED = HAKMEM_MAPPING_CACHED,
};

struct huge {
	struct hakmem_stats_mapping pub; /* base: read without the lock */
	struct huge *next; /* list of its state */
	struct huge *prev;
	size_t used; /* bytes of the block; a cached mapping may be larger */
	/* of guarded blocks, whose pub.size is used */
	size_t front; /* bytes without access in front of base */
	size_t whole; /* of the mapping */
	bool guarded;
	bool exact; /* used is what was asked for */
	bool joined; /* of several blocks: tombstones may lie inside */
};

/* Lists by state; the cache is ordered, newest first. */
static struct {
	struct huge *head[3];
	struct huge *cache_tail;
	unsigned cached;
	uint32_t dropped_at; /* ms; the last one unmapped */
} huge; /* pool lock */

/* Freed guarded blocks, oldest at first. */
static HAK_SELDOM struct {
	struct huge *at[HUGE_REST];
	unsigned first;
	unsigned n;
	size_t bytes;
} huge_rest; /* pool lock */

uint32_t hak_huge_guarded;

static char *huge_base(const struct huge *h)
{
	return (char *)(uintptr_t)h->pub.base;
}

static size_t huge_size(const struct huge *h)
{
	return (size_t)h->pub.size;
}

static void huge_push(struct huge *h, enum huge_state state)
{
	h->pub.kind = state;
	h->prev = NULL;
	h->next = huge.head[state];
	if (h->next)
		h->next->prev = h;
	else if (state == HUGE_CACHED)
		huge.cache_tail = h;
	huge.head[state] = h;
}

static void huge_unlink(struct huge *h)
{
	if (h->prev)
		h->prev->next = h->next;
	else
		huge.head[h->pub.kind] = h->next;
	if (h->next)
		h->next->prev = h->prev;
	else if (h->pub.kind == HUGE_CACHED)
		huge.cache_tail = h->prev;
}

static struct huge *huge_record(void)
{
	struct huge *h = huge.head[HUGE_SPARE];

	if (h) {
		huge_unlink(h);
		h->front = 0;
		h->guarded = false;
		return h;
	}
	h = hak_meta_alloc(sizeof(*h), HAK_CACHE_LINE);
	if (h)
		hak_stats_mapping(&h->pub);
	return h;
}

static uint32_t huge_word(enum hak_kind kind)
{
	return hak_word(HAK_TAG_NONE, kind, 0, 0);
}

/* ---- cache --------------------------------------------------------- */

static void huge_count(const struct huge *h)
{
	huge.cached++;
	hak_stats.huge_cached_bytes += huge_size(h);
	hak_stats_change(&hak_stats.empty_bytes, huge_size(h));
}

static void huge_cache(struct huge *h)
{
	huge_push(h, HUGE_CACHED);
	huge_count(h);
}

static void huge_cache_last(struct huge *h)
{
	struct huge *last = huge.cache_tail;

	if (!last) {
		huge_cache(h);
		return;
	}
	h->pub.kind = HUGE_CACHED;
	h->next = NULL;
	h->prev = last;
	last->next = h;
	huge.cache_tail = h;
	huge_count(h);
}

static void huge_uncache(struct huge *h)
{
	huge_unlink(h);
	/* a fork's child must not find it cached once it is unmapped or moved */
	h->pub.kind = HUGE_SPARE;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	huge.cached--;
	hak_stats.huge_cached_bytes -= huge_size(h);
	hak_stats_change(&hak_stats.empty_bytes, -(uint64_t)huge_size(h));
}

static size_t huge_drop(struct huge *h, unsigned *calls)
{
	size_t size = huge_size(h);

	if (*calls)
		(*calls)--;
	huge_uncache(h);
	if (hak_os_unmap(huge_base(h), size)) {
		/* too many mappings: empty it instead and keep it */
		hak_os_purge(huge_base(h), size, false);
		huge_cache(h);
		return 0;
	}
	hak_stats_add(&hak_stats.purged_bytes, size);
	huge.dropped_at = (uint32_t)hak_os_now_ms();
	huge_push(h, HUGE_SPARE);
	return size;
}

size_t hak_huge_drop_oldest(unsigned *calls)
{
	return huge.cache_tail ? huge_drop(huge.cache_tail, calls) : 0;
}

void hak_huge_drop_old(uint64_t now_ms, uint64_t delay_ms, unsigned *calls)
{
	struct huge *h = huge.cache_tail;

	while (h && *calls && (uint32_t)now_ms - h->pub.stamp >= delay_ms) {
		struct huge *prev = h->prev;

		huge_drop(h, calls);
		h = prev;
	}
}

/* Cached memory that lies before or behind h becomes part of it, up to a size
 * that can go back in one piece. */
static void huge_merge(struct huge *h)
{
	struct huge *c = huge.head[HUGE_CACHED];

	while (c) {
		struct huge *next = c->next;
		bool before = huge_base(c) + huge_size(c) == huge_base(h);

		if ((before || huge_base(h) + huge_size(h) == huge_base(c)) &&
		    huge_size(h) + huge_size(c) <= HUGE_MERGED) {
			huge_uncache(c);
			if (before)
				h->pub.base = c->pub.base;
			h->pub.size += c->pub.size;
			h->joined = true;
			huge_push(c, HUGE_SPARE);
		}
		c = next;
	}
}

/* What lies behind the first size bytes stays in the cache, unless it is
 * little; it is the first to be dropped. */
static void huge_split(struct huge *h, size_t size)
{
	struct huge *rest;

	if (huge_size(h) - size <= size / 4)
		return;
	rest = huge_record();
	if (!rest)
		return;
	rest->pub.base = h->pub.base + size;
	rest->pub.size = h->pub.size - size;
	rest->pub.stamp = h->pub.stamp;
	rest->joined = h->joined;
	h->pub.size = size;
	huge_cache_last(rest);
}

/* Grow, where it stands or elsewhere, or shrink; NULL: it is as it was. */
static char *huge_remap(struct huge *h, size_t size)
{
	size_t had = huge_size(h);

	if (size > had)
		return hak_os_remap(huge_base(h), had, size, HAK_SLOT_SIZE);
	return hak_os_unmap(huge_base(h) + size, had - size) ? NULL
							     : huge_base(h);
}

/* Grow a cached mapping; false: it is gone. */
static bool huge_stretch(struct huge *h, size_t size)
{
	char *to = huge_remap(h, size);

	if (to) {
		h->pub.base = (uintptr_t)to;
		h->pub.size = size;
	}
	if (!to || !hak_registry_reserve(to, size)) {
		unsigned calls = 1;

		huge_cache(h);
		huge_drop(h, &calls);
		return false;
	}
	return true;
}

/*
 * The smallest cached mapping that suffices, without what it has too much; else
 * the largest smaller one of at least half the size: growing it keeps its
 * pages, and one system call is cheaper than a fault for each of them.
 */
static struct huge *huge_from_cache(size_t size)
{
	struct huge *fit = NULL, *less = NULL;

	for (struct huge *h = huge.head[HUGE_CACHED]; h; h = h->next) {
		if (huge_size(h) >= size &&
		    (!fit || huge_size(h) < huge_size(fit)))
			fit = h;
		else if (huge_size(h) < size && huge_size(h) >= size / 2 &&
			 (!less || huge_size(h) > huge_size(less)))
			less = h;
	}
	if (fit) {
		huge_uncache(fit);
		huge_split(fit, size);
		return fit;
	}
	if (!less)
		return NULL;
	huge_uncache(less);
	return huge_stretch(less, size) ? less : NULL;
}

/* ---- alloc, free ---------------------------------------------------- */

static void huge_advise(const struct huge *h)
{
	if (hak_opt.thp)
		hak_os_hugepage(huge_base(h), huge_size(h),
				hak_opt.thp == HAK_THP_ALWAYS);
}

static struct huge *huge_map(size_t size, size_t align)
{
	struct huge *h = huge_record();
	char *p;

	if (!h)
		return NULL;
	p = hak_os_map_aligned(
		size, align < HAK_SLOT_SIZE ? HAK_SLOT_SIZE : align, NULL);
	if (p && !hak_registry_reserve(p, size)) {
		hak_os_unmap(p, size);
		p = NULL;
	}
	if (!p) {
		huge_push(h, HUGE_SPARE);
		return NULL;
	}
	h->pub.base = (uintptr_t)p;
	h->pub.size = size;
	h->joined = false;
	huge_advise(h);
	if (huge.dropped_at)
		hak_purge_refault(size,
				  (uint32_t)hak_os_now_ms() - huge.dropped_at);
	return h;
}

void *hak_huge_alloc(size_t size, size_t align, bool zero)
{
	size_t need = hak_round_up(size, HAK_SLOT_SIZE);
	struct huge *h = NULL;
	bool dirty = false;

	if (need < size)
		return NULL;
	hak_pool_enter();
	if (!hak_purge_over_limit(need)) {
		if (align <= HAK_SLOT_SIZE)
			h = huge_from_cache(need);
		dirty = h != NULL;
		if (!h) {
			hak_purge_make_room(need);
			h = huge_map(need, align);
		}
		if (!h) {
			/* what is kept for later goes first */
			hak_purge_all();
			h = huge_map(need, align);
		}
	}
	if (!h) {
		hak_stats.shared_fail++;
		hak_pool_leave();
		return NULL;
	}
	h->used = need;
	huge_push(h, HUGE_LIVE);
	if (h->joined)
		hak_registry_bury(huge_base(h), huge_size(h));
	h->joined = false;
	hak_registry_set(huge_base(h), huge_word(HAK_KIND_HUGE), h);
	hak_stats.huge_mallocs++;
	hak_stats_change(&hak_stats.huge_live_bytes, need);
	char *p = huge_base(h);
	hak_pool_leave();
	if (zero && dirty)
		memset(p, 0, size);
	return p;
}

/* ---- guards ----------------------------------------------------------- */

static size_t huge_pages(size_t size)
{
	return hak_round_up(size ? size : 1, hak_os_page);
}

static char *huge_start(const struct huge *h)
{
	return huge_base(h) - h->front;
}

static void huge_rest_drop(void)
{
	struct huge *h = huge_rest.at[huge_rest.first];

	huge_rest.first = (huge_rest.first + 1) % HUGE_REST;
	huge_rest.n--;
	huge_rest.bytes -= h->whole;
	/* too many mappings: it stays, without memory */
	hak_os_unmap(huge_start(h), h->whole);
	huge_push(h, HUGE_SPARE);
}

bool hak_huge_drop_rest(void)
{
	bool any = huge_rest.n != 0;

	while (huge_rest.n)
		huge_rest_drop();
	return any;
}

static void huge_rest_push(struct huge *h)
{
	char *base = huge_base(h);
	size_t pages = huge_pages(h->used);

	hak_os_purge(base, pages, false);
	h->pub.kind = HUGE_SPARE; /* for readers outside and a fork's child */
	__atomic_fetch_sub(&hak_huge_guarded, 1, __ATOMIC_RELAXED);
	if (h->whole > HUGE_REST_BYTES || hak_os_protect(base, pages, false)) {
		hak_os_unmap(huge_start(h), h->whole);
		huge_push(h, HUGE_SPARE);
		return;
	}
	while (huge_rest.n == HUGE_REST ||
	       huge_rest.bytes + h->whole > HUGE_REST_BYTES)
		huge_rest_drop();
	huge_rest.at[(huge_rest.first + huge_rest.n) % HUGE_REST] = h;
	huge_rest.n++;
	huge_rest.bytes += h->whole;
}

/* A mapping of which only the pages in the middle can be accessed. */
static bool huge_map_guarded(struct huge *h, size_t size, size_t align)
{
	size_t pages = huge_pages(size);
	size_t behind =
		hak_round_up(pages + hak_os_page, HAK_SLOT_SIZE) - pages;
	char *map, *base;

	h->whole = h->front + pages + behind;
	map = hak_os_map_aligned(h->whole, align, NULL);
	if (!map)
		return false;
	base = map + h->front;
	if (!hak_registry_reserve(base, pages) ||
	    hak_os_protect(base + pages, behind, false) ||
	    (h->front && hak_os_protect(map, h->front, false))) {
		hak_os_unmap(map, h->whole);
		return false;
	}
	h->pub.base = (uintptr_t)base;
	h->pub.size = h->exact ? size : pages;
	h->used = (size_t)h->pub.size;
	huge_advise(h);
	return true;
}

static struct huge *huge_new_guarded(size_t size, size_t align, bool both)
{
	struct huge *h = huge_record();

	if (!h)
		return NULL;
	if (align < HAK_SLOT_SIZE)
		align = HAK_SLOT_SIZE;
	h->front = both && align == HAK_SLOT_SIZE ? HAK_SLOT_SIZE : 0;
	h->exact = both;
	if (!huge_map_guarded(h, size, align)) {
		huge_push(h, HUGE_SPARE);
		return NULL;
	}
	h->guarded = true;
	return h;
}

void *hak_huge_alloc_guarded(size_t size, size_t align, bool both)
{
	struct huge *h = NULL;
	void *p = NULL;

	if (size > PTRDIFF_MAX)
		return NULL;
	size += !size;
	hak_pool_enter();
	if (!hak_purge_over_limit(huge_pages(size))) {
		h = huge_new_guarded(size, align, both);
		if (!h && hak_huge_drop_rest())
			h = huge_new_guarded(size, align, both);
	}
	if (h) {
		__atomic_fetch_add(&hak_huge_guarded, 1, __ATOMIC_RELAXED);
		hak_stats_begin();
		huge_push(h, HUGE_LIVE);
		hak_stats.huge_mallocs++;
		hak_stats_change(&hak_stats.huge_live_bytes, h->used);
		hak_stats_end();
		p = huge_base(h);
		hak_registry_set(p, huge_word(HAK_KIND_HUGE), h);
	}
	hak_pool_leave();
	return p;
}

bool hak_huge_is_guarded(const void *p)
{
	const struct huge *h = hak_registry_record(p);

	return huge_base(h) == p && h->guarded;
}

/* The pages of from, to the place of to; what is left of from goes. */
static bool huge_move_pages(struct huge *from, struct huge *to)
{
	size_t had = huge_pages(from->used), pages = huge_pages(to->used);
	char *base = huge_base(from), *behind = base + had;

	if (hak_os_move(base, had, huge_base(to), pages))
		return false;
	if (from->front)
		hak_os_unmap(huge_start(from), from->front);
	hak_os_unmap(behind, (size_t)(huge_start(from) + from->whole - behind));
	return true;
}

/* Pool lock held. */
static void *huge_grow_guarded(struct huge *h, size_t size)
{
	struct huge *to;

	if (size > h->used && hak_purge_over_limit(size - h->used))
		return NULL;
	to = huge_new_guarded(size, HAK_SLOT_SIZE, h->exact);
	if (!to)
		return NULL;
	hak_registry_set(huge_base(h), huge_word(HAK_KIND_TOMB), h);
	if (!huge_move_pages(h, to)) {
		hak_registry_set(huge_base(h), huge_word(HAK_KIND_HUGE), h);
		hak_os_unmap(huge_start(to), to->whole);
		huge_push(to, HUGE_SPARE);
		return NULL;
	}
	hak_stats_begin();
	huge_unlink(h);
	hak_stats_change(&hak_stats.huge_live_bytes,
			 (uint64_t)to->used - h->used);
	huge_push(h, HUGE_SPARE);
	huge_push(to, HUGE_LIVE);
	hak_stats_end();
	hak_registry_set(huge_base(to), huge_word(HAK_KIND_HUGE), to);
	return huge_base(to);
}

void *hak_huge_resize_guarded(void *p, size_t size)
{
	struct huge *h = hak_registry_record(p);

	if (size > PTRDIFF_MAX)
		return NULL;
	hak_pool_enter();
	if (huge_pages(size) != huge_pages(h->used)) {
		p = huge_grow_guarded(h, size);
	} else if (h->exact) {
		hak_stats_begin();
		hak_stats_change(&hak_stats.huge_live_bytes,
				 (uint64_t)size - h->used);
		h->used = size;
		h->pub.size = size;
		hak_stats_end();
	}
	hak_pool_leave();
	return p;
}

/* ---- free, resize -------------------------------------------------------- */

void hak_huge_free(void *p)
{
	unsigned calls = 1;
	struct huge *h;

	hak_pool_enter();
	if (hak_word_kind(hak_registry_get(p)) != HAK_KIND_HUGE) {
		hak_pool_leave();
		hak_fault(HAK_FAULT_DOUBLE_FREE, p, 0);
	}
	h = hak_registry_record(p);
	if (huge_base(h) != p) {
		hak_pool_leave();
		hak_fault(HAK_FAULT_INVALID_FREE, p, 0);
	}
	hak_registry_set(p, huge_word(HAK_KIND_TOMB), h);
	huge_unlink(h);
	hak_stats.huge_frees++;
	hak_stats_change(&hak_stats.huge_live_bytes, -(uint64_t)h->used);
	h->pub.stamp = (uint32_t)hak_os_now_ms();
	if (h->guarded) {
		huge_rest_push(h);
	} else {
		huge_merge(h);
		huge_cache(h);
	}
	if (huge.cached > HUGE_CACHE)
		hak_huge_drop_oldest(&calls);
	hak_purge_edge();
	hak_pool_leave();
}

size_t hak_huge_size(const void *p)
{
	const struct huge *h = hak_registry_record(p);

	return huge_base(h) == p ? h->used : 0;
}

void *hak_huge_resize(void *p, size_t size)
{
	size_t need = hak_round_up(size, HAK_SLOT_SIZE);
	struct huge *h = hak_registry_record(p);
	size_t had = huge_size(h);
	char *to;

	if (need < size)
		return NULL;
	hak_pool_enter();
	if (need > h->used && hak_purge_over_limit(need - h->used)) {
		hak_pool_leave();
		return NULL;
	}
	if (need >= h->used && need <= had) {
		hak_stats_change(&hak_stats.huge_live_bytes, need - h->used);
		h->used = need;
		hak_pool_leave();
		return p;
	}
	hak_registry_set(p, huge_word(HAK_KIND_TOMB), h);
	to = huge_remap(h, need);
	if (to && !hak_registry_reserve(to, need)) {
		/* no leaf for the new place: go back where there is one */
		char *back = hak_os_remap(to, need, had, HAK_SLOT_SIZE);

		hak_require(back && hak_registry_reserve(back, had));
		p = back;
		h->pub.base = (uintptr_t)back;
		to = NULL;
	}
	if (to) {
		h->pub.base = (uintptr_t)to;
		h->pub.size = need;
		hak_stats_change(&hak_stats.huge_live_bytes,
				 (uint64_t)need - h->used);
		h->used = need;
	}
	hak_registry_set(huge_base(h), huge_word(HAK_KIND_HUGE), h);
	hak_pool_leave();
	return to;
}

/* ---- walks, fork ----------------------------------------------------- */

void *hak_huge_containing(const void *p)
{
	for (struct huge *h = huge.head[HUGE_LIVE]; h; h = h->next)
		if ((const char *)p >= huge_base(h) &&
		    (const char *)p < huge_base(h) + huge_size(h))
			return huge_base(h);
	return NULL;
}

int hak_huge_walk(int (*fn)(void *base, size_t size, void *arg), void *arg)
{
	int ret = 0;

	for (struct huge *h = huge.head[HUGE_LIVE]; h && !ret; h = h->next)
		ret = fn(huge_base(h), huge_size(h), arg);
	return ret;
}

void hak_huge_rebuild(void)
{
	struct hakmem_stats_mapping *m;

	__builtin_memset(huge.head, 0, sizeof(huge.head));
	/* their mappings have no memory and stay */
	huge_rest.n = 0;
	huge_rest.bytes = 0;
	hak_huge_guarded = 0;
	huge.cache_tail = NULL;
	huge.cached = 0;
	hak_stats.huge_live_bytes = 0;
	hak_stats.huge_cached_bytes = 0;
	for (m = (void *)(uintptr_t)hak_stats.mappings; m;
	     m = (void *)(uintptr_t)m->next) {
		struct huge *h = (struct huge *)(void *)m;
		uint32_t word =
			huge_base(h) ? hak_registry_get(huge_base(h)) : 0;
		bool live = word && hak_word_kind(word) == HAK_KIND_HUGE &&
			    hak_registry_record(huge_base(h)) == h;

		if (m->kind == HAKMEM_MAPPING_META)
			continue;
		/* a mapping that was neither: its address is unknown to any
		 * list; it is lost to this child, not corrupted */
		if (live) {
			hak_stats.huge_live_bytes += h->used;
			hak_huge_guarded += h->guarded;
		}
		if (!live && h->pub.kind == HUGE_CACHED && huge_base(h)) {
			huge_cache(h);
		} else {
			huge_push(h, live ? HUGE_LIVE : HUGE_SPARE);
		}
	}
}
