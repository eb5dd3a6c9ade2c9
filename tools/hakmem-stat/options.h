/* SPDX-License-Identifier: MIT */
/*
 * options.h - the command line
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "stat.h"

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
};

enum colour { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

struct options {
	enum view view;
	enum form form;
	enum colour colour;
	bool raw;
	bool noheadings;
	bool bytes;
	bool list_columns;
	const char *svg; /* file for the map's picture, or NULL */
	const char *columns; /* NULL: those of the view */
	const char *target; /* NULL: all processes */
	double interval; /* seconds, 0: once */
	unsigned long count; /* 0: no end */
};

/* Fills in *opt; true: go on, false: exit with *status (help, version or a
 * wrong use, which has been explained). */
bool options_parse(struct options *opt, int argc, char **argv,
		   enum status *status);

#endif /* OPTIONS_H */
