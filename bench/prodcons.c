/* SPDX-License-Identifier: MIT */
/*
 * Producers and consumers in pairs: one thread allocates, hands the blocks
 * over a bounded ring, the other frees them.
 */
#include "bench.h"

static size_t min_size = 16, max_size = 1024, pairs = 1, ring = 1024;
static size_t ops = 5000000;
static unsigned touch = BENCH_TOUCH_ENDS;

struct queue {
	BENCH_APART _Atomic size_t head; /* written by the producer */
	BENCH_APART _Atomic size_t tail; /* written by the consumer */
	BENCH_APART void **slot;
	struct bench_rng rng;
};

struct worker {
	struct queue *queue;
	bool produces;
};

static void produce(struct queue *q)
{
	size_t tail = 0;

	for (size_t head = 0; head < ops; head++) {
		size_t size = bench_between(&q->rng, min_size, max_size);
		void *p = bench_malloc(size);
		bench_touch(p, size, touch);
		unsigned spins = 0;
		while (head - tail == ring) {
			tail = atomic_load_explicit(&q->tail,
						    memory_order_acquire);
			if (head - tail == ring)
				bench_wait(&spins);
		}
		q->slot[head % ring] = p;
		atomic_store_explicit(&q->head, head + 1, memory_order_release);
	}
}

static void consume(struct queue *q)
{
	size_t head = 0;

	for (size_t tail = 0; tail < ops; tail++) {
		unsigned spins = 0;
		while (head == tail) {
			head = atomic_load_explicit(&q->head,
						    memory_order_acquire);
			if (head == tail)
				bench_wait(&spins);
		}
		void *p = q->slot[tail % ring];
		atomic_store_explicit(&q->tail, tail + 1, memory_order_release);
		free(p);
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;

	if (w->produces)
		produce(w->queue);
	else
		consume(w->queue);
	return NULL;
}

int main(int argc, char **argv)
{
	const struct bench_arg args[] = {
		BENCH_NUMBER("min", &min_size, "smallest size"),
		BENCH_NUMBER("max", &max_size, "largest size"),
		BENCH_NUMBER("pairs", &pairs, "pairs of threads"),
		BENCH_NUMBER("ring", &ring, "blocks in flight, at most"),
		BENCH_NUMBER("ops", &ops, "blocks of each pair"),
		BENCH_CHOICE("touch", &touch, BENCH_TOUCH_WORDS),
	};

	bench_parse(argc, argv, args, BENCH_COUNT(args));
	struct queue *queues = bench_array(pairs, sizeof(*queues));
	struct worker *w = bench_array(2 * pairs, sizeof(*w));
	for (size_t i = 0; i < pairs; i++) {
		queues[i].slot = bench_array(ring, sizeof(void *));
		queues[i].rng.state = i + 1;
		w[2 * i] = (struct worker){ &queues[i], true };
		w[2 * i + 1] = (struct worker){ &queues[i], false };
	}
	double seconds = bench_threads(2 * pairs, work, w, sizeof(*w));
	bench_report("prodcons", ops * pairs, seconds, NULL);
	return 0;
}
