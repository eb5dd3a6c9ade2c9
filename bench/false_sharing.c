/* SPDX-License-Identifier: MIT */
/*
 * Do blocks of two threads share a cache line?  mode=active: each thread
 * allocates small blocks, writes them many times and frees them.
 * mode=passive: the same, but each thread begins by freeing a block that the
 * main thread allocated next to the others; an allocator that gives such
 * blocks out again to different threads loses.
 */
#include "bench.h"

enum { MODE_ACTIVE, MODE_PASSIVE };

static unsigned mode = MODE_ACTIVE;
static size_t size = 8, writes = 1000, ops = 50000, threads = 2;

static void *work(void *arg)
{
	char *given = *(char **)arg;

	size_t at = 0;
	free(given);
	for (size_t i = 0; i < ops; i++) {
		volatile char *p = bench_malloc(size);
		for (size_t k = 0; k < writes; k++) {
			p[at]++;
			if (++at == size)
				at = 0;
		}
		free((void *)p);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const struct bench_arg args[] = {
		BENCH_CHOICE("mode", &mode, "active|passive"),
		BENCH_NUMBER("size", &size, "size of the blocks"),
		BENCH_NUMBER("writes", &writes, "writes to a block"),
		BENCH_NUMBER("ops", &ops, "blocks of each thread"),
		BENCH_NUMBER("threads", &threads, "threads"),
	};

	bench_parse(argc, argv, args, BENCH_COUNT(args));
	void **given = bench_array(threads, sizeof(*given));
	for (size_t i = 0; mode == MODE_PASSIVE && i < threads; i++) {
		given[i] = bench_malloc(size);
		bench_touch(given[i], size, BENCH_TOUCH_ENDS);
	}
	double seconds = bench_threads(threads, work, given, sizeof(*given));
	bench_report("false_sharing", ops * threads, seconds, NULL);
	return 0;
}
