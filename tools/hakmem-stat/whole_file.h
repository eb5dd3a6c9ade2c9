/* SPDX-License-Identifier: MIT */
/*
 * whole_file.h - a file that appears under its name when it is complete
 *
 * Written beside its place and renamed: a reader, such as node_exporter, never
 * meets half of it, and a failure leaves what was there.  What is not a regular
 * file (/dev/stdout, a FIFO) is written in place; "-" is stdout.
 */
#ifndef WHOLE_FILE_H
#define WHOLE_FILE_H

#include "stat.h"

#include <stdio.h>

struct whole_file {
	FILE *f;
	const char *path;
	char *temporary; /* NULL: written in place */
};

enum status whole_file_open(struct whole_file *w, const char *path,
			    struct error *e);
enum status whole_file_close(struct whole_file *w, struct error *e);
/* Leave things as they were. */
void whole_file_drop(struct whole_file *w);

#endif /* WHOLE_FILE_H */
