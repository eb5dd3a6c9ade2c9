/* SPDX-License-Identifier: MIT */
/*
 * Generations of threads, as a server that starts a thread per request
 * (Larson's load): a thread replaces random blocks, most of them allocated by
 * threads now gone, then starts its successor with the same slots and ends.
 */
#include "bench.h"

static size_t min_size = 16, max_size = 1024, slots = 1000, ops = 10000;
static size_t generations = 200, chains = 2;
static unsigned touch = BENCH_TOUCH_ENDS;

struct chain {
	void **slot;
	struct bench_rng rng;
	size_t left;
};

static pthread_mutex_t done_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t done_changed = PTHREAD_COND_INITIALIZER;
static size_t done;
static pthread_attr_t detached;

static void replace(struct bench_rng *rng, void **slot, size_t k)
{
	size_t size = bench_between(rng, min_size, max_size);

	free(slot[k]);
	slot[k] = bench_malloc(size);
	bench_touch(slot[k], size, touch);
}

static void *work(void *arg)
{
	struct chain *c = arg;

	for (size_t i = 0; i < ops; i++)
		replace(&c->rng, c->slot, bench_below(&c->rng, slots));
	if (--c->left) {
		pthread_t next;
		bench_thread(&next, &detached, work, c);
		return NULL;
	}
	pthread_mutex_lock(&done_lock);
	done++;
	pthread_cond_signal(&done_changed);
	pthread_mutex_unlock(&done_lock);
	return NULL;
}

int main(int argc, char **argv)
{
	const struct bench_arg args[] = {
		BENCH_NUMBER("min", &min_size, "smallest size"),
		BENCH_NUMBER("max", &max_size, "largest size"),
		BENCH_NUMBER("slots", &slots, "live blocks of a chain"),
		BENCH_NUMBER("ops", &ops, "replacements by one thread"),
		BENCH_NUMBER("generations", &generations, "threads in a row"),
		BENCH_NUMBER("threads", &chains, "threads at a time"),
		BENCH_CHOICE("touch", &touch, BENCH_TOUCH_WORDS),
	};

	bench_parse(argc, argv, args, BENCH_COUNT(args));
	struct chain *c = bench_array(chains, sizeof(*c));
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	for (size_t i = 0; i < chains; i++) {
		c[i] = (struct chain){
			.slot = bench_array(slots, sizeof(void *)),
			.rng = { i + 1 },
			.left = generations,
		};
		for (size_t k = 0; k < slots; k++)
			replace(&c[i].rng, c[i].slot, k);
	}
	double start = bench_now();
	for (size_t i = 0; i < chains; i++) {
		pthread_t first;
		bench_thread(&first, &detached, work, &c[i]);
	}
	pthread_mutex_lock(&done_lock);
	while (done < chains)
		pthread_cond_wait(&done_changed, &done_lock);
	pthread_mutex_unlock(&done_lock);
	bench_report("successor", chains * generations * ops,
		     bench_now() - start, NULL);
	return 0;
}
