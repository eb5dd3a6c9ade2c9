/* SPDX-License-Identifier: MIT */
/*
 * A big heap: allocates "heap" bytes of random sizes, then replaces random
 * blocks, then frees everything in random order.  Nearly every operation
 * touches lines and pages that are not in any cache.
 */
#include "bench.h"

static size_t min_size = 16, max_size = 512, heap = (size_t)1 << 30;
static size_t replace = 1000000;
static unsigned touch = BENCH_TOUCH_ENDS;

static void *one(struct bench_rng *rng)
{
	size_t size = bench_between(rng, min_size, max_size);
	void *p = bench_malloc(size);

	bench_touch(p, size, touch);
	return p;
}

int main(int argc, char **argv)
{
	const struct bench_arg args[] = {
		BENCH_NUMBER("min", &min_size, "smallest size"),
		BENCH_NUMBER("max", &max_size, "largest size"),
		BENCH_NUMBER("heap", &heap, "bytes"),
		BENCH_NUMBER("replace", &replace, "replacements"),
		BENCH_CHOICE("touch", &touch, BENCH_TOUCH_WORDS),
	};

	bench_parse(argc, argv, args, BENCH_COUNT(args));
	size_t count = heap / ((min_size + max_size) / 2) + 1;
	void **block = bench_array(count, sizeof(*block));
	struct bench_rng rng = { 1 };

	double start = bench_now();
	for (size_t i = 0; i < count; i++)
		block[i] = one(&rng);
	double filled = bench_now();
	for (size_t i = 0; i < replace; i++) {
		size_t k = bench_below(&rng, count);
		free(block[k]);
		block[k] = one(&rng);
	}
	double replaced = bench_now();
	bench_shuffle(&rng, block, count);
	double shuffled = bench_now();
	for (size_t i = 0; i < count; i++)
		free(block[i]);
	double end = bench_now();
	bench_report("heap_random", count + replace,
		     end - start - (shuffled - replaced),
		     " fill_s=%.4f replace_ns=%.1f free_s=%.4f", filled - start,
		     (replaced - filled) * 1e9 / (double)replace,
		     end - shuffled);
	return 0;
}
