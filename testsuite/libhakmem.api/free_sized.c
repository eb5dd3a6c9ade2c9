/* SPDX-License-Identifier: MIT */
/*
 * free_sized and free_aligned_sized of C23 take every legal pair of a block
 * and a size: what was passed to malloc, calloc (the product), realloc or
 * aligned_alloc; NULL; and keep errno.
 */
#include "t.h"

#include <dlfcn.h>

/* Looked up: older C libraries have no such functions to link with. */
static void (*sized)(void *p, size_t size);
static void (*aligned_sized)(void *p, size_t align, size_t size);

static void find(void)
{
	*(void **)&sized = dlsym(RTLD_DEFAULT, "free_sized");
	*(void **)&aligned_sized = dlsym(RTLD_DEFAULT, "free_aligned_sized");
	CHECK(sized && aligned_sized);
}

static void check_size(size_t size)
{
	void *p;

	sized(malloc(size), size);
	sized(calloc(1, size), size);
	sized(calloc(size, 1), size);
	if (size % 4 == 0)
		sized(calloc(size / 4, 4), size);
	p = realloc(malloc(size ? size : 1), size + 100);
	sized(p, size + 100);
	p = realloc(malloc(size + 5000), size ? size : 1);
	sized(p, size ? size : 1);
	for (size_t align = 1; align <= 65536; align *= 2) {
		p = aligned_alloc(align, size);
		CHECK(p);
		aligned_sized(p, align, size);
	}
}

int main(void)
{
	find();
	errno = 4711;
	sized(NULL, 0);
	sized(NULL, 100);
	aligned_sized(NULL, 16, 100);
	for (size_t size = 0; size <= 1100; size++)
		check_size(size);
	for (size_t size = 1101; size < 70000; size += 997)
		check_size(size);
	for (size_t i = 0; i < T_SIZES; i++)
		check_size(t_sizes[i]);
	CHECK(errno == 4711);
	return 0;
}
