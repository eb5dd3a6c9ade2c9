/* SPDX-License-Identifier: MIT */
/*
 * HAKMEM_LIMIT_HARD: no tier takes more memory into use than it says, a
 * request above it is refused with ENOMEM and leaves its block alone, and what
 * is freed can be had again, in any size.
 *
 * { dg-hakmem-modes "linked" }
 * { dg-hakmem-env "HAKMEM_LIMIT_HARD=64M" }
 * { dg-hakmem-absent {hakmem: (fatal|warning)} }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>

enum { LIMIT = 64 << 20, MOST = 1100000 };

static char *p[MOST];

static struct hakmem_stats get(void)
{
	struct hakmem_stats s;

	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	return s;
}

static size_t fill(size_t size)
{
	size_t n = 0;

	errno = 0;
	while (n < MOST && (p[n] = malloc(size)))
		*p[n++] = 1;
	CHECK(n < MOST && errno == ENOMEM);
	return n;
}

static void sizes(size_t size)
{
	struct hakmem_stats before = get(), full;
	size_t n = fill(size);

	full = get();
	if (n * size > LIMIT)
		FAIL("%zu blocks of %zu are above the limit", n, size);
	/* 20 % for the rest of slabs, half of the last SuperSlab */
	if (n * size < LIMIT / 10 * 7)
		FAIL("only %zu blocks of %zu", n, size);
	CHECK(full.shared_fail > before.shared_fail);
	errno = 0;
	CHECK(!realloc(p[0], LIMIT) && errno == ENOMEM && *p[0] == 1);
	errno = 0;
	CHECK(!calloc(1, LIMIT + 1) && errno == ENOMEM);
	while (n)
		free(p[--n]);
	CHECK(get().live_bytes == before.live_bytes);
}

int main(void)
{
	static const size_t tried[] = { 64,	1000,	 5000,	  20000,
					100000, 1 << 20, 3 << 20, 10 << 20 };
	char guard[8];

	CHECK(hakmem_option_get("TINY_USE_SUPERSLAB", guard, sizeof(guard)) ==
	      1);
	CHECK(get().limit_hard == LIMIT);
	errno = 0;
	CHECK(!malloc(LIMIT + 1) && errno == ENOMEM);
	for (size_t i = 0; i < sizeof(tried) / sizeof(tried[0]); i++)
		if (tried[i] > 1024 || guard[0] == '1')
			sizes(tried[i]);
	/* changed while the program runs */
	CHECK(hakmem_option_set("LIMIT_HARD", "0") == 0);
	p[0] = malloc(2 * LIMIT);
	CHECK(p[0]);
	CHECK(hakmem_option_set("LIMIT_HARD", "1M") == 0);
	/* what the thread keeps of what it freed can still be had */
	hakmem_thread_flush();
	errno = 0;
	CHECK(!malloc(1 << 20) && errno == ENOMEM);
	free(p[0]);
	CHECK(hakmem_option_set("LIMIT_HARD", "2M") == 0);
	p[0] = malloc(1 << 20);
	CHECK(p[0]);
	free(p[0]);
	return 0;
}
