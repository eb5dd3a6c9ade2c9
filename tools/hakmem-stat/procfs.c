/* SPDX-License-Identifier: MIT */
#include "procfs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *procfs_dir;

#define FLAG_KTHREAD 0x00200000u /* PF_KTHREAD in the ninth field of stat */

const char *procfs_root(void)
{
	return procfs_dir ? procfs_dir : "/proc";
}

int procfs_open(pid_t pid, struct error *e)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%d", procfs_root(), (int)pid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && (errno == EACCES || errno == EPERM))
		error_set(e, STATUS_PERMISSION, "%d: %s", (int)pid,
			  strerror(errno));
	else if (fd < 0 && errno != ENOENT && errno != ESRCH)
		error_set(e, STATUS_USAGE, "%s: %s", path, strerror(errno));
	else if (fd < 0)
		error_set(e, STATUS_NO_PROCESS, "%d: no such process",
			  (int)pid);
	return fd;
}

ssize_t procfs_read(int dir, const char *file, char *buf, size_t size)
{
	int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got = 0;

	if (fd < 0)
		return -1;
	while (n < size - 1 && (got = read(fd, buf + n, size - 1 - n)) > 0)
		n += (size_t)got;
	buf[n] = 0;
	if (got < 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	close(fd);
	return (ssize_t)n;
}

long procfs_figure(const char *file)
{
	int dir = open(procfs_root(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char text[64];
	long value = -1;

	if (dir < 0)
		return -1;
	if (procfs_read(dir, file, text, sizeof(text)) > 0)
		value = strtol(text, NULL, 10);
	close(dir);
	return value;
}

/* pid (name) state ppid pgrp session tty tpgid flags ...; the name may hold
 * any byte, so the last parenthesis counts. */
bool procfs_stat(int dir, struct proc_stat *st)
{
	char text[1024];
	char *open_paren, *close_paren, *rest;
	unsigned flags = 0;

	if (procfs_read(dir, "stat", text, sizeof(text)) <= 0)
		return false;
	open_paren = strchr(text, '(');
	close_paren = strrchr(text, ')');
	if (!open_paren || !close_paren || close_paren < open_paren ||
	    !close_paren[1])
		return false;
	*close_paren = 0;
	snprintf(st->name, sizeof(st->name), "%.31s", open_paren + 1);
	st->state = close_paren[2];
	if (sscanf(close_paren + 3, "%*d %*d %*d %*d %*d %u", &flags) != 1)
		return false;
	st->kernel = flags & FLAG_KTHREAD;
	/* the 22nd field of the line, the 20th from the state on */
	rest = close_paren + 2;
	for (int i = 0; i < 19 && rest; i++) {
		rest = strchr(rest, ' ');
		rest = rest ? rest + 1 : NULL;
	}
	st->start = rest ? strtoull(rest, NULL, 10) : 0;
	return true;
}

uid_t procfs_uid(int dir)
{
	char text[4096];
	const char *at;

	if (procfs_read(dir, "status", text, sizeof(text)) <= 0)
		return (uid_t)-1;
	at = strstr(text, "\nUid:");
	return at ? (uid_t)strtoul(at + 5, NULL, 10) : (uid_t)-1;
}

/* hierarchy:controllers:path; version 2 has 0 and no controllers, else the
 * memory controller's line counts. */
void procfs_cgroup(int dir, char *buf, size_t size)
{
	char text[8192];
	char *save = NULL;

	buf[0] = 0;
	if (procfs_read(dir, "cgroup", text, sizeof(text)) <= 0)
		return;
	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *control = strchr(line, ':');
		char *path = control ? strchr(control + 1, ':') : NULL;

		if (!path)
			continue;
		*path++ = 0;
		if (strcmp(control, ":") == 0 ||
		    strstr(control + 1, "memory")) {
			snprintf(buf, size, "%s", path);
			if (control[1])
				return;
		}
	}
}

uint64_t procfs_rss(int dir)
{
	char text[128];
	uint64_t pages = 0;

	if (procfs_read(dir, "statm", text, sizeof(text)) <= 0)
		return 0;
	if (sscanf(text, "%*u %" SCNu64, &pages) != 1)
		return 0;
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool maps_line(char *line, struct map *m)
{
	int path = 0;

	line[strcspn(line, "\n")] = 0;
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %n",
		   &m->start, &m->end, m->perms, &m->offset, &path) != 4)
		return false;
	m->path = xstrdup(path ? line + path : "");
	return m->end > m->start;
}

int procfs_maps(int dir, struct maps *maps)
{
	int fd = openat(dir, "maps", O_RDONLY | O_CLOEXEC);
	char *line = NULL;
	size_t size = 0;
	FILE *f;

	memset(maps, 0, sizeof(*maps));
	if (fd < 0)
		return errno;
	f = fdopen(fd, "r");
	if (!f) {
		close(fd);
		return ENOMEM;
	}
	errno = 0;
	while (getline(&line, &size, f) > 0) {
		GROW(maps->map, maps->n, maps->cap);
		if (maps_line(line, &maps->map[maps->n]))
			maps->n++;
	}
	free(line);
	if (ferror(f)) {
		int error = errno ? errno : EIO;

		fclose(f);
		maps_free(maps);
		return error;
	}
	fclose(f);
	return 0;
}

void maps_free(struct maps *maps)
{
	for (size_t i = 0; i < maps->n; i++)
		free(maps->map[i].path);
	free(maps->map);
	memset(maps, 0, sizeof(*maps));
}

static bool is_number(const char *name)
{
	return isdigit((unsigned char)name[0]);
}

/* The last figure of NSpid is the number in the innermost namespace. */
static pid_t task_inner(int dir, const char *name, pid_t tid)
{
	char path[64], text[4096];
	char *at, *end;

	snprintf(path, sizeof(path), "task/%.20s/status", name);
	if (procfs_read(dir, path, text, sizeof(text)) <= 0)
		return tid;
	at = strstr(text, "\nNSpid:");
	if (!at)
		return tid;
	at += 7;
	end = at + strcspn(at, "\n");
	*end = 0;
	at = strrchr(at, '\t');
	return at ? (pid_t)strtol(at, NULL, 10) : tid;
}

static void task_add(int dir, const char *name, struct tasks *tasks)
{
	struct task *t;
	char path[64];

	GROW(tasks->task, tasks->n, tasks->cap);
	t = &tasks->task[tasks->n];
	t->tid = (pid_t)strtol(name, NULL, 10);
	snprintf(path, sizeof(path), "task/%.20s/comm", name);
	if (procfs_read(dir, path, t->name, sizeof(t->name)) <= 0)
		return;
	t->name[strcspn(t->name, "\n")] = 0;
	t->inner = task_inner(dir, name, t->tid);
	tasks->n++;
}

static int task_order(const void *a, const void *b)
{
	const struct task *x = a, *y = b;

	return (x->tid > y->tid) - (x->tid < y->tid);
}

void procfs_tasks(int dir, struct tasks *tasks)
{
	int fd = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	memset(tasks, 0, sizeof(*tasks));
	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(d)))
		if (is_number(entry->d_name))
			task_add(dir, entry->d_name, tasks);
	closedir(d);
	if (tasks->n)
		qsort(tasks->task, tasks->n, sizeof(*tasks->task), task_order);
}

static int pid_order(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

size_t procfs_list(pid_t **pids)
{
	DIR *d = opendir(procfs_root());
	struct dirent *entry;
	size_t n = 0, cap = 0;

	*pids = NULL;
	if (!d)
		return 0;
	while ((entry = readdir(d))) {
		if (!is_number(entry->d_name))
			continue;
		GROW(*pids, n, cap);
		(*pids)[n++] = (pid_t)strtol(entry->d_name, NULL, 10);
	}
	closedir(d);
	if (n)
		qsort(*pids, n, sizeof(**pids), pid_order);
	return n;
}
