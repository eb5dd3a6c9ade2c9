/* SPDX-License-Identifier: MIT */
/*
 * core.h - the memory of a process as a core file keeps it
 *
 * A core file holds what a process had changed; pages that are as in their
 * files are usually left out and are read from these.
 */
#ifndef CORE_H
#define CORE_H

#include "procfs.h"
#include "stat.h"

struct core;
struct piece;

/* Is a core file meant?  That has a / in its name, or is one: a program in the
 * current directory has the name of its process. */
bool core_is_meant(const char *path);

/* NULL, and *e.  maps (of files only), pid and name are filled in. */
struct core *core_open(const char *path, struct maps *maps, pid_t *pid,
		       char name[32], struct error *e);
void core_close(struct core *core);

/* 0 or EFAULT: the file has not all of it. */
int core_read(struct core *core, const struct piece *piece, size_t n);

/* Threads by number, without names; the caller frees tasks->task. */
void core_tasks(const struct core *core, struct tasks *tasks);

/* When it was written, CLOCK_REALTIME ns. */
uint64_t core_time(const struct core *core);

#endif /* CORE_H */
