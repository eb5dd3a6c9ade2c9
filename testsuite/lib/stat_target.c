/* SPDX-License-Identifier: MIT */
/*
 * stat_target.c - a program that is looked at by hakmem-stat
 *
 * Obeys orders, one a line on stdin, and answers each with one line:
 *
 *   pid                  its number
 *   alloc SIZE COUNT     allocate and keep; "USABLE-BYTES COUNT"
 *   try SIZE COUNT       allocate and keep; "REFUSED"
 *   free COUNT           free the newest ones; "USABLE-BYTES COUNT"
 *   threads N SIZE COUNT N threads that allocate and stay, named worker-i
 *   remote SIZE COUNT    blocks of one thread, freed by another that stays
 *   churn N              N threads that allocate and free without an end
 *   comego N             N threads at a time, each living for a moment only
 *   quit                 end, without an answer
 *   spin MS              work for about MS of CPU time; "MICROSECONDS" elapsed
 *
 * It reads with read(2) and writes with write(2): stdio's own buffers must
 * not change what it holds.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define KEPT_MAX 4000000

static void *kept[KEPT_MAX];
static size_t kept_n;
static size_t resting; /* threads that have allocated and rest */
static size_t size_of_threads, count_of_threads;

static void answer(const char *fmt, unsigned long long a, unsigned long long b)
{
	char line[100];
	int n = snprintf(line, sizeof(line), fmt, a, b);

	if (write(STDOUT_FILENO, line, (size_t)n) != n)
		_exit(1);
}

static void start_threads(size_t n, void *(*run)(void *))
{
	for (size_t i = 0; i < n; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, run, (void *)(i + 1)))
			_exit(1);
		pthread_detach(thread);
	}
}

static void wait_for(size_t n)
{
	while (__atomic_load_n(&resting, __ATOMIC_ACQUIRE) < n)
		usleep(1000);
}

static void alloc(size_t size, size_t count)
{
	unsigned long long bytes = 0;

	for (size_t i = 0; i < count && kept_n < KEPT_MAX; i++) {
		void *p = malloc(size);

		if (!p)
			_exit(1);
		memset(p, 1, size);
		bytes += malloc_usable_size(p);
		kept[kept_n++] = p;
	}
	answer("%llu %llu\n", bytes, count);
}

static void try_alloc(size_t size, size_t count)
{
	unsigned long long refused = 0;

	for (size_t i = 0; i < count && kept_n < KEPT_MAX; i++) {
		kept[kept_n] = malloc(size);
		if (kept[kept_n])
			kept_n++;
		else
			refused++;
	}
	answer("%llu\n", refused, 0);
}

static void release(size_t count)
{
	unsigned long long bytes = 0;

	for (size_t i = 0; i < count && kept_n; i++) {
		bytes += malloc_usable_size(kept[--kept_n]);
		free(kept[kept_n]);
	}
	answer("%llu %llu\n", bytes, count);
}

static void *holder(void *arg)
{
	char name[16];

	snprintf(name, sizeof(name), "worker-%zu", (size_t)arg);
	prctl(PR_SET_NAME, name);
	for (size_t i = 0; i < count_of_threads; i++)
		memset(malloc(size_of_threads), 1, size_of_threads);
	__atomic_add_fetch(&resting, 1, __ATOMIC_RELEASE);
	for (;;)
		pause();
	return NULL;
}

static void *remote_freer(void *arg)
{
	(void)arg;
	prctl(PR_SET_NAME, "freer");
	while (kept_n)
		free(kept[--kept_n]);
	/* own blocks as well, so that this thread has a heap in any case */
	for (int i = 0; i < 100; i++)
		free(malloc(100));
	__atomic_add_fetch(&resting, 1, __ATOMIC_RELEASE);
	for (;;)
		pause();
	return NULL;
}

static void *churner(void *arg)
{
	uint64_t x = (uint64_t)(uintptr_t)arg * UINT64_C(0x9e3779b97f4a7c15);
	void *slot[256] = { NULL };

	for (;;) {
		unsigned i;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		i = x & 255;
		free(slot[i]);
		slot[i] = malloc((x >> 8) % 2000);
	}
	return NULL;
}

static void *moment(void *arg)
{
	void *p[500];

	(void)arg;
	for (int i = 0; i < 500; i++)
		p[i] = malloc((size_t)(i % 50) * 16 + 1);
	for (int i = 0; i < 500; i++)
		free(p[i]);
	return NULL;
}

/* One of N: starts a thread, waits for its end, again. */
static void *starter(void *arg)
{
	(void)arg;
	for (;;) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, moment, NULL) == 0)
			pthread_join(thread, NULL);
		/* leave the processors to others for a moment */
		usleep(500);
	}
	return NULL;
}

static double seconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* A fixed amount of work, so that what slows it down shows in its time. */
static void spin(size_t ms)
{
	double begin = seconds(CLOCK_MONOTONIC);

	for (size_t i = 0; i < ms * 20000; i++) {
		void *p = malloc(16 + i % 512);

		*(volatile char *)p = 1;
		free(p);
	}
	answer("%llu\n",
	       (unsigned long long)((seconds(CLOCK_MONOTONIC) - begin) * 1e6),
	       0);
}

static void obey(const char *line)
{
	char word[32] = "";
	size_t a = 0, b = 0, c = 0;

	sscanf(line, "%31s %zu %zu %zu", word, &a, &b, &c);
	if (strcmp(word, "pid") == 0) {
		answer("%llu\n", (unsigned long long)getpid(), 0);
	} else if (strcmp(word, "alloc") == 0) {
		alloc(a, b);
	} else if (strcmp(word, "try") == 0) {
		try_alloc(a, b);
	} else if (strcmp(word, "free") == 0) {
		release(a);
	} else if (strcmp(word, "threads") == 0) {
		size_t want = resting + a;

		size_of_threads = b;
		count_of_threads = c;
		start_threads(a, holder);
		wait_for(want);
		answer("%llu\n", a, 0);
	} else if (strcmp(word, "remote") == 0) {
		size_t want = resting + 1;

		for (size_t i = 0; i < b; i++)
			kept[kept_n++] = malloc(a);
		start_threads(1, remote_freer);
		wait_for(want);
		answer("%llu\n", b, 0);
	} else if (strcmp(word, "churn") == 0) {
		start_threads(a, churner);
		answer("%llu\n", a, 0);
	} else if (strcmp(word, "comego") == 0) {
		start_threads(a, starter);
		answer("%llu\n", a, 0);
	} else if (strcmp(word, "spin") == 0) {
		spin(a);
	} else {
		_exit(strcmp(word, "quit") != 0);
	}
}

int main(void)
{
	char line[200];
	size_t n = 0;

	/* past the first blocks of a process, which need no heap */
	for (int i = 0; i < 1100; i++)
		free(malloc(1));
	while (n < sizeof(line) && read(STDIN_FILENO, line + n, 1) == 1) {
		if (line[n] != '\n') {
			n++;
			continue;
		}
		line[n] = 0;
		obey(line);
		n = 0;
	}
	return 0;
}
