/* SPDX-License-Identifier: MIT */
/*
 * When memory goes back: not below the threshold, above it at once and in
 * bounded visits, by age, not at all or all of it when that is asked for; what
 * is in use is never touched; reuse soon after slows it down; the hard limit.
 *
 * The time is ours: { dg-hakmem-options "-Wl,--wrap=clock_gettime" }
 */
#include "unit.h"

#include "huge.h"
#include "purge.h"
#include "stats.h"

#define MIB ((uint64_t)1 << 20)
#define WHOLES 128
#define MOST ((HAK_SS_SLOTS - 1) * HAK_SLOT_SIZE) /* all slots but the first */

static uint64_t clock_ms = 1000000;

int __wrap_clock_gettime(clockid_t id, struct timespec *ts);

int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	(void)id;
	ts->tv_sec = (time_t)(clock_ms / 1000);
	ts->tv_nsec = (long)(clock_ms % 1000) * 1000000;
	return 0;
}

/* ---- SuperSlabs in use, wholly or in one slot ----------------------------- */

static struct hak_run whole[WHOLES];
static unsigned wholes;

static void mark(struct hak_run *r, unsigned slot)
{
	memset(hak_slot_base(r->ss, slot), 0x55, 64);
	memset(hak_slot_base(r->ss, slot) + HAK_SLOT_SIZE - 64, 0x55, 64);
}

static struct hak_run *take(void)
{
	struct hak_run *r = &whole[wholes++];

	CHECK(wholes <= WHOLES);
	CHECK(hak_pool_acquire(HAK_SS_SLOTS, 1, r) == 0);
	for (unsigned i = 0; i < HAK_SS_SLOTS; i++)
		mark(r, i);
	return r;
}

/* What is ACTIVE is as it was marked. */
static void check_marks(void)
{
	for (unsigned i = 0; i < wholes; i++)
		for (unsigned j = 0; j < HAK_SS_SLOTS; j++) {
			const char *p = hak_slot_base(whole[i].ss, j);

			if (whole[i].ss->pub.active >> j & 1)
				CHECK(p[0] == 0x55 &&
				      p[HAK_SLOT_SIZE - 1] == 0x55);
		}
	CHECK(hak_pool_check());
}

/* The first slot keeps the SuperSlab from being unmapped whole. */
static void leave_one(struct hak_run *r)
{
	hak_pool_release(r->ss, 1, HAK_SS_SLOTS - 1);
}

static void leave_half(struct hak_run *r)
{
	for (unsigned i = 1; i < HAK_SS_SLOTS; i += 2)
		hak_pool_release(r->ss, i, 1);
}

static uint64_t live(void)
{
	return hak_stats.slots_active * HAK_SLOT_SIZE;
}

static uint64_t empty(void)
{
	return hak_stats.empty_bytes;
}

/* Nothing in use, nothing EMPTY, no memory of reuse. */
static void reset(void)
{
	check_marks();
	while (wholes) {
		struct hak_superslab *ss = whole[--wholes].ss;

		for (uint32_t m = ss->pub.active; m; m &= m - 1)
			hak_pool_release(ss, hak_ctz32(m), 1);
	}
	hak_opt.purge_delay = 500;
	hak_purge_all();
	CHECK(empty() == 0 && live() == 0);
	for (int i = 0; i < 20; i++) {
		clock_ms += 20000;
		hak_purge_decay();
	}
}

/* ---- edge ------------------------------------------------------------------ */

/* Up to 8 MiB stay, however little is in use; more than that is halved. */
static void check_edge_small(void)
{
	uint64_t purged = hak_stats.purged_bytes;

	for (int i = 0; i < 5; i++)
		take();
	for (int i = 0; i < 4; i++) {
		leave_one(&whole[i]);
		hak_purge_edge();
	}
	CHECK(empty() == 4 * MOST && hak_stats.purged_bytes == purged);
	leave_one(&whole[4]);
	CHECK(empty() > 8 * MIB);
	hak_purge_edge();
	CHECK(empty() <= 4 * MIB && empty() + 2 * MIB >= 4 * MIB);
	CHECK(hak_stats.purged_bytes == purged + 5 * MOST - empty());
	reset();
}

