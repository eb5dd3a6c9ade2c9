/* SPDX-License-Identifier: MIT */
#include "series.h"

#include "record.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define LINE_MAX_BYTES ((size_t)256 << 20)

/* Where each row is found; ROW_TIME is computed. */
static const struct {
	const char *group;
	const char *member;
} places[ROW_N] = {
	[ROW_LIVE] = { "figures", "live_bytes" },
	[ROW_CACHED] = { "figures", "cached_bytes" },
	[ROW_FRAG] = { "figures", "fragmentation_bytes" },
	[ROW_RECLAIM] = { "figures", "reclaimable_bytes" },
	[ROW_META] = { "figures", "meta_bytes" },
	[ROW_RSS] = { "figures", "rss_bytes" },
	[ROW_MALLOCS] = { "figures", "mallocs" },
	[ROW_REMOTE] = { "figures", "remote_frees" },
	[ROW_REFILLS] = { "figures", "refills" },
	[ROW_PURGED] = { "figures", "purged_bytes" },
	[ROW_ACTIVE] = { "pool", "slots_active" },
	[ROW_EMPTY] = { "pool", "slots_empty" },
	[ROW_UNUSED] = { "pool", "slots_unused" },
	[ROW_HEAPS] = { "heaps", "live" },
	[ROW_ORPHANS] = { "heaps", "orphan" },
};

static uint64_t number(const json_t *o, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(o, key));

	return value > 0 ? (uint64_t)value : 0;
}

static void text(char *buf, size_t size, const json_t *o, const char *key)
{
	const char *value = json_string_value(json_object_get(o, key));

	snprintf(buf, size, "%s", value ? value : "");
}

/* ---- one sample ---------------------------------------------------------- */

static void read_options(struct series *s, const json_t *o)
{
	json_t *list = json_object_get(o, "options"), *value;
	const char *key;
	size_t size = 0;
	FILE *f;

	free(s->options);
	f = open_memstream(&s->options, &size);
	if (!f)
		return;
	json_object_foreach(list, key, value)
		fprintf(f, "%s=%s\n", key,
			json_is_string(value) ? json_string_value(value) : "");
	fclose(f);
}

static void read_slots(struct slots_at *at, size_t sample, const json_t *o)
{
	const json_t *list = json_object_get(o, "superslabs");
	size_t n = json_array_size(list);

	free(at->row);
	at->row = xcalloc(n, sizeof(*at->row));
	at->rows = 0;
	at->sample = sample;
	for (size_t i = 0; i < n; i++) {
		const json_t *ss = json_array_get(list, i);
		const char *base =
			json_string_value(json_object_get(ss, "base"));
		const char *look =
			json_string_value(json_object_get(ss, "look"));
		struct slot_row *row = &at->row[at->rows];

		if (!base || !look)
			continue;
		row->base = strtoull(base, NULL, 16);
		for (; *look && row->n < HAKMEM_STATS_SLOTS; look++)
			for (int k = 0; k < LOOK_N; k++)
				if (slot_signs[k].sign == *look)
					row->look[row->n++] = (enum slot_look)k;
		at->rows++;
	}
}

static void read_classes(struct series *s, size_t i, const json_t *o)
{
	const json_t *list = json_object_get(o, "classes");

	memset(s->end, 0, sizeof(s->end));
	for (size_t k = 0; k < json_array_size(list); k++) {
		const json_t *c = json_array_get(list, k);
		uint64_t cls = number(c, "class");
		struct class_end *end;

		if (!cls || cls >= CLASSES_MAX)
			continue;
		end = &s->end[cls];
		end->size = s->class_size[cls] = number(c, "size");
		end->live = number(c, "live_objects");
		end->live_bytes = number(c, "live_bytes");
		end->slabs = number(c, "slabs");
		end->slab_bytes = number(c, "slab_bytes");
		end->cached = number(c, "cached_objects");
		if (!s->class_bytes[cls])
			s->class_bytes[cls] =
				xcalloc(SAMPLES_MAX, sizeof(double));
		s->class_bytes[cls][i] = (double)end->live_bytes;
	}
}

static void read_values(struct series *s, size_t i, const json_t *o)
{
	uint64_t time = number(o, "time_ns");

	if (!i)
		s->time_ns = time;
	s->value[ROW_TIME][i] = (double)minus(time, s->time_ns) * 1e-9;
	for (int row = ROW_TIME + 1; row < ROW_N; row++)
		s->value[row][i] =
			(double)number(json_object_get(o, places[row].group),
				       places[row].member);
	s->value[ROW_CACHED][i] +=
		(double)number(json_object_get(o, "figures"), "pending_bytes");
}

/* ---- the file ------------------------------------------------------------ */

