/* SPDX-License-Identifier: MIT */
/*
 * hakmem_good_size holds for the first blocks of a thread as well, which come
 * from elsewhere.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <pthread.h>

static void *check(void *arg)
{
	for (size_t size = 20; size < 2000; size += 100) {
		char *p = malloc(size);

		CHECK(p);
		CHECK(hakmem_usable_size(p) >= size);
		if (hakmem_usable_size(p) > hakmem_good_size(size))
			FAIL("good_size(%zu) is %zu, usable_size %zu", size,
			     hakmem_good_size(size), hakmem_usable_size(p));
		free(p);
		p = malloc(hakmem_good_size(size));
		CHECK(p && hakmem_usable_size(p) >= hakmem_good_size(size));
		free(p);
	}
	return arg;
}

int main(void)
{
	pthread_t t;

	check(NULL);
	CHECK(pthread_create(&t, NULL, check, NULL) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	return 0;
}
