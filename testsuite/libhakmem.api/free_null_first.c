/* SPDX-License-Identifier: MIT */
/*
 * free(NULL) is the first call that this program makes: from
 * DT_PREINIT_ARRAY, from constructors and from a thread that allocates nothing.
 * They do nothing, keep errno, and what comes after them is as ever.
 *
 * { dg-hakmem-modes "linked preloaded archive static" }
 */
#define T_FRESH
#include "t.h"

#include <pthread.h>

#ifdef __GLIBC__
enum { CALLS = 4 };
#else
enum { CALLS = 3 }; /* nobody calls what is in DT_PREINIT_ARRAY */
#endif

static int calls;

static void nothing(void)
{
	errno = 4711;
	free(NULL);
	if (errno != 4711)
		FAIL("errno %d after call %d", errno, calls);
	calls++;
}

static void preinit(int argc, char **argv, char **envp)
{
	(void)argc, (void)argv, (void)envp;
	nothing();
}
__attribute__((section(".preinit_array"), used)) static void (*const first)(
	int, char **, char **) = preinit;

__attribute__((constructor(101))) static void early(void)
{
	nothing();
}

__attribute__((constructor)) static void late(void)
{
	nothing();
}

static void *thread(void *arg)
{
	nothing();
	return arg;
}

int main(void)
{
	pthread_t t;
	char *p;

	CHECK(pthread_create(&t, NULL, thread, NULL) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(calls == CALLS);
	for (size_t i = 0; i < T_SIZES; i++) {
		p = realloc(NULL, t_sizes[i]);
		CHECK(p);
		t_fill(p, t_sizes[i], 1);
		free(NULL);
		CHECK(t_filled(p, t_sizes[i], 1));
		free(p);
	}
	return 0;
}
