/* SPDX-License-Identifier: MIT */
/*
 * top_state.h - what the full-screen mode shows and how
 */
#ifndef TOP_STATE_H
#define TOP_STATE_H

#include "fleet.h"

enum sort {
	SORT_LIVE,
	SORT_RSS,
	SORT_CACHED,
	SORT_FRAG,
	SORT_MALLOC,
	SORT_REMOTE,
	SORT_PID,
	SORT_NAME,
	SORT_N,
};

/* Key and column of each order. */
extern const struct top_sort {
	int key;
	const char *column;
} top_sorts[SORT_N];

struct top {
	struct options opt;
	struct fleet fleet;
	const struct member **row; /* shown, in order */
	size_t rows;
	enum sort sort;
	bool reverse;
	pid_t selected;
	size_t first; /* row at the top of the list, or line of a view */
	char filter[32]; /* part of a name */
	bool typing; /* the filter */
	bool help;
	char message[320]; /* instead of the keys, until the next one */

	/* the process that is looked into; view != VIEW_DEFAULT */
	enum view view;
	struct target target;
	struct history *history;
};

/* top_list.c: which processes, in which order */
void top_update(struct top *top);
size_t top_selected_row(const struct top *top);

/* top_draw.c: the screen */
void top_draw_start(struct top *top);
void top_draw(struct top *top);
/* Lines that a page has. */
size_t top_page(void);

#endif /* TOP_STATE_H */
