/* SPDX-License-Identifier: MIT */
/*
 * A handler between any two instructions of a slow path: the processor steps
 * through the flush of a thread's caches and through Large and Huge blocks,
 * and at every 31st step, from each of the first 31 on in turn, the handler takes
 * a block or gives one back.  No block may then be in two hands.
 *
 * { dg-hakmem-modes "linked" }
 * { dg-hakmem-timeout "180" }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <ucontext.h>

enum { SIZE = 448, MANY = 40, APART = 31, TRAP_FLAG = 0x100 };

static char *held; /* the handler's */
static volatile sig_atomic_t stepping;
static volatile long steps;
static volatile long at; /* where the handler acts first */

#if defined(__x86_64__) || defined(__i386__)
static void on_step(int sig, siginfo_t *info, void *context)
{
	greg_t *flags = &((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL];
	int saved = errno;

	(void)sig;
	(void)info;
	if (!stepping) {
		*flags &= ~(greg_t)TRAP_FLAG;
		return;
	}
	*flags |= TRAP_FLAG;
	if (steps++ % APART != at)
		return;
	if (held) {
		CHECK(t_filled(held, SIZE, 7));
		free(held);
		held = NULL;
	} else {
		CHECK(held = malloc(SIZE));
		t_fill(held, SIZE, 7);
	}
	errno = saved;
}

static void step(void (*fn)(void))
{
	stepping = 1;
	raise(SIGTRAP);
	fn();
	stepping = 0;
}

static void large(void)
{
	free(malloc(40000));
	free(malloc(3 << 20));
}

/* All different, and none the one that the handler holds. */
static void check_blocks(void)
{
	static char *p[MANY];

	for (int i = 0; i < MANY; i++) {
		CHECK(p[i] = malloc(SIZE));
		t_fill(p[i], SIZE, (unsigned)i);
	}
	CHECK(!held || t_filled(held, SIZE, 7));
	for (int i = 0; i < MANY; i++)
		CHECK(t_filled(p[i], SIZE, (unsigned)i));
	for (int i = 0; i < MANY; i++)
		free(p[i]);
}

int main(void)
{
	static void (*const path[])(void) = { hakmem_thread_flush, large };
	struct sigaction sa = { .sa_sigaction = on_step,
				.sa_flags = SA_SIGINFO | SA_RESTART };
	long most = 0;

	CHECK(sigaction(SIGTRAP, &sa, NULL) == 0);
	for (int i = 0; i < 4; i++)
		for (at = 0; at < APART; at++) {
			if (i % 2 && !held)
				CHECK(held = malloc(SIZE));
			if (held)
				t_fill(held, SIZE, 7);
			check_blocks();
			steps = 0;
			step(path[i / 2]);
			CHECK(steps > 100);
			check_blocks();
			free(held);
			held = NULL;
			most = steps > most ? steps : most;
		}
	printf("%ld steps\n", most);
	return 0;
}
#else
int main(void)
{
	unsupported("no way known to step through a program by itself");
}
#endif
