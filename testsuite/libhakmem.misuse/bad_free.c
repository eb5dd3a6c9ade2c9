/* SPDX-License-Identifier: MIT */
/* Each bad free ends in one line with the fixed words and SIGABRT. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int global;
static char *volatile keep;

static void twice(size_t n)
{
	char *p = keep = malloc(n);

	free(p);
	free(keep);
}

static void off(size_t n, long d)
{
	keep = malloc(n);
	memset(keep, 1, n);
	free(keep + d);
}

static void c0(void) { twice(64); }
static void c1(void) { twice(4096); }
static void c2(void) { twice(100 << 10); }
static void c3(void) { twice(8 << 20); }
static void c4(void) { off(64, 1); }
static void c5(void) { off(200, 16); }
static void c6(void) { off(4096, 8); }
static void c7(void) { off(100 << 10, 16); }
static void c8(void) { off(8 << 20, 4096); }
static void c9(void) { keep = (char *)&global; free(keep); }
static void c10(void)
{
	char *p = keep = malloc(64);

	free(p);
	keep = realloc(keep, 100);
}

static const struct { void (*fn)(void); const char *words; } cases[] = {
	{ c0, "double free" }, { c1, "double free" }, { c2, "" },
	{ c3, "double free" }, { c4, "unaligned free" },
	{ c5, "invalid free" }, { c6, "unaligned free" },
	{ c7, "invalid free" }, { c8, "invalid free" },
	{ c9, "foreign pointer" }, { c10, "double free" },
};

int main(void)
{
	int bad = 0;

	/* past the mixed slot, which is for a thread's first blocks */
	for (int i = 0; i < 100; i++)
		keep = malloc(64);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char line[512] = "";
		int fd[2], status;
		ssize_t n;

		if (pipe(fd))
			return 1;
		pid_t pid = fork();
		if (pid == 0) {
			dup2(fd[1], 2);
			cases[i].fn();
			_exit(0);
		}
		close(fd[1]);
		n = read(fd[0], line, sizeof(line) - 1);
		close(fd[0]);
		waitpid(pid, &status, 0);
		if (n < 0 || !WIFSIGNALED(status) ||
		    WTERMSIG(status) != SIGABRT ||
		    strncmp(line, "hakmem: fatal: ", 15) ||
		    !strstr(line, cases[i].words)) {
			printf("case %u: status %#x, said: %s\n", i, status,
			       line);
			bad++;
		}
	}
	return bad != 0;
}
