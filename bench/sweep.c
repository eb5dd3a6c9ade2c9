/* SPDX-License-Identifier: MIT */
/*
 * Sizes from min to max, four per doubling: "depth" blocks are allocated and
 * freed in reverse, many times.  Finds the class that is slow.  With detail=1
 * the nanoseconds per operation of each size go to standard error.
 */
#include "bench.h"

static size_t min_size = 16, max_size = 65536, depth = 16, ops = 200000;
static size_t detail;
static unsigned touch = BENCH_TOUCH_ENDS;

static void one_size(void **block, size_t size)
{
	for (size_t t = 0; t < ops / depth; t++) {
		for (size_t i = 0; i < depth; i++) {
			block[i] = bench_malloc(size);
			bench_touch(block[i], size, touch);
		}
		for (size_t i = depth; i > 0; i--)
			free(block[i - 1]);
	}
}

/* The next size: 4/4, 5/4, 6/4, 7/4 of a power of two. */
static size_t next_size(size_t size)
{
	size_t power = 1;

	while (power * 2 <= size)
		power *= 2;
	size_t step = power / 4;
	return step ? (size / step + 1) * step : size + 1;
}

int main(int argc, char **argv)
{
	const struct bench_arg args[] = {
		BENCH_NUMBER("min", &min_size, "smallest size"),
		BENCH_NUMBER("max", &max_size, "largest size"),
		BENCH_NUMBER("depth", &depth, "blocks live at a time"),
		BENCH_NUMBER("ops", &ops, "allocations of each size"),
		BENCH_NUMBER("detail", &detail, "1: a line for each size"),
		BENCH_CHOICE("touch", &touch, BENCH_TOUCH_WORDS),
	};

	bench_parse(argc, argv, args, BENCH_COUNT(args));
	void **block = bench_array(depth, sizeof(*block));
	double total = 0, worst = 0;
	size_t sizes = 0, worst_size = 0;
	for (size_t size = min_size; size <= max_size; size = next_size(size)) {
		double start = bench_now();
		one_size(block, size);
		double seconds = bench_now() - start;
		if (detail)
			fprintf(stderr, "%8zu %8.1f\n", size,
				seconds * 1e9 / (double)ops);
		if (seconds > worst) {
			worst = seconds;
			worst_size = size;
		}
		total += seconds;
		sizes++;
	}
	bench_report("sweep", sizes * ops, total,
		     " worst_size=%zu worst_ns=%.1f", worst_size,
		     worst * 1e9 / (double)ops);
	return 0;
}
