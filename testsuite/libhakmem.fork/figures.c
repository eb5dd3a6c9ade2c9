/* SPDX-License-Identifier: MIT */
/*
 * The functions of <hakmem/hakmem.h> in a child, whatever the parent's other
 * threads were doing in them at the moment of the fork.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <fcntl.h>
#include <hakmem/hakmem.h>
#include <hakmem/stats.h>
#include <pthread.h>

enum { THREADS = 4, FORKS = 150, KEPT = 3000000 };

static int stop; /* atomic */
static int null_fd;

static int count(const struct hakmem_walk_entry *e, void *arg)
{
	(void)e;
	++*(long *)arg;
	return 0;
}

static void call_all(void)
{
	struct hakmem_stats s;
	char text[50];
	long entries = 0;

	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	CHECK(hakmem_stats_print(null_fd, "text") == 0);
	CHECK(hakmem_stats_print(null_fd, "json") == 0);
	CHECK(hakmem_heap_walk(count, &entries) == 0);
	CHECK(entries > 0);
	CHECK(hakmem_option_get("PURGE_DELAY", text, sizeof(text)) > 0);
	CHECK(hakmem_option_set("PURGE_DELAY", text) == 0);
	hakmem_thread_flush();
	hakmem_purge();
	CHECK(!hakmem_is_ours(text));
	malloc_trim(0);
}

static void *calls(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		free(malloc(5000));
		call_all();
	}
	return arg;
}

static void child(void)
{
	struct hakmem_stats s;
	void *p;

	alarm(40);
	/* figures, not zeros */
	for (int i = 0; i < 3; i++) {
		CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
		CHECK(s.mallocs > 0 && s.live_bytes >= KEPT);
	}
	call_all();
	p = malloc(100000);
	CHECK(p && hakmem_is_ours(p));
	free(p);
	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	CHECK(s.mallocs > 0 && s.live_bytes >= KEPT);
}

int main(void)
{
	pthread_t t[THREADS];

	alarm(50);
	CHECK(malloc(KEPT) != NULL);
	null_fd = open("/dev/null", O_WRONLY);
	CHECK(null_fd >= 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, calls, NULL) == 0);
	for (int i = 0; i < FORKS; i++) {
		int status = t_child(child);

		if (status)
			FAIL("child %d: status %#x", i, (unsigned)status);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	return 0;
}
