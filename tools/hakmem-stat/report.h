/* SPDX-License-Identifier: MIT */
/*
 * report.h - a recording as one HTML page, pictures and all
 */
#ifndef REPORT_H
#define REPORT_H

#include "options.h"

#define REPORT_FILE "hakmem.html"

/* path: of the recording. */
enum status report(const char *path, const struct options *opt,
		   struct error *e);

#endif /* REPORT_H */
