/* SPDX-License-Identifier: MIT */
/*
 * calloc of random sizes.  mode=fresh: memory never used before, the process
 * only grows; what is known to be zero need not be cleared.  mode=reused:
 * random replacement of blocks that were filled with ones.
 */
#include "bench.h"

enum { MODE_FRESH, MODE_REUSED };

static unsigned mode = MODE_FRESH, touch = BENCH_TOUCH_ENDS;
static size_t min_size = 16, max_size = 4096, slots = 1024, ops;

static void *zeroed(size_t size)
{
	unsigned char *p = bench_keep(calloc(1, size));

	if (!p)
		bench_die("calloc of %zu bytes failed", size);
	if (p[0] | p[size / 2] | p[size - 1])
		bench_die("calloc gave %zu bytes that are not zero", size);
	return p;
}

static void fresh(struct bench_rng *rng)
{
	void **block = bench_array(ops, sizeof(*block));

	for (size_t i = 0; i < ops; i++) {
		size_t size = bench_between(rng, min_size, max_size);
		block[i] = zeroed(size);
		bench_touch(block[i], size, touch);
	}
	for (size_t i = 0; i < ops; i++)
		free(block[i]);
}

static void reused(struct bench_rng *rng)
{
	void **slot = bench_array(slots, sizeof(*slot));

	for (size_t i = 0; i < ops; i++) {
		size_t k = bench_below(rng, slots);
		size_t size = bench_between(rng, min_size, max_size);
		free(slot[k]);
		slot[k] = zeroed(size);
		bench_touch(slot[k], size, BENCH_TOUCH_FULL);
	}
	for (size_t k = 0; k < slots; k++)
		free(slot[k]);
}

int main(int argc, char **argv)
{
	const struct bench_arg args[] = {
		BENCH_CHOICE("mode", &mode, "fresh|reused"),
		BENCH_NUMBER("min", &min_size, "smallest size"),
		BENCH_NUMBER("max", &max_size, "largest size"),
		BENCH_NUMBER("slots", &slots, "live blocks, reused"),
		BENCH_NUMBER("ops", &ops, "0: 100000 fresh, 3000000 reused"),
		BENCH_CHOICE("touch", &touch, BENCH_TOUCH_WORDS),
	};

	bench_parse(argc, argv, args, BENCH_COUNT(args));
	if (ops == 0)
		ops = mode == MODE_FRESH ? 100000 : 3000000;
	struct bench_rng rng = { 1 };
	double start = bench_now();
	if (mode == MODE_FRESH)
		fresh(&rng);
	else
		reused(&rng);
	bench_report("calloc_mix", ops, bench_now() - start, NULL);
	return 0;
}