/* A quarter of what is in use may be EMPTY. */
static void check_edge_large(void)
{
	uint64_t purged = hak_stats.purged_bytes;
	unsigned i = 0;

	while (wholes < 60)
		take();
	while (empty() + MOST <= (live() - MOST) / 4) {
		leave_one(&whole[i++]);
		hak_purge_edge();
	}
	CHECK(empty() > 12 * MIB && hak_stats.purged_bytes == purged);
	leave_one(&whole[i]);
	hak_purge_edge();
	CHECK(empty() <= live() / 8 && empty() + 2 * MIB >= live() / 8);
	CHECK(hak_stats.purged_bytes > purged);
	reset();
}

/* However memory becomes free, what stays is bounded after each release. */
static void check_edge_always(void)
{
	while (wholes < 60)
		take();
	while (wholes) {
		struct hak_run *r = &whole[--wholes];

		hak_pool_release(r->ss, 0, HAK_SS_SLOTS);
		hak_purge_edge();
		CHECK(empty() <= 8 * MIB || empty() <= live() / 4);
	}
	CHECK(hak_stats.superslabs_mapped < 10);
	reset();
}

/* With what is to be mapped, half as much again as was in use at most. */
static void check_room(void)
{
	uint64_t purged, most;

	while (wholes < 60)
		take();
	most = live() * 3 / 2;
	for (unsigned i = 0; i < wholes; i++)
		leave_one(&whole[i]);
	purged = hak_stats.purged_bytes;
	hak_purge_make_room(50 * MIB);
	CHECK(hak_stats.purged_bytes == purged);
	hak_purge_make_room(100 * MIB);
	CHECK(live() + 100 * MIB + empty() <= most);
	CHECK(live() + 100 * MIB + empty() + 2 * MIB > most);
	CHECK(hak_stats.purged_bytes > purged);
	reset();
}

static void check_visit(void)
{
	uint64_t before;

	/* at most 32 MiB, to the next run of slots */
	while (wholes < 60)
		take();
	for (unsigned i = 0; i < wholes; i++)
		leave_one(&whole[i]);
	before = hak_stats.purged_bytes;
	hak_purge_edge();
	CHECK(hak_stats.purged_bytes >= before + 30 * MIB);
	CHECK(hak_stats.purged_bytes < before + 34 * MIB);
	reset();

	/* at most 64 system calls */
	while (wholes < 40)
		take();
	for (unsigned i = 0; i < wholes; i++)
		leave_half(&whole[i]);
	CHECK(empty() == 40 * MIB);
	before = hak_stats.purges;
	hak_purge_edge();
	CHECK(hak_stats.purges > before && hak_stats.purges <= before + 64);
	CHECK(empty() < 40 * MIB);
	/* the next ones go on */
	for (int i = 0; i < 20; i++)
		hak_purge_edge();
	CHECK(empty() <= 10 * MIB);
	reset();
}

static void check_edge_huge(void)
{
	void *p[12];

	for (unsigned i = 0; i < COUNT(p); i++) {
		p[i] = hak_huge_alloc(4 * MIB, 16, false);
		CHECK(p[i]);
	}
	for (unsigned i = 0; i < COUNT(p); i++) {
		hak_huge_free(p[i]);
		CHECK(empty() <= 8 * MIB ||
		      empty() <= hak_stats.huge_live_bytes / 4);
	}
	reset();
}

/* ---- the delay ------------------------------------------------------------- */

static void check_never_and_at_once(void)
{
	uint64_t purged = hak_stats.purged_bytes;

	hak_opt.purge_delay = -1;
	while (wholes < 60)
		take();
	for (int i = 0; i < 30; i++) {
		leave_one(&whole[i]);
		hak_purge_edge();
		clock_ms += 100000;
		CHECK(!hak_purge_due());
		CHECK(hak_purge_decay() == -1);
		CHECK(!hak_purge_holes());
	}
	CHECK(hak_stats.purged_bytes == purged && empty() == 30 * MOST);
	hak_opt.purge_delay = 0;
	leave_one(&whole[30]);
	for (int i = 0; i < 4; i++)
		hak_purge_edge();
	CHECK(empty() == 0);
	leave_one(&whole[31]);
	hak_purge_edge();
	CHECK(empty() == 0);
	reset();
}

