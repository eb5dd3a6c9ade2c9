/* SPDX-License-Identifier: MIT */
#include "boot.h"

#include "assert.h"
#include "bits.h"
#include "meta.h"
#include "pool.h"
#include "purge.h"
#include "registry.h"
#include "stats.h"

#define BOOT_GRANULE ((size_t)16)
#define BOOT_GRANULES ((unsigned)(HAK_SLOT_SIZE / 16))
#define BOOT_WORDS (BOOT_GRANULES / 64)

struct boot {
	struct hak_superslab *ss;
	unsigned slot;
	unsigned free; /* granules */
	unsigned low; /* no free granule below */
	bool listed;
	struct boot *next; /* list of slots worth a search, or spare records */
	uint64_t used[BOOT_WORDS];
	uint64_t start[BOOT_WORDS];
	struct boot *all;
};

/* A slot leaves the list when a search in it fails and comes back when a
 * quarter of it is free. */
static struct {
	struct boot *list;
	struct boot *spare;
	struct boot *all;
} boot; /* pool lock */

static bool boot_bit(const uint64_t *map, unsigned g)
{
	return map[g / 64] >> (g % 64) & 1;
}

/* First granule >= g whose bit in map equals value; BOOT_GRANULES if none. */
static unsigned boot_next(const uint64_t *map, unsigned g, bool value)
{
	while (g < BOOT_GRANULES) {
		uint64_t word = value ? map[g / 64] : ~map[g / 64];

		word >>= g % 64;
		if (word)
			return g + hak_ctz64(word);
		g = (g / 64 + 1) * 64;
	}
	return BOOT_GRANULES;
}

static void boot_mark(uint64_t *map, unsigned g, unsigned n, bool value)
{
	while (n) {
		unsigned most = 64 - g % 64, now = n < most ? n : most;
		uint64_t bits = hak_low64(now) << g % 64;

		map[g / 64] = value ? map[g / 64] | bits : map[g / 64] & ~bits;
		g += now;
		n -= now;
	}
}

static unsigned boot_end(const struct boot *b, unsigned g)
{
	unsigned next = boot_next(b->start, g + 1, true);
	unsigned unused = boot_next(b->used, g + 1, false);

	return next < unused ? next : unused;
}

static struct boot *boot_new(void)
{
	struct boot *b = boot.spare;
	struct hak_run run;

	if (hak_pool_acquire(1, 1, &run))
		return NULL;
	if (b) {
		boot.spare = b->next;
	} else {
		b = hak_meta_alloc(sizeof(*b), HAK_CACHE_LINE);
		if (!b) {
			hak_pool_release(run.ss, run.slot, 1);
			return NULL;
		}
		b->all = boot.all;
		boot.all = b;
	}
	b->ss = run.ss;
	b->slot = run.slot;
	b->free = BOOT_GRANULES;
	b->low = 0;
	b->listed = true;
	b->next = boot.list;
	boot.list = b;
	run.ss->pub.run[run.slot] = 1;
	hak_registry_set(hak_slot_base(run.ss, run.slot),
			 hak_word(HAK_TAG_NONE, HAK_KIND_BOOT, 0, 0), b);
	return b;
}

static void *boot_take(struct boot *b, unsigned n)
{
	unsigned g = boot_next(b->used, b->low, false);

	b->low = g;
	while (g + n <= BOOT_GRANULES) {
		unsigned end = boot_next(b->used, g, true);

		if (end - g >= n) {
			boot_mark(b->used, g, n, true);
			boot_mark(b->start, g, 1, true);
			b->free -= n;
			return hak_slot_base(b->ss, b->slot) + g * BOOT_GRANULE;
		}
		g = boot_next(b->used, end, false);
	}
	return NULL;
}

