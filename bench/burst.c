/* SPDX-License-Identifier: MIT */
/*
 * Bursts of 25, 100, 400 and 1600 allocations of one size, then the frees of
 * all of them: how well the caches of an allocator are filled and emptied.
 */
#include "bench.h"

static const size_t lengths[] = { 25, 100, 400, 1600 };

static size_t size = 64, ops = 10000000, threads = 1, only;
static unsigned touch = BENCH_TOUCH_ENDS;

static void bursts(void **block, size_t length, size_t times)
{
	for (size_t t = 0; t < times; t++) {
		for (size_t i = 0; i < length; i++) {
			block[i] = bench_malloc(size);
			bench_touch(block[i], size, touch);
		}
		for (size_t i = 0; i < length; i++)
			free(block[i]);
	}
}

static void *work(void *arg)
{
	void **block = *(void ***)arg;

	if (only) {
		bursts(block, only, ops / only);
		return NULL;
	}
	/* The same number of operations for each length. */
	for (size_t i = 0; i < BENCH_COUNT(lengths); i++)
		bursts(block, lengths[i],
		       ops / BENCH_COUNT(lengths) / lengths[i]);
	return NULL;
}

int main(int argc, char **argv)
{
	const struct bench_arg args[] = {
		BENCH_NUMBER("size", &size, "size of the blocks"),
		BENCH_NUMBER("ops", &ops, "allocations by each thread"),
		BENCH_NUMBER("threads", &threads, "threads"),
		BENCH_NUMBER("length", &only, "one length; 0: the four"),
		BENCH_CHOICE("touch", &touch, BENCH_TOUCH_WORDS),
	};

	bench_parse(argc, argv, args, BENCH_COUNT(args));
	void ***blocks = bench_array(threads, sizeof(*blocks));
	for (size_t i = 0; i < threads; i++)
		blocks[i] =
			bench_array(only > 1600 ? only : 1600, sizeof(void *));
	double seconds = bench_threads(threads, work, blocks, sizeof(*blocks));
	bench_report("burst", ops * threads, seconds, NULL);
	return 0;
}
