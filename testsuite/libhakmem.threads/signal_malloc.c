/* SPDX-License-Identifier: MIT */
/*
 * A handler of SIGALRM, at 1 kHz and more, that allocates, resizes and frees
 * in every tier while its thread is inside the library.
 *
 * By default the thread stays on slow paths, where this is promised to work:
 * Large and Huge blocks, aligned ones, malloc_trim.  With the argument "mixed"
 * it allocates in every tier, fast paths included, where no malloc promises
 * anything; long/fork.sh counts what becomes of both allocators.
 */
#include "t.h"

#include <pthread.h>
#include <sys/time.h>

enum { KEPT = 64, BLOCKS = 64 };

struct block {
	unsigned char *p;
	size_t size;
	unsigned seed;
};

static struct block kept[KEPT]; /* the handler's */
static volatile sig_atomic_t handled;
static int stop; /* atomic */
static _Atomic int ready;
static pthread_t main_thread;

static void replace(struct block *b, size_t size, unsigned seed)
{
	size_t ends = b->size < 64 ? b->size : 64;

	if (b->p && (!t_filled(b->p, ends, b->seed) ||
		     b->p[b->size - 1] != (unsigned char)b->seed))
		FAIL("a block of %zu bytes was changed", b->size);
	if (b->p && seed % 3 == 0) {
		b->p = realloc(b->p, size);
	} else {
		free(b->p);
		b->p = malloc(size);
	}
	CHECK(b->p);
	b->size = size;
	b->seed = seed;
	t_fill(b->p, size < 64 ? size : 64, seed);
	b->p[size - 1] = (unsigned char)seed;
}

static void on_signal(int sig)
{
	static uint64_t seed = 77;
	int saved = errno;

	(void)sig;
	for (int i = 0; i < 4; i++) {
		size_t kind = t_below(&seed, 100);
		size_t max = kind < 70 ? 1000 : kind < 95 ? 30000 : 3 << 20;

		replace(&kept[t_below(&seed, KEPT)], 65 + t_below(&seed, max),
			(unsigned)seed);
	}
	handled++;
	errno = saved;
}

/* More often than a timer would. */
static void *pester(void *arg)
{
	sigset_t all;

	/* the timer's signals are for the main thread, too */
	sigfillset(&all);
	CHECK(pthread_sigmask(SIG_BLOCK, &all, NULL) == 0);
	ready = 1;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		pthread_kill(main_thread, SIGALRM);
		usleep(50);
	}
	return arg;
}

int main(int argc, char **argv)
{
	const struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };
	struct sigaction sa = { .sa_handler = on_signal,
				.sa_flags = SA_RESTART };
	int mixed = argc > 1 && !strcmp(argv[1], "mixed");
	static struct block own[BLOCKS];
	uint64_t seed = 5;
	double end;
	long steps = 0;
	pthread_t t;

	main_thread = pthread_self();
	CHECK(sigaction(SIGALRM, &sa, NULL) == 0);
	CHECK(pthread_create(&t, NULL, pester, NULL) == 0);
	while (!ready)
		;
	CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
	end = t_now() + 2;
	while (t_now() < end || handled < 1000) {
		size_t kind = t_below(&seed, 100);
		size_t size = 33000 + t_below(&seed, 500000);

		if (mixed)
			size = 65 + t_below(&seed, kind < 70 ? 1000 : 30000);
		else if (kind < 5)
			size = (2 << 20) + t_below(&seed, 2 << 20);
		replace(&own[t_below(&seed, BLOCKS)], size, (unsigned)seed);
		if (kind == 50)
			free(memalign(1 << 16, size));
		if (!mixed && steps % 1000 == 0)
			malloc_trim(0);
		steps++;
	}
	CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
	stop = 1;
	CHECK(pthread_join(t, NULL) == 0);
	printf("%d signals, %ld steps\n", (int)handled, steps);
	return 0;
}
