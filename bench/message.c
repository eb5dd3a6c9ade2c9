/* SPDX-License-Identifier: MIT */
/*
 * Messages between threads with a random delay (the load of xmalloc-test):
 * allocating threads fill batches, freeing threads take them from a shared
 * queue, hold them for a while and free whole batches in random order.
 */
#include "bench.h"

#define BATCH 128

static size_t min_size = 16, max_size = 1024, pairs = 1, ops = 4000000;
static size_t queue_max = 64, held_max = 32;
static unsigned touch = BENCH_TOUCH_ENDS;

/* The batches are the load's own objects: they are allocated as well. */
struct batch {
	struct batch *next;
	void *object[BATCH];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER;
static struct batch *queue;
static size_t queue_len;
static size_t producers;

static void put(struct batch *b)
{
	pthread_mutex_lock(&lock);
	while (queue_len == queue_max)
		pthread_cond_wait(&not_full, &lock);
	b->next = queue;
	queue = b;
	queue_len++;
	pthread_cond_signal(&not_empty);
	pthread_mutex_unlock(&lock);
}

/* NULL when nothing comes any more */
static struct batch *take(void)
{
	pthread_mutex_lock(&lock);
	while (queue_len == 0 && producers > 0)
		pthread_cond_wait(&not_empty, &lock);
	struct batch *b = queue;
	if (b) {
		queue = b->next;
		queue_len--;
		pthread_cond_signal(&not_full);
	}
	pthread_mutex_unlock(&lock);
	return b;
}

static void allocate_all(struct bench_rng *rng)
{
	for (size_t i = 0; i < ops / BATCH; i++) {
		struct batch *b = bench_malloc(sizeof(*b));
		for (size_t k = 0; k < BATCH; k++) {
			size_t size = bench_between(rng, min_size, max_size);
			b->object[k] = bench_malloc(size);
			bench_touch(b->object[k], size, touch);
		}
		put(b);
	}
	pthread_mutex_lock(&lock);
	producers--;
	pthread_cond_broadcast(&not_empty);
	pthread_mutex_unlock(&lock);
}

static void free_batch(struct batch *b)
{
	if (!b)
		return;
	for (size_t k = 0; k < BATCH; k++)
		free(b->object[k]);
	free(b);
}

static void free_all(struct bench_rng *rng)
{
	struct batch **held = bench_array(held_max, sizeof(*held));
	struct batch *b;

	while ((b = take())) {
		size_t k = bench_below(rng, held_max);
		free_batch(held[k]);
		held[k] = b;
	}
	for (size_t k = 0; k < held_max; k++)
		free_batch(held[k]);
}

struct worker {
	struct bench_rng rng;
	bool produces;
};

static void *work(void *arg)
{
	struct worker *w = arg;

	if (w->produces)
		allocate_all(&w->rng);
	else
		free_all(&w->rng);
	return NULL;
}

int main(int argc, char **argv)
{
	const struct bench_arg args[] = {
		BENCH_NUMBER("min", &min_size, "smallest size"),
		BENCH_NUMBER("max", &max_size, "largest size"),
		BENCH_NUMBER("pairs", &pairs, "pairs of threads"),
		BENCH_NUMBER("ops", &ops, "objects of each pair"),
		BENCH_NUMBER("queue", &queue_max, "batches in the queue"),
		BENCH_NUMBER("held", &held_max, "batches a thread delays"),
		BENCH_CHOICE("touch", &touch, BENCH_TOUCH_WORDS),
	};

	bench_parse(argc, argv, args, BENCH_COUNT(args));
	struct worker *w = bench_array(2 * pairs, sizeof(*w));
	for (size_t i = 0; i < 2 * pairs; i++) {
		w[i].rng.state = i + 1;
		w[i].produces = i % 2 == 0;
	}
	producers = pairs;
	double seconds = bench_threads(2 * pairs, work, w, sizeof(*w));
	bench_report("message", ops / BATCH * BATCH * pairs, seconds, NULL);
	return 0;
}
