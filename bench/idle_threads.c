/* SPDX-License-Identifier: MIT */
/*
 * What an idle thread costs: many threads do one malloc and one free, or keep
 * the block, then sleep.  Gives resident KiB per thread, the touched pages of
 * its stack and descriptor included; ops=0 shows these alone.
 */
#include "bench.h"

static size_t count = 4000, size = 64, ops = 1, keep;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static size_t ready;
static bool leave;

static void *work(void *arg)
{
	void *last = NULL;

	(void)arg;
	for (size_t i = 0; i < ops; i++) {
		void *p = bench_malloc(size);
		bench_touch(p, size, BENCH_TOUCH_ENDS);
		if (keep && i == ops - 1)
			last = p;
		else
			free(p);
	}
	pthread_mutex_lock(&lock);
	if (++ready == count)
		pthread_cond_broadcast(&changed);
	while (!leave)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	free(last);
	return NULL;
}

int main(int argc, char **argv)
{
	const struct bench_arg args[] = {
		BENCH_NUMBER("count", &count, "threads"),
		BENCH_NUMBER("size", &size, "size of the blocks"),
		BENCH_NUMBER("ops", &ops, "operations of each thread"),
		BENCH_NUMBER("keep", &keep, "1: the last block stays"),
	};

	bench_parse(argc, argv, args, BENCH_COUNT(args));
	pthread_t *id = bench_array(count, sizeof(*id));
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 128 << 10);
	size_t base = bench_rss_kib();
	double start = bench_now();
	for (size_t i = 0; i < count; i++)
		bench_thread(&id[i], &attr, work, NULL);
	pthread_mutex_lock(&lock);
	while (ready < count)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	double seconds = bench_now() - start;
	size_t rss = bench_rss_kib() - base;
	pthread_mutex_lock(&lock);
	leave = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	for (size_t i = 0; i < count; i++)
		pthread_join(id[i], NULL);
	bench_report("idle_threads", count, seconds, " kib_per_thread=%.2f",
		     (double)rss / (double)count);
	return 0;
}