void *hak_boot_alloc(size_t size)
{
	unsigned n = (unsigned)((size + BOOT_GRANULE - 1) / BOOT_GRANULE);
	struct boot *b;
	void *p = NULL;

	if (!n)
		n = 1;
	hak_pool_enter();
	while ((b = boot.list) && (b->free < n || !(p = boot_take(b, n)))) {
		boot.list = b->next;
		b->listed = false;
	}
	if (!b && (b = boot_new()))
		p = boot_take(b, n);
	if (p) {
		hak_stats.boot_mallocs++;
		hak_stats.boot_live_bytes += n * BOOT_GRANULE;
	}
	hak_pool_leave();
	return p;
}

static void boot_unlist(struct boot *b)
{
	struct boot **link = &boot.list;

	while (*link && *link != b)
		link = &(*link)->next;
	if (*link)
		*link = b->next;
	b->listed = false;
}

/* An empty slot goes back unless it is the one in use. */
static void boot_settle(struct boot *b)
{
	if (b->free == BOOT_GRANULES && boot.list != b) {
		if (b->listed)
			boot_unlist(b);
		hak_registry_set(hak_slot_base(b->ss, b->slot), 0, NULL);
		b->ss->pub.run[b->slot] = 0;
		hak_pool_release(b->ss, b->slot, 1);
		b->next = boot.spare;
		boot.spare = b;
		hak_purge_edge();
	} else if (!b->listed && b->free >= BOOT_GRANULES / 4) {
		struct boot **link = boot.list ? &boot.list->next : &boot.list;

		b->next = *link;
		*link = b;
		b->listed = true;
	}
}

static unsigned boot_granule(const struct boot *b, const void *p)
{
	return (unsigned)((size_t)((const char *)p -
				   hak_slot_base(b->ss, b->slot)) /
			  BOOT_GRANULE);
}

bool hak_boot_free(void *p, bool *twice)
{
	struct boot *b;
	unsigned g, n;

	*twice = false;
	hak_pool_enter();
	b = hak_registry_record(p);
	g = boot_granule(b, p);
	if (((uintptr_t)p & (BOOT_GRANULE - 1)) || !boot_bit(b->start, g)) {
		*twice = !boot_bit(b->used, g) &&
			 ((uintptr_t)p & (BOOT_GRANULE - 1)) == 0;
		hak_pool_leave();
		return false;
	}
	n = boot_end(b, g) - g;
	boot_mark(b->start, g, 1, false);
	boot_mark(b->used, g, n, false);
	b->free += n;
	if (g < b->low)
		b->low = g;
	hak_stats.boot_frees++;
	hak_stats.boot_live_bytes -= n * BOOT_GRANULE;
	boot_settle(b);
	hak_pool_leave();
	return true;
}

size_t hak_boot_size(const void *p)
{
	bool mine = hak_pool_mine(); /* a handler that interrupted the pool */
	const struct boot *b;
	size_t size = 0;
	unsigned g;

	/* under the lock: neighbours come and go in the same words */
	if (!mine)
		hak_pool_enter();
	b = hak_registry_record(p);
	g = boot_granule(b, p);
	if (((uintptr_t)p & (BOOT_GRANULE - 1)) == 0 && boot_bit(b->start, g))
		size = (boot_end(b, g) - g) * BOOT_GRANULE;
	if (!mine)
		hak_pool_leave();
	return size;
}

void hak_boot_rebuild(void)
{
	boot.list = NULL;
	boot.spare = NULL;
	for (struct boot *b = boot.all; b; b = b->all) {
		const void *p = b->ss ? hak_slot_base(b->ss, b->slot) : NULL;
		uint32_t word = p ? hak_registry_get(p) : 0;

		b->listed = false;
		if (!word || hak_word_kind(word) != HAK_KIND_BOOT ||
		    hak_registry_record(p) != b) {
			__builtin_memset(b->used, 0, sizeof(b->used));
			__builtin_memset(b->start, 0, sizeof(b->start));
			b->next = boot.spare;
			boot.spare = b;
			continue;
		}
		b->free = 0;
		b->low = 0;
		for (unsigned w = 0; w < BOOT_WORDS; w++)
			b->free += 64 - hak_popcount64(b->used[w]);
		b->listed = true;
		b->next = boot.list;
		boot.list = b;
	}
}
