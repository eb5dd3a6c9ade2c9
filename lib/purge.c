/* SPDX-License-Identifier: MIT */
#include "purge.h"

#include "bits.h"
#include "huge.h"
#include "options.h"
#include "os.h"
#include "pool.h"
#include "stats.h"

#define PURGE_EDGE_MIN ((uint64_t)8 << 20)
#define PURGE_HOLES_MIN ((uint64_t)64 << 20) /* in use, to make holes at once */
#define PURGE_VISIT_BYTES ((size_t)32 << 20)
#define PURGE_VISIT_CALLS 64u
#define PURGE_SOON_MS 1000u
#define PURGE_BOOST_MAX 6
#define PURGE_STEP_MIN ((uint64_t)2 << 20) /* used again, for a boost */
/* A process of less than this is left alone by decay: the faults would cost
 * more than the memory. */
#define PURGE_SMALL ((uint64_t)4 << 20)
#define PURGE_IDLE_KEEP 2u

static struct {
	unsigned boost; /* doublings in force; atomic relaxed for readers */
	uint64_t boost_at; /* ms; last refault, or change of boost */
	uint64_t thrashed; /* bytes used again since boost rose */
	uint64_t peak; /* recent peak of live bytes */
	uint64_t peak_at; /* ms; when peak began to count */
	uint32_t hole_at; /* ms; atomic; holes were last made at once */
	hak_u64 next_visit; /* ms; atomic relaxed, read without the lock */
} purge; /* pool lock */

static uint64_t purge_live(void)
{
	return hak_stats.slots_active * HAK_SLOT_SIZE +
	       hak_stats.huge_live_bytes;
}

bool hak_purge_over_limit(size_t size)
{
	uint64_t live = purge_live() + size;

	if (hak_opt.limit_hard && live > hak_opt.limit_hard)
		return true;
	if (live > purge.peak) {
		purge.peak = live;
		purge.peak_at = hak_os_now_ms();
	}
	return false;
}

static uint64_t purge_peak(uint64_t live)
{
	uint64_t now = hak_os_now_ms();

	if (live >= purge.peak) {
		purge.peak = live;
		purge.peak_at = now;
	} else if (now - purge.peak_at > PURGE_SOON_MS) {
		purge.peak -= (purge.peak - live) / 2;
		purge.peak_at = now;
	}
	return purge.peak;
}

static void purge_set_boost(unsigned boost)
{
	__atomic_store_n(&purge.boost, boost, __ATOMIC_RELAXED);
}

void hak_purge_refault(size_t size, uint32_t age_ms)
{
	uint64_t step = purge.peak / 8;

	if (age_ms > PURGE_SOON_MS)
		return;
	hak_stats.refaulted_bytes += size;
	purge.boost_at = hak_os_now_ms();
	purge.thrashed += size;
	if (step < PURGE_STEP_MIN)
		step = PURGE_STEP_MIN;
	if (purge.thrashed < step)
		return;
	purge.thrashed = 0;
	if (purge.boost < PURGE_BOOST_MAX)
		purge_set_boost(purge.boost + 1);
}

void hak_purge_hole_used(size_t size)
{
	hak_purge_refault(size, (uint32_t)hak_os_now_ms() -
					__atomic_load_n(&purge.hole_at,
							__ATOMIC_RELAXED));
}

bool hak_purge_holes(void)
{
	if (hak_opt.purge_delay < 0 ||
	    __atomic_load_n(&purge.boost, __ATOMIC_RELAXED) ||
	    __atomic_load_n(&hak_stats.slots_active, __ATOMIC_RELAXED) *
			    HAK_SLOT_SIZE <
		    PURGE_HOLES_MIN)
		return false;
	__atomic_store_n(&purge.hole_at, (uint32_t)hak_os_now_ms(),
			 __ATOMIC_RELAXED);
	return true;
}

static int64_t purge_delay(void)
{
	return hak_opt.purge_delay < 0 ? -1
				       : hak_opt.purge_delay << purge.boost;
}

static uint64_t purge_threshold(void)
{
	uint64_t live = purge_live();
	uint64_t peak = purge_peak(live);
	uint64_t holes =
		__atomic_load_n(&hak_stats.hole_bytes, __ATOMIC_RELAXED);
	uint64_t t = (live - (holes < live ? holes : live)) / 4;

	if (t < PURGE_EDGE_MIN)
		t = PURGE_EDGE_MIN;
	/* memory that comes and goes again may stay, a quarter of the recent
	 * peak with each boost */
	if (purge.boost) {
		uint64_t part = purge.boost < 4 ? purge.boost : 4;

		if (t < peak / 4 * part)
			t = peak / 4 * part;
	}
	return t;
}

