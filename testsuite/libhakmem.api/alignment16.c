/* SPDX-License-Identifier: MIT */
/*
 * Every block stands at a multiple of 16, whatever its size.
 */
#include "t.h"

static void check(void *p, size_t size)
{
	CHECK(p);
	if ((uintptr_t)p % 16)
		FAIL("%zu bytes at %p", size, p);
}

int main(void)
{
	static void *p[4097][3];

	for (size_t size = 1; size <= 4096; size++) {
		check(p[size][0] = malloc(size), size);
		check(p[size][1] = calloc(1, size), size);
		check(p[size][2] = realloc(malloc(1), size), size);
	}
	for (size_t size = 1; size <= 4096; size++)
		for (int i = 0; i < 3; i++)
			free(p[size][i]);
	/* again from memory that has been used */
	for (size_t size = 4096; size >= 1; size--)
		check(p[size][0] = malloc(size), size);
	for (size_t size = 1; size <= 4096; size++)
		free(p[size][0]);
	for (size_t i = 0; i < T_SIZES; i++) {
		void *q = malloc(t_sizes[i]);

		check(q, t_sizes[i]);
		free(q);
	}
	return 0;
}
