/* SPDX-License-Identifier: MIT */
/*
 * malloc_stats writes to standard error and its figures follow the program.
 */
#include "t.h"

/* What malloc_stats writes, into text. */
static void get(char *text, size_t size)
{
	int fd[2], keep = dup(STDERR_FILENO);
	size_t n = 0;
	ssize_t got;

	CHECK(keep >= 0 && pipe(fd) == 0);
	CHECK(dup2(fd[1], STDERR_FILENO) >= 0);
	close(fd[1]);
	malloc_stats();
	fflush(stderr);
	CHECK(dup2(keep, STDERR_FILENO) >= 0);
	close(keep);
	while ((got = read(fd[0], text + n, size - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = 0;
	close(fd[0]);
}

int main(void)
{
	enum { N = 3 };
	static char before[60000], with[60000];
	void *p[N];

	get(before, sizeof(before));
	CHECK(strlen(before) > 50);
	CHECK(strchr(before, '\n'));
	for (int i = 0; i < N; i++) {
		p[i] = malloc(40000000);
		CHECK(p[i]);
	}
	get(with, sizeof(with));
	CHECK(strcmp(before, with) != 0);
	for (int i = 0; i < N; i++)
		free(p[i]);
	return 0;
}
