/* SPDX-License-Identifier: MIT */
/*
 * Instructions of one malloc and one free where the allocator has a block at
 * hand: a child runs them, and is followed step by step.  What is executed
 * outside the program counts; the least of several rounds is shown, since an
 * allocator does some of its work only now and then.
 *
 * instructions SIZE... prints a line "SIZE MALLOC FREE" for each.  Status 77:
 * the system does not let a child be followed.
 */
#include "bench.h"

#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#define ROUNDS 9
#define WARM 4000 /* pairs before the first round */

enum { NOTHING, MALLOC, FREE, ENDED };

/* Shared with the child. */
static volatile int *now;

/* The linker's: where the program's own code lies, its PLT included. */
extern char __executable_start[], etext[];

#ifdef __x86_64__
static size_t place(pid_t pid)
{
	return (size_t)ptrace(PTRACE_PEEKUSER, pid,
			      offsetof(struct user_regs_struct, rip), NULL);
}
#else
static size_t place(pid_t pid)
{
	(void)pid;
	puts("only x86-64 is known here");
	exit(77);
}
#endif

static void child(size_t size)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(77);
	for (int i = 0; i < WARM; i++)
		free(bench_malloc(size));
	raise(SIGSTOP);
	for (int i = 0; i < ROUNDS; i++) {
		*now = MALLOC;
		void *p = bench_keep(malloc(size));
		*now = FREE;
		free(p);
		*now = NOTHING;
	}
	*now = ENDED;
	_exit(0);
}

/* Waits for the child to stop; ends when it ended. */
static void stopped(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		bench_die("waitpid: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		puts("children cannot be followed here");
		exit(77);
	}
	if (!WIFSTOPPED(status))
		bench_die("the child ended with status %#x", (unsigned)status);
}

static void count(size_t size)
{
	size_t least[ENDED] = { 0, SIZE_MAX, SIZE_MAX }, n = 0;
	int last = *now = NOTHING;
	pid_t pid = fork();

	if (pid < 0)
		bench_die("fork: %s", strerror(errno));
	if (pid == 0)
		child(size);
	stopped(pid);
	while (*now != ENDED) {
		size_t at = place(pid);

		if (*now != last) {
			if (n < least[last])
				least[last] = n;
			last = *now;
			n = 0;
		}
		if (at < (size_t)__executable_start || at >= (size_t)etext)
			n++;
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL))
			bench_die("ptrace: %s", strerror(errno));
		stopped(pid);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	printf("%zu %zu %zu\n", size, least[MALLOC], least[FREE]);
}

int main(int argc, char **argv)
{
	now = mmap(NULL, sizeof(*now), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (now == MAP_FAILED)
		bench_die("mmap: %s", strerror(errno));
	for (int i = 1; i < argc; i++) {
		size_t size;

		if (!bench_parse_number(argv[i], &size))
			bench_die("usage: %s SIZE...", argv[0]);
		count(size);
	}
	return 0;
}
