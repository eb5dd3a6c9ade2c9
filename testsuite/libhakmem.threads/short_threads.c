/* SPDX-License-Identifier: MIT */
/*
 * 10,000 short threads, eight at a time, each of which leaves one block that
 * the main thread frees.  The resident set grows by no more than 8 MiB, and
 * heaps, metadata and registry do not grow with the number of threads.
 *
 * The number of threads may be given as an argument.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>
#include <pthread.h>

enum { TOGETHER = 8 };

static struct hakmem_stats get(void)
{
	struct hakmem_stats s;

	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	return s;
}

/* From one block, which needs no heap, to some thousand of all sizes. */
static void *work(void *arg)
{
	uint64_t seed = (uintptr_t)arg + 1;
	size_t n = t_below(&seed, 10) ? t_below(&seed, 100) : 1000;
	void *p[64] = { 0 };
	char *left;

	for (size_t i = 0; i < n; i++) {
		size_t k = t_below(&seed, 64);

		free(p[k]);
		p[k] = malloc(1 + t_below(&seed, 3000));
		CHECK(p[k]);
		*(char *)p[k] = 1;
	}
	for (size_t i = 0; i < 64; i++)
		free(p[i]);
	left = malloc(200);
	CHECK(left);
	t_fill(left, 200, (unsigned)(uintptr_t)arg);
	return left;
}

static void round_of_threads(uintptr_t number)
{
	pthread_t t[TOGETHER];

	for (uintptr_t i = 0; i < TOGETHER; i++)
		CHECK(pthread_create(&t[i], NULL, work, (void *)(number + i)) ==
		      0);
	for (uintptr_t i = 0; i < TOGETHER; i++) {
		void *left;

		CHECK(pthread_join(t[i], &left) == 0);
		CHECK(t_filled(left, 200, (unsigned)(number + i)));
		free(left);
	}
}

int main(int argc, char **argv)
{
	long threads = argc > 1 ? atol(argv[1]) : 10000;
	struct hakmem_stats before, after;
	long rss;

	for (uintptr_t i = 0; i < 100; i++)
		round_of_threads(i * TOGETHER);
	before = get();
	rss = t_status_kib("VmRSS");
	for (long i = 0; i < threads; i += TOGETHER)
		round_of_threads((uintptr_t)i);
	rss = t_status_kib("VmRSS") - rss;
	after = get();
	printf("%ld threads: %ld KiB resident, %lld live, %lld slots, "
	       "%llu heaps, "
	       "%llu adoptions\n",
	       threads, rss, (long long)(after.live_bytes - before.live_bytes),
	       (long long)(after.registry_slots - before.registry_slots),
	       (unsigned long long)after.heaps_total,
	       (unsigned long long)after.adoptions);
	CHECK(rss <= 8 << 10);
	CHECK(after.heaps_total <= 2 * TOGETHER + 1);
	CHECK(after.heaps_live <= 1);
	CHECK(after.meta_bytes - before.meta_bytes <= 1 << 20);
	/* a slab for each class and heap */
	CHECK(after.registry_slots <= after.heaps_total * HAKMEM_STATS_CLASSES);
	/* the C library keeps some bytes for each stack that it keeps */
	CHECK(after.live_bytes <= before.live_bytes + TOGETHER * 512);
	CHECK(after.adoptions > before.adoptions + (uint64_t)threads / 4);
	CHECK(after.shared_fail == 0);
	return 0;
}
