/* SPDX-License-Identifier: MIT */
/*
 * What a thread keeps of all it has freed is held to HAKMEM_CACHE_MAX, 4 MiB,
 * when it allocates on, and to as much again of Large blocks at any time.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>

enum { MOST = 4 << 20, CLASSES = 24, MORE = 40, LARGE = 20 };

static uint64_t cached(void)
{
	struct hakmem_stats s;

	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	return s.cached_bytes;
}

/* Bytes cached after each blocks of every class were freed. */
static uint64_t fill(int each)
{
	static void *p[CLASSES][MORE];

	for (int c = 0; c < CLASSES; c++)
		for (int i = 0; i < each; i++)
			CHECK(p[c][i] = malloc((size_t)(c + 2) * 1200));
	for (int c = 0; c < CLASSES; c++)
		for (int i = 0; i < each; i++)
			free(p[c][i]);
	return cached();
}

static void check_large(void)
{
	uint64_t before = cached(), most = 0;
	void *p[LARGE];

	for (int i = 0; i < LARGE; i++)
		CHECK(p[i] = malloc(500000));
	for (int i = 0; i < LARGE; i++) {
		free(p[i]);
		if (cached() - before > most)
			most = cached() - before;
	}
	CHECK(most > MOST / 2);
	if (most > MOST)
		FAIL("%lu bytes of Large blocks cached", (unsigned long)most);
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
	check_large();
	return 0;
}
