/* SPDX-License-Identifier: MIT */
#include "views.h"

#include <stdio.h>

static const struct column columns[] = {
	{ "TID", KIND_TEXT_RIGHT, 0, false, "thread; - for a heap without" },
	{ "NAME", KIND_TEXT, 0, false, "its name" },
	{ "STATE", KIND_TEXT, 0, false,
	  "live, orphan (its thread is gone), dissolving, free, or pool: slabs "
	  "that belong to no heap" },
	{ "HEAP", KIND_COUNT, 0, true, "number of the heap" },
	{ "OWNERS", KIND_COUNT, 0, true, "threads that have had this heap" },
	{ "SLABS", KIND_COUNT, 0, false, "slabs it owns" },
	{ "BYTES", KIND_BYTES, 0, false, "bytes of these slabs" },
	{ "CACHED", KIND_BYTES, 0, false, "bytes in its caches" },
	{ "OUTBOX", KIND_COUNT, 0, false,
	  "blocks of other heaps freed here and not yet sent" },
	{ "MALLOC/s", KIND_RATE, 0, false, "allocations each second" },
	{ "REFILL/s", KIND_RATE, 0, false,
	  "times a cache was filled, each second" },
	{ "IN/s", KIND_RATE, 0, false,
	  "its blocks freed by others and taken back, each second" },
	{ "OUT/s", KIND_RATE, 0, false,
	  "blocks of others that it freed, each second" },
	{ "MALLOCS", KIND_COUNT, 0, true, "allocations since the start" },
	{ "IN", KIND_COUNT, 0, true,
	  "its blocks freed by others and taken back since the start" },
	{ "OUT", KIND_COUNT, 0, true,
	  "blocks of others that it freed since the start" },
};

const char *heap_state(const struct heap *h)
{
	static const char *const name[] = { "free", "live", "orphan",
					    "dissolving" };

	/* the pool's own has no thread and no countdown */
	if (!h->pub.countdown)
		return "pool";
	return h->pub.state < ARRAY_SIZE(name) ? name[h->pub.state] : "unknown";
}

static const struct heap *heap_before(const struct snapshot *before,
				      const struct heap *h)
{
	static const struct heap none;

	/* heaps are never freed: the same ones, behind newer ones */
	for (size_t i = 0; before && i < before->heaps; i++)
		if (before->heap[i].addr == h->addr)
			return &before->heap[i];
	return &none;
}

static void row(struct table *table, const struct look *look,
		const struct heap *h)
{
	const struct heap *b = heap_before(look->before, h);
	char tid[16] = "";
	struct cell cell[ARRAY_SIZE(columns)] = {
		{ .text = tid },
		{ .text = h->name },
		{ .text = heap_state(h) },
		{ .value = h->pub.tag },
		{ .value = (double)h->pub.generation },
		{ .value = (double)h->sum.slabs },
		{ .value = (double)h->slab_bytes },
		{ .value = (double)h->cached_bytes },
		{ .value = (double)h->pub.remote_out },
		{ .value = look_rate(look, h->mallocs, b->mallocs) },
		{ .value = look_rate(look, h->sum.refills, b->sum.refills) },
		{ .value = look_rate(look, h->sum.drained, b->sum.drained) },
		{ .value = look_rate(look, h->sum.remote_freed,
				     b->sum.remote_freed) },
		{ .value = (double)h->mallocs },
		{ .value = (double)h->sum.drained },
		{ .value = (double)h->sum.remote_freed },
	};

	if (h->tid)
		snprintf(tid, sizeof(tid), "%d", (int)h->tid);
	table_row(table, cell);
}

/* Oldest first, as threads are numbered; free heaps say nothing. */
static void rows(struct table *table, const struct look *look)
{
	for (size_t i = look->now->heaps; i-- > 0;) {
		const struct heap *h = &look->now->heap[i];

		if (h->pub.state != HAKMEM_HEAP_FREE || h->sum.slabs)
			row(table, look, h);
	}
}

const struct view_def view_threads = {
	.want = WANT_THREADS,
	.column = columns,
	.columns = ARRAY_SIZE(columns),
	.rows = rows,
	.many = true,
};
