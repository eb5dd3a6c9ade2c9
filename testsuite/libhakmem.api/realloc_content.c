/* SPDX-License-Identifier: MIT */
/*
 * realloc keeps what both sizes have in common: from every size to every
 * other, and along random walks.
 */
#include "t.h"

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void check_pair(size_t from, size_t to)
{
	char *p = malloc(from);

	CHECK(p);
	t_fill(p, from, (unsigned)from);
	p = realloc(p, to);
	CHECK(p);
	CHECK((uintptr_t)p % 16 == 0);
	CHECK(malloc_usable_size(p) >= to);
	if (!t_filled(p, least(from, to), (unsigned)from))
		FAIL("realloc from %zu to %zu: contents", from, to);
	/* the rest belongs to us as well */
	t_fill(p, to, 9);
	CHECK(t_filled(p, to, 9));
	free(p);
}

static void check_walk(uint64_t seed, unsigned max_log)
{
	enum { BLOCKS = 20 };
	static char *block[BLOCKS];
	static size_t size[BLOCKS];

	memset(block, 0, sizeof(block));
	memset(size, 0, sizeof(size));
	for (int step = 0; step < 4000; step++) {
		size_t k = t_below(&seed, BLOCKS);
		size_t to = 1 + t_below(&seed, (size_t)1
						       << t_below(&seed,
								  max_log));

		block[k] = realloc(block[k], to);
		CHECK(block[k]);
		if (!t_filled(block[k], least(size[k], to), (unsigned)k))
			FAIL("step %d: realloc from %zu to %zu: contents",
			     step, size[k], to);
		t_fill(block[k], to, (unsigned)k);
		size[k] = to;
	}
	for (size_t k = 0; k < BLOCKS; k++) {
		CHECK(t_filled(block[k], size[k], (unsigned)k));
		free(block[k]);
	}
}

/* A block from an aligned allocation is one like any other. */
static void check_aligned(void)
{
	for (size_t align = 32; align <= 65536; align *= 2) {
		char *p = aligned_alloc(align, 1000);

		CHECK(p);
		t_fill(p, 1000, 4);
		p = realloc(p, 100000);
		CHECK(p && t_filled(p, 1000, 4));
		p = realloc(p, 500);
		CHECK(p && t_filled(p, 500, 4));
		free(p);
	}
}

int main(void)
{
	for (size_t i = 0; i < T_SIZES; i++)
		for (size_t k = 0; k < T_SIZES; k++)
			if (t_sizes[i] + t_sizes[k] < 4000000)
				check_pair(t_sizes[i], t_sizes[k]);
	check_pair(8388608, 3000000);
	check_pair(3000000, 8388608);
	check_pair(8388608, 100);
	check_pair(100, 8388608);
	check_walk(1, 12);
	check_walk(2, 17);
	check_walk(3, 20);
	check_aligned();
	return 0;
}
