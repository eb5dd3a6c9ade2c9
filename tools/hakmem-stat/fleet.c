/* SPDX-License-Identifier: MIT */
#include "fleet.h"

#include "filter.h"
#include "find.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEARCH_AGAIN 10u /* looks */

static void member_close(struct member *m)
{
	if (!m->open)
		return;
	target_close(&m->target);
	history_free(m->history);
	free(m->history);
	m->history = NULL;
	m->open = false;
}

static struct member *member_find(struct fleet *fleet, pid_t pid)
{
	for (size_t i = 0; i < fleet->n; i++)
		if (fleet->member[i].pid == pid)
			return &fleet->member[i];
	return NULL;
}

static struct member *member_new(struct fleet *fleet, pid_t pid)
{
	struct member *m;

	GROW(fleet->member, fleet->n, fleet->cap);
	m = &fleet->member[fleet->n++];
	memset(m, 0, sizeof(*m));
	m->pid = pid;
	return m;
}

/* Find the library in it. */
static void member_search(struct member *m)
{
	struct error e;

	m->age = 0;
	m->status = target_open(&m->target, m->pid, &e);
	if (m->status != STATUS_OK)
		return;
	m->status = find_stats(&m->target, &e);
	if (m->status != STATUS_OK) {
		target_close(&m->target);
		return;
	}
	m->history = xcalloc(1, sizeof(*m->history));
	m->open = true;
}

static void member_look(struct member *m, unsigned want)
{
	struct error e;

	m->status = history_take(m->history, &m->target, want, &e);
	if (m->status != STATUS_OK)
		member_close(m);
}

/* true: it is the process that the member stands for, doing the same. */
static bool member_same(const struct member *m, const struct proc_stat *st)
{
	return m->start == st->start && strcmp(m->name, st->name) == 0;
}

static void member_update(struct member *m, const struct proc_stat *st,
			  unsigned want)
{
	bool same = member_same(m, st);

	if (!same)
		member_close(m);
	m->start = st->start;
	memcpy(m->name, st->name, sizeof(m->name));
	if (m->open) {
		member_look(m, want);
		/* it may have executed another program of the same name */
		if (m->open || m->status == STATUS_ENDED)
			return;
	} else if (same && m->age++ < SEARCH_AGAIN && m->status != STATUS_OK) {
		return;
	}
	member_search(m);
	if (m->open)
		member_look(m, want);
}

static void update_pid(struct fleet *fleet, pid_t pid,
		       const struct options *opt, unsigned want)
{
	struct member *m = member_find(fleet, pid);
	struct proc_stat st;
	struct error e;
	int dir = procfs_open(pid, &e);

	if (dir < 0)
		return;
	if (pid != getpid() && procfs_stat(dir, &st) && !st.kernel &&
	    st.state != 'Z' && filter_passes(opt, dir, &st)) {
		if (!m)
			m = member_new(fleet, pid);
		m->seen = true;
		m->uid = procfs_uid(dir);
		member_update(m, &st, want);
	}
	close(dir);
}

static void drop_unseen(struct fleet *fleet)
{
	size_t n = 0;

	fleet->shown = fleet->denied = fleet->torn = 0;
	for (size_t i = 0; i < fleet->n; i++) {
		struct member *m = &fleet->member[i];

		if (!m->seen) {
			member_close(m);
			continue;
		}
		fleet->shown += m->open;
		fleet->denied += m->status == STATUS_PERMISSION;
		fleet->torn +=
			m->status == STATUS_TORN || m->status == STATUS_NEWER;
		if (n != i)
			fleet->member[n] = *m;
		n++;
	}
	fleet->n = n;
}

static int by_pid(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

void fleet_update(struct fleet *fleet, const struct options *opt, unsigned want)
{
	pid_t *pids;
	size_t n = procfs_list(&pids);

	for (size_t i = 0; i < fleet->n; i++)
		fleet->member[i].seen = false;
	for (size_t i = 0; i < n; i++)
		update_pid(fleet, pids[i], opt, want);
	free(pids);
	drop_unseen(fleet);
	if (fleet->n)
		qsort(fleet->member, fleet->n, sizeof(*fleet->member), by_pid);
}

void fleet_free(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->n; i++)
		member_close(&fleet->member[i]);
	free(fleet->member);
	memset(fleet, 0, sizeof(*fleet));
}

enum status fleet_empty(const struct fleet *fleet, const struct options *opt,
			struct error *e)
{
	if (fleet->shown)
		return STATUS_OK;
	if (opt->target && !fleet->n)
		return error_set(e, STATUS_NO_PROCESS,
				 "%s: no process of this name", opt->target);
	if (fleet->torn)
		return error_set(e, STATUS_TORN,
				 "torn or unknown data in all of %zu processes",
				 fleet->torn);
	if (fleet->denied)
		return error_set(e, STATUS_PERMISSION,
				 "no process with libhakmem to be seen; %zu "
				 "are closed to you (see CAP_SYS_PTRACE and "
				 "kernel.yama.ptrace_scope)",
				 fleet->denied);
	return error_set(e, STATUS_NO_LIBRARY, "%s%sno process with libhakmem",
			 opt->target ? opt->target : "",
			 opt->target ? ": " : "");
}
