/* SPDX-License-Identifier: MIT */
/*
 * The lock: one holder at a time, who knows that it holds; no wake-up is lost;
 * waits are counted; a fork's child can reset it; ranks in debug builds.
 */
#include "unit.h"

#include "lock.h"

#include <pthread.h>

#define THREADS 4
#define ROUNDS 30000

static struct hak_lock lock = HAK_LOCK_INIT(HAK_RANK_POOL);
static struct hak_lock other = HAK_LOCK_INIT(HAK_RANK_POOL);
static uint64_t counter; /* lock */
static int inside; /* lock */
static int arrived; /* atomic */

static void *count(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		CHECK(!hak_lock_mine(&lock));
		hak_lock_take(&lock);
		CHECK(hak_lock_mine(&lock));
		CHECK(!hak_lock_mine(&other));
		CHECK(inside++ == 0);
		counter++;
		inside--;
		hak_lock_drop(&lock);
	}
	return arg;
}

static void check_exclusion(void)
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, count, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(counter == (uint64_t)THREADS * ROUNDS);
	CHECK(lock.word == 0);
}

static void *wait_once(void *arg)
{
	CHECK(!hak_lock_mine(&lock));
	__atomic_fetch_add(&arrived, 1, __ATOMIC_SEQ_CST);
	hak_lock_take(&lock);
	CHECK(hak_lock_mine(&lock));
	counter++;
	hak_lock_drop(&lock);
	return arg;
}

/* All wait while the lock is held, most of them asleep; each gets it. */
static void check_wake(void)
{
	pthread_t t[THREADS];
	uint64_t before;

	for (int round = 0; round < 20; round++) {
		arrived = 0;
		counter = 0;
		before = lock.contended;
		hak_lock_take(&lock);
		for (int i = 0; i < THREADS; i++)
			CHECK(pthread_create(&t[i], NULL, wait_once, NULL) ==
			      0);
		while (__atomic_load_n(&arrived, __ATOMIC_SEQ_CST) < THREADS)
			usleep(100);
		usleep(2000);
		CHECK(counter == 0);
		hak_lock_drop(&lock);
		for (int i = 0; i < THREADS; i++)
			CHECK(pthread_join(t[i], NULL) == 0);
		CHECK(counter == THREADS);
		CHECK(lock.word == 0);
		/* the first may have come too early to be seen asleep */
		CHECK(lock.contended > before);
		CHECK(lock.contended <= before + THREADS);
	}
}

static void *hold(void *arg)
{
	hak_lock_take(&lock);
	__atomic_store_n(&arrived, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&arrived, __ATOMIC_SEQ_CST) != 2)
		usleep(100);
	CHECK(hak_lock_mine(&lock));
	hak_lock_drop(&lock);
	return arg;
}

static void child_of_holder(void)
{
	/* the thread is gone and its lock is not ours */
	CHECK(!hak_lock_mine(&lock));
	CHECK(lock.word != 0);
	hak_lock_reset(&lock);
	hak_lock_take(&lock);
	CHECK(hak_lock_mine(&lock));
	hak_lock_drop(&lock);
}

static void child_of_mine(void)
{
	CHECK(hak_lock_mine(&lock));
	hak_lock_drop(&lock);
	CHECK(!hak_lock_mine(&lock));
}

static void check_fork(void)
{
	pthread_t t;

	arrived = 0;
	CHECK(pthread_create(&t, NULL, hold, NULL) == 0);
	while (!__atomic_load_n(&arrived, __ATOMIC_SEQ_CST))
		usleep(100);
	LIVES(child_of_holder);
	__atomic_store_n(&arrived, 2, __ATOMIC_SEQ_CST);
	CHECK(pthread_join(t, NULL) == 0);
	/* a holder that forks is still known as one in its child */
	hak_lock_take(&lock);
	LIVES(child_of_mine);
	hak_lock_drop(&lock);
}

#if HAK_DEBUG >= 1
static void inversion(void)
{
	hak_lock_take(&lock);
	hak_lock_take(&other);
}

static void not_mine(void)
{
	hak_lock_drop(&lock);
}
#endif

int main(void)
{
	check_exclusion();
	check_wake();
	check_fork();
#if HAK_DEBUG >= 1
	DIES(inversion, "assertion hak_lock_held < l->rank");
	DIES(not_mine, "assertion hak_lock_mine(l)");
#endif
	return 0;
}
