/* SPDX-License-Identifier: MIT */
/*
 * table.h - a view as a table
 *
 * A view describes its columns once and adds rows of cells in the same order;
 * which columns are printed, and how figures look, the options decide.
 */
#ifndef TABLE_H
#define TABLE_H

#include "options.h"
#include "stat.h"

enum kind {
	KIND_TEXT,
	KIND_TEXT_RIGHT, /* numbers that stay as they are */
	KIND_COUNT,
	KIND_BYTES,
	KIND_RATE, /* counts each second */
	KIND_BYTE_RATE,
	KIND_PERCENT,
};

struct column {
	const char *name;
	enum kind kind;
	int width; /* at least, where lines are printed one by one; 0 */
	bool extra; /* only when asked for */
	const char *help;
};

struct cell {
	const char *text; /* KIND_TEXT */
	double value; /* all other kinds; < 0: unknown, shown as - */
};

struct table;

/* NULL and *e: a column of opt->columns that there is not. */
struct table *table_new(const struct column *column, size_t n,
			const struct options *opt, struct error *e);
void table_row(struct table *table, const struct cell *cell);
/* Print and forget the rows.  again: headings and, before them, an empty line,
 * also when it is not the first time. */
void table_print(struct table *table, bool again);
/* Headings and rows as text, a line each, to be freed; forgets the rows. */
char *table_text(struct table *table);
void table_free(struct table *table);

/* For --list-columns. */
void table_list(const struct column *column, size_t n);

#endif /* TABLE_H */
