/* SPDX-License-Identifier: MIT */
#include "views.h"

static const struct column columns[] = {
	{ "PURPOSE", KIND_TEXT, 0, false, "of the memory" },
	{ "BYTES", KIND_BYTES, 0, false, "of it resident" },
	{ "RSS%", KIND_PERCENT, 0, false, "share of the process's RSS" },
	{ "NOTE", KIND_TEXT, 0, false, "what it is made of" },
};

static void row(struct table *table, const struct residence *r,
		const char *purpose, uint64_t bytes, const char *note)
{
	struct cell cell[ARRAY_SIZE(columns)] = {
		{ .text = purpose },
		{ .value = (double)bytes },
		{ .value = r->rss ? 100.0 * (double)bytes / (double)r->rss
				  : -1 },
		{ .text = note },
	};

	table_row(table, cell);
}

static void rows(struct table *table, const struct look *look)
{
	const struct residence *r = look->residence;

	row(table, r, "live", r->live, "blocks the program holds");
	row(table, r, "fragmentation", r->frag,
	    "free blocks and tails of slots in use");
	row(table, r, "cached", r->cached,
	    "threads' caches, freed by other threads");
	row(table, r, "reclaimable", r->reclaim,
	    "empty slots and kept mappings");
	row(table, r, "metadata", r->meta, "the library's own records");
	row(table, r, "THP padding", r->padding,
	    "never asked for: the rest of huge pages");
	row(table, r, "not ours", r->others,
	    "program, libraries, stacks, own mappings");
	row(table, r, "RSS", r->rss, "all of it, by smaps");
	if (r->huge_pages)
		row(table, r, "in huge pages", r->huge_pages,
		    "part of the above");
	if (r->swap)
		row(table, r, "swapped out", r->swap, "not part of the above");
}

const struct view_def view_rss = {
	.want = WANT_SLOTS | WANT_MAPPINGS | WANT_RESIDENCE,
	.column = columns,
	.columns = ARRAY_SIZE(columns),
	.rows = rows,
	.many = true,
};
