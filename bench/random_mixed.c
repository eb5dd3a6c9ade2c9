/* SPDX-License-Identifier: MIT */
/*
 * Random replacement: each operation frees the block in a random slot and
 * puts a new one of random size there.  Each thread has slots of its own.
 */
#include "bench.h"

static size_t min_size = 16, max_size = 1024, slots = 256, ops = 10000000;
static size_t threads = 1;
static unsigned touch = BENCH_TOUCH_ENDS;

struct worker {
	void **slot;
	struct bench_rng rng;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct bench_rng rng = w->rng;
	void **slot = w->slot;

	for (size_t i = 0; i < ops; i++) {
		size_t size;
		size_t k = bench_slot_and_size(&rng, slots, min_size, max_size,
					       &size);
		free(slot[k]);
		slot[k] = bench_malloc(size);
		bench_touch(slot[k], size, touch);
	}
	for (size_t k = 0; k < slots; k++)
		free(slot[k]);
	return NULL;
}

int main(int argc, char **argv)
{
	const struct bench_arg args[] = {
		BENCH_NUMBER("min", &min_size, "smallest size"),
		BENCH_NUMBER("max", &max_size, "largest size"),
		BENCH_NUMBER("slots", &slots, "live blocks of a thread"),
		BENCH_NUMBER("ops", &ops, "replacements by each thread"),
		BENCH_NUMBER("threads", &threads, "threads"),
		BENCH_CHOICE("touch", &touch, BENCH_TOUCH_WORDS),
	};

	bench_parse(argc, argv, args, BENCH_COUNT(args));
	struct worker *w = bench_array(threads, sizeof(*w));
	for (size_t i = 0; i < threads; i++) {
		w[i].slot = bench_array(slots, sizeof(void *));
		w[i].rng.state = i + 1;
	}
	double seconds = bench_threads(threads, work, w, sizeof(*w));
	bench_report("random_mixed", ops * threads, seconds, NULL);
	return 0;
}
