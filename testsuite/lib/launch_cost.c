/* SPDX-License-Identifier: MIT */
/*
 * launch_cost LIBRARY PROGRAM: start PROGRAM with LIBRARY preloaded; prints
 * its minor page faults in 300 runs, and its system calls.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUNS = 300 };

static pid_t start(char *program, int traced)
{
	char *args[] = { program, NULL };
	pid_t pid = fork();

	if (pid)
		return pid;
	if (traced && ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(126);
	execv(program, args);
	_exit(127);
}

static long faults(char *program)
{
	struct rusage use;
	int status;

	if (wait4(start(program, 0), &status, 0, &use) < 0 || status)
		exit(2);
	return use.ru_minflt;
}

/* Stops at the entry and at the exit of each call; the last has no exit. */
static long calls(char *program)
{
	pid_t pid = start(program, 1);
	long stops = 0;
	int status;

	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		stops += WSTOPSIG(status) == (SIGTRAP | 0x80);
		ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD);
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	}
	if (status)
		exit(WIFEXITED(status) && WEXITSTATUS(status) == 126 ? 77 : 2);
	return (stops + 1) / 2;
}

int main(int argc, char **argv)
{
	long sum = 0;

	if (argc != 3 || setenv("LD_PRELOAD", argv[1], 1))
		return 2;
	for (int i = 0; i < RUNS; i++)
		sum += faults(argv[2]);
	printf("%ld %ld\n", sum, calls(argv[2]));
	return 0;
}
