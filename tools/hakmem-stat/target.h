/* SPDX-License-Identifier: MIT */
/*
 * target.h - a process or a core file whose memory is read
 *
 * Nothing here stops, signals or attaches to the process: its memory is read
 * with process_vm_readv(2), or through its mem file where the processes of
 * another /proc are looked at.  Everything read is what the process happens
 * to hold and is not trusted.
 */
#ifndef TARGET_H
#define TARGET_H

#include "procfs.h"
#include "stat.h"

#include <sys/types.h>

/* One piece of a read. */
struct piece {
	uint64_t addr;
	void *buf;
	size_t len;
};

struct core;

struct target {
	pid_t pid; /* of a core file: what it was */
	int dir; /* of /proc/PID; -1: a core file */
	int mem; /* /proc/PID/mem, or -1: process_vm_readv */
	char name[32];
	struct maps maps;
	struct core *core; /* NULL: a process */
	uint64_t stats; /* address of hakmem_stats, once found */
	uint64_t deadline; /* CLOCK_MONOTONIC ns, 0: none */
};

#define PIECES_MAX 1024 /* IOV_MAX: more need more than one call */

/* Both leave nothing to be closed when they fail. */
enum status target_open(struct target *t, pid_t pid, struct error *e);
enum status target_open_core(struct target *t, const char *path,
			     struct error *e);
void target_close(struct target *t);

/* All pieces, in order; up to PIECES_MAX are read in one system call. */
enum status target_readv(struct target *t, const struct piece *piece, size_t n,
			 struct error *e);
enum status target_read(struct target *t, uint64_t addr, void *buf, size_t len,
			struct error *e);

/* The same without an error text, for looking around: true if read. */
bool target_peek(struct target *t, uint64_t addr, void *buf, size_t len);

/* What is asked of a process is bounded in time: whatever its memory holds, a
 * look ends.  After the time target_late is true. */
void target_hurry(struct target *t, double seconds);
bool target_late(const struct target *t);

/* Threads; the caller frees tasks->task. */
void target_tasks(struct target *t, struct tasks *tasks);
/* CLOCK_REALTIME ns: now, or when the core file was written. */
uint64_t target_time(const struct target *t);

/* Say why reading something of the process failed with this errno. */
enum status target_explain(struct target *t, int error, struct error *e);

#endif /* TARGET_H */
