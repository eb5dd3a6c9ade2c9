/* SPDX-License-Identifier: MIT */
/*
 * Blocks that threads allocate at the same time do not share cache lines,
 * whatever the size, so that threads which write to their own blocks do not
 * take the lines from each other.  The first 32 blocks of a thread come from a
 * region common to all and are not promised this.  A block that another thread
 * frees does not become the other's.
 */
#include "t.h"

#include <pthread.h>

enum { THREADS = 4, ROUNDS = 200, WARM = 100, LINE = 64 };

static pthread_barrier_t barrier;
static void *block[THREADS][ROUNDS];
static size_t size_now;

static void *work(void *arg)
{
	size_t me = (size_t)(uintptr_t)arg;
	void *warm[WARM];

	/* past the first blocks: a heap of its own */
	for (int i = 0; i < WARM; i++)
		warm[i] = malloc(size_now);
	for (int i = 0; i < ROUNDS; i++) {
		/* in step: each takes the next block at the same time */
		if (i % 10 == 0)
			pthread_barrier_wait(&barrier);
		block[me][i] = malloc(size_now);
		CHECK(block[me][i]);
	}
	pthread_barrier_wait(&barrier);
	/* a neighbour's: they go back to it, and not into this cache */
	for (int i = 0; i < ROUNDS; i += 2)
		free(block[(me + 1) % THREADS][i]);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < ROUNDS; i += 2)
		block[me][i] = malloc(size_now);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < WARM; i++)
		free(warm[i]);
	return NULL;
}

struct line {
	uintptr_t line;
	int thread;
};

static int compare(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return x->line < y->line ? -1 : x->line > y->line;
}

/* Lines in which blocks of two threads begin or end. */
static int shared_lines(void)
{
	static struct line l[THREADS * ROUNDS * 2];
	size_t n = 0;
	int shared = 0;

	for (int t = 0; t < THREADS; t++)
		for (int i = 0; i < ROUNDS; i++) {
			uintptr_t p = (uintptr_t)block[t][i];

			l[n++] = (struct line){ p / LINE, t };
			l[n++] = (struct line){ (p + size_now - 1) / LINE, t };
		}
	qsort(l, n, sizeof(*l), compare);
	for (size_t i = 1; i < n; i++)
		shared += l[i].line == l[i - 1].line &&
			  l[i].thread != l[i - 1].thread;
	return shared;
}

int main(void)
{
	static const size_t sizes[] = { 8,  16,	 24,  32,   48,
					64, 100, 200, 1000, 3000 };
	int failed = 0;

	setvbuf(stdout, NULL, _IONBF, 0);
	CHECK(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		pthread_t t[THREADS];
		int shared;

		size_now = sizes[i];
		for (uintptr_t k = 0; k < THREADS; k++)
			CHECK(pthread_create(&t[k], NULL, work, (void *)k) ==
			      0);
		for (int k = 0; k < THREADS; k++)
			CHECK(pthread_join(t[k], NULL) == 0);
		shared = shared_lines();
		if (shared) {
			printf("%zu bytes: %d lines of two threads\n", size_now,
			       shared);
			failed = 1;
		}
		for (int k = 0; k < THREADS; k++)
			for (int n = 0; n < ROUNDS; n++)
				free(block[k][n]);
	}
	return failed;
}
