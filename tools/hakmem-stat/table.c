/* SPDX-License-Identifier: MIT */
#include "table.h"

#include "human.h"

#include <libsmartcols.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define COLUMNS_MAX 64u

struct table {
	struct libscols_table *scols;
	const struct column *column;
	size_t chosen[COLUMNS_MAX]; /* indices into column */
	size_t n;
	const struct options *opt;
	bool printed;
};

static int find_column(const struct column *column, size_t n, const char *name,
		       size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(column[i].name) == len &&
		    strncasecmp(column[i].name, name, len) == 0)
			return (int)i;
	return -1;
}

/* opt->columns: names with commas; a leading + adds to the default ones. */
static enum status choose(struct table *t, size_t n, struct error *e)
{
	const char *at = t->opt->columns;
	size_t len;

	if (!at || *at == '+')
		for (size_t i = 0; i < n; i++)
			if (!t->column[i].extra)
				t->chosen[t->n++] = i;
	if (!at)
		return STATUS_OK;
	at += *at == '+';
	for (; *at; at += len, at += *at == ',') {
		int found;

		len = strcspn(at, ",");
		found = find_column(t->column, n, at, len);
		if (found < 0)
			return error_set(e, STATUS_USAGE,
					 "no column %.*s in this view "
					 "(--list-columns shows them)",
					 (int)len, at);
		if (t->n == COLUMNS_MAX)
			return error_set(e, STATUS_USAGE, "too many columns");
		t->chosen[t->n++] = (size_t)found;
	}
	if (!t->n)
		return error_set(e, STATUS_USAGE, "no column given");
	return STATUS_OK;
}

static void *checked(void *p)
{
	if (p)
		return p;
	fputs(PROGRAM ": out of memory\n", stderr);
	exit(STATUS_USAGE);
}

static void add_columns(struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct column *c = &t->column[t->chosen[i]];

		checked(scols_table_new_column(
			t->scols, c->name, c->width,
			c->kind == KIND_TEXT ? 0 : SCOLS_FL_RIGHT));
	}
}

struct table *table_new(const struct column *column, size_t n,
			const struct options *opt, struct error *e)
{
	struct table *t = xcalloc(1, sizeof(*t));

	t->column = column;
	t->opt = opt;
	if (choose(t, n, e) != STATUS_OK) {
		free(t);
		return NULL;
	}
	t->scols = checked(scols_new_table());
	scols_table_enable_raw(t->scols, opt->raw);
	scols_table_enable_noheadings(t->scols, opt->noheadings);
	/* nothing is cut: a line that is too wide may wrap */
	scols_table_enable_nowrap(t->scols, 0);
	add_columns(t);
	return t;
}

static const char *format(const struct table *t, enum kind kind,
			  const struct cell *cell, char *buf)
{
	double v = cell->value;

	if (kind == KIND_TEXT || kind == KIND_TEXT_RIGHT)
		return cell->text && cell->text[0] ? cell->text : "-";
	if (v < 0 || isnan(v))
		return "-";
	if (kind == KIND_PERCENT)
		snprintf(buf, HUMAN_MAX, "%.1f", v);
	else if (t->opt->bytes && (kind == KIND_RATE || kind == KIND_BYTE_RATE))
		snprintf(buf, HUMAN_MAX, "%.1f", v);
	else if (t->opt->bytes)
		snprintf(buf, HUMAN_MAX, "%.0f", v);
	else if (kind == KIND_BYTES || kind == KIND_BYTE_RATE)
		human_bytes(buf, v < 1.8e19 ? (uint64_t)v : UINT64_MAX);
	else
		human_count(buf, v);
	return buf;
}

void table_row(struct table *t, const struct cell *cell)
{
	struct libscols_line *line =
		checked(scols_table_new_line(t->scols, NULL));

	for (size_t i = 0; i < t->n; i++) {
		size_t c = t->chosen[i];
		char buf[HUMAN_MAX];

		if (scols_line_set_data(line, i,
					format(t, t->column[c].kind, &cell[c],
					       buf)))
			checked(NULL);
	}
}

void table_print(struct table *t, bool again)
{
	if (t->printed && again && !t->opt->noheadings && !t->opt->raw)
		putchar('\n');
	if (t->printed && !again)
		scols_table_enable_noheadings(t->scols, 1);
	scols_print_table(t->scols);
	scols_table_remove_lines(t->scols);
	t->printed = true;
}

char *table_text(struct table *t)
{
	char *text = NULL;

	if (scols_print_table_to_string(t->scols, &text) || !text)
		text = xstrdup("");
	scols_table_remove_lines(t->scols);
	return text;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	scols_unref_table(t->scols);
	free(t);
}

void table_list(const struct column *column, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%-12s %s%s\n", column[i].name, column[i].help,
		       column[i].extra ? " (only with -o)" : "");
}
