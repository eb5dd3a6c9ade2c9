/* SPDX-License-Identifier: MIT */
/*
 * hakmem_stats_get at rest: mallocs, frees and live bytes differ by exactly
 * what this program allocated and freed, in every tier, also across threads.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>
#include <pthread.h>

enum { N = 5000 };

static void *p[N];
static size_t bytes[N];

static struct hakmem_stats get(void)
{
	struct hakmem_stats s;

	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	return s;
}

static void same(const char *what, uint64_t have, uint64_t want)
{
	if (have != want)
		FAIL("%s: %lld, not %lld", what, (long long)have,
		     (long long)want);
}

/* The difference between two moments. */
static void compare(const struct hakmem_stats *before, size_t mallocs,
		    size_t frees, long long live)
{
	struct hakmem_stats s = get();

	same("mallocs", s.mallocs - before->mallocs, mallocs);
	same("frees", s.frees - before->frees, frees);
	same("live bytes", s.live_bytes - before->live_bytes,
	     (uint64_t)live);
}

static size_t pick(uint64_t *seed)
{
	size_t log = 3 + t_below(seed, 19);

	return 1 + t_below(seed, (size_t)1 << log);
}

static size_t fill(size_t n)
{
	uint64_t seed = 77;
	size_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		p[i] = malloc(pick(&seed));
		CHECK(p[i]);
		bytes[i] = hakmem_usable_size(p[i]);
		sum += bytes[i];
	}
	return sum;
}

static void *free_half(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < N; i += 2)
		free(p[i]);
	return NULL;
}

static void *nothing(void *arg)
{
	return arg;
}

static void check_one_thread(void)
{
	struct hakmem_stats before = get();
	size_t sum = fill(N), half = 0;

	compare(&before, N, 0, (long long)sum);
	for (size_t i = 0; i < N; i += 2) {
		half += bytes[i];
		free(p[i]);
	}
	compare(&before, N, N / 2, (long long)(sum - half));
	for (size_t i = 1; i < N; i += 2)
		free(p[i]);
	compare(&before, N, N, 0);
	/* realloc in place and moving: live bytes are right all the same */
	p[0] = malloc(100);
	for (size_t size = 100; size < 5000000; size = size * 5 / 4) {
		p[0] = realloc(p[0], size);
		CHECK(p[0]);
		same("live bytes", get().live_bytes - before.live_bytes,
		     hakmem_usable_size(p[0]));
	}
	free(p[0]);
	same("live bytes", get().live_bytes, before.live_bytes);
}

static void check_other_thread(void)
{
	struct hakmem_stats before;
	pthread_t t;
	size_t sum, half = 0;

	/* what starting a thread allocates for good */
	CHECK(pthread_create(&t, NULL, nothing, NULL) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	before = get();
	sum = fill(N);
	CHECK(pthread_create(&t, NULL, free_half, NULL) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	for (size_t i = 0; i < N; i += 2)
		half += bytes[i];
	same("live bytes", get().live_bytes - before.live_bytes, sum - half);
	for (size_t i = 1; i < N; i += 2)
		free(p[i]);
	same("live bytes", get().live_bytes, before.live_bytes);
	same("mallocs less frees",
	     get().mallocs - get().frees, before.mallocs - before.frees);
}

static void check_tiers(void)
{
	struct hakmem_stats before = get(), s;

	p[0] = malloc(100000);
	p[1] = malloc(20000000);
	s = get();
	same("large_mallocs", s.large_mallocs - before.large_mallocs, 1);
	same("large_live_bytes", s.large_live_bytes - before.large_live_bytes,
	     hakmem_usable_size(p[0]));
	same("huge_mallocs", s.huge_mallocs - before.huge_mallocs, 1);
	same("huge_live_bytes", s.huge_live_bytes - before.huge_live_bytes,
	     hakmem_usable_size(p[1]));
	CHECK(s.mapped_bytes >= s.live_bytes);
	free(p[0]);
	free(p[1]);
	s = get();
	same("large_frees", s.large_frees - before.large_frees, 1);
	same("huge_frees", s.huge_frees - before.huge_frees, 1);
	same("large_live_bytes", s.large_live_bytes, before.large_live_bytes);
	same("huge_live_bytes", s.huge_live_bytes, before.huge_live_bytes);
}

static void check_header(void)
{
	struct hakmem_stats s = get();

	same("magic", s.magic, HAKMEM_STATS_MAGIC);
	same("major", s.major, HAKMEM_STATS_MAJOR);
	same("size", s.size, sizeof(s));
	same("pointer_size", s.pointer_size, sizeof(void *));
	same("classes", s.classes, HAKMEM_STATS_CLASSES);
	same("page_size", s.page_size, (uint64_t)sysconf(_SC_PAGESIZE));
	CHECK(strcmp(s.version, hakmem_version()) == 0);
	CHECK(strcmp(s.version, HAKMEM_VERSION_STRING) == 0);
	CHECK(s.start_time / 1000000000 <= (uint64_t)time(NULL) + 1);
	CHECK(s.start_time / 1000000000 + 100 > (uint64_t)time(NULL));
	errno = 0;
	CHECK(hakmem_stats_get(NULL, sizeof(s)) == -1 && errno == EINVAL);
	errno = 0;
	CHECK(hakmem_stats_get(&s, 100) == -1 && errno == EINVAL);
}

int main(void)
{
	free(malloc(1));
	check_one_thread();
	check_other_thread();
	check_tiers();
	check_header();
	return 0;
}
