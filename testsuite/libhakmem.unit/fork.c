/* SPDX-License-Identifier: MIT */
/*
 * The child of a fork: mended once, at its first slow path, and only where
 * there was another thread; heaps of threads that vanished are used again, the
 * survivor's never.  What they held is neither lost nor handed out again.
 */
#include "t.h"

#include "alloc.h"
#include "fork.h"
#include "init.h"
#include "pool.h"
#include "stats.h"
#include "thread.h"

#include <pthread.h>
#include <sys/syscall.h>

enum { OTHERS = 3 };

/* What a thread holds: blocks of every tier, the small ones several times. */
static const size_t held_sizes[] = { 16,    100,   100,	   1000,   5000,
				     30000, 50000, 500000, 3000000 };
enum { HELD = sizeof(held_sizes) / sizeof(*held_sizes) };

static char *block[OTHERS][HELD];

static struct hak_heap *other[OTHERS], *own;
static pthread_barrier_t there, end;

static struct hak_heap *take_heap(void)
{
	hak_tls.boot = HAK_INITIAL_BOOT;
	hak_free_fast(hak_malloc_with(2000, hak_malloc_slow));
	return hak_heap_self();
}

static void *get(size_t size)
{
	void *p = hak_malloc_with(size, hak_malloc_slow);

	CHECK(p);
	return p;
}

static void *stay(void *arg)
{
	struct hak_heap **heap = arg;
	char **mine = block[heap - other];

	*heap = take_heap();
	for (unsigned i = 0; i < HELD; i++) {
		mine[i] = get(held_sizes[i]);
		t_fill(mine[i], held_sizes[i], i);
	}
	pthread_barrier_wait(&there);
	pthread_barrier_wait(&end);
	return arg;
}

static void slow_path(void)
{
	hak_pool_enter();
	hak_pool_leave();
}

static void alone(void)
{
	CHECK(!hak_fork_armed());
	slow_path();
	CHECK(hak_stats.forks_repaired == 0);
}

static void *take_in_child(void *arg)
{
	struct hak_heap *h = take_heap();

	CHECK(h != own);
	*(struct hak_heap **)arg = h;
	return arg;
}

/* A thread of the child is the first to come by. */
static void child(void)
{
	struct hak_heap *h[OTHERS];
	pthread_t t;
	bool vanished;

	CHECK(hak_fork_armed() && hak_stats.forks_repaired == 0);
	for (int i = 0; i < OTHERS; i++) {
		CHECK(pthread_create(&t, NULL, take_in_child, &h[i]) == 0);
		CHECK(pthread_join(t, NULL) == 0);
		vanished = false;
		for (int k = 0; k < OTHERS; k++)
			vanished |= h[i] == other[k];
		CHECK(vanished);
	}
	CHECK(hak_heap_self() == own && take_heap() == own);
	CHECK(hak_stats.forks_repaired == 1);
	CHECK(hak_pool_check() && hak_heap_check(own));
}

static void check_held(void)
{
	for (unsigned k = 0; k < OTHERS; k++)
		for (unsigned i = 0; i < HELD; i++)
			CHECK(t_filled(block[k][i], held_sizes[i], i));
}

/* What the vanished threads held is there, is not handed out again, and can be
 * freed; then its memory is. */
static void keep_held(void)
{
	uint64_t repaired = hak_stats.forks_repaired;
	static char *p[300];

	alarm(20);
	check_held();
	for (unsigned i = 0; i < 300; i++) {
		size_t size = held_sizes[i % HELD];

		p[i] = get(size);
		memset(p[i], 0xee, size);
	}
	check_held();
	for (unsigned k = 0; k < OTHERS; k++)
		for (unsigned i = 0; i < HELD; i++)
			hak_free_fast(block[k][i]);
	for (unsigned i = 0; i < 300; i++)
		hak_free_fast(p[i]);
	hak_thread_flush();
	hak_purge();
	CHECK(hak_stats.forks_repaired == repaired + 1);
	CHECK(hak_stats.huge_live_bytes == 0);
	CHECK(hak_stats.large_live_bytes == 0);
	CHECK(hak_pool_check() && hak_heap_check(own));
}

/* A child of the child, which has one thread. */
static void grandchild(void)
{
	slow_path();
	CHECK(t_child(keep_held) == 0);
	check_held();
}

/* One that no library function made: nothing of ours was called. */
static void check_clone(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	int status;

	CHECK(pid >= 0);
	if (pid == 0) {
		keep_held();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void held(void)
{
	/* the holder was another thread: nobody here waits for it */
	alarm(10);
	CHECK(hak_pool_lock.word != 0);
	slow_path();
	CHECK(hak_stats.forks_repaired == 1 && hak_pool_lock.word == 0);
	CHECK(!(hak_stats.seq & 1) && hak_pool_check());
	CHECK(take_heap() == own && hak_heap_check(own));
	CHECK(hak_malloc_with(100000, hak_malloc_slow));
}

static void *hold(void *arg)
{
	hak_pool_enter();
	hak_stats_begin();
	pthread_barrier_wait(&there);
	pthread_barrier_wait(&end);
	hak_stats_end();
	hak_pool_leave();
	return arg;
}

int main(void)
{
	pthread_t t[OTHERS], holder;

	CHECK(hak_mode_now() == HAK_MODE_OURS);
	own = take_heap();
	CHECK(t_child(alone) == 0);
	CHECK(pthread_barrier_init(&there, NULL, OTHERS + 1) == 0);
	CHECK(pthread_barrier_init(&end, NULL, OTHERS + 1) == 0);
	for (int i = 0; i < OTHERS; i++)
		CHECK(pthread_create(&t[i], NULL, stay, &other[i]) == 0);
	pthread_barrier_wait(&there);
	for (int i = 0; i < 3; i++)
		CHECK(t_child(child) == 0);
	CHECK(t_child(keep_held) == 0);
	CHECK(t_child(grandchild) == 0);
	check_clone();
	check_held();
	CHECK(hak_stats.forks_repaired == 0);
	pthread_barrier_wait(&end);
	for (int i = 0; i < OTHERS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);

	CHECK(pthread_barrier_init(&there, NULL, 2) == 0);
	CHECK(pthread_barrier_init(&end, NULL, 2) == 0);
	CHECK(pthread_create(&holder, NULL, hold, NULL) == 0);
	pthread_barrier_wait(&there);
	CHECK(t_child(held) == 0);
	pthread_barrier_wait(&end);
	CHECK(pthread_join(holder, NULL) == 0);
	return 0;
}
