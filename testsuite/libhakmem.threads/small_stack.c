/* SPDX-License-Identifier: MIT */
/*
 * Threads with the smallest stack that there may be, and handlers on the
 * smallest alternate stack, allocate and free in every tier.  How deep the
 * library goes is measured: every path of malloc and free together stays
 * within BOUND bytes below the caller's frame.
 *
 * Bound at start, since the dynamic linker goes deep when it looks up a name.
 * { dg-hakmem-options "-Wl,-z,now" }
 */
#include "t.h"

#include <pthread.h>
#include <sys/mman.h>

enum { PAINT = 0x6b, BOUND = 2048, AREA = 8192 };

static void *box[4][600];

static void all_tiers(void)
{
	static const size_t sizes[] = { 16, 500, 3000, 30000, 100000, 3000000 };
	char *p;

	for (unsigned i = 0; i < 6; i++) {
		p = malloc(sizes[i]);
		CHECK(p);
		p[0] = 1;
		p = realloc(p, sizes[i] * 2);
		CHECK(p && p[0] == 1);
		free(p);
		p = calloc(2, sizes[i]);
		CHECK(p && p[0] == 0);
		free(p);
		p = memalign(4096, sizes[i]);
		CHECK(p);
		free(p);
	}
}

static void fill(unsigned n)
{
	for (int i = 0; i < 600; i++)
		box[n][i] = malloc(i % 8 ? 40 + (size_t)i : 9000);
}

static void empty(unsigned n)
{
	for (int i = 0; i < 600; i++)
		free(box[n][i]);
}

/* Refill, flush, remote frees, drain, purge, adoption. */
static void slow_paths(void)
{
	all_tiers();
	empty(1);
	fill(0);
	empty(0);
	fill(2);
	malloc_trim(0);
	for (int i = 0; i < 5000; i++)
		free(malloc(100));
	empty(2);
	malloc_trim(0);
}

/* ---- depth ---------------------------------------------------------------- */

/* Bytes below this frame that fn wrote to. */
__attribute__((noinline)) static size_t depth(void (*fn)(void))
{
	volatile unsigned char *frame = __builtin_frame_address(0);
	volatile unsigned char *p = frame - AREA;

	/* from below, so that only what is unused is painted: this function's
	 * own frame is small */
	while (p < frame - 256)
		*p++ = PAINT;
	fn();
	p = frame - AREA;
	while (p < frame && *p == PAINT)
		p++;
	return (size_t)(frame - p);
}

static void nothing(void)
{
}

static void *measure(void *arg)
{
	size_t none = depth(nothing);
	size_t deep = depth(slow_paths);

	dprintf(STDOUT_FILENO, "%zu bytes of stack\n", deep);
	CHECK(none < 512);
	CHECK(deep < BOUND);
	return arg;
}

/* ---- small stacks ---------------------------------------------------------- */

static void *small(void *arg)
{
	slow_paths();
	return arg;
}

/* The least that the system promises is enough for a frame of the kernel and
 * a little more. */
static void on_signal(int sig)
{
	(void)sig;
	fill(3);
	empty(3);
	all_tiers();
}

static void *handler(void *arg)
{
	long least = sysconf(_SC_MINSIGSTKSZ);
	size_t size = (size_t)(least > 0 ? least : MINSIGSTKSZ) + BOUND;
	char *low = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t alternate = { .ss_size = (size + 15) & ~(size_t)15 };
	struct sigaction sa = { .sa_handler = on_signal,
				.sa_flags = SA_ONSTACK };

	CHECK(low != MAP_FAILED);
	/* a step below the stack is a fault */
	CHECK(mprotect(low, 4096, PROT_NONE) == 0);
	alternate.ss_sp = low + 4096;
	CHECK(sigaltstack(&alternate, NULL) == 0);
	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	for (int i = 0; i < 20; i++)
		CHECK(raise(SIGUSR1) == 0);
	return arg;
}

static void run(void *(*fn)(void *), int least)
{
	pthread_attr_t attr;
	pthread_t t;

	CHECK(pthread_attr_init(&attr) == 0);
	if (least)
		CHECK(pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN) == 0);
	CHECK(pthread_create(&t, &attr, fn, NULL) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	pthread_attr_destroy(&attr);
}

int main(void)
{
	alarm(60);
	fill(1);
	run(measure, 0);
	fill(1);
	for (int i = 0; i < 50; i++) {
		run(small, 1);
		fill(1);
	}
	run(handler, 0);
	return 0;
}
