/* SPDX-License-Identifier: MIT */
/*
 * Contexts of swapcontext(3) that move from thread to thread: a context
 * allocates in one and frees in another, also after the first has ended.
 */
#include "t.h"

#include <pthread.h>
#include <ucontext.h>

enum { CONTEXTS = 32, THREADS = 4, STEPS = 400, BLOCKS = 20 };

static struct context {
	ucontext_t self;
	ucontext_t *back; /* of the thread that runs it now */
	char *block[BLOCKS];
	unsigned number;
	int busy; /* atomic */
	int steps;
	char stack[32 << 10] __attribute__((aligned(16)));
} contexts[CONTEXTS];

static void body(unsigned number)
{
	struct context *c = &contexts[number];
	uint64_t seed = number + 1;

	for (;;) {
		size_t k = t_below(&seed, BLOCKS);
		size_t size = 1 + t_below(&seed, k ? 2000 : 100000);

		if (c->block[k]) {
			size_t had = malloc_usable_size(c->block[k]);

			CHECK(t_filled(c->block[k], had, number));
			c->block[k] = realloc(c->block[k], size);
		} else {
			c->block[k] = malloc(size);
		}
		CHECK(c->block[k]);
		t_fill(c->block[k], malloc_usable_size(c->block[k]), number);
		k = t_below(&seed, BLOCKS);
		if (c->block[k])
			CHECK(t_filled(c->block[k],
				       malloc_usable_size(c->block[k]),
				       number));
		free(c->block[k]);
		c->block[k] = NULL;
		/* the next step may be another thread's */
		swapcontext(&c->self, c->back);
	}
}

static void *work(void *arg)
{
	uint64_t seed = (uintptr_t)arg + 99;
	ucontext_t back;

	for (int i = 0; i < STEPS * CONTEXTS / THREADS; i++) {
		struct context *c = &contexts[t_below(&seed, CONTEXTS)];

		if (__atomic_exchange_n(&c->busy, 1, __ATOMIC_ACQUIRE))
			continue;
		c->back = &back;
		swapcontext(&back, &c->self);
		c->steps++;
		__atomic_store_n(&c->busy, 0, __ATOMIC_RELEASE);
	}
	return NULL;
}

int main(void)
{
	pthread_t t[THREADS];
	long steps = 0;

	for (unsigned i = 0; i < CONTEXTS; i++) {
		struct context *c = &contexts[i];

		c->number = i;
		CHECK(getcontext(&c->self) == 0);
		c->self.uc_stack.ss_sp = c->stack;
		c->self.uc_stack.ss_size = sizeof(c->stack);
		makecontext(&c->self, (void (*)(void))body, 1, i);
	}
	for (int round = 0; round < 5; round++) {
		for (uintptr_t i = 0; i < THREADS; i++)
			CHECK(pthread_create(&t[i], NULL, work, (void *)i) ==
			      0);
		for (int i = 0; i < THREADS; i++)
			CHECK(pthread_join(t[i], NULL) == 0);
	}
	for (unsigned i = 0; i < CONTEXTS; i++) {
		steps += contexts[i].steps;
		for (int k = 0; k < BLOCKS; k++) {
			char *p = contexts[i].block[k];

			CHECK(!p || t_filled(p, malloc_usable_size(p), i));
			free(p);
		}
	}
	printf("%ld steps\n", steps);
	CHECK(steps > STEPS * CONTEXTS);
	return 0;
}
