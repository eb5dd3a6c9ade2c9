/* SPDX-License-Identifier: MIT */
/*
 * history.h - this look at a process and the one before
 */
#ifndef HISTORY_H
#define HISTORY_H

#include "pages.h"
#include "snapshot.h"

/* What a view is told. */
struct look {
	const struct snapshot *now;
	const struct snapshot *before; /* NULL: the first one */
	const struct figures *figures; /* of now */
	const struct figures *figures_before; /* zeros at first */
	const struct residence *residence; /* with WANT_RESIDENCE, or NULL */
	double seconds; /* from before, or since the process began */
};

/* (now - before) each second; -1: cannot be told. */
double look_rate(const struct look *look, uint64_t now, uint64_t before);

struct history {
	struct snapshot snap[2]; /* by turns */
	struct figures figures[2];
	struct residence residence;
	bool resident; /* residence is filled in */
	unsigned n; /* looks taken */
};

/* One more; after a failure the last good one is still there. */
enum status history_take(struct history *h, struct target *t, unsigned want,
			 struct error *e);
/* The last one; h->n > 0. */
void history_look(const struct history *h, struct look *look);
void history_free(struct history *h);

#endif /* HISTORY_H */
