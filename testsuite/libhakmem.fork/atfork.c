/* SPDX-License-Identifier: MIT */
/*
 * Handlers of pthread_atfork that allocate and free in every tier, registered
 * before the library has a second heap and after, while other threads
 * allocate: prepare, parent and child all find a working malloc.
 */
#define T_FRESH
#include "t.h"

#include <pthread.h>

enum { THREADS = 4, FORKS = 40, KEPT = 32 };

static int stop; /* atomic */
static int calls[3];
static char *kept[3][KEPT];

/* What a prepare handler allocates the other two free. */
static void take(int which)
{
	for (int i = 0; i < KEPT; i++) {
		size_t size = t_sizes[(size_t)i % T_SIZES];

		kept[which][i] = malloc(size);
		CHECK(kept[which][i]);
		kept[which][i][0] = (char)i;
		kept[which][i][size - 1] = (char)i;
	}
}

static void drop(int which)
{
	for (int i = 0; i < KEPT; i++) {
		size_t size = t_sizes[(size_t)i % T_SIZES];
		char *p = kept[which][i];

		CHECK(p[0] == (char)i && p[size - 1] == (char)i);
		if (i % 3 == 0) {
			p = realloc(p, size * 2);
			CHECK(p && p[0] == (char)i);
		}
		free(p);
	}
}

static void prepare_early(void)
{
	calls[0]++;
	take(0);
}

static void parent_early(void)
{
	calls[1]++;
	drop(0);
}

static void child_early(void)
{
	calls[2]++;
	drop(0);
	take(2);
}

static void prepare_late(void)
{
	take(1);
}

static void parent_late(void)
{
	drop(1);
}

/* The first to run in the child. */
static void child_late(void)
{
	drop(1);
	take(1);
	drop(1);
}

/* Before the library's first allocation. */
__attribute__((constructor(101))) static void early(void)
{
	CHECK(pthread_atfork(prepare_early, parent_early, child_early) == 0);
}

static void *churn(void *arg)
{
	uint64_t seed = (uintptr_t)arg + 5;
	void *p[50] = { 0 };

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		size_t i = t_below(&seed, 50);

		free(p[i]);
		p[i] = malloc(t_below(&seed, 40) ? t_below(&seed, 3000)
						 : t_below(&seed, 400000));
		CHECK(p[i]);
	}
	for (int i = 0; i < 50; i++)
		free(p[i]);
	return NULL;
}

static void child(void)
{
	pthread_t t;

	CHECK(calls[0] == calls[2] + calls[1]);
	drop(2);
	/* handlers run here as well: a child's child */
	take(2);
	switch (fork()) {
	case 0:
		drop(2);
		_exit(0);
	case -1:
		FAIL("fork: %s", strerror(errno));
	default:
		CHECK(wait(NULL) > 0);
	}
	drop(2);
	stop = 1;
	CHECK(pthread_create(&t, NULL, churn, NULL) == 0);
	CHECK(pthread_join(t, NULL) == 0);
}

int main(void)
{
	pthread_t t[THREADS];

	alarm(50);
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, churn, (void *)i) == 0);
	CHECK(pthread_atfork(prepare_late, parent_late, child_late) == 0);
	for (int i = 0; i < FORKS; i++) {
		int status;
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid == 0) {
			alarm(40);
			child();
			_exit(0);
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		if (status)
			FAIL("child %d: status %#x", i, (unsigned)status);
	}
	CHECK(calls[0] == FORKS && calls[1] == FORKS && calls[2] == 0);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	return 0;
}
