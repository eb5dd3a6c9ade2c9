/* SPDX-License-Identifier: MIT */
/*
 * series.h - a recording, read
 */
#ifndef SERIES_H
#define SERIES_H

#include "slots.h"

#define SAMPLES_MAX 1024u /* more are thinned out */

/* Figures of a sample, as rows of series.value. */
enum series_row {
	ROW_TIME, /* seconds from the first */
	ROW_LIVE,
	ROW_CACHED, /* with what is pending */
	ROW_FRAG,
	ROW_RECLAIM,
	ROW_META,
	ROW_RSS,
	ROW_MALLOCS,
	ROW_REMOTE,
	ROW_REFILLS,
	ROW_PURGED,
	ROW_ACTIVE, /* slots */
	ROW_EMPTY,
	ROW_UNUSED,
	ROW_HEAPS,
	ROW_ORPHANS,
	ROW_N,
};

/* Slots of one sample. */
struct slots_at {
	size_t sample;
	struct slot_row *row;
	size_t rows;
};

struct class_end {
	uint64_t size;
	uint64_t live; /* blocks */
	uint64_t live_bytes;
	uint64_t slabs;
	uint64_t slab_bytes;
	uint64_t cached;
};

struct series {
	char name[64];
	char version[32];
	int pid;
	uint64_t time_ns; /* of the first sample */
	uint64_t lines; /* samples in the file */
	bool cut; /* the file ends in the middle of one */
	size_t n;
	double *value[ROW_N]; /* n each */
	double *class_bytes[CLASSES_MAX]; /* live; NULL: never in use */
	uint64_t class_size[CLASSES_MAX];
	struct class_end end[CLASSES_MAX]; /* at the end; size 0: not in use */
	struct slots_at slots_end;
	struct slots_at slots_peak; /* most active slots */
	char *options; /* NAME=value lines */
};

/* STATUS_USAGE: it cannot be read, or is no recording. */
enum status series_read(struct series *s, const char *path, struct error *e);
void series_free(struct series *s);

/* Change of a row each second, n values (the first is the second's); to be
 * freed. */
double *series_rate(const struct series *s, enum series_row row);

#endif /* SERIES_H */
