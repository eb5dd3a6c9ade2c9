/* SPDX-License-Identifier: MIT */
#include "many.h"

#include "fleet.h"
#include "json.h"
#include "prometheus.h"
#include "views.h"
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* A look at each process that is shown; to be freed. */
static struct look *looks(const struct fleet *fleet, size_t *n)
{
	struct look *look = xcalloc(fleet->n, sizeof(*look));

	*n = 0;
	for (size_t i = 0; i < fleet->n; i++)
		if (fleet->member[i].open)
			history_look(fleet->member[i].history, &look[(*n)++]);
	return look;
}

static void rows(const struct look *look, size_t n, struct table *table)
{
	for (size_t i = 0; i < n; i++)
		view_default.rows(table, &look[i]);
	table_print(table, true);
}

static bool array(const struct look *look, size_t n, const struct options *opt)
{
	json_t *list = json_array();
	bool ok;

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_look(&look[i]));
	ok = json_print(stdout, list, opt);
	json_decref(list);
	return ok;
}

static enum status print(const struct fleet *fleet, const struct options *opt,
			 struct table *table, struct error *e)
{
	bool ok = true;
	size_t n;
	struct look *look = looks(fleet, &n);

	if (opt->form == FORM_PROMETHEUS)
		prometheus_print(stdout, look, n, fleet);
	else if (opt->form == FORM_JSON)
		ok = array(look, n, opt);
	else
		rows(look, n, table);
	free(look);
	return !ok || fflush(stdout) || ferror(stdout) ? write_error(e)
						       : STATUS_OK;
}

static enum status only_one(const struct fleet *fleet, pid_t *pid,
			    struct error *e)
{
	const struct member *m = fleet->member;

	if (fleet->shown > 1)
		return error_set(e, STATUS_USAGE,
				 "%zu processes: this view is of one, choose "
				 "it by its number",
				 fleet->shown);
	while (!m->open)
		m++;
	*pid = m->pid;
	return STATUS_OK;
}

enum status many_one(const struct options *opt, pid_t *pid, struct error *e)
{
	struct fleet fleet = { .n = 0 };
	enum status status;

	fleet_update(&fleet, opt, 0);
	status = fleet_empty(&fleet, opt, e);
	if (status == STATUS_OK)
		status = only_one(&fleet, pid, e);
	fleet_free(&fleet);
	return status;
}

static bool is_single(const struct fleet *fleet, const struct options *opt)
{
	if (opt->form == FORM_TABLE && opt->view != VIEW_DEFAULT)
		return true;
	return opt->target && fleet->shown == 1;
}

enum status many(const struct options *opt, struct table *table,
		 struct error *e)
{
	unsigned want = watch_want(opt);
	struct fleet fleet = { .n = 0 };
	enum status status;
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (unsigned long i = 0;; i++) {
		fleet_update(&fleet, opt, want);
		status = fleet_empty(&fleet, opt, e);
		/* a collector's file without a process is right, too */
		if (status == STATUS_NO_LIBRARY && !opt->target &&
		    opt->form == FORM_PROMETHEUS)
			status = STATUS_OK;
		if (status == STATUS_OK && i == 0 && is_single(&fleet, opt)) {
			pid_t pid = 0;

			/* other views are of one process */
			status = only_one(&fleet, &pid, e);
			if (status == STATUS_OK)
				status = watch_pid(pid, opt, table, e);
			break;
		}
		if (status == STATUS_OK)
			status = print(&fleet, opt, table, e);
		if (status != STATUS_OK || opt->interval <= 0 ||
		    i + 1 == opt->count)
			break;
		watch_wait(&next, opt->interval);
	}
	fleet_free(&fleet);
	return status;
}
