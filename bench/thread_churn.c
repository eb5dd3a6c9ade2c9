/* SPDX-License-Identifier: MIT */
/*
 * Many short threads, each of which allocates and frees a few blocks.  With
 * survivor=1 each leaves one block that the main thread frees afterwards.
 */
#include "bench.h"

#define BLOCKS_MAX 4096

static size_t count = 20000, at_once = 2, blocks = 16, survivor;
static size_t min_size = 16, max_size = 1024;

static void *work(void *arg)
{
	struct bench_rng rng = { (uint64_t)(uintptr_t)arg };
	void *block[BLOCKS_MAX];

	for (size_t i = 0; i < blocks; i++) {
		size_t size = bench_between(&rng, min_size, max_size);
		block[i] = bench_malloc(size);
		bench_touch(block[i], size, BENCH_TOUCH_ENDS);
	}
	for (size_t i = 1; i < blocks; i++)
		free(block[i]);
	if (survivor)
		return block[0];
	free(block[0]);
	return NULL;
}

int main(int argc, char **argv)
{
	const struct bench_arg args[] = {
		BENCH_NUMBER("count", &count, "threads in all"),
		BENCH_NUMBER("threads", &at_once, "threads at a time"),
		BENCH_NUMBER("blocks", &blocks, "blocks of each, 1 to 4096"),
		BENCH_NUMBER("min", &min_size, "smallest size"),
		BENCH_NUMBER("max", &max_size, "largest size"),
		BENCH_NUMBER("survivor", &survivor, "1: leave one block each"),
	};

	bench_parse(argc, argv, args, BENCH_COUNT(args));
	if (blocks < 1 || blocks > BLOCKS_MAX)
		bench_die("blocks must be 1 to %d", BLOCKS_MAX);
	pthread_t *id = bench_array(at_once, sizeof(*id));
	void **left = bench_array(count + at_once, sizeof(*left));
	double start = bench_now();
	for (size_t i = 0; i < count; i += at_once) {
		for (size_t k = 0; k < at_once; k++)
			bench_thread(&id[k], NULL, work,
				     (void *)(uintptr_t)(i + k + 1));
		for (size_t k = 0; k < at_once; k++)
			pthread_join(id[k], &left[i + k]);
	}
	for (size_t i = 0; i < count + at_once; i++)
		free(left[i]);
	bench_report("thread_churn", count, bench_now() - start, NULL);
	return 0;
}
