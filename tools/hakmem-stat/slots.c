/* SPDX-License-Identifier: MIT */
#include "slots.h"

#include "layout.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRIES 400

static void pause_between(int n)
{
	/* a change takes well under a microsecond, a preempted thread much
	 * longer: first at once, then slower up to 5 ms, a second in all */
	struct timespec ts = { 0, n < 20 ? 0 : n < 200 ? 50000 : 5000000 };

	if (ts.tv_nsec)
		nanosleep(&ts, NULL);
}

/* One reading: sequence, object, records, sequence. */
static enum status read_once(struct snapshot *snap, struct target *t,
			     uint64_t seq[2], struct error *e)
{
	struct piece *piece = xcalloc(snap->superslabs + 3, sizeof(*piece));
	uint64_t seq_addr = t->stats + offsetof(struct hakmem_stats, seq);
	size_t n = 0;
	enum status status;

	piece[n++] = (struct piece){ seq_addr, &seq[0], sizeof(seq[0]) };
	piece[n++] = (struct piece){ t->stats, &snap->s,
				     min_u64(snap->s.size, sizeof(snap->s)) };
	for (size_t i = 0; i < snap->superslabs; i++)
		piece[n++] = (struct piece){ snap->ss[i].addr, &snap->ss[i].pub,
					     sizeof(snap->ss[i].pub) };
	piece[n++] = (struct piece){ seq_addr, &seq[1], sizeof(seq[1]) };
	status = target_readv(t, piece, n, e);
	free(piece);
	return status;
}

static uint64_t bits(uint32_t word)
{
	return (uint64_t)__builtin_popcount(word);
}

/* Do the records add up to the totals? */
static bool sums_agree(const struct snapshot *snap)
{
	uint64_t slots = 0, active = 0, empty = 0, mapped = 0;

	for (size_t i = 0; i < snap->superslabs; i++) {
		const struct hakmem_stats_superslab *p = &snap->ss[i].pub;

		if (!p->base)
			continue;
		if (p->slots > HAKMEM_STATS_SLOTS || (p->active & p->empty))
			return false;
		mapped++;
		slots += p->slots;
		active += bits(p->active);
		empty += bits(p->empty);
	}
	return mapped == snap->s.superslabs_mapped &&
	       active == snap->s.slots_active && empty == snap->s.slots_empty &&
	       slots == active + empty + snap->s.slots_unused;
}

static enum status list_records(struct snapshot *snap, struct target *t,
				struct error *e)
{
	struct list list = { NULL, 0, 0 };
	enum status status =
		layout_walk(t, snap->s.superslabs, SUPERSLABS_MAX,
			    "endless list of SuperSlabs", &list, e);

	if (status == STATUS_OK) {
		snap->ss = xrealloc(snap->ss, list.n, sizeof(*snap->ss));
		snap->superslabs = list.n;
		for (size_t i = 0; i < list.n; i++)
			snap->ss[i].addr = list.addr[i];
	}
	free(list.addr);
	return status;
}

static enum status read_slabs(struct snapshot *snap, struct target *t,
			      struct error *e)
{
	size_t row = (size_t)snap->s.slab_stride * HAKMEM_STATS_SLOTS;
	char *buf = xcalloc(row, 1);
	enum status status = STATUS_OK;

	for (size_t i = 0; i < snap->superslabs && status == STATUS_OK; i++) {
		struct superslab *ss = &snap->ss[i];

		memset(ss->nfree, 0, sizeof(ss->nfree));
		if (!ss->pub.base || !ss->pub.active)
			continue;
		status = target_read(t, ss->pub.slabs, buf, row, e);
		for (unsigned slot = 0; slot < HAKMEM_STATS_SLOTS; slot++)
			memcpy(&ss->nfree[slot],
			       buf + (size_t)slot * snap->s.slab_stride +
				       snap->s.slab_nfree,
			       sizeof(ss->nfree[slot]));
	}
	free(buf);
	return status;
}

static int by_base(const void *a, const void *b)
{
	const struct superslab *x = a, *y = b;

	return (x->pub.base > y->pub.base) - (x->pub.base < y->pub.base);
}

/* Records without memory go, the others are put in order. */
static void sort_records(struct snapshot *snap)
{
	size_t n = 0;

	for (size_t i = 0; i < snap->superslabs; i++)
		if (snap->ss[i].pub.base)
			snap->ss[n++] = snap->ss[i];
	snap->superslabs = n;
	if (n)
		qsort(snap->ss, n, sizeof(*snap->ss), by_base);
}

enum status slots_read(struct snapshot *snap, struct target *t, unsigned want,
		       struct error *e)
{
	bool slots = want & (WANT_SLOTS | WANT_SLABS);
	uint32_t size = snap->s.size;
	uint64_t head = 0;

	snap->superslabs = 0;
	for (int i = 0; i < TRIES; i++) {
		uint64_t seq[2];
		enum status status = read_once(snap, t, seq, e);

		if (status != STATUS_OK)
			return status;
		if (snap->s.size != size)
			return layout_hostile(t, e, "header that changes");
		if (slots && head != snap->s.superslabs) {
			head = snap->s.superslabs;
			status = list_records(snap, t, e);
			if (status != STATUS_OK)
				return status;
			continue;
		}
		if (!(seq[0] & 1) && seq[0] == seq[1] &&
		    snap->s.seq == seq[0] && (!slots || sums_agree(snap))) {
			if (want & WANT_SLABS)
				status = read_slabs(snap, t, e);
			if (slots)
				sort_records(snap);
			return status;
		}
		snap->retries++;
		pause_between(i);
	}
	return error_set(e, STATUS_TORN,
			 "%d (%s): torn: its pool was in the middle of a "
			 "change whenever it was read",
			 (int)t->pid, t->name);
}

void slots_look(const struct snapshot *snap, const struct superslab *ss,
		enum slot_look look[HAKMEM_STATS_SLOTS])
{
	enum slot_look run = LOOK_FULL;
	unsigned left = 0;

	for (unsigned i = 0; i < HAKMEM_STATS_SLOTS; i++) {
		unsigned cls = ss->pub.size_class[i];

		look[i] = ss->pub.empty >> i & 1 ? LOOK_EMPTY : LOOK_UNUSED;
		if (!(ss->pub.active >> i & 1))
			continue;
		if (ss->pub.run[i] || !left) {
			left = ss->pub.run[i] ? ss->pub.run[i] : 1;
			run = LOOK_FULL;
			if (cls && cls < snap->classes &&
			    ss->nfree[i] > snap->info[cls].blocks / 2)
				run = LOOK_SPARSE;
		}
		left--;
		look[i] = run;
	}
}
