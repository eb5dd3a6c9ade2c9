/* SPDX-License-Identifier: MIT */
/*
 * Threads with the smallest stack that there may be, and handlers on the
 * smallest alternate stack, allocate and free in every tier.  How deep the
 * library goes below its caller is measured at each call: 1 KiB at most, and
 * 1.25 KiB on i386, where the compiler has optimised it.
 *
 * Bound at start, since the dynamic linker goes deep when it looks up a name.
 * { dg-hakmem-options "-Wl,-z,now" }
 */
#include "t.h"

#include <pthread.h>
#include <sys/mman.h>

#if defined(__OPTIMIZE__) && defined(__i386__)
enum { BOUND = 1280 }; /* arguments and 64-bit figures lie in memory */
#elif defined(__OPTIMIZE__)
enum { BOUND = 1024 };
#else
enum { BOUND = 2048 };
#endif
enum { PAINT = 0x6b, AREA = 8192, RED_ZONE = 128 };

static void *box[4][600];

/* ---- depth ---------------------------------------------------------------- */

static __thread int measured;
static size_t deepest[5]; /* bytes below the caller */
static const char *const names[] = { "nothing", "malloc", "free", "realloc",
				     "memalign" };

static inline unsigned char *stack_pointer(void)
{
	unsigned char *sp;

#if defined(__x86_64__)
	__asm__ volatile("mov %%rsp, %0" : "=r"(sp));
#elif defined(__i386__)
	__asm__ volatile("mov %%esp, %0" : "=r"(sp));
#elif defined(__aarch64__)
	__asm__ volatile("mov %0, sp" : "=r"(sp));
#else
	/* the caller's frame counts as well */
	sp = __builtin_frame_address(0);
	sp -= RED_ZONE;
#endif
	return sp;
}

/* Call number what, with what is below the stack painted before. */
__attribute__((noinline)) static void *call(int what, void *p, size_t size)
{
	volatile unsigned char *sp = stack_pointer(), *low = sp - AREA;

	if (measured)
		for (; low < sp - RED_ZONE; low++)
			*low = PAINT;
	switch (what) {
	case 1:
		p = malloc(size);
		break;
	case 2:
		free(p);
		break;
	case 3:
		p = realloc(p, size);
		break;
	case 4:
		p = memalign(4096, size);
		break;
	}
	if (measured) {
		for (low = sp - AREA; low < sp && *low == PAINT;)
			low++;
		if ((size_t)(sp - low) > deepest[what])
			deepest[what] = (size_t)(sp - low);
	}
	return p;
}

static void all_tiers(void)
{
	static const size_t sizes[] = { 16, 500, 3000, 30000, 100000, 3000000 };
	char *p;

	for (unsigned i = 0; i < 6; i++) {
		p = call(1, NULL, sizes[i]);
		CHECK(p);
		p[0] = 1;
		p = call(3, p, sizes[i] * 2);
		CHECK(p && p[0] == 1);
		call(2, p, 0);
		p = calloc(2, sizes[i]);
		CHECK(p && p[0] == 0);
		call(2, p, 0);
		p = call(4, NULL, sizes[i]);
		CHECK(p);
		call(2, p, 0);
	}
}

static void fill(unsigned n)
{
	for (int i = 0; i < 600; i++)
		box[n][i] = call(1, NULL, i % 8 ? 40 + (size_t)i : 9000);
}

static void empty(unsigned n)
{
	for (int i = 0; i < 600; i++)
		call(2, box[n][i], 0);
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
		call(2, call(1, NULL, 100), 0);
	empty(2);
	malloc_trim(0);
}

static void *measure(void *arg)
{
	measured = 1;
	call(0, NULL, 0);
	slow_paths();
	for (int i = 1; i < 5; i++) {
		dprintf(STDOUT_FILENO, "%s: %zu bytes of stack\n", names[i],
			deepest[i]);
		CHECK(deepest[i] > 0 && deepest[i] <= BOUND);
	}
	CHECK(deepest[0] <= RED_ZONE);
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
