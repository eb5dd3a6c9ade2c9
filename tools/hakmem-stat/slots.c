/* SPDX-License-Identifier: MIT */
#include "slots.h"

#include "layout.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRIES 400
#define ROWS 64u /* SuperSlabs whose slabs are read at once */

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
	struct piece *piece =
		xcalloc(snap->superslabs + snap->mappings + snap->heaps + 3,
			sizeof(*piece));
	uint64_t seq_addr = t->stats + offsetof(struct hakmem_stats, seq);
	const struct hakmem_stats *s = &snap->s;
	size_t n = 0;
	enum status status;

	piece[n++] = (struct piece){ seq_addr, &seq[0], sizeof(seq[0]) };
	piece[n++] = (struct piece){ t->stats, &snap->s,
				     min_u64(snap->s.size, sizeof(snap->s)) };
	for (size_t i = 0; i < snap->superslabs; i++)
		piece[n++] = (struct piece){ snap->ss[i].addr, &snap->ss[i].pub,
					     min_u64(sizeof(snap->ss[i].pub),
						     s->superslab_size) };
	for (size_t i = 0; i < snap->mappings; i++)
		piece[n++] = (struct piece){
			snap->mapping[i].addr, &snap->mapping[i].pub,
			min_u64(sizeof(snap->mapping[i].pub), s->mapping_size)
		};
	for (size_t i = 0; i < snap->heaps; i++)
		piece[n++] =
			(struct piece){ snap->heap[i].addr, &snap->heap[i].pub,
					min_u64(sizeof(snap->heap[i].pub),
						s->heap_size) };
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
static bool slots_agree(const struct snapshot *snap)
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

static bool heaps_agree(const struct snapshot *snap)
{
	uint64_t live = 0, orphan = 0;

	for (size_t i = 0; i < snap->heaps; i++) {
		const struct hakmem_stats_heap *p = &snap->heap[i].pub;

		/* the pool's own has no countdown and is not counted */
		if (!p->countdown)
			continue;
		live += p->state == HAKMEM_HEAP_LIVE;
		orphan += p->state == HAKMEM_HEAP_ORPHAN;
	}
	return live == snap->s.heaps_live && orphan == snap->s.heaps_orphan;
}

static bool mappings_agree(const struct snapshot *snap)
{
	uint64_t live = 0, cached = 0;

	for (size_t i = 0; i < snap->mappings; i++) {
		const struct hakmem_stats_mapping *p = &snap->mapping[i].pub;

		if (p->kind == HAKMEM_MAPPING_HUGE)
			live += p->size;
		else if (p->kind == HAKMEM_MAPPING_CACHED)
			cached += p->size;
	}
	return live == snap->s.huge_live_bytes &&
	       cached == snap->s.huge_cached_bytes;
}

/* Walk a list into an array of records that begin with their address. */
static enum status list_records(struct target *t, uint64_t first, size_t max,
				const char *what, void *array, size_t *n,
				size_t size, struct error *e)
{
	struct list list = { NULL, 0, 0 };
	enum status status = layout_walk(t, first, max, what, &list, e);

	if (status == STATUS_OK) {
		char *record;

		/* arrays of different types: their pointers are copied */
		memcpy(&record, array, sizeof(record));
		record = xrealloc(record, list.n, size);
		memcpy(array, &record, sizeof(record));
		memset(record, 0, list.n * size);
		*n = list.n;
		for (size_t i = 0; i < list.n; i++)
			memcpy(record + i * size, &list.addr[i],
			       sizeof(list.addr[i]));
	}
	free(list.addr);
	return status;
}

/* The free counts of n SuperSlabs' slabs, a row of records in buf for each. */
static enum status read_rows(struct snapshot *snap, struct target *t,
			     struct superslab **ss, size_t n, char *buf,
			     struct error *e)
{
	size_t stride = snap->s.slab_stride;
	size_t row = stride * HAKMEM_STATS_SLOTS;
	struct piece piece[ROWS] = { { 0, NULL, 0 } };
	enum status status;

	for (size_t i = 0; i < n; i++)
		piece[i] =
			(struct piece){ ss[i]->pub.slabs, buf + i * row, row };
	status = target_readv(t, piece, n, e);
	for (size_t i = 0; i < n && status == STATUS_OK; i++)
		for (unsigned slot = 0; slot < HAKMEM_STATS_SLOTS; slot++)
			memcpy(&ss[i]->nfree[slot],
			       buf + i * row + slot * stride +
				       snap->s.slab_nfree,
			       sizeof(ss[i]->nfree[slot]));
	return status;
}

static enum status read_slabs(struct snapshot *snap, struct target *t,
			      struct error *e)
{
	struct superslab *some[ROWS];
	char *buf =
		xcalloc(ROWS, (size_t)snap->s.slab_stride * HAKMEM_STATS_SLOTS);
	enum status status = STATUS_OK;
	size_t n = 0;

