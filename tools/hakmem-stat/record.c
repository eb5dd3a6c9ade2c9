/* SPDX-License-Identifier: MIT */
#include "record.h"

#include "find.h"
#include "json.h"
#include "term.h"
#include "views.h"
#include "watch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static volatile sig_atomic_t told_to_stop;

static void stop(int sig)
{
	(void)sig;
	told_to_stop = 1;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = stop };

	/* no SA_RESTART: the sleep between two looks ends */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static enum status gz_failed(gzFile gz, const char *path, struct error *e)
{
	int number;
	const char *text = gzerror(gz, &number);

	return error_set(e, STATUS_USAGE, "cannot write %s: %s", path,
			 number == Z_ERRNO ? strerror(errno) : text);
}

/* One line, so far that it is in the file. */
static enum status put_line(gzFile gz, const char *path, json_t *o,
			    struct error *e)
{
	char *text = json_dumps(o, JSON_COMPACT);
	bool ok;

	json_decref(o);
	if (!text)
		return error_set(e, STATUS_USAGE, "out of memory");
	ok = gzputs(gz, text) > 0 && gzputc(gz, '\n') >= 0 &&
	     gzflush(gz, Z_SYNC_FLUSH) == Z_OK;
	free(text);
	return ok ? STATUS_OK : gz_failed(gz, path, e);
}

static json_t *title(const struct options *opt)
{
	json_t *o = json_object();

	json_object_set_new(o, "schema", json_string(RECORD_SCHEMA));
	json_object_set_new(o, "interval", json_real(opt->interval));
	return o;
}

/* The number of looks in *n.  Without O_RESTART a signal ends the sleep. */
static enum status looks(struct target *t, const struct options *opt, gzFile gz,
			 const char *path, unsigned long *n, struct error *e)
{
	struct history *history = xcalloc(1, sizeof(*history));
	struct timespec next;
	enum status status = put_line(gz, path, title(opt), e);

	clock_gettime(CLOCK_MONOTONIC, &next);
	while (status == STATUS_OK && !told_to_stop) {
		struct look look;

		status = history_take(history, t, view_json.want, e);
		if (status != STATUS_OK)
			break;
		history_look(history, &look);
		status = put_line(gz, path, json_look(&look), e);
		if (status != STATUS_OK || ++*n == opt->count)
			break;
		watch_nap(&next, opt->interval);
	}
	history_free(history);
	free(history);
	return status;
}

static enum status record_to(struct target *t, const struct options *opt,
			     struct error *e)
{
	const char *path = opt->to ? opt->to : RECORD_FILE;
	gzFile gz = gzopen(path, "wb6");
	unsigned long n = 0;
	enum status status;

	if (!gz)
		return error_set(e, STATUS_USAGE, "cannot write %s: %s", path,
				 strerror(errno));
	catch_signals();
	status = looks(t, opt, gz, path, &n, e);
	/* that the process ends is how most recordings end */
	if (status == STATUS_ENDED && n)
		status = STATUS_OK;
	if (gzclose(gz) != Z_OK && status == STATUS_OK)
		status = error_set(e, STATUS_USAGE, "cannot write %s", path);
	if (status == STATUS_OK &&
	    (printf("%s: %lu looks at %s (%d)\n", path, n, term_clean(t->name),
		    (int)t->pid) < 0 ||
	     fflush(stdout)))
		status = write_error(e);
	return status;
}

enum status record(pid_t pid, const struct options *opt, struct error *e)
{
	struct target t;
	enum status status = target_open(&t, pid, e);

	if (status != STATUS_OK)
		return status;
	status = find_stats(&t, e);
	if (status == STATUS_OK)
		status = record_to(&t, opt, e);
	target_close(&t);
	return status;
}
