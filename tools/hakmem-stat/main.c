/* SPDX-License-Identifier: MIT */
#include "find.h"
#include "options.h"
#include "snapshot.h"
#include "target.h"
#include "views.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double look_rate(const struct look *look, uint64_t now, uint64_t before)
{
	if (look->seconds <= 0)
		return -1;
	return (double)minus(now, before) / look->seconds;
}

static const struct view_def *view_of(const struct options *opt)
{
	switch (opt->view) {
	case VIEW_JSON:
		return &view_json;
	default:
		return &view_default;
	}
}

/* The state of showing one process again and again. */
struct shown {
	struct snapshot snap[2];
	struct figures figures[2];
	unsigned n; /* snapshots taken */
};

static bool show(struct shown *s, const struct view_def *view,
		 struct table *table, const struct options *opt)
{
	static const struct figures none;
	unsigned now = s->n & 1;
	const struct snapshot *snap = &s->snap[now];
	const struct snapshot *before = s->n ? &s->snap[!now] : NULL;
	struct look look = {
		.now = snap,
		.before = before,
		.figures = &s->figures[now],
		.figures_before = before ? &s->figures[!now] : &none,
		.seconds =
			(double)minus(snap->time, before ? before->time
							 : snap->s.start_time) *
			1e-9,
	};

	snapshot_figures(snap, &s->figures[now]);
	s->n++;
	if (view->print)
		return view->print(&look, opt) && fflush(stdout) == 0;
	view->rows(table, &look);
	table_print(table);
	return fflush(stdout) == 0 && !ferror(stdout);
}

static void wait_until(struct timespec *at, double seconds)
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

static enum status write_error(struct error *e)
{
	return error_set(e, STATUS_USAGE, "cannot write: %s", strerror(errno));
}

static enum status watch(struct target *t, const struct view_def *view,
			 struct table *table, const struct options *opt,
			 struct error *e)
{
	struct shown shown = { .n = 0 };
	enum status status = STATUS_OK;
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (unsigned long i = 0;; i++) {
		status = snapshot_take(&shown.snap[shown.n & 1], t, view->want,
				       e);
		if (status != STATUS_OK)
			break;
		if (!show(&shown, view, table, opt)) {
			status = write_error(e);
			break;
		}
		if (opt->interval <= 0 || i + 1 == opt->count)
			break;
		wait_until(&next, opt->interval);
	}
	snapshot_free(&shown.snap[0]);
	snapshot_free(&shown.snap[1]);
	return status;
}

static bool parse_pid(const char *text, pid_t *pid)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	*pid = (pid_t)value;
	return text[0] >= '0' && text[0] <= '9' && !*end && !errno &&
	       value > 0 && value <= INT32_MAX;
}

static enum status one_process(const struct options *opt, struct error *e)
{
	const struct view_def *view = view_of(opt);
	struct table *table = NULL;
	struct target t;
	enum status status;
	pid_t pid;

	if (!parse_pid(opt->target, &pid))
		return error_set(e, STATUS_USAGE, "%s: not a process number",
				 opt->target);
	if (view->column) {
		table = table_new(view->column, view->columns, opt, e);
		if (!table)
			return e->status;
	}
	status = target_open(&t, pid, e);
	if (status == STATUS_OK) {
		status = find_stats(&t, e);
		if (status == STATUS_OK)
			status = watch(&t, view, table, opt, e);
		target_close(&t);
	}
	table_free(table);
	return status;
}

int main(int argc, char **argv)
{
	struct options opt;
	struct error e = { STATUS_OK, "" };
	enum status status;

	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	/* a closed pipe is a write error like any other */
	signal(SIGPIPE, SIG_IGN);
	if (!options_parse(&opt, argc, argv, &status))
		return (int)status;
	if (opt.list_columns) {
		const struct view_def *view = view_of(&opt);

		table_list(view->column, view->columns);
		return fflush(stdout) ? STATUS_USAGE : STATUS_OK;
	}
	status = one_process(&opt, &e);
	if (status != STATUS_OK)
		error_print(&e);
	return (int)status;
}
