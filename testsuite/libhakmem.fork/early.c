/* SPDX-License-Identifier: MIT */
/*
 * Forks in the first constructor, before the first allocation and right after
 * it, from a thread that has not allocated, in an atexit handler, and by a
 * child of a child whose parents are gone.
 */
#define T_FRESH
#include "t.h"

#include <pthread.h>

static void use_memory(void)
{
	for (size_t i = 0; i < T_SIZES; i++) {
		char *p = calloc(1, t_sizes[i]);

		CHECK(p && t_zero(p, t_sizes[i]));
		p = realloc(p, t_sizes[i] + 1000);
		CHECK(p);
		memset(p, 1, t_sizes[i] + 1000);
		free(p);
	}
}

static void *in_thread(void *arg)
{
	use_memory();
	return arg;
}

static void child(void)
{
	pthread_t t;

	alarm(40);
	use_memory();
	CHECK(pthread_create(&t, NULL, in_thread, NULL) == 0);
	use_memory();
	CHECK(pthread_join(t, NULL) == 0);
}

__attribute__((constructor(101))) static void first(void)
{
	char *p;

	/* nothing has been allocated by this program */
	CHECK(t_child(child) == 0);
	p = malloc(100);
	CHECK(p);
	strcpy(p, "first");
	CHECK(t_child(child) == 0);
	CHECK(strcmp(p, "first") == 0);
	free(p);
}

static void *forks(void *arg)
{
	CHECK(t_child(child) == 0);
	return arg;
}

static void at_exit(void)
{
	CHECK(t_child(child) == 0);
}

/* Each leaves its child behind and ends; the last one writes. */
static void descend(int depth, int fd)
{
	for (; depth; depth--) {
		pid_t pid;

		child();
		pid = fork();
		CHECK(pid >= 0);
		if (pid)
			_exit(0);
	}
	CHECK(write(fd, "x", 1) == 1);
	_exit(0);
}

int main(void)
{
	int ends[2], status;
	char c;
	pthread_t t;
	pid_t pid;

	alarm(50);
	CHECK(pthread_create(&t, NULL, forks, NULL) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(pipe(ends) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		descend(10, ends[1]);
	}
	close(ends[1]);
	CHECK(read(ends[0], &c, 1) == 1 && c == 'x');
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(atexit(at_exit) == 0);
	return 0;
}
