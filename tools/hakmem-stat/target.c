/* SPDX-License-Identifier: MIT */
#include "target.h"

#include "core.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static enum status not_permitted(struct target *t, struct error *e)
{
	long scope = procfs_figure("sys/kernel/yama/ptrace_scope");
	char yama[100] = "";

	if (scope > 0)
		snprintf(yama, sizeof(yama),
			 " (kernel.yama.ptrace_scope is %ld: other processes "
			 "of yours are closed to you, too)",
			 scope);
	return error_set(e, STATUS_PERMISSION,
			 "%d (%s): not permitted: it takes the same user, or "
			 "CAP_SYS_PTRACE%s",
			 (int)t->pid, t->name, yama);
}

static enum status gone(struct target *t, struct error *e)
{
	return error_set(e, STATUS_ENDED, "%d (%s): ended while it was read",
			 (int)t->pid, t->name);
}

enum status target_explain(struct target *t, int error, struct error *e)
{
	struct proc_stat st;

	if (error == EACCES || error == EPERM)
		return not_permitted(t, e);
	if (error == ESRCH || !procfs_stat(t->dir, &st) || st.state == 'Z' ||
	    st.state == 'X')
		return gone(t, e);
	return error_set(e, STATUS_USAGE, "%d (%s): %s", (int)t->pid, t->name,
			 strerror(error));
}

static enum status target_look(struct target *t, struct error *e)
{
	struct proc_stat st;
	int error;

	if (!procfs_stat(t->dir, &st))
		return error_set(e, STATUS_NO_PROCESS, "%d: no such process",
				 (int)t->pid);
	memcpy(t->name, st.name, sizeof(t->name));
	if (st.kernel)
		return error_set(e, STATUS_NO_LIBRARY,
				 "%d (%s): a kernel thread has no heap",
				 (int)t->pid, t->name);
	if (st.state == 'Z' || st.state == 'X')
		return error_set(e, STATUS_NO_LIBRARY,
				 "%d (%s): a zombie: its memory is gone",
				 (int)t->pid, t->name);
	error = procfs_maps(t->dir, &t->maps);
	if (error)
		return target_explain(t, error, e);
	if (!t->maps.n)
		return gone(t, e);
	return STATUS_OK;
}

/* process_vm_readv takes numbers of this process's own namespace. */
static enum status target_open_mem(struct target *t, struct error *e)
{
	if (!procfs_dir)
		return STATUS_OK;
	t->mem = openat(t->dir, "mem", O_RDONLY | O_CLOEXEC);
	return t->mem < 0 ? target_explain(t, errno, e) : STATUS_OK;
}

enum status target_open(struct target *t, pid_t pid, struct error *e)
{
	enum status status;

	memset(t, 0, sizeof(*t));
	t->pid = pid;
	t->mem = -1;
	t->dir = procfs_open(pid, e);
	if (t->dir < 0)
		return e->status;
	status = target_look(t, e);
	if (status == STATUS_OK)
		status = target_open_mem(t, e);
	if (status != STATUS_OK)
		target_close(t);
	return status;
}

enum status target_open_core(struct target *t, const char *path,
			     struct error *e)
{
	memset(t, 0, sizeof(*t));
	t->dir = t->mem = -1;
	t->core = core_open(path, &t->maps, &t->pid, t->name, e);
	return t->core ? STATUS_OK : e->status;
}

void target_close(struct target *t)
{
	core_close(t->core);
	t->core = NULL;
	if (t->dir >= 0)
		close(t->dir);
	if (t->mem >= 0)
		close(t->mem);
	t->dir = t->mem = -1;
	maps_free(&t->maps);
}

/* 0 or an errno; EFAULT: not all of it is mapped. */
static int read_mem(int fd, const struct piece *piece, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ssize_t got;

		if (piece[i].addr > INT64_MAX)
			return EFAULT;
		got = pread(fd, piece[i].buf, piece[i].len,
			    (off_t)piece[i].addr);
		if (got < 0)
			return errno == EIO ? EFAULT : errno;
		if (got == 0 && piece[i].len)
			return ESRCH; /* the memory of a process that ended */
		if ((size_t)got != piece[i].len)
			return EFAULT;
	}
	return 0;
}

static int read_vm(pid_t pid, const struct piece *piece, size_t n)
{
	struct iovec local[PIECES_MAX], remote[PIECES_MAX];
	size_t want = 0;
	ssize_t got;

	for (size_t i = 0; i < n; i++) {
		if (piece[i].addr > UINTPTR_MAX)
			return EFAULT;
		local[i].iov_base = piece[i].buf;
		remote[i].iov_base = (void *)(uintptr_t)piece[i].addr;
		local[i].iov_len = remote[i].iov_len = piece[i].len;
		want += piece[i].len;
	}
	got = process_vm_readv(pid, local, n, remote, n, 0);
	if (got < 0)
		return errno;
	return (size_t)got == want ? 0 : EFAULT;
}

static int read_pieces(struct target *t, const struct piece *piece, size_t n)
{
	int error = 0;

	if (t->core)
		return core_read(t->core, piece, n);
	if (t->mem >= 0)
		return read_mem(t->mem, piece, n);
	while (n && !error) {
		size_t now = n < PIECES_MAX ? n : PIECES_MAX;

		error = read_vm(t->pid, piece, now);
		piece += now;
		n -= now;
	}
	return error;
}

static enum status unmapped(struct target *t, const struct piece *piece,
			    size_t n, struct error *e)
{
	struct proc_stat st;
	char byte;

	if (!t->core &&
	    (!procfs_stat(t->dir, &st) || st.state == 'Z' || st.state == 'X'))
		return gone(t, e);
	/* which one it was, if it still is */
	while (n > 1 && target_peek(t, piece->addr, &byte, 1)) {
		piece++;
		n--;
	}
	return error_set(
		e, STATUS_TORN,
		"%d (%s): its statistics lead to 0x%" PRIx64 ", where %s",
		(int)t->pid, t->name, piece->addr,
		t->core ? "the core file has nothing" : "no memory is");
}

enum status target_readv(struct target *t, const struct piece *piece, size_t n,
			 struct error *e)
{
	int error = read_pieces(t, piece, n);

	if (!error)
		return STATUS_OK;
	if (error == EFAULT)
		return unmapped(t, piece, n, e);
	return target_explain(t, error, e);
}

enum status target_read(struct target *t, uint64_t addr, void *buf, size_t len,
			struct error *e)
{
	struct piece piece = { addr, buf, len };

	return target_readv(t, &piece, 1, e);
}

bool target_peek(struct target *t, uint64_t addr, void *buf, size_t len)
{
	struct piece piece = { addr, buf, len };

	return read_pieces(t, &piece, 1) == 0;
}

static uint64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void target_hurry(struct target *t, double seconds)
{
	t->deadline = now(CLOCK_MONOTONIC) + (uint64_t)(seconds * 1e9);
}

bool target_late(const struct target *t)
{
	return now(CLOCK_MONOTONIC) > t->deadline;
}

void target_tasks(struct target *t, struct tasks *tasks)
{
	if (t->core)
		core_tasks(t->core, tasks);
	else
		procfs_tasks(t->dir, tasks);
}

uint64_t target_time(const struct target *t)
{
	return t->core ? core_time(t->core) : now(CLOCK_REALTIME);
}
