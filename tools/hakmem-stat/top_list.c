/* SPDX-License-Identifier: MIT */
#include "top_state.h"

#include <stdlib.h>
#include <string.h>

const struct top_sort top_sorts[SORT_N] = {
	[SORT_LIVE] = { 'l', "LIVE" },
	[SORT_RSS] = { 's', "RSS" },
	[SORT_CACHED] = { 'c', "CACHED" },
	[SORT_FRAG] = { 'f', "FRAG" },
	[SORT_MALLOC] = { 'a', "MALLOC/s" },
	[SORT_REMOTE] = { 'o', "REMOTE/s" },
	[SORT_PID] = { 'p', "PID" },
	[SORT_NAME] = { 'n', "NAME" },
};

static double sort_value(const struct member *m, enum sort sort)
{
	struct look look;
	const struct figures *f, *b;

	history_look(m->history, &look);
	f = look.figures;
	b = look.figures_before;
	switch (sort) {
	case SORT_LIVE:
		return (double)f->live;
	case SORT_RSS:
		return (double)look.now->rss;
	case SORT_CACHED:
		return (double)f->cached;
	case SORT_FRAG:
		return (double)f->frag;
	case SORT_MALLOC:
		return look_rate(&look, f->mallocs, b->mallocs);
	case SORT_REMOTE:
		return look_rate(&look, f->remote, b->remote);
	default:
		return -(double)m->pid; /* the lowest first */
	}
}

static int by_order(const void *a, const void *b, void *arg)
{
	const struct member *x = *(const struct member *const *)a;
	const struct member *y = *(const struct member *const *)b;
	const struct top *top = arg;
	int order;

	if (top->sort == SORT_NAME) {
		order = strcmp(x->name, y->name);
	} else {
		double vx = sort_value(x, top->sort);
		double vy = sort_value(y, top->sort);

		order = (vx < vy) - (vx > vy);
	}
	if (order)
		return top->reverse ? -order : order;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

void top_update(struct top *top)
{
	const struct fleet *fleet = &top->fleet;
	bool found = false;

	top->row = xrealloc(top->row, fleet->n, sizeof(*top->row));
	top->rows = 0;
	for (size_t i = 0; i < fleet->n; i++) {
		const struct member *m = &fleet->member[i];

		if (m->open && strstr(m->name, top->filter))
			top->row[top->rows++] = m;
	}
	if (top->rows)
		qsort_r(top->row, top->rows, sizeof(*top->row), by_order, top);
	for (size_t i = 0; i < top->rows; i++)
		found |= top->row[i]->pid == top->selected;
	if (!found)
		top->selected = top->rows ? top->row[0]->pid : 0;
}

size_t top_selected_row(const struct top *top)
{
	for (size_t i = 0; i < top->rows; i++)
		if (top->row[i]->pid == top->selected)
			return i;
	return 0;
}
