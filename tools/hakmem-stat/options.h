/* SPDX-License-Identifier: MIT */
/*
 * options.h - the command line
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "stat.h"

#include <sys/types.h>

enum view {
	VIEW_DEFAULT,
	VIEW_CLASSES,
	VIEW_THREADS,
	VIEW_POOL,
	VIEW_MAP,
	VIEW_RSS,
};

enum form {
	FORM_TABLE,
	FORM_JSON,
	FORM_PROMETHEUS,
};

enum command { COMMAND_SHOW, COMMAND_RECORD, COMMAND_REPORT };

enum colour { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

struct options {
	enum command command;
	enum view view;
	enum form form;
	enum colour colour;
	bool raw;
	bool noheadings;
	bool bytes;
	bool list_columns;
	const char *svg; /* file for the map's picture, or NULL */
	const char *columns; /* NULL: those of the view */
	const char *target; /* number or name; NULL: all processes.  Of
			     * report: the recording, or NULL */
	const char *user; /* filters, NULL: none */
	uid_t uid;
	const char *cgroup;
	bool all;
	bool top; /* full screen */
	const char *to; /* file instead of stdout, or NULL */
	double interval; /* seconds, 0: once */
	unsigned long count; /* 0: no end */
};

/* Fills in *opt; true: go on, false: exit with *status (help, version or a
 * wrong use, which has been explained). */
bool options_parse(struct options *opt, int argc, char **argv,
		   enum status *status);

#endif /* OPTIONS_H */
