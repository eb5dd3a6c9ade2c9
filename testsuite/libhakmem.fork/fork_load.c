/* SPDX-License-Identifier: MIT */
/*
 * Fork under load: threads allocate and free blocks of every tier while the
 * main thread forks.  Each child finds the parent's blocks whole, frees some,
 * allocates itself, and does so in a thread of its own.  None may hang, crash
 * or find a byte that is not the block's.  The number of forks may be given as
 * an argument.
 */
/* { dg-hakmem-options "-pthread" } */
/* { dg-hakmem-timeout "120" } */
#include "t.h"

#include <pthread.h>

enum { THREADS = 8, SLOTS = 128, KEPT = 400, FORKS = 100, CHILD_STEPS = 2000 };

struct work {
	uint64_t random;
	long steps; /* negative: until stopped */
};

static _Atomic int stop;
static unsigned char *kept[KEPT];

static size_t size_of(uint64_t *random)
{
	return 1 + t_below(random, t_below(random, 20) ? 3000 : 3 << 20);
}

static void mark(unsigned char *p, size_t size, unsigned char c)
{
	p[0] = p[size / 2] = p[size - 1] = c;
}

static void *churn(void *arg)
{
	struct work *w = arg;
	unsigned char *p[SLOTS] = { 0 };
	size_t size[SLOTS];

	for (long n = w->steps; !stop && n != 0; n--) {
		size_t i = t_below(&w->random, SLOTS);
		unsigned char c = (unsigned char)i;

		if (p[i] && (p[i][0] != c || p[i][size[i] / 2] != c ||
			     p[i][size[i] - 1] != c))
			FAIL("block of %zu bytes was changed", size[i]);
		free(p[i]);
		size[i] = size_of(&w->random);
		p[i] = malloc(size[i]);
		CHECK(p[i]);
		mark(p[i], size[i], c);
	}
	for (int i = 0; i < SLOTS; i++)
		free(p[i]);
	return NULL;
}

static void child(int number)
{
	struct work own = { 77777 + (uint64_t)number, CHILD_STEPS };
	struct work other = { 99999 + (uint64_t)number, CHILD_STEPS };
	pthread_t thread;

	alarm(30);
	stop = 0;
	for (int i = 0; i < KEPT; i++) {
		if (!t_filled(kept[i], (size_t)i * 40 + 1, (unsigned)i))
			FAIL("kept block %d was changed", i);
		if (i % 2)
			free(kept[i]);
	}
	churn(&own);
	CHECK(pthread_create(&thread, NULL, churn, &other) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	struct work work[THREADS];
	int forks = argc > 1 ? atoi(argv[1]) : FORKS;

	for (int i = 0; i < KEPT; i++) {
		kept[i] = malloc((size_t)i * 40 + 1);
		CHECK(kept[i]);
		t_fill(kept[i], (size_t)i * 40 + 1, (unsigned)i);
	}
	for (int i = 0; i < THREADS; i++) {
		work[i] = (struct work){ 12345 + (uint64_t)i * 7919, -1 };
		CHECK(pthread_create(&threads[i], NULL, churn, &work[i]) == 0);
	}
	for (int i = 0; i < forks; i++) {
		pid_t pid = fork();
		int status;

		CHECK(pid >= 0);
		if (pid == 0) {
			child(i);
			_exit(0);
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		if (status != 0)
			FAIL("child %d: status 0x%x", i, (unsigned)status);
	}
	stop = 1;
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	return 0;
}
