/* SPDX-License-Identifier: MIT */
/*
 * Keys of thread-specific data that exist before the first allocation: 40,
 * more than a thread holds without memory of its own, so that
 * pthread_setspecific allocates; their destructors allocate and free after the
 * thread's heap is gone, and before.  Then every key that there is.
 *
 * { dg-hakmem-modes "linked preloaded archive" }
 */
#define T_FRESH
#include "t.h"

#include <pthread.h>

enum { KEYS = 40, THREADS = 100 };

static pthread_key_t key[PTHREAD_KEYS_MAX];
static int destroyed; /* atomic */

static void destroy(void *arg)
{
	char *p = arg;

	CHECK(strcmp(p, "kept") == 0);
	free(realloc(p, 3000));
	free(malloc(70000));
	__atomic_fetch_add(&destroyed, 1, __ATOMIC_RELAXED);
}

/* Before anybody has allocated in this program. */
__attribute__((constructor(101))) static void first(void)
{
	for (int i = 0; i < KEYS; i++)
		if (pthread_key_create(&key[i], destroy))
			_exit(2);
}

static void *work(void *arg)
{
	for (int i = KEYS - 1; i >= 0; i--) {
		char *p = malloc(20 + (size_t)i * 100);

		CHECK(p);
		strcpy(p, "kept");
		CHECK(pthread_setspecific(key[i], p) == 0);
	}
	/* with a heap or without */
	for (int i = 0; arg && i < 100; i++)
		free(malloc(200));
	return NULL;
}

static void generation(void)
{
	pthread_t t[4];

	for (int n = 0; n < THREADS; n += 4) {
		for (uintptr_t i = 0; i < 4; i++)
			CHECK(pthread_create(&t[i], NULL, work,
					     (void *)(i % 2)) == 0);
		for (int i = 0; i < 4; i++)
			CHECK(pthread_join(t[i], NULL) == 0);
	}
}

int main(void)
{
	long before, after;
	int n = KEYS;

	generation();
	before = t_status_kib("VmRSS");
	generation();
	while (n < PTHREAD_KEYS_MAX && !pthread_key_create(&key[n], destroy))
		n++;
	printf("%d keys\n", n);
	generation();
	generation();
	after = t_status_kib("VmRSS");
	CHECK(destroyed == 4 * THREADS * KEYS);
	if (after - before > 2048)
		FAIL("%ld KiB more than before", after - before);
	return 0;
}
