/* SPDX-License-Identifier: MIT */
/*
 * 8,192 handlers of atexit, and as many of at_quick_exit, which the C library
 * keeps in memory of ours: each frees what main has allocated, allocates, and
 * registers one more; threads run on meanwhile.  exit, quick_exit, a return
 * from main with streams open, and _exit out of a handler end as they should.
 */
#include "t.h"

#include <pthread.h>

enum { HANDLERS = 8192, THREADS = 3 };

static void *blocks[HANDLERS];
static int called, extra;

static void late(void)
{
	free(malloc(77));
	extra++;
}

static void handler(void)
{
	int i = called++;
	char *p;

	CHECK(i < HANDLERS && blocks[i]);
	CHECK(t_filled(blocks[i], 50, (unsigned)i));
	free(blocks[i]);
	p = malloc((size_t)(i % 3000) + 1);
	CHECK(p);
	p[0] = 1;
	if (i % 2)
		free(p);
	if (i % 100 == 0)
		CHECK(atexit(late) == 0);
}

/* Registered first, so that it comes last. */
static void last(void)
{
	if (called != HANDLERS || extra != (HANDLERS + 99) / 100)
		_exit(9);
	_exit(7);
}

static void quick(void)
{
	int i = called++;

	free(blocks[i]);
	free(malloc(100000));
}

static void quick_last(void)
{
	_exit(called == HANDLERS ? 8 : 9);
}

static void *churn(void *arg)
{
	uint64_t seed = (uintptr_t)arg + 1;
	void *p[50] = { 0 };

	for (;;) {
		size_t i = t_below(&seed, 50);

		free(p[i]);
		p[i] = malloc(t_below(&seed, 5000));
		CHECK(p[i]);
	}
	return NULL;
}

static void begin(void)
{
	pthread_t t;

	alarm(30);
	for (int i = 0; i < HANDLERS; i++) {
		blocks[i] = malloc(50 + (size_t)(i % 2000));
		CHECK(blocks[i]);
		t_fill(blocks[i], 50, (unsigned)i);
	}
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t, NULL, churn, (void *)i) == 0);
}

static void by_exit(void)
{
	begin();
	CHECK(atexit(last) == 0);
	for (int i = 0; i < HANDLERS; i++)
		CHECK(atexit(handler) == 0);
	exit(0);
}

static void by_quick_exit(void)
{
	begin();
	CHECK(at_quick_exit(quick_last) == 0);
	for (int i = 0; i < HANDLERS; i++)
		CHECK(at_quick_exit(quick) == 0);
	quick_exit(0);
}

static void from_thread_handler(void)
{
	free(realloc(malloc(10), 10000));
}

static void *exits(void *arg)
{
	(void)arg;
	exit(5);
}

/* exit by another thread than the first. */
static void by_thread(void)
{
	pthread_t t;

	begin();
	CHECK(atexit(from_thread_handler) == 0);
	CHECK(pthread_create(&t, NULL, exits, NULL) == 0);
	pause();
}

static void ends(void (*fn)(void), const char *name, int code)
{
	int status = t_child(fn);

	if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
		FAIL("%s: status %#x", name, (unsigned)status);
}

int main(void)
{
	for (int i = 0; i < 5; i++) {
		ends(by_exit, "exit", 7);
		ends(by_quick_exit, "quick_exit", 8);
		ends(by_thread, "exit by a thread", 5);
	}
	return 0;
}
