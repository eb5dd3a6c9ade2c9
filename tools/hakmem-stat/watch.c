/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

double look_rate(const struct look *look, uint64_t now, uint64_t before)
{
	if (look->seconds <= 0)
		return -1;
	return (double)minus(now, before) / look->seconds;
}

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

	return opt->form == FORM_JSON ? &view_json : view[opt->view];
}

/* This look and the one before, by turns. */
struct shown {
	struct snapshot snap[2];
	struct figures figures[2];
	struct residence residence;
	unsigned n;
};

static enum status take(struct shown *s, struct target *t, unsigned want,
			struct error *e)
{
	struct snapshot *snap = &s->snap[s->n & 1];
	enum status status = snapshot_take(snap, t, want, e);

	if (status == STATUS_OK && (want & WANT_RESIDENCE))
		status = pages_read(snap, t, &s->residence, e);
	if (status == STATUS_OK)
		snapshot_figures(snap, &s->figures[s->n & 1]);
	return status;
}

static enum status show(struct shown *s, const struct view_def *view,
			unsigned want, struct table *table,
			const struct options *opt, struct error *e)
{
	static const struct figures none;
	unsigned now = s->n & 1;
	const struct snapshot *snap = &s->snap[now];
	const struct snapshot *before = s->n ? &s->snap[!now] : NULL;
	uint64_t since = before ? before->time : snap->s.start_time;
	struct look look = {
		.now = snap,
		.before = before,
		.figures = &s->figures[now],
		.figures_before = before ? &s->figures[!now] : &none,
		.residence = want & WANT_RESIDENCE ? &s->residence : NULL,
		.seconds = (double)minus(snap->time, since) * 1e-9,
	};

	s->n++;
	if (view->print) {
		enum status status = view->print(&look, opt, e);

		if (status != STATUS_OK)
			return status;
	} else {
		view->rows(table, &look);
		table_print(table, view->many);
	}
	return fflush(stdout) || ferror(stdout) ? write_error(e) : STATUS_OK;
}

void watch_wait(struct timespec *at, double seconds)
{
	at->tv_sec += (time_t)seconds;
	at->tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
	if (at->tv_nsec >= 1000000000) {
		at->tv_nsec -= 1000000000;
		at->tv_sec++;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, at, NULL) ==
	       EINTR)
		;
}

enum status watch(struct target *t, const struct options *opt,
		  struct table *table, struct error *e)
{
	const struct view_def *view = watch_view(opt);
	unsigned want = view->want;
	struct shown shown = { .n = 0 };
	enum status status;
	struct timespec next;

	/* --rss --json: the division of RSS belongs to everything */
	if (opt->form == FORM_JSON && opt->view == VIEW_RSS)
		want |= view_rss.want;
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (unsigned long i = 0;; i++) {
		status = take(&shown, t, want, e);
		if (status == STATUS_OK)
			status = show(&shown, view, want, table, opt, e);
		if (status != STATUS_OK || opt->interval <= 0 ||
		    i + 1 == opt->count)
			break;
		watch_wait(&next, opt->interval);
	}
	snapshot_free(&shown.snap[0]);
	snapshot_free(&shown.snap[1]);
	return status;
}
