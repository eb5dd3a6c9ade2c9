/* SPDX-License-Identifier: MIT */
#include "chart.h"

#include "human.h"
#include "svg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 520.0
#define HEIGHT 240.0
#define LEFT 52.0
#define RIGHT 12.0
#define TOP 12.0
#define BOTTOM 26.0
#define POINTS_MAX 400u
#define HEAT_COLUMNS 96u
#define HEAT_ROW 14.0

struct scale {
	double t0, t1; /* seconds from edge to edge */
	double max; /* y at the top */
	double height; /* of the whole picture */
};

static double x_of(const struct scale *s, double t)
{
	return LEFT + (t - s->t0) / (s->t1 - s->t0) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct scale *s, double y)
{
	return s->height - BOTTOM - y / s->max * (s->height - BOTTOM - TOP);
}

/* The next of steps times a power of ten that is not less. */
static double round_up(double v, const double *step)
{
	double power;

	if (v <= 0)
		return 1;
	power = pow(10, floor(log10(v)));
	while (*step < v / power - 1e-9)
		step++;
	return *step * power;
}

static double nice_time(double v)
{
	static const double steps[] = { 1, 2, 5, 10 };

	return round_up(v, steps);
}

/* The top of an axis: its quarters are round figures, too. */
static double nice_top(double v, bool bytes)
{
	static const double steps[] = { 1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10 };
	double unit = 1;

	if (!bytes && v <= 40)
		return v <= 4 ? 4 : 4 * ceil(v / 4);
	while (bytes && v / unit >= 1000)
		unit *= 1024;
	return round_up(v / unit, steps) * unit;
}

static void head(FILE *f, const char *title, double height)
{
	fprintf(f,
		"<svg class=\"chart\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
		"aria-label=\"%s\"><title>%s</title>\n",
		WIDTH, height, title, title);
}

static void y_axis(FILE *f, const struct scale *s, bool bytes)
{
	for (int i = 0; i <= 4; i++) {
		double v = s->max * i / 4, y = y_of(s, v);
		char buf[HUMAN_MAX];

		if (bytes)
			human_bytes(buf, (uint64_t)v);
		else
			human_count(buf, v);
		fprintf(f,
			"<line class=\"g\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" "
			"y2=\"%.1f\"/><text x=\"%.0f\" y=\"%.1f\" "
			"text-anchor=\"end\">%s</text>\n",
			LEFT, WIDTH - RIGHT, y, y, LEFT - 6, y + 4, buf);
	}
}

static void t_label(char *buf, double t)
{
	if (t < 10)
		snprintf(buf, HUMAN_MAX, "%.3gs", t);
	else
		human_time(buf, (uint64_t)(t + 0.5));
}

static void t_axis(FILE *f, const struct scale *s)
{
	double step = nice_time((s->t1 - s->t0) / 6);

	for (double t = 0; t <= s->t1 + step / 1000; t += step) {
		char buf[HUMAN_MAX];

		t_label(buf, t);
		fprintf(f,
			"<text x=\"%.1f\" y=\"%.0f\" text-anchor=\"middle\">"
			"%s</text>\n",
			x_of(s, t), s->height - 8, buf);
	}
}

/* Which samples are drawn: all, or evenly some and the last. */
static size_t pick(size_t n, size_t i, size_t points)
{
	return points < n ? i * (n - 1) / (points - 1) : i;
}

static size_t points_of(size_t n)
{
	return n < POINTS_MAX ? n : POINTS_MAX;
}

static void put_area(FILE *f, const struct scale *s, const double *t, size_t n,
		     const double *base, const double *top,
		     const struct chart_line *line)
{
	size_t points = points_of(n);

	fprintf(f, "<path fill=\"%s\" d=\"M", line->colour);
	for (size_t k = 0; k < points; k++) {
		size_t i = pick(n, k, points);

		fprintf(f, "%.1f %.1fL", x_of(s, t[i]), y_of(s, top[i]));
	}
	for (size_t k = points; k-- > 0;) {
		size_t i = pick(n, k, points);

		fprintf(f, "%.1f %.1f%s", x_of(s, t[i]), y_of(s, base[i]),
			k ? "L" : "Z");
	}
	fprintf(f, "\"><title>%s</title></path>\n", line->name);
}

