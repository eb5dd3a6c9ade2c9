/* SPDX-License-Identifier: MIT */
/*
 * HAKMEM_FOREIGN_REUSE=1: blocks that a thread frees and whose class it has
 * never allocated.
 *
 * { dg-hakmem-env "HAKMEM_FOREIGN_REUSE=1" }
 */
#include "t.h"

#include <pthread.h>

enum { BLOCKS = 300 };

static char *block[BLOCKS];

static void *drop(void *arg)
{
	/* a heap, and a cache of one class */
	for (int i = 0; i < 100; i++)
		free(malloc(50));
	for (int i = 0; i < BLOCKS; i++) {
		CHECK(*block[i] == (char)i);
		free(block[i]);
	}
	for (int i = 0; i < BLOCKS; i++) {
		char *p = malloc((size_t)i * 100 + 1);

		CHECK(p);
		free(p);
	}
	return arg;
}

int main(void)
{
	pthread_t t;

	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < BLOCKS; i++) {
			block[i] = malloc((size_t)i * 100 + 1);
			CHECK(block[i]);
			*block[i] = (char)i;
		}
		CHECK(pthread_create(&t, NULL, drop, NULL) == 0);
		CHECK(pthread_join(t, NULL) == 0);
	}
	return 0;
}
