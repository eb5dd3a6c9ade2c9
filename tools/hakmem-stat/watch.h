/* SPDX-License-Identifier: MIT */
/*
 * watch.h - a view of one process, once or again and again
 */
#ifndef WATCH_H
#define WATCH_H

#include "options.h"
#include "views.h"

#include <sys/types.h>
#include <time.h>

/* The view that the options name, and what it needs of a snapshot. */
const struct view_def *watch_view(const struct options *opt);
unsigned watch_want(const struct options *opt);

/* Until the count is reached, something fails or the process ends. */
enum status watch_pid(pid_t pid, const struct options *opt, struct table *table,
		      struct error *e);

/* The same of a core file, once. */
enum status watch_core(const char *path, const struct options *opt,
		       struct table *table, struct error *e);

/* Sleep until *at + seconds, and let *at be that time: no drift. */
void watch_wait(struct timespec *at, double seconds);
/* The same, but a signal that is caught ends it. */
void watch_nap(struct timespec *at, double seconds);

#endif /* WATCH_H */
