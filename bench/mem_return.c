/* SPDX-License-Identifier: MIT */
/*
 * Memory given back after a peak: allocates "peak" bytes in blocks of 16 to
 * 4096 bytes, frees all but a random "keep" per mille, and looks at resident
 * memory at once, after an idle pause, and after a pause with a trickle of
 * allocations.  Pages under MADV_FREE count as resident; they are also told
 * apart.
 */
#include "bench.h"

static size_t min_size = 16, max_size = 4096, peak = (size_t)1 << 30, keep;
static size_t idle_ms = 2000, trickle_ms = 2000;

/* A malloc and a free about every millisecond. */
static void trickle(struct bench_rng *rng)
{
	double end = bench_now() + (double)trickle_ms / 1000;

	while (bench_now() < end) {
		size_t size = bench_between(rng, min_size, max_size);
		void *p = bench_malloc(size);
		bench_touch(p, size, BENCH_TOUCH_ENDS);
		free(p);
		bench_sleep_ms(1);
	}
}

int main(int argc, char **argv)
{
	const struct bench_arg args[] = {
		BENCH_NUMBER("min", &min_size, "smallest size"),
		BENCH_NUMBER("max", &max_size, "largest size"),
		BENCH_NUMBER("peak", &peak, "bytes at the peak"),
		BENCH_NUMBER("keep", &keep, "per mille of blocks kept"),
		BENCH_NUMBER("idle_ms", &idle_ms, "idle pause"),
		BENCH_NUMBER("trickle_ms", &trickle_ms, "pause with a trickle"),
	};

	bench_parse(argc, argv, args, BENCH_COUNT(args));
	/* The sum of sizes stays near the mean: a tenth more will do. */
	size_t room = peak / ((min_size + max_size) / 2) * 11 / 10 + 64;
	void **block = bench_array(room, sizeof(*block));
	struct bench_rng rng = { 1 };
	size_t base = bench_rss_kib(), bytes = 0, live = 0, count = 0;

	double start = bench_now();
	for (; bytes < peak && count < room; count++) {
		size_t size = bench_between(&rng, min_size, max_size);
		block[count] = bench_malloc(size);
		memset(block[count], 1, size);
		bytes += size;
	}
	size_t full = bench_rss_kib() - base;
	for (size_t i = 0; i < count; i++) {
		if (bench_below(&rng, 1000) < keep)
			live++;
		else
			free(block[i]);
	}
	double seconds = bench_now() - start;
	size_t at_once = bench_rss_kib() - base;
	bench_sleep_ms(idle_ms);
	size_t idle = bench_rss_kib() - base;
	trickle(&rng);
	size_t after = bench_rss_kib() - base;
	bench_report("mem_return", count, seconds,
		     " kept=%zu full_kib=%zu once_kib=%zu idle_kib=%zu"
		     " trickle_kib=%zu lazyfree_kib=%zu",
		     live, full, at_once, idle, after, bench_lazyfree_kib());
	return 0;
}