static void check_decay(void)
{
	uint64_t purged, cached;
	void *huge;

	while (wholes < 20)
		take();
	huge = hak_huge_alloc(3 * MIB, 16, false);
	leave_one(&whole[0]);
	hak_huge_free(huge);
	cached = hak_stats.huge_cached_bytes;
	CHECK(cached >= 3 * MIB);
	clock_ms += 300;
	leave_one(&whole[1]);
	purged = hak_stats.purged_bytes;
	clock_ms += 199;
	CHECK(hak_purge_decay() == 500);
	CHECK(hak_stats.purged_bytes == purged);
	CHECK(!hak_purge_due());
	clock_ms += 2;
	CHECK(hak_purge_decay() == 500);
	CHECK(hak_stats.purged_bytes == purged + MOST + cached);
	CHECK(hak_stats.huge_cached_bytes == 0 && empty() == MOST);
	clock_ms += 298;
	CHECK(hak_purge_decay() == 500 && empty() == MOST);
	clock_ms += 2;
	CHECK(hak_purge_decay() == 500 && empty() == 0);
	/* a visit is due again before a delay has gone by */
	CHECK(!hak_purge_due());
	clock_ms += 500;
	CHECK(hak_purge_due());
	reset();
}

static void check_small(void)
{
	struct hak_run run;

	CHECK(hak_pool_acquire(20, 1, &run) == 0);
	hak_pool_release(run.ss, run.slot, run.n);
	clock_ms += 100000;
	/* less than 4 MiB: left alone */
	CHECK(!hak_purge_due());
	CHECK(hak_purge_decay() == -1);
	CHECK(!hak_purge_holes());
	CHECK(empty() == 20 * HAK_SLOT_SIZE);
	/* unless it is asked for */
	CHECK(hak_purge_all() == 20 * HAK_SLOT_SIZE);
	CHECK(empty() == 0);
}

static void check_all(void)
{
	uint64_t had;

	hak_opt.purge_delay = -1;
	while (wholes < 20)
		take();
	for (int i = 0; i < 10; i++)
		leave_one(&whole[i]);
	for (int i = 10; i < 15; i++)
		leave_half(&whole[i]);
	while (wholes > 17)
		hak_pool_release(whole[--wholes].ss, 0, HAK_SS_SLOTS);
	hak_huge_free(hak_huge_alloc(5 * MIB, 16, false));
	had = empty();
	CHECK(had == 10 * MOST + 5 * MIB + 6 * MIB + 5 * MIB);
	CHECK(hak_purge_all() == had);
	CHECK(empty() == 0 && hak_stats.lru_length == 0);
	CHECK(hak_purge_all() == 0);
	reset();
}

#define MUCH ((size_t)1 << 30) /* more than any step of the feedback */

/* ---- feedback -------------------------------------------------------------- */

static void check_refault(void)
{
	uint64_t again = hak_stats.refaulted_bytes;

	while (wholes < 40)
		take();
	CHECK(hak_purge_decay() == 500);
	hak_purge_refault(4096, 1001);
	CHECK(hak_stats.refaulted_bytes == again);
	CHECK(hak_purge_decay() == 500);
	CHECK(hak_purge_holes());
	/* a little is no sign */
	hak_purge_refault(4096, 1000);
	CHECK(hak_stats.refaulted_bytes == again + 4096);
	CHECK(hak_purge_decay() == 500);
	CHECK(hak_purge_holes());
	hak_purge_refault(MUCH, 1000);
	CHECK(hak_stats.refaulted_bytes == again + 4096 + MUCH);
	CHECK(hak_purge_decay() == 1000);
	CHECK(!hak_purge_holes());
	hak_purge_refault(MUCH, 0);
	CHECK(hak_purge_decay() == 2000);
	/* forgotten in calm */
	for (int i = 0; i < 5; i++) {
		clock_ms += 15000;
		hak_purge_decay();
	}
	CHECK(hak_purge_decay() == 500);
	CHECK(hak_purge_holes());
	reset();
}

