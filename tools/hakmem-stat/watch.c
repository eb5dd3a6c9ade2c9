/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include "find.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status write_error(struct error *e)
{
	return error_set(e, STATUS_USAGE, "cannot write: %s", strerror(errno));
}

const struct view_def *watch_view(const struct options *opt)
{
	static const struct view_def *const view[] = {
		[VIEW_DEFAULT] = &view_default, [VIEW_CLASSES] = &view_classes,
		[VIEW_THREADS] = &view_threads, [VIEW_POOL] = &view_pool,
		[VIEW_MAP] = &view_map,		[VIEW_RSS] = &view_rss,
	};

	if (opt->form == FORM_JSON)
		return &view_json;
	if (opt->form == FORM_PROMETHEUS)
		return &view_prometheus;
	return view[opt->view];
}

unsigned watch_want(const struct options *opt)
{
	unsigned want = watch_view(opt)->want;

	/* --rss --json: the division of RSS belongs to everything */
	if (opt->form == FORM_JSON && opt->view == VIEW_RSS)
		want |= view_rss.want;
	return want;
}

static enum status show(const struct history *history,
			const struct options *opt, struct table *table,
			struct error *e)
{
	const struct view_def *view = watch_view(opt);
	struct look look;

	history_look(history, &look);
	if (view->print) {
		enum status status = view->print(stdout, &look, opt, e);

		if (status != STATUS_OK)
			return status;
	} else {
		view->rows(table, &look);
		table_print(table, view->many);
	}
	return fflush(stdout) || ferror(stdout) ? write_error(e) : STATUS_OK;
}

static void advance(struct timespec *at, double seconds)
{
	at->tv_sec += (time_t)seconds;
	at->tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
	if (at->tv_nsec >= 1000000000) {
		at->tv_nsec -= 1000000000;
		at->tv_sec++;
	}
}

void watch_nap(struct timespec *at, double seconds)
{
	advance(at, seconds);
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, at, NULL);
}

void watch_wait(struct timespec *at, double seconds)
{
	advance(at, seconds);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, at, NULL) ==
	       EINTR)
		;
}

static enum status watch(struct target *t, const struct options *opt,
			 struct table *table, struct error *e)
{
	unsigned want = watch_want(opt);
	struct history *history = xcalloc(1, sizeof(*history));
	enum status status;
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (unsigned long i = 0;; i++) {
		status = history_take(history, t, want, e);
		if (status == STATUS_OK)
			status = show(history, opt, table, e);
		if (status != STATUS_OK || opt->interval <= 0 ||
		    i + 1 == opt->count)
			break;
		watch_wait(&next, opt->interval);
	}
	history_free(history);
	free(history);
	return status;
}

static enum status watch_found(struct target *t, const struct options *opt,
			       struct table *table, struct error *e)
{
	enum status status = find_stats(t, e);

	if (status == STATUS_OK)
		status = watch(t, opt, table, e);
	target_close(t);
	return status;
}

enum status watch_pid(pid_t pid, const struct options *opt, struct table *table,
		      struct error *e)
{
	struct target t;
	enum status status = target_open(&t, pid, e);

	if (status != STATUS_OK)
		return status;
	return watch_found(&t, opt, table, e);
}

enum status watch_core(const char *path, const struct options *opt,
		       struct table *table, struct error *e)
{
	struct target t;
	enum status status;

	if (opt->interval > 0)
		return error_set(e, STATUS_USAGE,
				 "a core file does not change: no interval");
	status = target_open_core(&t, path, e);
	if (status != STATUS_OK)
		return status;
	return watch_found(&t, opt, table, e);
}