static size_t purge_down_to(uint64_t target, size_t most, unsigned *calls)
{
	size_t done = 0;

	while (hak_stats.empty_bytes > target && done < most && *calls) {
		struct hak_superslab *ss = hak_pool_largest_empty();
		size_t n = hak_huge_drop_oldest(calls);

		if (!n && ss)
			n = hak_pool_purge(ss, ss->pub.empty, calls);
		if (!n)
			break;
		done += n;
	}
	return done;
}

void hak_purge_edge(void)
{
	unsigned calls = PURGE_VISIT_CALLS;
	uint64_t threshold;

	if (hak_opt.purge_delay == 0) {
		purge_down_to(0, PURGE_VISIT_BYTES, &calls);
		hak_pool_unmap_idle(0);
		return;
	}
	if (hak_stats.empty_bytes <= PURGE_EDGE_MIN || hak_opt.purge_delay < 0)
		return;
	threshold = purge_threshold();
	if (hak_stats.empty_bytes <= threshold)
		return;
	purge_down_to(threshold / 2, PURGE_VISIT_BYTES, &calls);
	hak_pool_unmap_idle(PURGE_IDLE_KEEP);
}

void hak_purge_make_room(size_t size)
{
	unsigned calls = PURGE_VISIT_CALLS;
	uint64_t live = purge_live() + size;
	uint64_t most = purge.peak + purge.peak / 2;
	uint64_t empty = hak_stats.empty_bytes;

	if (empty <= PURGE_EDGE_MIN || live + empty <= most ||
	    hak_opt.purge_delay < 0)
		return;
	purge_down_to(live < most ? most - live : 0, size, &calls);
}

static bool purge_small(void)
{
	return __atomic_load_n(&hak_stats.slots_active, __ATOMIC_RELAXED) *
			       HAK_SLOT_SIZE +
		       __atomic_load_n(&hak_stats.huge_live_bytes,
				       __ATOMIC_RELAXED) +
		       __atomic_load_n(&hak_stats.empty_bytes,
				       __ATOMIC_RELAXED) <
	       PURGE_SMALL;
}

bool hak_purge_due(void)
{
	if (hak_opt.purge_delay < 0 || purge_small())
		return false;
	return hak_os_now_ms() >=
	       __atomic_load_n(&purge.next_visit, __ATOMIC_RELAXED);
}

static uint32_t purge_old_slots(const struct hak_superslab *ss, uint32_t now,
				uint32_t delay)
{
	uint32_t old = 0;

	for (uint32_t m = ss->pub.empty; m; m &= m - 1) {
		unsigned slot = hak_ctz32(m);

		if (now - ss->stamp[slot] >= delay)
			old |= UINT32_C(1) << slot;
	}
	return old;
}

int64_t hak_purge_decay(void)
{
	uint64_t now = hak_os_now_ms();
	int64_t delay = purge_delay();
	unsigned calls = PURGE_VISIT_CALLS;
	struct hak_superslab *ss = hak_ss_all;

	if (delay < 0)
		return -1;
	if (purge.boost && now - purge.boost_at > 10 * PURGE_SOON_MS) {
		purge_set_boost(purge.boost - 1);
		purge.boost_at = now;
	}
	__atomic_store_n(&purge.next_visit, now + (uint64_t)delay / 4 + 1,
			 __ATOMIC_RELAXED);
	if (purge_small())
		return -1;
	hak_huge_drop_old(now, (uint64_t)delay, &calls);
	for (; ss && calls;
	     ss = (struct hak_superslab *)(uintptr_t)ss->pub.next)
		if (ss->pub.base && ss->pub.empty)
			hak_pool_purge(ss,
				       purge_old_slots(ss, (uint32_t)now,
						       (uint32_t)delay),
				       &calls);
	hak_pool_unmap_idle(PURGE_IDLE_KEEP);
	return delay;
}

size_t hak_purge_all(void)
{
	unsigned calls = UINT_MAX;
	size_t done = purge_down_to(0, SIZE_MAX, &calls);

	return done + hak_pool_unmap_idle(0);
}
