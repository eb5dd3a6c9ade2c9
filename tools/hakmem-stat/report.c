/* SPDX-License-Identifier: MIT */
#include "report.h"

#include "chart.h"
#include "human.h"
#include "series.h"
#include "svg.h"
#include "whole_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Apart from each other also for those who see no red and green. */
#define BLUE "#3b6fb6"
#define TEAL "#3aa6a0"
#define SAND "#e0a83c"
#define GREY "#b5b5b5"
#define PLUM "#8a5a9e"
#define BLACK "#222"

static const char style[] =
	":root{color-scheme:light}"
	"body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;padding:16px;"
	"max-width:1180px;color:#222;background:#fff}"
	"h1{font-size:1.5em;margin:.2em 0}h2{font-size:1.15em;margin:1.4em 0 .3em}"
	"p{margin:.4em 0}.grid{display:grid;gap:18px;"
	"grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr))}"
	"figure{margin:0;min-width:0}figcaption{font-weight:600}"
	".chart{width:100%;height:auto;font-size:12px;fill:#222}"
	".chart .g{stroke:#000;stroke-opacity:.12}"
	".heat rect{fill:#3b6fb6}"
	".legend{font-size:13px;margin:.2em 0}.legend span{white-space:nowrap;"
	"margin-right:12px}.legend i{display:inline-block;width:11px;"
	"height:11px;margin-right:5px;vertical-align:-1px}"
	".wide{overflow-x:auto}"
	"table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
	"th,td{white-space:nowrap;text-align:right;padding:2px 10px;border-bottom:1px solid #ddd}"
	"th:first-child,td:first-child{text-align:left;padding-left:0}"
	".bar{background:#3aa6a0;height:9px;min-width:1px}"
	".bars{background:#e6e6e6;width:120px}"
	"pre{white-space:pre-wrap;font-size:12px;margin:0}";

static void put_title(FILE *f, const struct series *s)
{
	char when[64];
	time_t t = (time_t)(s->time_ns / 1000000000u);
	struct tm tm;
	char span[HUMAN_MAX];

	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", localtime_r(&t, &tm));
	human_time(span, (uint64_t)s->value[ROW_TIME][s->n - 1]);
	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	      "<meta name=\"viewport\" content=\"width=device-width,"
	      "initial-scale=1\">\n<title>Heap of ",
	      f);
	svg_text(f, s->name);
	fprintf(f, "</title>\n<style>%s</style></head>\n<body><h1>Heap of ",
		style);
	svg_text(f, s->name);
	fprintf(f,
		" (%d)</h1>\n<p>%" PRIu64 " looks over %s from %s, libhakmem ",
		s->pid, s->lines, span, when);
	svg_text(f, s->version);
	fprintf(f, "%s%s.</p>\n",
		s->n < s->lines ? "; the pictures show a part of them" : "",
		s->cut ? "; the recording was cut off" : "");
}

/* ---- key figures --------------------------------------------------------- */

static const struct {
	const char *name;
	enum series_row row;
	bool bytes;
} keys[] = {
	{ "Live", ROW_LIVE, true },
	{ "Cached", ROW_CACHED, true },
	{ "Fragmentation", ROW_FRAG, true },
	{ "Reclaimable", ROW_RECLAIM, true },
	{ "Metadata", ROW_META, true },
	{ "RSS", ROW_RSS, true },
	{ "Slots active", ROW_ACTIVE, false },
	{ "Heaps of threads", ROW_HEAPS, false },
};

static const char *figure(char *buf, bool bytes, double v)
{
	return bytes ? human_bytes(buf, (uint64_t)v) : human_count(buf, v);
}

static void put_keys(FILE *f, const struct series *s)
{
	fputs("<table id=\"figures\"><tr><th></th><th>first</th><th>least</th>"
	      "<th>most</th><th>last</th></tr>\n",
	      f);
	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		const double *v = s->value[keys[k].row];
		double least = v[0], most = v[0];
		char a[HUMAN_MAX], b[HUMAN_MAX], c[HUMAN_MAX], d[HUMAN_MAX];
		bool bytes = keys[k].bytes;

		for (size_t i = 1; i < s->n; i++) {
			least = v[i] < least ? v[i] : least;
			most = v[i] > most ? v[i] : most;
		}
		fprintf(f,
			"<tr><td>%s</td><td>%s</td><td>%s</td><td>%s</td>"
			"<td>%s</td></tr>\n",
			keys[k].name, figure(a, bytes, v[0]),
			figure(b, bytes, least), figure(c, bytes, most),
			figure(d, bytes, v[s->n - 1]));
	}
	fputs("</table>\n", f);
}

/* ---- time lines ---------------------------------------------------------- */

