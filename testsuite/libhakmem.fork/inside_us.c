/* SPDX-License-Identifier: MIT */
/*
 * A fork while another thread walks the heap or prints its report: the child
 * allocates, walks and prints, and waits for nobody.
 *
 * { dg-hakmem-modes "linked" }
 * { dg-hakmem-options "-pthread" }
 */
#include "t.h"

#include <fcntl.h>
#include <hakmem/hakmem.h>
#include <pthread.h>

static int inside[2], full[2];

static int nothing(const struct hakmem_walk_entry *e, void *arg)
{
	(void)e;
	(void)arg;
	return 0;
}

static int slow(const struct hakmem_walk_entry *e, void *arg)
{
	if (e->kind == HAKMEM_WALK_CLASS)
		return 0;
	CHECK(write(inside[1], "w", 1) == 1);
	sleep(1);
	(void)arg;
	return 1;
}

static void *walk(void *arg)
{
	hakmem_heap_walk(slow, NULL);
	return arg;
}

static void *print(void *arg)
{
	hakmem_stats_print(full[1], "text");
	return arg;
}

static void child(void)
{
	int fd = open("/dev/null", O_WRONLY);

	alarm(5);
	CHECK(malloc(100) && malloc(50000) && malloc(5000000));
	CHECK(hakmem_stats_print(fd, "json") == 0);
	CHECK(hakmem_heap_walk(nothing, NULL) == 0);
}

static void check_fork(const char *when)
{
	int status = t_child(child);

	if (status != 0)
		FAIL("while another thread %s: status 0x%x", when,
		     (unsigned)status);
}

int main(void)
{
	static char block[1 << 16];
	pthread_t t;
	char c;

	CHECK(malloc(50000));
	CHECK(pipe(inside) == 0 && pipe(full) == 0);
	CHECK(pthread_create(&t, NULL, walk, NULL) == 0);
	CHECK(read(inside[0], &c, 1) == 1);
	check_fork("walks");
	CHECK(pthread_join(t, NULL) == 0);
	/* a report that cannot be written out yet */
	CHECK(fcntl(full[1], F_SETFL, O_NONBLOCK) == 0);
	while (write(full[1], block, sizeof(block)) > 0)
		;
	CHECK(fcntl(full[1], F_SETFL, 0) == 0);
	CHECK(pthread_create(&t, NULL, print, NULL) == 0);
	usleep(200000);
	check_fork("prints");
	return 0;
}
