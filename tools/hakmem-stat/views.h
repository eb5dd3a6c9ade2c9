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
#include "snapshot.h"
#include "table.h"

struct look {
	const struct snapshot *now;
	const struct snapshot *before; /* NULL: the first one */
	const struct figures *figures; /* of now */
	const struct figures *figures_before;
	double seconds; /* from before, or since the process began */
};

/* (now - before) each second; with no "before", from the start on. */
double look_rate(const struct look *look, uint64_t now, uint64_t before);

struct view_def {
	unsigned want; /* of snapshot_take */
	const struct column *column;
	size_t columns;
	/* add rows */
	void (*rows)(struct table *table, const struct look *look);
	/* for views that are no tables; false: write error */
	bool (*print)(const struct look *look, const struct options *opt);
};

extern const struct view_def view_default;
extern const struct view_def view_json;

#endif /* VIEWS_H */
