/* SPDX-License-Identifier: MIT */
/*
 * chart.h - time lines as inline SVG
 */
#ifndef CHART_H
#define CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct chart_line {
	const char *name;
	const char *colour;
	const double *y;
	bool area; /* stacked on the areas before it; else a line */
};

/* y in bytes or counts; t rises. */
void chart_print(FILE *f, const char *title, bool bytes, const double *t,
		 size_t n, const struct chart_line *line, size_t lines);

/* A rectangle for each value: time to the right, the rows from below; dark is
 * much, on a logarithmic scale up to the largest. */
struct chart_row {
	const char *label;
	const double *value;
};
void chart_heat(FILE *f, const char *title, const double *t, size_t n,
		const struct chart_row *row, size_t rows);

#endif /* CHART_H */
