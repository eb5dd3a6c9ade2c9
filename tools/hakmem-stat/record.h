/* SPDX-License-Identifier: MIT */
/*
 * record.h - looks at a process, one after the other, into a file
 *
 * The file is gzip'd text, one JSON object a line: first what it is, then the
 * looks as --json shows them.  It is readable up to the last look at any time,
 * also when the recording was killed.
 */
#ifndef RECORD_H
#define RECORD_H

#include "options.h"

#include <sys/types.h>

#define RECORD_SCHEMA "hakmem-stat record 1"
#define RECORD_FILE "hakmem.rec"

/* Until the process ends, the count is reached or a signal says so. */
enum status record(pid_t pid, const struct options *opt, struct error *e);

#endif /* RECORD_H */
