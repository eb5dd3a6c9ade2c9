/* SPDX-License-Identifier: MIT */
#include "superslab.h"

#include "assert.h"
#include "fmt.h"
#include "meta.h"
#include "options.h"
#include "os.h"
#include "registry.h"
#include "stats.h"

/* Below this much mapped memory huge pages cost more than they give: a
 * process of a few MiB would become resident in steps of 2 MiB. */
#define SS_SMALL_HEAP (32u << 20)

struct hak_superslab *hak_ss_all;

static struct hak_superslab *ss_spare; /* pool lock; unmapped records */
/* Where the next one may fit: below the last, or where one was unmapped, so
 * that addresses, and the registry's leaves with them, are used again. */
static char *ss_hint; /* pool lock */
static uint32_t ss_said; /* pool lock; kinds of event printed */

/* Slots must begin at multiples of 64 KiB; older loaders ignore a section's
 * alignment, so it is made at run time. */
static HAK_SPARSE char ss_static[(HAK_FIRST_SLOTS + 1) * HAK_SLOT_SIZE];

void hak_ss_debug(const char *what, const struct hak_superslab *ss,
		  unsigned bit)
{
	char line[160];
	struct hak_fmt f;

	if (!hak_opt.ss_debug || (ss_said & (1u << bit)))
		return;
	ss_said |= 1u << bit;
	hak_fmt_init(&f, line, sizeof(line));
	hak_fmt(&f, "superslab: %s %p, %u slots, active %x empty %x, mapped %u",
		what, (void *)hak_ss_base(ss), ss->pub.slots, ss->pub.active,
		ss->pub.empty, (unsigned)hak_stats.superslabs_mapped);
	hak_warn(line);
}

static struct hak_superslab *ss_record(void)
{
	struct hak_superslab *ss = ss_spare;

	if (ss) {
		ss_spare = ss->next_spare;
		return ss;
	}
	ss = hak_meta_alloc(HAK_SS_RECORD, HAK_SS_RECORD);
	if (!ss)
		return NULL;
	ss->pub.slabs = (uintptr_t)ss->slab;
	ss->pub.next = (uintptr_t)hak_ss_all;
	hak_ss_all = ss;
	/* release: another process walks the list without a lock */
	__atomic_store_n(&hak_stats.superslabs, (uintptr_t)&ss->pub,
			 __ATOMIC_RELEASE);
	return ss;
}

static void ss_begin(struct hak_superslab *ss, char *base, unsigned slots)
{
	hak_stats_begin();
	ss->pub.slots = slots;
	ss->pub.active = 0;
	ss->pub.empty = 0;
	ss->zero = hak_low32(slots);
	ss->pub.purged = 0;
	ss->pub.generation++;
	__atomic_store_n(&ss->pub.base, (uintptr_t)base, __ATOMIC_RELEASE);
	hak_stats.slots_unused += slots;
	hak_stats.superslabs_mapped++;
	hak_stats.superslabs_map_total++;
	if (hak_stats.superslabs_mapped > hak_stats.superslabs_peak)
		hak_stats.superslabs_peak = hak_stats.superslabs_mapped;
	hak_stats_end();
}

struct hak_superslab *hak_ss_first(void)
{
	char *base = (char *)hak_round_up((uintptr_t)ss_static, HAK_SLOT_SIZE);
	size_t size = HAK_FIRST_SLOTS * HAK_SLOT_SIZE;
	struct hak_superslab *ss;

	if (!hak_registry_reserve(base, size))
		return NULL;
	ss = ss_record();
	if (!ss)
		return NULL;
	ss->is_static = 1;
	ss_begin(ss, base, HAK_FIRST_SLOTS);
	return ss;
}

/* THP as the option says; by default never while the heap is small. */
static void ss_advise(struct hak_superslab *ss)
{
	bool small = hak_stats.superslabs_mapped * HAK_SS_SIZE < SS_SMALL_HEAP;

	ss->nohuge = 0;
	if (hak_opt.thp == HAK_THP_ALWAYS) {
		hak_os_hugepage(hak_ss_base(ss), HAK_SS_SIZE, true);
	} else if (hak_opt.thp == HAK_THP_NEVER || small) {
		hak_os_hugepage(hak_ss_base(ss), HAK_SS_SIZE, false);
		ss->nohuge = 1;
	}
}

struct hak_superslab *hak_ss_map(void)
{
	struct hak_superslab *ss;
	char *base;

	base = hak_os_map_aligned(HAK_SS_SIZE, HAK_SS_SIZE, ss_hint);
	if (!base)
		return NULL;
	if (!hak_registry_reserve(base, HAK_SS_SIZE) || !(ss = ss_record())) {
		hak_os_unmap(base, HAK_SS_SIZE);
		return NULL;
	}
	ss_hint = base - HAK_SS_SIZE;
	ss_begin(ss, base, HAK_SS_SLOTS);
	ss_advise(ss);
	hak_ss_debug("map", ss, 0);
	return ss;
}

int hak_ss_unmap(struct hak_superslab *ss)
{
	char *base = hak_ss_base(ss);
	int ret;

	hak_assert(!ss->pub.active && !ss->is_static);
	hak_ss_debug("unmap", ss, 1);
	hak_stats_begin();
	/* first: a fork's child must not find unmapped memory here */
	ss->pub.base = 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	ret = hak_os_unmap(base, HAK_SS_SIZE);
	if (ret) {
		ss->pub.base = (uintptr_t)base;
		hak_stats_end();
		return ret;
	}
	hak_stats.slots_unused -=
		hak_popcount32(hak_ss_mask(ss, HAKMEM_SLOT_UNUSED));
	hak_stats.slots_empty -= hak_popcount32(ss->pub.empty);
	hak_stats.superslabs_mapped--;
	hak_stats.superslabs_unmap_total++;
	ss->pub.empty = 0;
	ss->pub.slots = 0;
	ss->zero = 0;
	hak_stats_end();
	ss_hint = base;
	ss->next_spare = ss_spare;
	ss_spare = ss;
	return 0;
}

struct hak_superslab *hak_ss_containing(const void *p)
{
	struct hak_superslab *ss = hak_ss_all;

	for (; ss; ss = (struct hak_superslab *)(uintptr_t)ss->pub.next)
		if (ss->pub.base && (uintptr_t)p >= ss->pub.base &&
		    (uintptr_t)p - ss->pub.base < ss->pub.slots * HAK_SLOT_SIZE)
			return ss;
	return NULL;
}

bool hak_ss_check(const struct hak_superslab *ss)
{
	uint32_t slots = hak_low32(ss->pub.slots);

	return (ss->pub.active & ss->pub.empty) == 0 &&
	       ((ss->pub.active | ss->pub.empty | ss->zero) & ~slots) == 0 &&
	       (ss->zero & (ss->pub.active | ss->pub.empty)) == 0;
}
