/* SPDX-License-Identifier: MIT */
#include "filter.h"

#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool filter_user(struct options *opt)
{
	const struct passwd *pw;
	char *end;
	unsigned long value;

	if (!opt->user)
		return true;
	value = strtoul(opt->user, &end, 10);
	if (opt->user[0] >= '0' && opt->user[0] <= '9' && !*end) {
		opt->uid = (uid_t)value;
		return value < UINT_MAX;
	}
	pw = getpwnam(opt->user);
	if (!pw)
		return false;
	opt->uid = pw->pw_uid;
	return true;
}

/* The file's own name; a deleted one has a word behind it. */
static bool name_is(const char *want, int dir, const struct proc_stat *st)
{
	char path[PATH_MAX];
	const char *slash;
	ssize_t n;
	size_t len = strlen(want);

	if (strcmp(want, st->name) == 0)
		return true;
	n = readlinkat(dir, "exe", path, sizeof(path) - 1);
	if (n <= 0)
		return false;
	path[n] = 0;
	slash = strrchr(path, '/');
	return slash && strncmp(slash + 1, want, len) == 0 &&
	       (!slash[1 + len] || strcmp(slash + 1 + len, " (deleted)") == 0);
}

static bool cgroup_is(const char *want, int dir)
{
	char path[PATH_MAX];
	size_t len = strlen(want);

	while (len > 1 && want[len - 1] == '/')
		len--;
	procfs_cgroup(dir, path, sizeof(path));
	if (len == 1 && want[0] == '/')
		return path[0] == '/';
	return strncmp(path, want, len) == 0 &&
	       (path[len] == '/' || !path[len]);
}

bool filter_passes(const struct options *opt, int dir,
		   const struct proc_stat *st)
{
	if (opt->user && procfs_uid(dir) != opt->uid)
		return false;
	if (opt->cgroup && !cgroup_is(opt->cgroup, dir))
		return false;
	return !opt->target || name_is(opt->target, dir, st);
}