	for (size_t i = 0; i < snap->superslabs && status == STATUS_OK; i++) {
		struct superslab *ss = &snap->ss[i];

		memset(ss->nfree, 0, sizeof(ss->nfree));
		if (ss->pub.base && ss->pub.active)
			some[n++] = ss;
		if (n == ROWS) {
			status = read_rows(snap, t, some, n, buf, e);
			n = 0;
		}
	}
	if (n && status == STATUS_OK)
		status = read_rows(snap, t, some, n, buf, e);
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
	n = 0;
	for (size_t i = 0; i < snap->mappings; i++)
		if (snap->mapping[i].pub.kind != HAKMEM_MAPPING_FREE)
			snap->mapping[n++] = snap->mapping[i];
	snap->mappings = n;
}

_Static_assert(offsetof(struct heap, addr) == 0 &&
		       offsetof(struct superslab, addr) == 0 &&
		       offsetof(struct mapping, addr) == 0,
	       "list_records writes the address");

/* A list that is wanted, and the head that led to it. */
struct wanted {
	const uint64_t *first;
	uint64_t head;
	size_t max;
	const char *what;
	void *array; /* pointer to the pointer to it */
	size_t *n;
	size_t size;
};

/* true: a list has become longer and was walked again. */
static bool relist(struct target *t, struct wanted *w, size_t n,
		   enum status *status, struct error *e)
{
	bool again = false;

	for (size_t i = 0; i < n && *status == STATUS_OK; i++) {
		if (w[i].head == *w[i].first)
			continue;
		w[i].head = *w[i].first;
		*status = list_records(t, w[i].head, w[i].max, w[i].what,
				       w[i].array, w[i].n, w[i].size, e);
		again = true;
	}
	return again;
}

static bool settled(const struct snapshot *snap, const uint64_t seq[2],
		    unsigned want)
{
	return !(seq[0] & 1) && seq[0] == seq[1] && snap->s.seq == seq[0] &&
	       heaps_agree(snap) &&
	       (!(want & WANT_SLOTS) || slots_agree(snap)) &&
	       (!(want & WANT_MAPPINGS) || mappings_agree(snap));
}

static size_t lists(struct snapshot *snap, unsigned want, struct wanted w[3])
{
	size_t n = 0;

	w[n++] = (struct wanted){ &snap->s.heaps,     0,
				  HEAPS_MAX,	      "endless list of heaps",
				  &snap->heap,	      &snap->heaps,
				  sizeof(*snap->heap) };
	if (want & WANT_SLOTS)
		w[n++] = (struct wanted){
			&snap->s.superslabs, 0,
			SUPERSLABS_MAX,	     "endless list of SuperSlabs",
			&snap->ss,	     &snap->superslabs,
			sizeof(*snap->ss)
		};
	if (want & WANT_MAPPINGS)
		w[n++] = (struct wanted){
			&snap->s.mappings,     0,
			MAPPINGS_MAX,	       "endless list of mappings",
			&snap->mapping,	       &snap->mappings,
			sizeof(*snap->mapping)
		};
	snap->heaps = snap->superslabs = snap->mappings = 0;
	return n;
}

enum status slots_read(struct snapshot *snap, struct target *t, unsigned want,
		       struct error *e)
{
	char header[offsetof(struct hakmem_stats, seq)];
	struct wanted list[3];
	size_t n;

	if (want & WANT_SLABS)
		want |= WANT_SLOTS;
	n = lists(snap, want, list);
	memcpy(header, &snap->s, sizeof(header));
	for (int i = 0; i < TRIES && !target_late(t); i++) {
		uint64_t seq[2];
		enum status status = read_once(snap, t, seq, e);

		/* what was checked is what is used */
		if (status == STATUS_OK &&
		    memcmp(header, &snap->s, sizeof(header)) != 0)
			status = layout_hostile(t, e, "header that changes");
		if (status != STATUS_OK)
			return status;
		if (relist(t, list, n, &status, e)) {
			if (status != STATUS_OK)
				return status;
			continue;
		}
		if (settled(snap, seq, want)) {
			snap->have_slabs = want & WANT_SLABS;
			if (snap->have_slabs)
				status = read_slabs(snap, t, e);
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

const struct slot_sign slot_signs[LOOK_N] = {
	[LOOK_UNUSED] = { '.', "unused" }, [LOOK_PURGED] = { '~', "purged" },
	[LOOK_EMPTY] = { 'o', "empty" },   [LOOK_SPARSE] = { '+', "sparse" },
	[LOOK_FULL] = { '#', "full" },
};

void slots_look(const struct snapshot *snap, const struct superslab *ss,
		struct slot_row *row)
{
	enum slot_look run = LOOK_FULL;
	unsigned left = 0;

	row->base = ss->pub.base;
	row->n = ss->pub.slots;
	for (unsigned i = 0; i < row->n; i++) {
		unsigned cls = ss->pub.size_class[i];

		row->look[i] = ss->pub.empty >> i & 1	 ? LOOK_EMPTY
			       : ss->pub.purged >> i & 1 ? LOOK_PURGED
							 : LOOK_UNUSED;
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
		row->look[i] = run;
	}
}

struct slot_row *slots_rows(const struct snapshot *snap)
{
	struct slot_row *row = xcalloc(snap->superslabs, sizeof(*row));

	for (size_t i = 0; i < snap->superslabs; i++)
		slots_look(snap, &snap->ss[i], &row[i]);
	return row;
}
