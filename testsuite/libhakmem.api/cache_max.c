/* SPDX-License-Identifier: MIT */
/*
 * What a thread keeps of all it has freed, Large blocks among it, is held to
 * HAKMEM_CACHE_MAX, 4 MiB, when it allocates on.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>

enum { MOST = 4 << 20, CLASSES = 24, MORE = 40 };

static uint64_t cached(void)
{
	struct hakmem_stats s;

	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	return s.cached_bytes;
}

/* Bytes cached after each blocks of every class, and Large ones, were freed. */
static uint64_t fill(int each)
{
	static void *p[CLASSES][MORE], *large[2];

	for (int i = 0; i < 2; i++)
		CHECK(large[i] = malloc(500000));
	for (int c = 0; c < CLASSES; c++)
		for (int i = 0; i < each; i++)
			CHECK(p[c][i] = malloc((size_t)(c + 2) * 1200));
	for (int i = 0; i < 2; i++)
		free(large[i]);
	CHECK(cached() >= 2 * 500000);
	for (int c = 0; c < CLASSES; c++)
		for (int i = 0; i < each; i++)
			free(p[c][i]);
	return cached();
}

int main(void)
{
	int each = 8;

	/* no decay beside it */
	CHECK(hakmem_option_set("PURGE_DELAY", "-1") == 0);
	/* the bound is looked at now and then; just before, there is more */
	while (fill(each) <= MOST + MOST / 8)
		if (++each > MORE)
			FAIL("%lu bytes cached: nothing to bound",
			     (unsigned long)cached());
	for (int i = 0; i < 5000; i++)
		free(malloc(40));
	if (cached() > MOST)
		FAIL("%lu bytes cached", (unsigned long)cached());
	return 0;
}
