/* SPDX-License-Identifier: MIT */
/*
 * malloc_trim, mallinfo, mallinfo2, malloc_info, malloc_stats and mallopt wait
 * for nobody who waits for them: threads call them all the time, also with a
 * stream's lock held, while others allocate in every tier and fork, and so do
 * the forks' children.  What is kept is counted, and stays as it is.
 */
#include "t.h"

#include <fcntl.h>
#include <pthread.h>

enum { CALLERS = 3, WORKERS = 3, FORKS = 60, KEPT = 200 };
#define KEPT_SIZE ((size_t)30000)

static int stop; /* atomic */
static unsigned long calls[CALLERS], steps[WORKERS]; /* atomic */
static FILE *null;

/* Each of them once. */
static void ask(void)
{
	struct mallinfo2 m = mallinfo2();

	/* what lives can be more, and is never less */
	if (m.uordblks < KEPT * KEPT_SIZE)
		FAIL("%zu bytes in use", (size_t)m.uordblks);
	CHECK(malloc_info(0, null) == 0);
	malloc_stats();
	malloc_trim(0);
	CHECK(mallopt(M_TRIM_THRESHOLD, 1 << 20) == 1);
	flockfile(null);
	CHECK(malloc_info(0, null) == 0);
	free(malloc(300000));
	funlockfile(null);
}

static void *asks(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		ask();
		__atomic_fetch_add(&calls[(uintptr_t)arg], 1,
				   __ATOMIC_RELAXED);
	}
	return NULL;
}

static void step(void **p, uint64_t *seed)
{
	size_t i = t_below(seed, 50);
	size_t size = t_below(seed, 30) ? t_below(seed, 5000)
					: t_below(seed, 3000000);

	if (t_below(seed, 3)) {
		free(p[i]);
		p[i] = malloc(size);
	} else {
		p[i] = realloc(p[i], size + 1);
	}
	CHECK(p[i]);
}

static void *works(void *arg)
{
	uint64_t seed = (uintptr_t)arg + 3;
	void *p[50] = { 0 };

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		step(p, &seed);
		__atomic_fetch_add(&steps[(uintptr_t)arg], 1,
				   __ATOMIC_RELAXED);
	}
	for (int i = 0; i < 50; i++)
		free(p[i]);
	return NULL;
}

static void child(void)
{
	void *p[50] = { 0 };
	uint64_t seed = 5;

	alarm(20);
	/* of the stream another thread may hold the lock: fork resets it */
	for (int i = 0; i < 3; i++) {
		ask();
		for (int k = 0; k < 100; k++)
			step(p, &seed);
	}
}

int main(void)
{
	pthread_t t[CALLERS + WORKERS];
	static char *kept[KEPT];

	alarm(55);
	/* what malloc_stats says */
	CHECK(dup2(open("/dev/null", O_WRONLY), STDERR_FILENO) >= 0);
	null = fopen("/dev/null", "w");
	CHECK(null);
	for (int i = 0; i < KEPT; i++) {
		kept[i] = malloc(KEPT_SIZE);
		CHECK(kept[i]);
		t_fill(kept[i], KEPT_SIZE, (unsigned)i);
	}
	for (uintptr_t i = 0; i < CALLERS; i++)
		CHECK(pthread_create(&t[i], NULL, asks, (void *)i) == 0);
	for (uintptr_t i = 0; i < WORKERS; i++)
		CHECK(pthread_create(&t[CALLERS + i], NULL, works,
				     (void *)i) == 0);
	for (int i = 0; i < FORKS; i++) {
		int status = t_child(child);

		if (status) {
			printf("child %d: status %#x\n", i, (unsigned)status);
			return 1;
		}
	}
	for (int i = 0; i < CALLERS; i++)
		while (__atomic_load_n(&calls[i], __ATOMIC_RELAXED) < 50)
			usleep(1000);
	for (int i = 0; i < WORKERS; i++)
		while (__atomic_load_n(&steps[i], __ATOMIC_RELAXED) < 1000)
			usleep(1000);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < CALLERS + WORKERS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	for (int i = 0; i < KEPT; i++) {
		CHECK(t_filled(kept[i], KEPT_SIZE, (unsigned)i));
		free(kept[i]);
	}
	return 0;
}
