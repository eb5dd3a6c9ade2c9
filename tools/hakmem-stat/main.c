/* SPDX-License-Identifier: MIT */
#include "core.h"
#include "many.h"
#include "options.h"
#include "record.h"
#include "report.h"
#include "top.h"
#include "watch.h"
#include "whole_file.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

static enum status look(const struct options *opt, struct table *table,
			struct error *e)
{
	pid_t pid;

	if (opt->target && parse_pid(opt->target, &pid))
		return watch_pid(pid, opt, table, e);
	if (opt->target && core_is_meant(opt->target))
		return watch_core(opt->target, opt, table, e);
	return many(opt, table, e);
}

static enum status run_record(const struct options *opt, struct error *e)
{
	enum status status = STATUS_OK;
	pid_t pid;

	if (!parse_pid(opt->target, &pid))
		status = many_one(opt, &pid, e);
	return status == STATUS_OK ? record(pid, opt, e) : status;
}

static enum status run(const struct options *opt, struct error *e)
{
	const struct view_def *view = watch_view(opt);
	struct table *table = NULL;
	enum status status;

	if (opt->top)
		return top(opt, e);
	if (opt->list_columns && !view->column)
		return error_set(e, STATUS_USAGE, "this view has no columns");
	if (opt->list_columns) {
		table_list(view->column, view->columns);
		return fflush(stdout) ? write_error(e) : STATUS_OK;
	}
	if (view->column) {
		table = table_new(view->column, view->columns, opt, e);
		if (!table)
			return e->status;
	}
	status = look(opt, table, e);
	table_free(table);
	return status;
}

/* stdout becomes the file; it gets its name when all has gone well. */
static enum status run_to(const struct options *opt, struct error *e)
{
	struct whole_file w;
	enum status status = whole_file_open(&w, opt->to, e);

	if (status != STATUS_OK)
		return status;
	if (w.f != stdout && dup2(fileno(w.f), STDOUT_FILENO) < 0)
		status = write_error(e);
	if (status == STATUS_OK)
		status = run(opt, e);
	if (status == STATUS_OK)
		return whole_file_close(&w, e);
	whole_file_drop(&w);
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
	if (opt.command == COMMAND_RECORD)
		status = run_record(&opt, &e);
	else if (opt.command == COMMAND_REPORT)
		status =
			report(opt.target ? opt.target : RECORD_FILE, &opt, &e);
	else
		status = opt.to ? run_to(&opt, &e) : run(&opt, &e);
	if (status != STATUS_OK)
		error_print(&e);
	return (int)status;
}
