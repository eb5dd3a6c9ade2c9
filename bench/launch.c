/* SPDX-License-Identifier: MIT */
/*
 * launch [-p LIBRARY] [-c CPU] [-e NAME=VALUE]... REPORT PROGRAM [ARGUMENT]...
 *
 * Runs a program and writes to the file REPORT one line of what it used:
 *   status wall_s user_s system_s peak_kib minor_faults major_faults
 *   voluntary_switches involuntary_switches
 *
 * A process inherits the peak memory of whoever called exec: started from a
 * script language every program would seem to need the interpreter's memory.
 * This starter is small, and it takes the time without an interpreter's own.
 */
#include "bench.h"

#include <sys/wait.h>

static void pin_to(const char *cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)strtoul(cpu, NULL, 10), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		bench_die("CPU %s: %s", cpu, strerror(errno));
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

static void report(const char *file, int status, double wall,
		   const struct rusage *ru)
{
	FILE *f = fopen(file, "w");

	if (!f)
		bench_die("%s: %s", file, strerror(errno));
	fprintf(f, "%d %.6f %.6f %.6f %ld %ld %ld %ld %ld\n", status, wall,
		seconds(ru->ru_utime), seconds(ru->ru_stime), ru->ru_maxrss,
		ru->ru_minflt, ru->ru_majflt, ru->ru_nvcsw, ru->ru_nivcsw);
	if (fclose(f))
		bench_die("%s: %s", file, strerror(errno));
}

static void run(const char *file, char **command, const char *preload)
{
	struct rusage ru;
	int status;

	double start = bench_now();
	/* Not vfork: the child changes the environment. */
	pid_t pid = fork();
	if (pid < 0)
		bench_die("fork: %s", strerror(errno));
	if (pid == 0) {
		if (preload)
			setenv("LD_PRELOAD", preload, 1);
		execvp(command[0], command);
		fprintf(stderr, "%s: %s\n", command[0], strerror(errno));
		_exit(127);
	}
	while (wait4(pid, &status, 0, &ru) < 0)
		if (errno != EINTR)
			bench_die("wait4: %s", strerror(errno));
	report(file, status, bench_now() - start, &ru);
}

int main(int argc, char **argv)
{
	const char *preload = NULL;
	int opt;

	/* "+": the program's own options are not ours. */
	while ((opt = getopt(argc, argv, "+p:c:e:")) != -1) {
		if (opt == 'p')
			preload = optarg;
		else if (opt == 'c')
			pin_to(optarg);
		else if (opt == 'e')
			putenv(optarg);
		else
			return 2;
	}
	if (argc - optind < 2)
		bench_die("usage: launch [-p LIBRARY] [-c CPU] "
			  "[-e NAME=VALUE]... REPORT PROGRAM [ARGUMENT]...");
	run(argv[optind], argv + optind + 1, preload);
	return 0;
}
