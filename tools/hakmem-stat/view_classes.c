/* SPDX-License-Identifier: MIT */
#include "views.h"

#include <inttypes.h>
#include <stdio.h>

static const struct column columns[] = {
	{ "SIZE", KIND_TEXT_RIGHT, 0, false, "bytes of a block" },
	{ "LIVE", KIND_COUNT, 0, false, "blocks the program holds" },
	{ "BYTES", KIND_BYTES, 0, false, "bytes in these blocks" },
	{ "CACHED", KIND_COUNT, 0, false, "blocks in threads' caches" },
	{ "PENDING", KIND_COUNT, 0, false,
	  "blocks freed by other threads, not yet taken back" },
	{ "SLABS", KIND_COUNT, 0, false, "slabs of this size" },
	{ "SLABBYTES", KIND_BYTES, 0, true, "bytes of these slabs" },
	{ "USE%", KIND_PERCENT, 0, false,
	  "share of the slabs' bytes that is live" },
	{ "FILL/s", KIND_RATE, 0, false,
	  "blocks moved from slabs into caches, each second" },
	{ "DRAIN/s", KIND_RATE, 0, true,
	  "remotely freed blocks taken back, each second" },
	{ "REFILL/s", KIND_RATE, 0, false,
	  "times a cache was filled, each second" },
	{ "FLUSH/s", KIND_RATE, 0, false,
	  "times a cache was emptied, each second" },
	{ "REMOTE/s", KIND_RATE, 0, false,
	  "blocks freed by a thread that did not own them, each second" },
	{ "FILLED", KIND_COUNT, 0, true,
	  "blocks moved from slabs into caches since the start" },
	{ "FLUSHED", KIND_COUNT, 0, true,
	  "blocks moved from caches into slabs since the start" },
	{ "REMOTE", KIND_COUNT, 0, true,
	  "blocks freed by a thread that did not own them since the start" },
};

static double use_of(uint64_t bytes, uint64_t slab_bytes)
{
	return slab_bytes ? 100.0 * (double)bytes / (double)slab_bytes : -1;
}

static void row(struct table *table, const struct look *look, const char *size,
		const struct sums *c, const struct sums *b, uint64_t bytes,
		uint64_t slab_bytes)
{
	struct cell cell[ARRAY_SIZE(columns)] = {
		{ .text = size },
		{ .value = (double)c->live },
		{ .value = (double)bytes },
		{ .value = (double)c->cached },
		{ .value = (double)c->pending },
		{ .value = (double)c->slabs },
		{ .value = (double)slab_bytes },
		{ .value = use_of(bytes, slab_bytes) },
		{ .value = look_rate(look, c->filled, b->filled) },
		{ .value = look_rate(look, c->drained, b->drained) },
		{ .value = look_rate(look, c->refills, b->refills) },
		{ .value = look_rate(look, c->flushes, b->flushes) },
		{ .value = look_rate(look, c->remote_freed, b->remote_freed) },
		{ .value = (double)c->filled },
		{ .value = (double)c->flushed },
		{ .value = (double)c->remote_freed },
	};

	table_row(table, cell);
}

static void rows(struct table *table, const struct look *look)
{
	static const struct sums none;
	const struct snapshot *snap = look->now, *before = look->before;
	uint64_t all = 0, all_slabs = 0;

	for (unsigned cls = 1; cls < snap->classes; cls++) {
		const struct sums *c = &snap->class[cls];
		uint64_t bytes = c->live * snap->info[cls].block_size;
		uint64_t slabs = snapshot_slab_bytes(snap, cls, c->slabs);
		char size[16];

		if (!c->filled && !c->slabs)
			continue;
		snprintf(size, sizeof(size), "%" PRIu32,
			 snap->info[cls].block_size);
		row(table, look, size, c, before ? &before->class[cls] : &none,
		    bytes, slabs);
		all += bytes;
		all_slabs += slabs;
	}
	row(table, look, "all", &snap->total, before ? &before->total : &none,
	    all, all_slabs);
}

const struct view_def view_classes = {
	.column = columns,
	.columns = ARRAY_SIZE(columns),
	.rows = rows,
	.many = true,
};
