/* SPDX-License-Identifier: MIT */
/*
 * Starts a program "count" times, one after the other, with posix_spawn; the
 * environment, LD_PRELOAD with it, is inherited.  With preload=FILE only the
 * programs started have it.
 */
#include "bench.h"

#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

static size_t count = 1000;
static const char *program = "/bin/true", *preload;

static void run_once(void)
{
	char *argv[] = { (char *)program, NULL };
	pid_t pid;
	int status;
	int err = posix_spawn(&pid, program, NULL, NULL, argv, environ);

	if (err)
		bench_die("%s: %s", program, strerror(err));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			bench_die("waitpid: %s", strerror(errno));
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		bench_die("%s failed: status %#x", program, (unsigned)status);
}

int main(int argc, char **argv)
{
	const struct bench_arg args[] = {
		BENCH_NUMBER("count", &count, "times"),
		BENCH_STRING("program", &program, "path of the program"),
		BENCH_STRING("preload", &preload, "LD_PRELOAD of the program"),
	};

	bench_parse(argc, argv, args, BENCH_COUNT(args));
	if (preload)
		setenv("LD_PRELOAD", preload, 1);
	run_once(); /* the files are in the page cache from here on */
	struct rusage before, after;
	getrusage(RUSAGE_CHILDREN, &before);
	double start = bench_now();
	for (size_t i = 0; i < count; i++)
		run_once();
	double seconds = bench_now() - start;
	getrusage(RUSAGE_CHILDREN, &after);
	bench_report("fork_exec", count, seconds, " faults=%.1f",
		     (double)(after.ru_minflt - before.ru_minflt) /
			     (double)count);
	return 0;
}
