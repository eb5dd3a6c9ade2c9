/* SPDX-License-Identifier: MIT */
/*
 * Where a Huge block was, the C library may map memory of its own (for a
 * plugin opened with RTLD_DEEPBIND, in a dlmopen namespace): its free is no
 * double free, and realloc and malloc_usable_size are the C library's.
 *
 * { dg-hakmem-absent {hakmem: } }
 */
#include "t.h"

#include <sys/mman.h>

extern void *__libc_malloc(size_t size);

enum { HUGE = 40, THEIRS = 120, SIZE = (1 << 20) - 4096 };

int main(void)
{
	uintptr_t was[HUGE];
	void *h[HUGE];
	char *p[THEIRS];
	int same = 0;

	for (int i = 0; i < HUGE; i++) {
		h[i] = malloc(3 << 20);
		CHECK(h[i]);
		was[i] = (uintptr_t)h[i];
	}
	for (int i = 0; i < HUGE; i++)
		free(h[i]);
	malloc_trim(0);
	for (int i = 0; i < THEIRS; i++) {
		p[i] = __libc_malloc(SIZE);
		CHECK(p[i]);
		t_fill(p[i], 100, (unsigned)i);
		for (int k = 0; k < HUGE; k++)
			same += was[k] / 65536 == (uintptr_t)p[i] / 65536;
	}
	for (int i = 0; i < THEIRS; i++) {
		CHECK(malloc_usable_size(p[i]) >= SIZE);
		if (i % 2)
			p[i] = realloc(p[i], 2 * SIZE);
		CHECK(p[i] && t_filled(p[i], 100, (unsigned)i));
		free(p[i]);
	}
	if (!same)
		unsupported("the addresses were not used again");
	return 0;
}
