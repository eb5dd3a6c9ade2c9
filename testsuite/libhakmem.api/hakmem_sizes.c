/* SPDX-License-Identifier: MIT */
/*
 * hakmem_good_size bounds what hakmem_usable_size will be, and asking for it
 * gives that much; the standard names and the hakmem_* ones are the same
 * allocator.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <hakmem/hakmem.h>

static void check_block(void *p, size_t size, size_t good)
{
	size_t usable = hakmem_usable_size(p);

	if (usable < size || usable > good)
		FAIL("usable_size %zu of a block of %zu bytes, good_size %zu",
		     usable, size, good);
	memset(p, 1, usable);
}

static void check(size_t size)
{
	void *p = hakmem_malloc(size);
	void *q = malloc(size);
	size_t good = hakmem_good_size(size);

	void *r = malloc(good);

	CHECK(p && q && r);
	check_block(p, size, good);
	check_block(q, size, good);
	check_block(r, good, SIZE_MAX);
	CHECK(good >= size);
	CHECK(good <= size + size / 8 + 16 || size > 32768);
	/* asking for the good size gives the same */
	CHECK(hakmem_good_size(good) == good);
	CHECK(malloc_usable_size(p) == hakmem_usable_size(p));
	memset(r, 1, good);
	free(r);
	/* each frees the other's */
	free(p);
	hakmem_free_sized(q, size);
}

static void check_names(void)
{
	char *p = hakmem_calloc(10, 100);

	CHECK(p && t_zero(p, 1000));
	t_fill(p, 1000, 1);
	p = hakmem_realloc(p, 100000);
	CHECK(p && t_filled(p, 1000, 1));
	p = realloc(p, 500);
	CHECK(p && t_filled(p, 500, 1));
	CHECK(!hakmem_realloc(p, 0));
	p = hakmem_realloc(NULL, 10);
	CHECK(p);
	hakmem_free(p);
	p = hakmem_aligned_alloc(4096, 10);
	CHECK(p && (uintptr_t)p % 4096 == 0);
	hakmem_free_sized(p, 10);
	hakmem_free(NULL);
	hakmem_free_sized(NULL, 10);
	CHECK(hakmem_usable_size(NULL) == 0);
}

static void check_errors(void)
{
	size_t much = T_HIDE((size_t)PTRDIFF_MAX + 1);

	CHECK(hakmem_good_size(much) == 0);
	errno = 0;
	CHECK(!hakmem_malloc(much) && errno == ENOMEM);
	errno = 0;
	CHECK(!hakmem_calloc(much, 2) && errno == ENOMEM);
	errno = 0;
	CHECK(!hakmem_realloc(NULL, much) && errno == ENOMEM);
	errno = 0;
	CHECK(!hakmem_aligned_alloc(32, much) && errno == ENOMEM);
	errno = 0;
	CHECK(!hakmem_aligned_alloc(48, 100) && errno == EINVAL);
	errno = 0;
	CHECK(!hakmem_aligned_alloc(T_HIDE(0), 100) && errno == EINVAL);
	errno = 4711;
	hakmem_free(hakmem_malloc(3000000));
	CHECK(errno == 4711);
}

int main(void)
{
	for (size_t size = 0; size <= 5000; size++)
		check(size);
	for (size_t i = 0; i < T_SIZES; i++)
		check(t_sizes[i]);
	for (size_t size = 5001; size < 3000000; size += size / 9)
		check(size);
	check_names();
	check_errors();
	return 0;
}
