/* SPDX-License-Identifier: MIT */
/*
 * views.h - the views of one process
 *
 * A view is told what it needs of a snapshot and prints it; with an interval
 * it is called again with the snapshot before.
 */
#ifndef VIEWS_H
#define VIEWS_H

#include "options.h"
#include "pages.h"
#include "snapshot.h"
#include "table.h"

struct look {
	const struct snapshot *now;
	const struct snapshot *before; /* NULL: the first one */
	const struct figures *figures; /* of now */
	const struct figures *figures_before;
	const struct residence *residence; /* with WANT_RESIDENCE */
	double seconds; /* from before, or since the process began */
};

/* (now - before) each second; with no "before", from the start on. */
double look_rate(const struct look *look, uint64_t now, uint64_t before);

struct view_def {
	unsigned want; /* of snapshot_take */
	const struct column *column;
	size_t columns;
	bool many; /* many rows: headings every time */
	/* add rows */
	void (*rows)(struct table *table, const struct look *look);
	/* for views that are no tables */
	enum status (*print)(const struct look *look, const struct options *opt,
			     struct error *e);
};

/* errno says why stdout cannot be written. */
enum status write_error(struct error *e);

/* "live", "orphan", "pool"... */
const char *heap_state(const struct heap *h);

extern const struct view_def view_default;
extern const struct view_def view_classes;
extern const struct view_def view_threads;
extern const struct view_def view_pool;
extern const struct view_def view_map;
extern const struct view_def view_rss;
extern const struct view_def view_json;

#endif /* VIEWS_H */
