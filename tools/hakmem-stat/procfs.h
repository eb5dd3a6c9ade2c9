/* SPDX-License-Identifier: MIT */
/*
 * procfs.h - what /proc says about a process
 *
 * A process is held by a descriptor of its directory: when it ends, every
 * further look fails instead of meeting a later process of the same number.
 */
#ifndef PROCFS_H
#define PROCFS_H

#include "stat.h"

#include <sys/types.h>

/* Another place than /proc, or NULL; set once from --procfs. */
extern const char *procfs_dir;
const char *procfs_root(void);

struct map {
	uint64_t start;
	uint64_t end;
	uint64_t offset; /* in the file */
	char perms[5];
	char *path; /* "" for anonymous memory */
};

struct maps {
	struct map *map;
	size_t n;
	size_t cap;
};

struct task {
	pid_t tid;
	pid_t inner; /* as the process itself sees it */
	char name[32];
};

struct tasks {
	struct task *task;
	size_t n;
	size_t cap;
};

/* The directory of a process; -1 with *e filled in. */
int procfs_open(pid_t pid, struct error *e);

/* At most size - 1 bytes of a small file, terminated; -1 and errno. */
ssize_t procfs_read(int dir, const char *file, char *buf, size_t size);

/* The first figure of a file below the root such as
 * "sys/kernel/yama/ptrace_scope", or -1. */
long procfs_figure(const char *file);

/* State letter, kernel thread or not, and start time in ticks since boot.
 * false: the process is gone. */
struct proc_stat {
	char state;
	bool kernel;
	uint64_t start;
	char name[32];
};
bool procfs_stat(int dir, struct proc_stat *st);

/* Real user id; (uid_t)-1: gone. */
uid_t procfs_uid(int dir);

/* The path of its control group ("" if unknown). */
void procfs_cgroup(int dir, char *buf, size_t size);

/* Resident bytes; 0: gone or none. */
uint64_t procfs_rss(int dir);

/* 0 or an errno. */
int procfs_maps(int dir, struct maps *maps);
void maps_free(struct maps *maps);

/* Threads, in the order of their numbers. */
void procfs_tasks(int dir, struct tasks *tasks);

/* All processes; the number, *pids to be freed. */
size_t procfs_list(pid_t **pids);

#endif /* PROCFS_H */
