/* SPDX-License-Identifier: MIT */
/*
 * views.h - the views of one process
 *
 * A view is told what it needs of a snapshot and prints it; with an interval
 * it is called again with the snapshot before.
 */
#ifndef VIEWS_H
#define VIEWS_H

#include "history.h"
#include "options.h"
#include "table.h"

#include <stdio.h>

struct view_def {
	unsigned want; /* of snapshot_take */
	const struct column *column;
	size_t columns;
	bool many; /* many rows: headings every time */
	/* add rows */
	void (*rows)(struct table *table, const struct look *look);
	/* for views that are no tables */
	enum status (*print)(FILE *f, const struct look *look,
			     const struct options *opt, struct error *e);
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
extern const struct view_def view_prometheus;

#endif /* VIEWS_H */
