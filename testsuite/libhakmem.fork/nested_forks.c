/* SPDX-License-Identifier: MIT */
/*
 * Forks from threads other than the first, at once in several, and children
 * that fork again, four deep, each with threads that allocate at that moment.
 * A block of the first process is whole in the last.
 */
#include "t.h"

#include <pthread.h>

enum { THREADS = 2, DEPTH = 4, FORKERS = 2, ROUNDS = 4, KEPT = 200 };

static char *kept[KEPT];

static void mark(int i)
{
	kept[i] = malloc((size_t)i * 30 + 10);
	CHECK(kept[i]);
	t_fill(kept[i], (size_t)i * 30 + 10, (unsigned)i);
}

static void check(void)
{
	for (int i = 0; i < KEPT; i++)
		CHECK(t_filled(kept[i], (size_t)i * 30 + 10, (unsigned)i));
}

/* The threads of one process; a child begins with none. */
struct load {
	pthread_t t[THREADS];
	int stop; /* atomic */
};

static void *churn(void *arg)
{
	struct load *l = arg;
	uint64_t seed = (uintptr_t)l + (uintptr_t)pthread_self() + 1;
	char *p[60] = { 0 };

	while (!__atomic_load_n(&l->stop, __ATOMIC_RELAXED)) {
		size_t i = t_below(&seed, 60);

		CHECK(!p[i] || *p[i] == (char)i);
		free(p[i]);
		p[i] = malloc(1 + (t_below(&seed, 50)
					   ? t_below(&seed, 3000)
					   : t_below(&seed, 300000)));
		CHECK(p[i]);
		*p[i] = (char)i;
	}
	for (int i = 0; i < 60; i++)
		free(p[i]);
	return NULL;
}

static void begin(struct load *l)
{
	l->stop = 0;
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&l->t[i], NULL, churn, l) == 0);
}

static void end(struct load *l)
{
	__atomic_store_n(&l->stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(l->t[i], NULL) == 0);
}

static void wait_for(pid_t pid)
{
	int status;

	CHECK(pid > 0);
	CHECK(waitpid(pid, &status, 0) == pid);
	if (status)
		FAIL("child %d: status %#x", (int)pid, (unsigned)status);
}

/* In a child: threads, a child of its own, and blocks given back. */
static void descend(int depth)
{
	struct load l;
	pid_t pid;

	alarm(50);
	/* a slow path before this process has a second thread */
	malloc_trim(0);
	for (size_t i = 0; i < KEPT; i++)
		free(malloc(i * 30 + 10));
	check();
	begin(&l);
	if (depth) {
		pid = fork();
		if (pid == 0) {
			descend(depth - 1);
			_exit(0);
		}
		wait_for(pid);
	}
	/* others than in the level below, which has copies */
	for (int i = depth; i < KEPT; i += DEPTH + 1) {
		free(kept[i]);
		mark(i);
	}
	check();
	end(&l);
}

static void *fork_here(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			descend(i == 0 ? DEPTH : 1);
			_exit(0);
		}
		wait_for(pid);
		free(malloc(2000));
	}
	return arg;
}

int main(void)
{
	struct load l;
	pthread_t t[FORKERS];

	alarm(55);
	for (int i = 0; i < KEPT; i++)
		mark(i);
	begin(&l);
	for (int i = 0; i < FORKERS; i++)
		CHECK(pthread_create(&t[i], NULL, fork_here, NULL) == 0);
	for (int i = 0; i < FORKERS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	end(&l);
	check();
	return 0;
}
