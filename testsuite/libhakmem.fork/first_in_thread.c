/* SPDX-License-Identifier: MIT */
/*
 * A child in which the first slow path is another thread's than the one that
 * forked: that one keeps its heap, and several threads may come first at once.
 */
#include "t.h"

#include <pthread.h>

enum { THREADS = 4, FORKS = 12, BLOCKS = 20, STEPS = 100000 };

static pthread_barrier_t ready;

static void *waits(void *arg)
{
	for (int i = 0; i < 200; i++)
		free(malloc(100));
	pthread_barrier_wait(&ready);
	pause();
	return arg;
}

static void *churn(void *arg)
{
	char *p[BLOCKS] = { 0 }, me = (char)(uintptr_t)arg;

	for (int i = 0; i < STEPS; i++) {
		char **b = &p[i % BLOCKS];

		CHECK(!*b || ((*b)[0] == me && (*b)[99] == me));
		free(*b);
		*b = malloc(100);
		CHECK(*b);
		memset(*b, me, 100);
	}
	for (int i = 0; i < BLOCKS; i++)
		free(p[i]);
	return NULL;
}

/* Its caches are full: neither thread nor block needs a slow path of its. */
static void child(void)
{
	pthread_t t[THREADS];

	alarm(20);
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, churn, (void *)(i + 1)) == 0);
	churn((void *)99);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
}

int main(void)
{
	static void *warm[100];
	pthread_t t;

	alarm(55);
	for (size_t size = 16; size <= 1024; size += 16) {
		for (int i = 0; i < 100; i++)
			warm[i] = malloc(size);
		for (int i = 0; i < 100; i++)
			free(warm[i]);
	}
	CHECK(pthread_barrier_init(&ready, NULL, 2) == 0);
	CHECK(pthread_create(&t, NULL, waits, NULL) == 0);
	pthread_barrier_wait(&ready);
	for (int i = 0; i < FORKS; i++)
		CHECK(t_child(child) == 0);
	return 0;
}
