/* SPDX-License-Identifier: MIT */
/*
 * A product that overflows size_t is refused by calloc and reallocarray; one
 * with a factor of 0 is not.
 */
#include "t.h"

static void refused(size_t n, size_t size)
{
	void *block = malloc(40);

	t_fill(block, 40, 3);
	errno = 0;
	CHECK(!T_HIDE(calloc(n, size)));
	CHECK(errno == ENOMEM);
	errno = 0;
	CHECK(!T_HIDE(reallocarray(block, n, size)));
	CHECK(errno == ENOMEM);
	CHECK(t_filled(block, 40, 3));
	free(block);
}

int main(void)
{
	size_t half = (size_t)1 << (sizeof(size_t) * 4);

	/* products that are 0 or small after wrapping */
	refused(half, half);
	refused(half + 1, half);
	refused(half / 2 * half, 2);
	refused(2, SIZE_MAX / 2 + 1);
	refused(SIZE_MAX, SIZE_MAX);
	refused(SIZE_MAX / 16 + 2, 16);
	refused(3, SIZE_MAX / 3 + 1);

	void *a = calloc(0, T_HIDE(SIZE_MAX));
	void *b = calloc(T_HIDE(SIZE_MAX), 0);

	CHECK(a && b && a != b);
	free(a);
	free(b);
	return 0;
}
