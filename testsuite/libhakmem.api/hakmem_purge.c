/* SPDX-License-Identifier: MIT */
/*
 * hakmem_purge gives back what is free, says how much, and the resident set
 * shrinks by it; hakmem_thread_flush empties the caches.
 *
 * { dg-hakmem-modes "linked" }
 * { dg-hakmem-env "HAKMEM_PURGE_DELAY=-1" }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>

enum { N = 20000 };

static char *p[N];

static void check(size_t size, size_t n)
{
	size_t bytes = n * size;
	size_t given;
	long rss;

	(void)hakmem_purge();
	for (size_t i = 0; i < n; i++) {
		p[i] = malloc(size);
		CHECK(p[i]);
		memset(p[i], 1, size);
	}
	for (size_t i = 0; i < n; i++)
		free(p[i]);
	rss = t_status_kib("VmRSS:");
	given = hakmem_purge();
	rss = (rss - t_status_kib("VmRSS:")) * 1024;
	printf("%zu x %zu: purged %zu, RSS less by %ld\n", n, size, given,
	       rss);
	/* what a free gives back at once is not purge's */
	CHECK(given + 1000000 >= (size_t)(rss > 0 ? rss : 0));
	CHECK(t_status_kib("VmRSS:") * 1024 < (long)bytes / 3 + 12000000);
	/* nothing left */
	CHECK(hakmem_purge() < 200000);
}

static void check_kept(void)
{
	/* every 50th block stays and keeps its contents */
	for (size_t i = 0; i < N; i++) {
		p[i] = malloc(700);
		CHECK(p[i]);
		t_fill(p[i], 700, (unsigned)i);
	}
	for (size_t i = 0; i < N; i++)
		if (i % 50)
			free(p[i]);
	CHECK(hakmem_purge() > 5000000);
	for (size_t i = 0; i < N; i += 50) {
		CHECK(t_filled(p[i], 700, (unsigned)i));
		free(p[i]);
	}
}

static void check_flush(void)
{
	struct hakmem_stats s;

	for (size_t i = 0; i < 1000; i++)
		p[i] = malloc(100 + i % 1000);
	for (size_t i = 0; i < 1000; i++)
		free(p[i]);
	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	CHECK(s.cached_bytes > 0);
	hakmem_thread_flush();
	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	if (s.cached_bytes)
		FAIL("%llu bytes still cached",
		     (unsigned long long)s.cached_bytes);
}

int main(void)
{
	free(malloc(1));
	check(500, N);
	check(5000, N / 2);
	check(50000, 1000);
	check(4000000, 8);
	check_kept();
	check_flush();
	return 0;
}
