/* SPDX-License-Identifier: MIT */
#include "views.h"

#include <inttypes.h>
#include <stdio.h>

static const struct column columns[] = {
	{ "PID", KIND_TEXT, 7, false, "process" },
	{ "NAME", KIND_TEXT, 15, false, "its name" },
	{ "LIVE", KIND_BYTES, 5, false, "bytes in blocks the program holds" },
	{ "CACHED", KIND_BYTES, 6, false,
	  "bytes in threads' caches, or freed by other threads and not yet "
	  "taken back" },
	{ "RECLAIM", KIND_BYTES, 7, false,
	  "bytes that are resident, free and will be given back" },
	{ "FRAG", KIND_BYTES, 5, false,
	  "free bytes between live blocks, and tails of slabs" },
	{ "META", KIND_BYTES, 5, true, "bytes of the library's own records" },
	{ "OURS", KIND_BYTES, 5, false,
	  "bytes of the heap, all together: at most this much of RSS" },
	{ "RSS", KIND_BYTES, 5, false, "resident bytes of the process" },
	{ "MALLOC/s", KIND_RATE, 8, false, "allocations each second" },
	{ "FREE/s", KIND_RATE, 7, true, "frees each second" },
	{ "REFILL/s", KIND_RATE, 8, false,
	  "times a cache was filled from slabs, each second" },
	{ "FLUSH/s", KIND_RATE, 7, false,
	  "times a cache was emptied into slabs, each second" },
	{ "REMOTE/s", KIND_RATE, 8, false,
	  "blocks freed by a thread that did not own them, each second" },
	{ "PURGED/s", KIND_BYTE_RATE, 8, false,
	  "bytes given back to the system, each second" },
	{ "MALLOCS", KIND_COUNT, 7, true, "allocations since the start" },
	{ "FREES", KIND_COUNT, 7, true, "frees since the start" },
	{ "PURGED", KIND_BYTES, 6, true,
	  "bytes given back to the system since the start" },
	{ "HEAPS", KIND_COUNT, 5, true, "heaps that have a thread" },
	{ "RETRIES", KIND_COUNT, 7, true,
	  "readings thrown away because the heap changed under them" },
};

static void rows(struct table *table, const struct look *look)
{
	const struct figures *f = look->figures;
	const struct figures *b = look->figures_before;
	const struct hakmem_stats *s = &look->now->s;
	char pid[16];
	struct cell cell[ARRAY_SIZE(columns)] = {
		{ .text = pid },
		{ .text = look->now->name },
		{ .value = (double)f->live },
		{ .value = (double)f->cached },
		{ .value = (double)f->reclaim },
		{ .value = (double)f->frag },
		{ .value = (double)f->meta },
		{ .value = (double)f->ours },
		{ .value = look->now->rss ? (double)look->now->rss : -1 },
		{ .value = look_rate(look, f->mallocs, b->mallocs) },
		{ .value = look_rate(look, f->frees, b->frees) },
		{ .value = look_rate(look, f->refills, b->refills) },
		{ .value = look_rate(look, f->flushes, b->flushes) },
		{ .value = look_rate(look, f->remote, b->remote) },
		{ .value = look_rate(look, f->purged, b->purged) },
		{ .value = (double)f->mallocs },
		{ .value = (double)f->frees },
		{ .value = (double)f->purged },
		{ .value = (double)s->heaps_live },
		{ .value = look->now->retries },
	};

	snprintf(pid, sizeof(pid), "%d", (int)look->now->pid);
	table_row(table, cell);
}

const struct view_def view_default = {
	.column = columns,
	.columns = ARRAY_SIZE(columns),
	.rows = rows,
};
