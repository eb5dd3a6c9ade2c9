/* SPDX-License-Identifier: MIT */
/*
 * More than PTRDIFF_MAX bytes: NULL and ENOMEM from every entry point.
 */
#include "t.h"

#define REFUSED(call)                          \
	do {                                   \
		errno = 0;                     \
		void *p_ = T_HIDE((call));     \
		int e_ = errno;                \
		if (p_ || e_ != ENOMEM)        \
			FAIL("%s: %p, errno %d", #call, p_, e_); \
	} while (0)

static void check(size_t n)
{
	void *block = malloc(100);
	void *out = &out;

	t_fill(block, 100, 1);
	REFUSED(malloc(n));
	REFUSED(calloc(n, 1));
	REFUSED(calloc(1, n));
	REFUSED(realloc(NULL, n));
	REFUSED(realloc(block, n));
	REFUSED(reallocarray(NULL, n, 1));
	REFUSED(reallocarray(block, n, 1));
	REFUSED(memalign(64, n));
	REFUSED(memalign(8192, n));
	REFUSED(aligned_alloc(16, n));
	REFUSED(aligned_alloc(64, n));
	REFUSED(aligned_alloc(1 << 20, n));
	REFUSED(valloc(n));
	REFUSED(pvalloc(n));
	errno = 4711;
	CHECK(posix_memalign(&out, 64, n) == ENOMEM);
	CHECK(errno == 4711);
	CHECK(out == &out);
	CHECK(t_filled(block, 100, 1));
	free(block);
}

int main(void)
{
	check(T_HIDE((size_t)PTRDIFF_MAX + 1));
	check(T_HIDE((size_t)PTRDIFF_MAX + 4096));
	check(T_HIDE((size_t)-8192));
	check(T_HIDE((size_t)-4096));
	check(T_HIDE((size_t)-4095));
	check(T_HIDE((size_t)-16));
	check(T_HIDE((size_t)-1));
	/* both a huge size and a huge alignment */
	REFUSED(memalign(SIZE_MAX / 4 + 1, T_HIDE((size_t)PTRDIFF_MAX)));
	REFUSED(aligned_alloc(SIZE_MAX / 4 + 1, T_HIDE((size_t)PTRDIFF_MAX)));
	return 0;
}
