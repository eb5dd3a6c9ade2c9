/* SPDX-License-Identifier: MIT */
/*
 * Reads sizes from standard input and prints a line "size usable good" for
 * each: malloc_usable_size of a block of this size, of whatever allocator is
 * preloaded, and hakmem_good_size, or 0 where there is no such function.
 */
#include "bench.h"

#include <dlfcn.h>
#include <malloc.h>

int main(void)
{
	union {
		void *symbol;
		size_t (*call)(size_t size);
	} good = { dlsym(RTLD_DEFAULT, "hakmem_good_size") };
	size_t size;

	while (scanf("%zu", &size) == 1) {
		/* Freed at once: nothing is left over that could be larger. */
		void *p = bench_malloc(size);
		printf("%zu %zu %zu\n", size, malloc_usable_size(p),
		       good.symbol ? good.call(size) : 0);
		free(p);
	}
	return 0;
}
