/* SPDX-License-Identifier: MIT */
/* One malloc and one free of one size, again and again. */
#include "bench.h"

static size_t size = 64, ops = 20000000, threads = 1;
static unsigned touch = BENCH_TOUCH_ENDS;

static void *work(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < ops; i++) {
		void *p = bench_malloc(size);
		bench_touch(p, size, touch);
		free(p);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const struct bench_arg args[] = {
		BENCH_NUMBER("size", &size, "size of the block"),
		BENCH_NUMBER("ops", &ops, "pairs by each thread"),
		BENCH_NUMBER("threads", &threads, "threads"),
		BENCH_CHOICE("touch", &touch, BENCH_TOUCH_WORDS),
	};

	bench_parse(argc, argv, args, BENCH_COUNT(args));
	/* The threads share no state: they get no argument. */
	char none[1];
	double seconds = bench_threads(threads, work, none, 0);
	bench_report("pair", ops * threads, seconds, NULL);
	return 0;
}
