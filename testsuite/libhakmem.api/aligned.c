/* SPDX-License-Identifier: MIT */
/*
 * What alignments the entry points take: aligned_alloc powers of two with any
 * size, memalign rounds up, posix_memalign leaves errno and the pointer alone
 * on error, valloc and pvalloc give pages.
 */
#include "t.h"

static void check_aligned_alloc(void)
{
	static const size_t bad[] = { 3, 5, 6, 7, 9, 24, 48, 100, 4097,
				      SIZE_MAX, (size_t)PTRDIFF_MAX };
	static const size_t sizes[] = { 1, 7, 33, 100, 1001, 5000, 70001 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		CHECK(!T_HIDE(aligned_alloc(bad[i], 96)));
		CHECK(errno == EINVAL);
	}
	/* the size need not be a multiple */
	for (size_t align = 1; align <= 65536; align *= 2)
		for (size_t i = 0; i < 7; i++) {
			char *p = aligned_alloc(align, sizes[i]);

			CHECK(p);
			CHECK((uintptr_t)p % align == 0);
			CHECK((uintptr_t)p % 16 == 0);
			memset(p, 1, sizes[i]);
			free(p);
		}
}

static void check_memalign(void)
{
	static const size_t odd[][2] = {
		{ 0, 16 },   { 1, 16 },   { 3, 16 },	  { 17, 32 },
		{ 24, 32 },  { 33, 64 },  { 65, 128 },	  { 100, 128 },
		{ 600, 1024 }, { 4097, 8192 }, { 5000, 8192 }, { 70000, 131072 },
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		for (size_t size = 1; size < 20000; size = size * 3 + 1) {
			char *p = memalign(odd[i][0], size);

			CHECK(p);
			if ((uintptr_t)p % odd[i][1])
				FAIL("memalign(%zu, %zu): %p", odd[i][0],
				     size, (void *)p);
			memset(p, 1, size);
			free(p);
		}
	errno = 0;
	CHECK(!T_HIDE(memalign((size_t)PTRDIFF_MAX + 2, 16)));
	CHECK(errno == EINVAL);
}

static void check_posix_memalign(void)
{
	static const size_t bad[] = { 0, 1, 2, 4, 3, 12, 24, 40, 100, 4095,
				      SIZE_MAX };
	void *p = &p;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (bad[i] == sizeof(void *))
			continue;
		errno = 4711;
		CHECK(posix_memalign(&p, bad[i], 100) == EINVAL);
		CHECK(errno == 4711);
		CHECK(p == &p);
	}
	errno = 4711;
	CHECK(posix_memalign(&p, 64, T_HIDE((size_t)-100)) == ENOMEM);
	CHECK(errno == 4711 && p == &p);
	CHECK(posix_memalign(&p, 4096, T_HIDE(T_TOO_MUCH)) == ENOMEM);
	CHECK(errno == 4711 && p == &p);
	for (size_t align = sizeof(void *); align <= 65536; align *= 2) {
		CHECK(posix_memalign(&p, align, 100) == 0);
		CHECK(errno == 4711);
		CHECK(p && (uintptr_t)p % align == 0);
		free(p);
	}
}

static void check_pages(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (size_t size = 0; size < 5 * page; size += 1000) {
		size_t up = (size + page - 1) / page * page;
		char *v = valloc(size);
		char *p = pvalloc(size);

		CHECK(v && (uintptr_t)v % page == 0);
		CHECK(p && (uintptr_t)p % page == 0);
		CHECK(malloc_usable_size(p) >= up);
		memset(v, 1, size);
		memset(p, 2, up);
		free(v);
		free(p);
	}
}

int main(void)
{
	check_aligned_alloc();
	check_memalign();
	check_posix_memalign();
	check_pages();
	return 0;
}
