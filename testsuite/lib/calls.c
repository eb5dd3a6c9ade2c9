/* SPDX-License-Identifier: MIT */
/*
 * calls.c - a program that leads the library into its system calls
 *
 * What comes before the write(2) to descriptor -1 is start-up.  With an
 * argument it ends in a double free.
 */
#include "t.h"

#include <pthread.h>

enum { BLOCKS = 1500, THREADS = 4 };

static void *churn(void *arg)
{
	uint64_t seed = (uintptr_t)arg + 1;
	void *p[100] = { 0 };

	for (int i = 0; i < 1500; i++) {
		size_t k = t_below(&seed, 100);

		free(p[k]);
		p[k] = malloc(t_below(&seed, 60000));
		CHECK(p[k]);
	}
	for (int i = 0; i < 100; i++)
		free(p[i]);
	return NULL;
}

static void all_tiers(void)
{
	static char *p[BLOCKS];
	char *big;

	for (size_t i = 0; i < BLOCKS; i++) {
		p[i] = malloc(i * 20 + 1);
		CHECK(p[i]);
		memset(p[i], 1, i * 20 + 1);
	}
	/* holes, then everything */
	for (size_t i = 0; i < BLOCKS; i++)
		if (i % 50)
			free(p[i]);
	malloc_trim(0);
	for (size_t i = 0; i < BLOCKS; i += 50)
		free(p[i]);
	big = malloc(3 << 20);
	for (size_t n = 3; n < 100; n += n / 2)
		big = realloc(big, n << 20);
	CHECK(big);
	free(big);
	free(memalign(64 << 20, 5 << 20));
	malloc_trim(0);
}

static void in_threads(void)
{
	pthread_t t[THREADS];

	for (int g = 0; g < 3; g++) {
		for (uintptr_t i = 0; i < THREADS; i++)
			CHECK(pthread_create(&t[i], NULL, churn, (void *)i) ==
			      0);
		for (int i = 0; i < THREADS; i++)
			CHECK(pthread_join(t[i], NULL) == 0);
	}
}

static void child(void)
{
	all_tiers();
	in_threads();
}

int main(int argc, char **argv)
{
	char *p = malloc(100);

	(void)argv;
	CHECK(p);
	if (write(-1, "start-up ends", 13) != -1)
		return 1;
	all_tiers();
	in_threads();
	CHECK(t_child(child) == 0);
	malloc_stats();
	free(p);
	if (argc > 1)
		free(T_HIDE(p));
	return 0;
}
