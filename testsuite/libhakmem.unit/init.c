/* SPDX-License-Identifier: MIT */
/*
 * Start-up: once, however many threads are first; then the mode stays.
 */
#include "t.h"

#include "init.h"
#include "options.h"
#include "stats.h"

#include <pthread.h>

enum { THREADS = 8 };

static pthread_barrier_t start;

static void *first(void *arg)
{
	enum hak_mode *mode = arg;

	pthread_barrier_wait(&start);
	*mode = hak_init();
	return arg;
}

int main(void)
{
	enum hak_mode mode[THREADS];
	pthread_t t[THREADS];
	uint64_t began;
	const char *text;

	CHECK(pthread_barrier_init(&start, NULL, THREADS) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, first, &mode[i]) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(mode[i] == HAK_MODE_OURS);
	CHECK(hak_mode == HAK_MODE_OURS);
	CHECK(!hak_init_secure());
	CHECK(hak_stats.magic == HAKMEM_STATS_MAGIC);
	began = hak_stats.start_time;
	CHECK(began / 1000000000 >= 1700000000);
	CHECK(hak_mode_now() == HAK_MODE_OURS && hak_init() == HAK_MODE_OURS);
	CHECK(hak_stats.start_time == began);
	/* what a reader outside sees of the options */
	text = (const char *)(uintptr_t)hak_stats.options;
	CHECK(strncmp(text, "ENABLE=1\n", 9) == 0);
	CHECK(strstr(text, "\nCACHE_MAX=") && text[strlen(text) - 1] == '\n');
	CHECK(hak_stats.superslabs && hak_stats.heaps && hak_stats.class_info);
	return 0;
}
