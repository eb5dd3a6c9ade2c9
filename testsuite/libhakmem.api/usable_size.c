/* SPDX-License-Identifier: MIT */
/*
 * malloc_usable_size: at least what was asked for, constant while the block
 * lives, every byte of it may be written and is kept by realloc; 0 for NULL.
 *
 * _FORTIFY_SOURCE, which packages are built with, knows the requested size only.
 * { dg-hakmem-options "-U_FORTIFY_SOURCE" }
 */
#include "t.h"

static void check(char *p, size_t size)
{
	size_t usable = malloc_usable_size(p);
	char *other[20];

	if (usable < size)
		FAIL("%zu usable bytes of %zu", usable, size);
	t_fill(p, usable, 3);
	/* neighbours come and go, and do not overlap */
	for (int i = 0; i < 20; i++) {
		other[i] = malloc(size);
		CHECK(other[i]);
		memset(other[i], 0xff, malloc_usable_size(other[i]));
	}
	CHECK(malloc_usable_size(p) == usable);
	CHECK(t_filled(p, usable, 3));
	for (int i = 0; i < 20; i++)
		free(other[i]);
	CHECK(malloc_usable_size(p) == usable);
	CHECK(t_filled(p, usable, 3));
	p = realloc(p, usable + 1);
	CHECK(p && t_filled(p, usable, 3));
	CHECK(malloc_usable_size(p) >= usable + 1);
	free(p);
}

int main(void)
{
	void *p;

	CHECK(malloc_usable_size(NULL) == 0);
	for (size_t i = 0; i < T_SIZES && t_sizes[i] <= 3000000; i++) {
		check(malloc(t_sizes[i]), t_sizes[i]);
		check(calloc(1, t_sizes[i]), t_sizes[i]);
		check(realloc(malloc(1), t_sizes[i]), t_sizes[i]);
		check(memalign(64, t_sizes[i]), t_sizes[i]);
		check(memalign(16384, t_sizes[i]), t_sizes[i]);
	}
	p = malloc(0);
	memset(p, 1, malloc_usable_size(p));
	free(p);
	return 0;
}
