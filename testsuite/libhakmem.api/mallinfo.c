/* SPDX-License-Identifier: MIT */
/*
 * mallinfo2, mallinfo and malloc_trim tell the truth: 100 MB of blocks appear
 * in the figures and leave them again, and what malloc_trim gives back leaves
 * the resident set.
 *
 * { dg-hakmem-options "-Wno-deprecated-declarations" }
 */
#include "t.h"

enum { SMALL = 100000, LARGE = 1000 };

static char *small[SMALL];
static char *large[LARGE];

static size_t in_use(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static void fill(void)
{
	/* 50 MB each */
	for (int i = 0; i < SMALL; i++) {
		small[i] = malloc(500);
		CHECK(small[i]);
		memset(small[i], 1, 500);
	}
	for (int i = 0; i < LARGE; i++) {
		large[i] = malloc(50000);
		CHECK(large[i]);
		memset(large[i], 1, 50000);
	}
}

static void empty(void)
{
	for (int i = 0; i < SMALL; i++)
		free(small[i]);
	for (int i = 0; i < LARGE; i++)
		free(large[i]);
}

/* size, within a tenth and 1 MB more */
static int about(size_t have, size_t size)
{
	return have >= size && have <= size + size / 10 + 1000000;
}

int main(void)
{
	const size_t bytes = 100000000;
	struct mallinfo2 full;
	struct mallinfo old;
	size_t before, with, after;
	long rss;

	free(malloc(1000));
	before = in_use();
	fill();
	with = in_use();
	full = mallinfo2();
	old = mallinfo();
	printf("in use: %zu, then %zu; arena %zu\n", before, with, full.arena);
	CHECK(about(with - before, bytes));
	CHECK(full.arena + full.hblkhd >= with);
	CHECK(full.arena + full.hblkhd <= with + with / 4 + 8000000);
	CHECK(full.fordblks <= full.arena);
	/* these fit into the old structure */
	CHECK((size_t)old.uordblks == full.uordblks);
	CHECK((size_t)old.hblkhd == full.hblkhd);

	rss = t_status_kib("VmRSS:");
	empty();
	after = in_use();
	CHECK(after <= before + 1000000);
	(void)malloc_trim(0);
	rss -= t_status_kib("VmRSS:");
	printf("after: %zu, %ld KiB given back\n", after, rss);
	CHECK(rss > 80000);
	/* all of it gone: nothing left to trim */
	full = mallinfo2();
	CHECK(full.fordblks < 20000000);
	return 0;
}
