/* SPDX-License-Identifier: MIT */
/*
 * stat.h - what all files of hakmem-stat share
 *
 * Exit statuses, and the error of an operation: functions that can fail for a
 * reason the user has to hear return a status and leave one line in a struct
 * error; the caller decides whether it is printed.
 */
#ifndef STAT_H
#define STAT_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRAM "hakmem-stat"

/* Exit statuses, see hakmem-stat(1). */
enum status {
	STATUS_OK = 0,
	STATUS_USAGE = 1, /* and errors of writing or of memory */
	STATUS_NO_PROCESS = 2,
	STATUS_PERMISSION = 3,
	STATUS_NO_LIBRARY = 4,
	STATUS_NEWER = 5, /* layout unknown to this program */
	STATUS_TORN = 6, /* torn or hostile data */
	STATUS_ENDED = 7, /* the process ended while it was read */
};

struct error {
	enum status status;
	char text[320];
};

/* Fill in *e; returns status. */
enum status error_set(struct error *e, enum status status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "hakmem-stat: text" on stderr. */
void error_print(const struct error *e);

/* Out of memory ends the program: nothing here can go on without. */
void *xrealloc(void *p, size_t n, size_t size);
void *xcalloc(size_t n, size_t size);
char *xstrdup(const char *s);

/* Make room for one more element of an array; capacities double. */
#define GROW(array, n, cap)                                                   \
	do {                                                                  \
		if ((n) == (cap)) {                                           \
			(cap) = (cap) ? (cap)*2 : 16;                         \
			(array) = xrealloc((array), (cap), sizeof(*(array))); \
		}                                                             \
	} while (0)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

#endif /* STAT_H */