/* Keep every second sample. */
static void thin_out(struct series *s)
{
	for (size_t i = 0; i < s->n / 2; i++) {
		for (int row = 0; row < ROW_N; row++)
			s->value[row][i] = s->value[row][2 * i];
		for (size_t cls = 0; cls < CLASSES_MAX; cls++)
			if (s->class_bytes[cls])
				s->class_bytes[cls][i] =
					s->class_bytes[cls][2 * i];
	}
	for (size_t cls = 0; cls < CLASSES_MAX; cls++)
		if (s->class_bytes[cls])
			memset(s->class_bytes[cls] + s->n / 2, 0,
			       (SAMPLES_MAX - s->n / 2) * sizeof(double));
	s->n /= 2;
}

/* stride: of how many samples one is kept. */
static void read_sample(struct series *s, const json_t *o, uint64_t *stride,
			double *peak)
{
	double active;

	if (s->lines++ % *stride)
		return;
	if (s->n == SAMPLES_MAX) {
		thin_out(s);
		*stride *= 2;
		if ((s->lines - 1) % *stride)
			return;
	}
	read_values(s, s->n, o);
	read_classes(s, s->n, o);
	read_slots(&s->slots_end, s->n, o);
	active = s->value[ROW_ACTIVE][s->n];
	if (active > *peak) {
		*peak = active;
		read_slots(&s->slots_peak, s->n, o);
	}
	text(s->name, sizeof(s->name), o, "name");
	text(s->version, sizeof(s->version), o, "version");
	s->pid = (int)number(o, "pid");
	if (!s->n)
		read_options(s, o);
	s->n++;
}

/* A line of any length without its end; false: no further one. */
static bool get_line(gzFile gz, char **line, size_t *size)
{
	size_t n = 0;

	for (;;) {
		if (*size - n < 65536) {
			if (*size >= LINE_MAX_BYTES)
				return false;
			*size = *size ? *size * 2 : 131072;
			*line = xrealloc(*line, *size, 1);
		}
		if (!gzgets(gz, *line + n, 65536))
			return false;
		n += strlen(*line + n);
		if (n && (*line)[n - 1] == '\n') {
			(*line)[n - 1] = 0;
			return true;
		}
		if (gzeof(gz))
			return false;
	}
}

static bool is_title(const char *line)
{
	json_t *o = json_loads(line, 0, NULL);
	const char *schema = json_string_value(json_object_get(o, "schema"));
	bool ok = schema && strcmp(schema, RECORD_SCHEMA) == 0;

	json_decref(o);
	return ok;
}

static enum status read_lines(struct series *s, gzFile gz, const char *path,
			      struct error *e)
{
	char *line = NULL;
	size_t size = 0;
	uint64_t stride = 1;
	double peak = -1;
	int number_of_error;
	bool title = get_line(gz, &line, &size) && is_title(line);

	while (title && get_line(gz, &line, &size)) {
		json_t *o = json_loads(line, 0, NULL);

		if (!o)
			break;
		read_sample(s, o, &stride, &peak);
		json_decref(o);
	}
	free(line);
	gzerror(gz, &number_of_error);
	s->cut = !gzeof(gz) || number_of_error != Z_OK;
	if (!title)
		return error_set(e, STATUS_USAGE,
				 "%s: not a recording of " PROGRAM, path);
	if (!s->n)
		return error_set(e, STATUS_USAGE, "%s: a recording of nothing",
				 path);
	return STATUS_OK;
}

enum status series_read(struct series *s, const char *path, struct error *e)
{
	gzFile gz = gzopen(path, "rb");
	enum status status;

	memset(s, 0, sizeof(*s));
	if (!gz)
		return error_set(e, STATUS_USAGE, "cannot read %s: %s", path,
				 strerror(errno));
	for (int row = 0; row < ROW_N; row++)
		s->value[row] = xcalloc(SAMPLES_MAX, sizeof(double));
	status = read_lines(s, gz, path, e);
	gzclose(gz);
	if (status != STATUS_OK)
		series_free(s);
	return status;
}

void series_free(struct series *s)
{
	for (int row = 0; row < ROW_N; row++)
		free(s->value[row]);
	for (size_t cls = 0; cls < CLASSES_MAX; cls++)
		free(s->class_bytes[cls]);
	free(s->slots_end.row);
	free(s->slots_peak.row);
	free(s->options);
}

double *series_rate(const struct series *s, enum series_row row)
{
	double *rate = xcalloc(s->n, sizeof(*rate));
	const double *t = s->value[ROW_TIME], *v = s->value[row];

	for (size_t i = 1; i < s->n; i++)
		if (t[i] > t[i - 1] && v[i] >= v[i - 1])
			rate[i] = (v[i] - v[i - 1]) / (t[i] - t[i - 1]);
	if (s->n > 1)
		rate[0] = rate[1];
	return rate;
}