static void put_line(FILE *f, const struct scale *s, const double *t, size_t n,
		     const struct chart_line *line)
{
	size_t points = points_of(n);

	fprintf(f,
		"<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" "
		"points=\"",
		line->colour);
	for (size_t k = 0; k < points; k++) {
		size_t i = pick(n, k, points);

		fprintf(f, "%.1f,%.1f ", x_of(s, t[i]), y_of(s, line->y[i]));
	}
	fprintf(f, "\"><title>%s</title></polyline>\n", line->name);
}

static void legend(FILE *f, const struct chart_line *line, size_t lines)
{
	fputs("<p class=\"legend\">", f);
	for (size_t i = 0; i < lines; i++)
		fprintf(f, "<span><i style=\"background:%s\"></i>%s</span> ",
			line[i].colour, line[i].name);
	fputs("</p>\n", f);
}

static double top_of(const struct chart_line *line, size_t lines, size_t n)
{
	double max = 0;

	for (size_t i = 0; i < n; i++) {
		double stacked = 0;

		for (size_t k = 0; k < lines; k++) {
			if (line[k].area)
				stacked += line[k].y[i];
			else if (line[k].y[i] > max)
				max = line[k].y[i];
		}
		if (stacked > max)
			max = stacked;
	}
	return max;
}

void chart_print(FILE *f, const char *title, bool bytes, const double *t,
		 size_t n, const struct chart_line *line, size_t lines)
{
	double *base = calloc(n, sizeof(*base)), *top = calloc(n, sizeof(*top));
	struct scale s = { t[0], t[n - 1],
			   nice_top(top_of(line, lines, n), bytes), HEIGHT };

	if (s.t1 <= s.t0)
		s.t1 = s.t0 + 1;
	fprintf(f, "<figure><figcaption>%s</figcaption>\n", title);
	head(f, title, HEIGHT);
	for (size_t k = 0; k < lines && base && top; k++) {
		if (!line[k].area)
			continue;
		for (size_t i = 0; i < n; i++)
			top[i] = base[i] + line[k].y[i];
		put_area(f, &s, t, n, base, top, &line[k]);
		memcpy(base, top, n * sizeof(*base));
	}
	y_axis(f, &s, bytes);
	t_axis(f, &s);
	for (size_t k = 0; k < lines; k++)
		if (!line[k].area)
			put_line(f, &s, t, n, &line[k]);
	fputs("</svg>\n", f);
	legend(f, line, lines);
	fputs("</figure>\n", f);
	free(base);
	free(top);
}

static double heat_max(const struct chart_row *row, size_t rows, size_t n)
{
	double max = 1;

	for (size_t k = 0; k < rows; k++)
		for (size_t i = 0; i < n; i++)
			if (row[k].value[i] > max)
				max = row[k].value[i];
	return max;
}

static void heat_row(FILE *f, const struct scale *s, const double *t, size_t n,
		     const struct chart_row *row, double y, double max)
{
	size_t columns = n < HEAT_COLUMNS ? n : HEAT_COLUMNS;

	fprintf(f, "<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%s</text>",
		LEFT - 6, y + HEAT_ROW - 3, row->label);
	for (size_t k = 0; k < columns; k++) {
		size_t i = pick(n, k, columns);
		double x = x_of(s, t[i]);
		double next = k + 1 < columns
				      ? x_of(s, t[pick(n, k + 1, columns)])
				      : WIDTH - RIGHT;
		double v = row->value[i];
		char buf[HUMAN_MAX];

		if (v <= 0)
			continue;
		fprintf(f,
			"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			"height=\"%.0f\" fill-opacity=\"%.2f\"><title>%s: %s"
			"</title></rect>",
			x, y, next > x + 1 ? next - x : 1, HEAT_ROW - 1,
			0.08 + 0.92 * log(1 + v) / log(1 + max), row->label,
			human_bytes(buf, (uint64_t)v));
	}
	putc('\n', f);
}

void chart_heat(FILE *f, const char *title, const double *t, size_t n,
		const struct chart_row *row, size_t rows)
{
	double height = TOP + (double)rows * HEAT_ROW + BOTTOM;
	struct scale s = { t[0], t[n - 1], 1, height };
	double max = heat_max(row, rows, n);

	if (s.t1 <= s.t0)
		s.t1 = s.t0 + 1;
	fprintf(f, "<figure><figcaption>%s</figcaption>\n", title);
	head(f, title, height);
	fputs("<g class=\"heat\">\n", f);
	for (size_t k = 0; k < rows; k++)
		heat_row(f, &s, t, n, &row[k],
			 TOP + (double)(rows - 1 - k) * HEAT_ROW, max);
	fputs("</g>\n", f);
	t_axis(f, &s);
	fputs("</svg></figure>\n", f);
}
