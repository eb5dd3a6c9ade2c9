/* SPDX-License-Identifier: MIT */
#include "views.h"

#include <stddef.h>

static const struct column columns[] = {
	{ "FIGURE", KIND_TEXT, 0, false, "what is counted" },
	{ "VALUE", KIND_COUNT, 0, false, "now, or since the start" },
	{ "CHANGE/s", KIND_RATE, 0, false,
	  "of what only grows, each second; needs an interval to be recent" },
};

struct figure {
	const char *name;
	size_t offset;
	bool grows;
};

#define NOW(name, field)                                          \
	{                                                         \
		name, offsetof(struct hakmem_stats, field), false \
	}
#define SUM(name, field)                                         \
	{                                                        \
		name, offsetof(struct hakmem_stats, field), true \
	}

/* The words of the documentation, in the order of a slot's life. */
static const struct figure figures[] = {
	NOW("slots active", slots_active),
	NOW("slots empty", slots_empty),
	NOW("slots unused", slots_unused),
	NOW("superslabs mapped", superslabs_mapped),
	NOW("superslabs peak", superslabs_peak),
	SUM("superslabs map", superslabs_map_total),
	SUM("superslabs unmap", superslabs_unmap_total),
	NOW("lru length", lru_length),
	SUM("acquire", acquires),
	SUM("release", releases),
	SUM("adopt", adoptions),
	SUM("drain", pool_drains),
	SUM("dissolve", dissolutions),
	SUM("shared_fail", shared_fail),
	SUM("shared_fail_fallback", shared_fail_fallback),
	SUM("purge calls", purges),
	NOW("registry slots", registry_slots),
	NOW("registry peak", registry_peak),
	NOW("registry leaves", registry_leaves),
	NOW("registry tombstones", registry_tombstones),
	NOW("heaps live", heaps_live),
	NOW("heaps orphan", heaps_orphan),
	SUM("heaps made", heaps_total),
	SUM("os errors survived", os_errors),
};

static uint64_t value(const struct hakmem_stats *s, const struct figure *f)
{
	return *(const uint64_t *)(const void *)((const char *)s + f->offset);
}

static void rows(struct table *table, const struct look *look)
{
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		const struct figure *f = &figures[i];
		uint64_t now = value(&look->now->s, f);
		uint64_t before = look->before ? value(&look->before->s, f) : 0;
		struct cell cell[ARRAY_SIZE(columns)] = {
			{ .text = f->name },
			{ .value = (double)now },
			{ .value = f->grows ? look_rate(look, now, before)
					    : -1 },
		};

		table_row(table, cell);
	}
}

/* With the records: then the states have been added up and agree. */
const struct view_def view_pool = {
	.want = WANT_SLOTS,
	.column = columns,
	.columns = ARRAY_SIZE(columns),
	.rows = rows,
	.many = true,
};
