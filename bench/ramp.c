/* SPDX-License-Identifier: MIT */
/*
 * Allocates n blocks and frees them all, in the order of allocation, in
 * reverse or in random order.
 */
#include "bench.h"

enum { ORDER_FORWARD, ORDER_REVERSE, ORDER_RANDOM };

static size_t min_size = 16, max_size = 256, count = 200000, rounds = 20;
static unsigned order = ORDER_FORWARD;
static unsigned touch = BENCH_TOUCH_ENDS;

static void free_all(void **block, const uint32_t *random_order)
{
	if (order == ORDER_FORWARD) {
		for (size_t i = 0; i < count; i++)
			free(block[i]);
	} else if (order == ORDER_REVERSE) {
		for (size_t i = count; i > 0; i--)
			free(block[i - 1]);
	} else {
		for (size_t i = 0; i < count; i++)
			free(block[random_order[i]]);
	}
}

static uint32_t *make_order(struct bench_rng *rng)
{
	uint32_t *a = bench_array(count, sizeof(*a));

	for (size_t i = 0; i < count; i++) {
		size_t k = bench_below(rng, i + 1);
		a[i] = a[k];
		a[k] = (uint32_t)i;
	}
	return a;
}

int main(int argc, char **argv)
{
	const struct bench_arg args[] = {
		BENCH_NUMBER("min", &min_size, "smallest size"),
		BENCH_NUMBER("max", &max_size, "largest size"),
		BENCH_NUMBER("count", &count, "blocks"),
		BENCH_NUMBER("rounds", &rounds, "times up and down"),
		BENCH_CHOICE("order", &order, "forward|reverse|random"),
		BENCH_CHOICE("touch", &touch, BENCH_TOUCH_WORDS),
	};

	bench_parse(argc, argv, args, BENCH_COUNT(args));
	struct bench_rng rng = { 1 };
	void **block = bench_array(count, sizeof(*block));
	uint32_t *random_order = make_order(&rng);
	double start = bench_now();
	for (size_t r = 0; r < rounds; r++) {
		for (size_t i = 0; i < count; i++) {
			size_t size = bench_between(&rng, min_size, max_size);
			block[i] = bench_malloc(size);
			bench_touch(block[i], size, touch);
		}
		free_all(block, random_order);
	}
	bench_report("ramp", rounds * count, bench_now() - start, NULL);
	return 0;
}