/* Purged slots that are taken again are seen without being told. */
static void check_refault_slots(void)
{
	uint64_t again = hak_stats.refaulted_bytes;
	uint32_t zero;

	while (wholes < 20)
		take();
	leave_one(&whole[0]);
	hak_purge_all();
	clock_ms += 999;
	CHECK(hak_pool_extend(whole[0].ss, 0, 1, 10, &zero) == 0);
	CHECK(hak_stats.refaulted_bytes == again + 10 * HAK_SLOT_SIZE);
	clock_ms += 2;
	CHECK(hak_pool_extend(whole[0].ss, 0, 11, 21, &zero) == 0);
	CHECK(hak_stats.refaulted_bytes == again + 10 * HAK_SLOT_SIZE);
	for (unsigned i = 1; i < HAK_SS_SLOTS; i++)
		mark(&whole[0], i);
	reset();
}

/* Reuse raises the threshold too, up to what was in use. */
static void check_refault_edge(void)
{
	uint64_t purged;

	while (wholes < 60)
		take();
	hak_purge_refault(MUCH, 10);
	hak_purge_refault(MUCH, 10);
	purged = hak_stats.purged_bytes;
	for (int i = 0; empty() + MOST <= (live() - MOST) / 2; i++) {
		leave_one(&whole[i]);
		hak_purge_edge();
	}
	CHECK(empty() > live() / 4 + 2 * MIB);
	CHECK(hak_stats.purged_bytes == purged);
	reset();

	while (wholes < 60)
		take();
	hak_purge_edge();
	for (int i = 0; i < 10; i++)
		hak_purge_refault(MUCH, 10);
	for (int i = 0; i < 45; i++) {
		leave_one(&whole[i]);
		hak_purge_edge();
	}
	CHECK(empty() == 45 * MOST);
	/* what was in use is no measure for ever */
	for (int i = 0; i < 15; i++) {
		clock_ms += 1100;
		hak_purge_edge();
	}
	CHECK(empty() <= live());
	reset();
	CHECK(hak_purge_decay() == -1);
}

static void check_holes(void)
{
	uint64_t again = hak_stats.refaulted_bytes;

	while (wholes < 40)
		take();
	CHECK(hak_purge_holes());
	clock_ms += 1001;
	hak_purge_hole_used(4096);
	CHECK(hak_stats.refaulted_bytes == again);
	CHECK(hak_purge_holes());
	clock_ms += 1000;
	hak_purge_hole_used(MUCH);
	CHECK(hak_stats.refaulted_bytes == again + MUCH);
	CHECK(!hak_purge_holes());
	reset();
}

/* ---- the hard limit ---------------------------------------------------------- */

static void check_limit(void)
{
	void *p;

	CHECK(!hak_purge_over_limit(SIZE_MAX / 2));
	take();
	p = hak_huge_alloc(3 * MIB, 16, false);
	CHECK(p);
	/* blocks of all tiers count, memory that is EMPTY does not */
	hak_opt.limit_hard = 10 * MIB;
	CHECK(!hak_purge_over_limit(5 * MIB));
	CHECK(hak_purge_over_limit(5 * MIB + 1));
	leave_one(&whole[0]);
	CHECK(!hak_purge_over_limit(5 * MIB + MOST));
	CHECK(hak_purge_over_limit(5 * MIB + MOST + 1));
	hak_huge_free(p);
	CHECK(!hak_purge_over_limit(8 * MIB + MOST));
	hak_opt.limit_hard = 0;
	reset();
}

int main(void)
{
	u_start();
	check_edge_small();
	check_edge_large();
	check_edge_always();
	check_room();
	check_visit();
	check_edge_huge();
	check_never_and_at_once();
	check_decay();
	check_small();
	check_all();
	check_refault();
	check_refault_slots();
	check_refault_edge();
	check_holes();
	check_limit();
	return 0;
}