static void put_lines(FILE *f, const struct series *s)
{
	double *mallocs = series_rate(s, ROW_MALLOCS);
	double *remote = series_rate(s, ROW_REMOTE);
	double *refills = series_rate(s, ROW_REFILLS);
	double *purged = series_rate(s, ROW_PURGED);
	double *const *v = s->value;
	const struct chart_line memory[] = {
		{ "live", BLUE, v[ROW_LIVE], true },
		{ "cached", TEAL, v[ROW_CACHED], true },
		{ "fragmentation", SAND, v[ROW_FRAG], true },
		{ "reclaimable", GREY, v[ROW_RECLAIM], true },
		{ "metadata", PLUM, v[ROW_META], true },
		{ "RSS of the process", BLACK, v[ROW_RSS], false },
	};
	const struct chart_line slots[] = {
		{ "active", BLUE, v[ROW_ACTIVE], true },
		{ "empty", SAND, v[ROW_EMPTY], true },
		{ "unused", GREY, v[ROW_UNUSED], true },
	};
	const struct chart_line rates[] = {
		{ "allocations", BLUE, mallocs, false },
		{ "remote frees", SAND, remote, false },
	};
	const struct chart_line refill[] = { { "refills", TEAL, refills,
					       false } };
	const struct chart_line purge[] = { { "purged", PLUM, purged, false } };
	const struct chart_line heaps[] = {
		{ "with a thread", BLUE, v[ROW_HEAPS], true },
		{ "orphans", SAND, v[ROW_ORPHANS], true },
	};
	const double *t = v[ROW_TIME];

	fputs("<h2>Over time</h2>\n<div class=\"grid\">\n", f);
	chart_print(f, "Memory", true, t, s->n, memory, ARRAY_SIZE(memory));
	chart_print(f, "Slots by state", false, t, s->n, slots,
		    ARRAY_SIZE(slots));
	chart_print(f, "Allocations each second", false, t, s->n, rates,
		    ARRAY_SIZE(rates));
	chart_print(f, "Refills of caches each second", false, t, s->n, refill,
		    ARRAY_SIZE(refill));
	chart_print(f, "Given back to the system each second", true, t, s->n,
		    purge, ARRAY_SIZE(purge));
	chart_print(f, "Heaps", false, t, s->n, heaps, ARRAY_SIZE(heaps));
	fputs("</div>\n", f);
	free(mallocs);
	free(remote);
	free(refills);
	free(purged);
}

/* ---- classes ------------------------------------------------------------- */

static void put_heat(FILE *f, const struct series *s)
{
	struct chart_row row[CLASSES_MAX];
	char label[CLASSES_MAX][24];
	size_t n = 0;

	for (size_t cls = 1; cls < CLASSES_MAX; cls++) {
		if (!s->class_bytes[cls])
			continue;
		snprintf(label[n], sizeof(label[n]), "%" PRIu64,
			 s->class_size[cls]);
		row[n].label = label[n];
		row[n].value = s->class_bytes[cls];
		n++;
	}
	if (n)
		chart_heat(f, "Live bytes by block size", s->value[ROW_TIME],
			   s->n, row, n);
}

static void put_class(FILE *f, const struct class_end *c)
{
	char live[HUMAN_MAX], slabs[HUMAN_MAX], count[HUMAN_MAX];
	double use = c->slab_bytes ? 100.0 * (double)c->live_bytes /
					     (double)c->slab_bytes
				   : 0;

	fprintf(f,
		"<tr><td>%" PRIu64 "</td><td>%s</td><td>%s</td><td>%s</td>"
		"<td>%" PRIu64 "</td><td>%.0f %%</td><td><div class=\"bars\">"
		"<div class=\"bar\" style=\"width:%.0f%%\"></div></div></td>"
		"</tr>\n",
		c->size, human_count(count, (double)c->live),
		human_bytes(live, c->live_bytes),
		human_bytes(slabs, c->slab_bytes), c->cached, use, use);
}

static void put_classes(FILE *f, const struct series *s)
{
	fputs("<h2>Block sizes</h2>\n<div class=\"grid\">\n", f);
	put_heat(f, s);
	fputs("<div class=\"wide\"><table id=\"classes\"><tr><th>size</th>"
	      "<th>live</th><th>bytes</th><th>slabs</th><th>cached</th>"
	      "<th>use</th><th></th></tr>\n",
	      f);
	for (size_t cls = 1; cls < CLASSES_MAX; cls++)
		if (s->end[cls].size)
			put_class(f, &s->end[cls]);
	fputs("</table></div>\n</div>\n", f);
}

/* ---- slots --------------------------------------------------------------- */

static void put_slots(FILE *f, const struct series *s,
		      const struct slots_at *at, const char *what)
{
	char when[HUMAN_MAX];

	human_time(when, (uint64_t)s->value[ROW_TIME][at->sample]);
	fprintf(f,
		"<figure class=\"wide\"><figcaption>%s (after %s)"
		"</figcaption>\n",
		what, when);
	svg_map(f, at->row, at->rows, NULL, NULL);
	fputs("</figure>\n", f);
}

static void put_page(FILE *f, const struct series *s)
{
	put_title(f, s);
	put_keys(f, s);
	put_lines(f, s);
	put_classes(f, s);
	fputs("<h2>Slots</h2>\n<div class=\"grid\">\n", f);
	put_slots(f, s, &s->slots_end, "At the end");
	put_slots(f, s, &s->slots_peak, "With the most slots in use");
	fputs("</div>\n<h2>Options in force</h2>\n<pre>", f);
	for (const char *p = s->options; p && *p; p += strcspn(p, "\n") + 1) {
		char line[512];

		snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\n"), p);
		svg_text(f, line);
		putc('\n', f);
	}
	fputs("</pre>\n</body></html>\n", f);
}

enum status report(const char *path, const struct options *opt, struct error *e)
{
	const char *to = opt->to ? opt->to : REPORT_FILE;
	struct series *s = xcalloc(1, sizeof(*s));
	struct whole_file w;
	enum status status = series_read(s, path, e);

	if (status == STATUS_OK) {
		status = whole_file_open(&w, to, e);
		if (status == STATUS_OK) {
			put_page(w.f, s);
			status = whole_file_close(&w, e);
		}
		series_free(s);
	}
	free(s);
	return status;
}
