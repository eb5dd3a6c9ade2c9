/* SPDX-License-Identifier: MIT */
/*
 * Size 0: a pointer of its own each time, that can be freed and reallocated;
 * realloc(p, 0) frees p and gives NULL.
 */
#include "t.h"

enum { MANY = 2000 };

static int compare(const void *a, const void *b)
{
	uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;

	return x < y ? -1 : x > y;
}

static void check_unique(void)
{
	static uintptr_t all[MANY];

	for (int i = 0; i < MANY; i++) {
		void *p = i % 3 == 0 ? malloc(0) :
			  i % 3 == 1 ? calloc(0, 8) :
				       realloc(NULL, 0);

		CHECK(p);
		CHECK((uintptr_t)p % 16 == 0);
		all[i] = (uintptr_t)p;
	}
	qsort(all, MANY, sizeof(all[0]), compare);
	for (int i = 1; i < MANY; i++)
		CHECK(all[i] != all[i - 1]);
	for (int i = 0; i < MANY; i++)
		free((void *)all[i]);
}

static void check_aligned(void)
{
	void *p = aligned_alloc(64, 0);
	void *q = memalign(4096, 0);
	void *r;

	CHECK(p && q && p != q);
	CHECK((uintptr_t)p % 64 == 0 && (uintptr_t)q % 4096 == 0);
	CHECK(posix_memalign(&r, 256, 0) == 0);
	CHECK(r && r != p && r != q && (uintptr_t)r % 256 == 0);
	free(p);
	free(q);
	free(r);
}

/* That the block is freed shows in memory that does not grow. */
static void check_realloc(size_t size, int times)
{
	long before = t_status_kib("VmRSS:");
	long growth;

	for (int i = 0; i < times; i++) {
		void *p = malloc(size);

		CHECK(p);
		memset(p, 1, size);
		CHECK(!realloc(p, 0));
	}
	growth = t_status_kib("VmRSS:") - before;
	if (growth > 20000 + 2 * (long)(size / 1024))
		FAIL("realloc(p, 0) of %zu: grown by %ld KiB", size, growth);
}

int main(void)
{
	void *p = realloc(malloc(0), 100);

	CHECK(p);
	t_fill(p, 100, 1);
	free(p);
	check_unique();
	check_aligned();
	check_realloc(100, 1000000);
	check_realloc(5000, 20000);
	check_realloc(100000, 1000);
	check_realloc(8000000, 20);
	return 0;
}
