/* SPDX-License-Identifier: MIT */
/*
 * A realloc that fails leaves the block as it was: place, size, contents.
 */
#include "t.h"

static void check(size_t size, size_t to)
{
	char *p = malloc(size);
	size_t usable;

	CHECK(p);
	usable = malloc_usable_size(p);
	t_fill(p, size, 11);
	errno = 0;
	CHECK(!realloc(p, T_HIDE(to)));
	CHECK(errno == ENOMEM);
	CHECK(malloc_usable_size(p) == usable);
	CHECK(t_filled(p, size, 11));
	/* still a block to be changed and freed */
	p = realloc(p, size + 1);
	CHECK(p && t_filled(p, size, 11));
	free(p);
}

int main(void)
{
	for (size_t i = 0; i < T_SIZES; i++) {
		check(t_sizes[i], (size_t)-1);
		check(t_sizes[i], (size_t)PTRDIFF_MAX + 1);
		/* legal, but more than any address space has */
		check(t_sizes[i], T_TOO_MUCH);
		check(t_sizes[i], T_TOO_MUCH - 65536);
	}
	return 0;
}
