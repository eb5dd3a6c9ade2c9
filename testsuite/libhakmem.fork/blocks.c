/* SPDX-License-Identifier: MIT */
/*
 * A child has all blocks of its parent: those of the main thread, of threads
 * that no longer exist in it, of threads that had ended before, and those
 * that were freed remotely.  It may free and resize every one, its figures
 * are right, and the parent does not notice.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>
#include <pthread.h>

enum { THREADS = 4, BLOCKS = 600, FORKS = 10 };

static struct block {
	unsigned char *p;
	size_t size;
	unsigned seed;
} table[THREADS + 2][BLOCKS];

static pthread_barrier_t filled, done;

static struct hakmem_stats get(void)
{
	struct hakmem_stats s;

	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	return s;
}

static size_t pick(uint64_t *seed)
{
	size_t kind = t_below(seed, 100);

	if (kind < 70)
		return 1 + t_below(seed, 1024);
	if (kind < 95)
		return 1 + t_below(seed, 32 << 10);
	if (kind < 99)
		return 1 + t_below(seed, 200 << 10);
	return 1 + t_below(seed, 3 << 20);
}

static void make(struct block *b, uint64_t *seed)
{
	b->size = pick(seed);
	b->p = malloc(b->size);
	CHECK(b->p);
	b->seed = (unsigned)t_random(seed);
	t_fill(b->p, b->size < 500 ? b->size : 500, b->seed);
}

static void check(const struct block *b)
{
	CHECK(t_filled(b->p, b->size < 500 ? b->size : 500, b->seed));
}

static void fill(unsigned row)
{
	uint64_t seed = row + 1;

	for (int i = 0; i < BLOCKS; i++)
		make(&table[row][i], &seed);
}

static void *ended(void *arg)
{
	fill(THREADS + 1);
	return arg;
}

static void *waits(void *arg)
{
	unsigned row = (unsigned)(uintptr_t)arg;
	uint64_t seed = row + 100;

	fill(row);
	pthread_barrier_wait(&filled);
	/* some of each go to the thread before */
	for (int i = 0; i < BLOCKS; i += 5) {
		struct block *b = &table[(row + 1) % THREADS][i];

		check(b);
		free(b->p);
		make(b, &seed);
	}
	pthread_barrier_wait(&filled);
	pthread_barrier_wait(&done);
	return NULL;
}

static void drop_row(struct block *row, int step)
{
	for (int i = 0; i < BLOCKS; i += step) {
		check(&row[i]);
		free(row[i].p);
		row[i].p = NULL;
	}
}

/* Frees, in another thread, what threads of the parent left. */
static void *drop_in_thread(void *arg)
{
	drop_row(table[(uintptr_t)arg], 1);
	return NULL;
}

static void child(int number, const struct hakmem_stats *before)
{
	uint64_t seed = (uint64_t)number + 7;
	struct hakmem_stats s;
	uint64_t sum = 0;
	pthread_t t;

	alarm(40);
	/* all that the parent had */
	s = get();
	if (s.live_bytes != before->live_bytes)
		FAIL("%lld bytes more than the parent",
		     (long long)(s.live_bytes - before->live_bytes));
	for (int r = 0; r < THREADS + 2; r++)
		for (int i = 0; i < BLOCKS; i++) {
			struct block *b = &table[r][i];

			check(b);
			if (hakmem_is_ours(b->p))
				sum += malloc_usable_size(b->p);
			if (i % 7 != number % 7)
				continue;
			/* another size, perhaps another place */
			b->p = realloc(b->p, b->size + 3000);
			CHECK(b->p);
			check(b);
		}
	CHECK(pthread_create(&t, NULL, drop_in_thread, (void *)1) == 0);
	for (int r = 0; r < THREADS + 2; r++)
		if (r != 1)
			drop_row(table[r], 1);
	CHECK(pthread_join(t, NULL) == 0);
	for (int i = 0; i < BLOCKS; i++)
		make(&table[0][i], &seed);
	drop_row(table[0], 1);
	hakmem_purge();
	s = get();
	CHECK(s.shared_fail == 0);
	CHECK(s.forks_repaired == before->forks_repaired + 1);
	/* but for some bytes of the C library's for the thread's stack */
	if (s.live_bytes + sum > before->live_bytes + 1024 ||
	    s.live_bytes + sum < before->live_bytes)
		FAIL("%lld bytes are left",
		     (long long)(s.live_bytes + sum - before->live_bytes));
}

int main(void)
{
	struct hakmem_stats before, after;
	pthread_t t[THREADS], gone;

	alarm(50);
	CHECK(pthread_barrier_init(&filled, NULL, THREADS + 1) == 0);
	CHECK(pthread_barrier_init(&done, NULL, THREADS + 1) == 0);
	fill(THREADS);
	CHECK(pthread_create(&gone, NULL, ended, NULL) == 0);
	CHECK(pthread_join(gone, NULL) == 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, waits, (void *)i) == 0);
	pthread_barrier_wait(&filled);
	pthread_barrier_wait(&filled);
	before = get();
	for (int i = 0; i < FORKS; i++) {
		int status;
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid == 0) {
			child(i, &before);
			_exit(0);
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		if (status)
			FAIL("child %d: status %#x", i, (unsigned)status);
	}
	after = get();
	CHECK(after.live_bytes == before.live_bytes);
	CHECK(after.forks_repaired == 0);
	pthread_barrier_wait(&done);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	for (int r = 0; r < THREADS + 2; r++)
		drop_row(table[r], 1);
	return 0;
}
