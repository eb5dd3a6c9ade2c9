/* SPDX-License-Identifier: MIT */
/*
 * Alignments from 8 to 1 GiB with sizes of every tier: the start is aligned,
 * the whole block belongs to us, the memory can be given back.
 */
#include "t.h"

static const size_t sizes[] = { 1, 100, 1000, 5000, 40000, 300000, 3000000 };
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static void check(size_t align)
{
	char *p[SIZES];

	for (int i = 0; i < SIZES; i++) {
		p[i] = memalign(align, sizes[i]);
		if (!p[i])
			FAIL("memalign(%zu, %zu) failed", align, sizes[i]);
		if ((uintptr_t)p[i] % align)
			FAIL("memalign(%zu, %zu): %p", align, sizes[i],
			     (void *)p[i]);
		CHECK(malloc_usable_size(p[i]) >= sizes[i]);
		t_fill(p[i], sizes[i], (unsigned)i);
	}
	for (int i = 0; i < SIZES; i++) {
		CHECK(t_filled(p[i], sizes[i], (unsigned)i));
		free(p[i]);
	}
}

int main(void)
{
	size_t most = sizeof(size_t) < 8 ? (size_t)1 << 24 : (size_t)1 << 30;

	for (int round = 0; round < 3; round++)
		for (size_t align = 8; align <= most; align *= 2)
			check(align);
	return 0;
}
