/* SPDX-License-Identifier: MIT */
/*
 * rerun.h - a test that starts itself again with another environment
 *
 * main() tells the second run by its arguments.  Of the first run's variables
 * only LD_PRELOAD is handed on.
 */
#ifndef RERUN_H
#define RERUN_H

#include "t.h"

#include <dlfcn.h>

struct rerun {
	char out[70000];
	char err[70000];
	int status; /* as waitpid(2) gives it */
	pid_t pid;
};

/* Read both descriptors to their ends; what does not fit is dropped. */
__attribute__((unused)) static void rerun_read(int fd, char *text, size_t cap)
{
	size_t n = 0;
	ssize_t got;

	while ((got = read(fd, text + n, cap - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = 0;
	close(fd);
}

/*
 * Run this program with argv[1] = what, argv[2] = arg and the variables set[0]
 * ... NULL.
 */
__attribute__((unused)) static void rerun(struct rerun *r, const char *what,
					  const char *arg,
					  const char *const *set)
{
	static const char *env[2000];
	const char *args[] = { "rerun", what, arg, NULL };
	const char *preload = getenv("LD_PRELOAD");
	static char line[4096];
	int n = 0, out, err;
	char template[] = "/tmp/hakmem-XXXXXX";

	if (preload) {
		snprintf(line, sizeof(line), "LD_PRELOAD=%s", preload);
		env[n++] = line;
	}
	for (; *set; set++)
		env[n++] = *set;
	env[n] = NULL;
	/* files, not pipes: any amount of output, and no order of reading */
	out = mkstemp(template);
	CHECK(out >= 0 && unlink(template) == 0);
	strcpy(template, "/tmp/hakmem-XXXXXX");
	err = mkstemp(template);
	CHECK(err >= 0 && unlink(template) == 0);
	r->pid = fork();
	CHECK(r->pid >= 0);
	if (r->pid == 0) {
		alarm(30);
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		execve("/proc/self/exe", (char *const *)(uintptr_t)args,
		       (char *const *)(uintptr_t)env);
		_exit(126);
	}
	CHECK(waitpid(r->pid, &r->status, 0) == r->pid);
	CHECK(lseek(out, 0, SEEK_SET) == 0 && lseek(err, 0, SEEK_SET) == 0);
	rerun_read(out, r->out, sizeof(r->out));
	rerun_read(err, r->err, sizeof(r->err));
}

/* A function of <hakmem/hakmem.h>, in every mode but static. */
__attribute__((unused)) static void *rerun_find(const char *name)
{
	void *fn = dlsym(RTLD_DEFAULT, name);

	if (!fn)
		FAIL("no %s", name);
	return fn;
}

#endif /* RERUN_H */
