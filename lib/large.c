/* SPDX-License-Identifier: MIT */
#include "large.h"

#include "assert.h"
#include "bits.h"
#include "os.h"
#include "pool.h"
#include "purge.h"
#include "registry.h"
#include "stats.h"

#include <string.h>

#define LARGE_COLOUR ((size_t)64)
#define LARGE_COLOURS 16u

static unsigned large_turn; /* pool lock */

static unsigned large_slots(size_t size)
{
	return (unsigned)((size + HAK_SLOT_SIZE - 1) >> HAK_SLOT_SHIFT);
}

/* Bytes to skip at the start: what the last page leaves over allows. */
static size_t large_colour(size_t size, size_t align)
{
	size_t room = hak_round_up(size, hak_os_page) - size;
	size_t colour = LARGE_COLOUR * (large_turn++ % LARGE_COLOURS);

	if (align > LARGE_COLOUR)
		return 0;
	return colour <= room ? colour : room & ~(LARGE_COLOUR - 1);
}

static void large_register(const struct hak_run *run, struct hak_slab *slab)
{
	char *base = hak_slot_base(run->ss, run->slot);

	run->ss->pub.size_class[run->slot] = 0;
	run->ss->pub.run[run->slot] = (uint8_t)run->n;
	if (run->n > 1)
		hak_registry_set_run(base + HAK_SLOT_SIZE, run->n - 1,
				     hak_word(HAK_TAG_NONE, HAK_KIND_LARGE_TAIL,
					      0, 1),
				     slab);
	hak_registry_set(base, hak_word(HAK_TAG_NONE, HAK_KIND_LARGE, 0, 0),
			 slab);
}

static void large_count(int64_t bytes)
{
	hak_stats.large_live_bytes += (uint64_t)bytes;
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
	size_t colour, usable;

	hak_pool_enter();
	if (hak_pool_acquire(large_slots(size), align_slots, &run)) {
		hak_pool_leave();
		return NULL;
	}
	colour = large_colour(size, align);
	usable = hak_round_up(size + colour, hak_os_page) - colour;
	/* a page larger than a slot's rest must not promise what is not
	 * there */
	if (colour + usable > run.n * HAK_SLOT_SIZE)
		usable = run.n * HAK_SLOT_SIZE - colour;
	slab = &run.ss->slab[run.slot];
	slab->base = hak_slot_base(run.ss, run.slot) + colour;
	run.ss->bytes[run.slot] = (uint32_t)usable;
	large_register(&run, slab);
	hak_stats.large_mallocs++;
	large_count((int64_t)usable);
	hak_pool_leave();
	if (zero)
		large_clear(slab->base, size, &run);
	return slab->base;
}

void hak_large_free(void *p)
{
	struct hak_slab *slab;
	struct hak_superslab *ss;
	unsigned slot, n;

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
	ss = hak_slab_ss(slab);
	slot = hak_slab_slot(slab);
	n = ss->pub.run[slot];
	hak_registry_set_run(hak_slot_base(ss, slot), n, 0, NULL);
	large_count(-(int64_t)ss->bytes[slot]);
	hak_stats.large_frees++;
	ss->bytes[slot] = 0;
	ss->pub.run[slot] = 0;
	hak_pool_release(ss, slot, n);
	hak_purge_edge();
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

	hak_registry_set_run(hak_slot_base(ss, slot + n), had - n, 0, NULL);
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
	hak_registry_set_run(
		hak_slot_base(ss, slot + had), n - had,
		hak_word(HAK_TAG_NONE, HAK_KIND_LARGE_TAIL, 0, had), slab);
	ss->pub.run[slot] = (uint8_t)n;
	return true;
}

bool hak_large_resize(void *p, size_t size)
{
	struct hak_slab *slab = hak_registry_record(p);
	struct hak_superslab *ss = hak_slab_ss(slab);
	unsigned slot = hak_slab_slot(slab);
	size_t colour = (size_t)((char *)p - hak_slot_base(ss, slot));
	size_t usable = hak_round_up(size + colour, hak_os_page) - colour;
	unsigned n = large_slots(size + colour);
	bool ok = true;

	hak_assert(slab->base == p);
	hak_pool_enter();
	if (n < ss->pub.run[slot])
		large_shrink(ss, slot, n);
	else if (n > ss->pub.run[slot])
		ok = large_grow(slab, slot, n);
	if (ok) {
		if (colour + usable > n * HAK_SLOT_SIZE)
			usable = n * HAK_SLOT_SIZE - colour;
		large_count((int64_t)usable - (int64_t)ss->bytes[slot]);
		ss->bytes[slot] = (uint32_t)usable;
	}
	hak_pool_leave();
	return ok;
}
