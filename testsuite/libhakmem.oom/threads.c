/* SPDX-License-Identifier: MIT */
/*
 * Eight threads out of memory at once: each allocates until it gets NULL,
 * frees, and begins again, also while threads start and end, which need
 * memory too.  No block is damaged, none waits for ever, and when the limit
 * is lifted all go on.
 *
 * { dg-hakmem-absent {hakmem: (fatal|warning)} }
 */
#include "t.h"

#include <pthread.h>
#include <sys/resource.h>

enum { THREADS = 8, BLOCKS = 4000, ROUNDS = 6 };

static int refused; /* atomic; requests that failed */
static int limited; /* atomic; begin */
static int lifted; /* atomic; there is memory again */

static void limit(rlim_t bytes)
{
	const struct rlimit r = { bytes, RLIM_INFINITY };

	CHECK(setrlimit(RLIMIT_AS, &r) == 0);
}

static void *refuse(int *failures)
{
	CHECK(errno == ENOMEM);
	__atomic_fetch_add(&refused, 1, __ATOMIC_RELAXED);
	++*failures;
	return NULL;
}

static size_t pick(uint64_t *seed)
{
	size_t kind = t_below(seed, 100);

	if (kind < 40)
		return 8 + t_below(seed, 1000);
	if (kind < 70)
		return 8 + t_below(seed, 32000);
	if (kind < 98)
		return 8 + t_below(seed, 500000);
	return 8 + t_below(seed, 6 << 20);
}

struct block {
	unsigned char *p;
	size_t size;
	unsigned seed;
};

static void mark(struct block *b)
{
	t_fill(b->p, b->size < 64 ? b->size : 64, b->seed);
	b->p[b->size - 1] = (unsigned char)b->seed;
}

static void check(const struct block *b)
{
	CHECK(t_filled(b->p, b->size <= 64 ? b->size - 1 : 64, b->seed));
	CHECK(b->p[b->size - 1] == (unsigned char)b->seed);
}

/* One more block, or one of another size; NULL must leave it alone. */
static void step(struct block *b, uint64_t *seed, int *failures)
{
	size_t size = pick(seed);
	unsigned char *p;

	errno = 0;
	if (b->p) {
		check(b);
		p = realloc(b->p, size);
		if (!p) {
			refuse(failures);
			check(b);
			return;
		}
	} else {
		p = t_below(seed, 2) ? malloc(size) : calloc(1, size);
		if (!p) {
			refuse(failures);
			return;
		}
		b->seed = (unsigned)t_random(seed);
	}
	b->p = p;
	b->size = size;
	mark(b);
}

static void *work(void *arg)
{
	static struct block table[THREADS][BLOCKS];
	struct block *b = table[(uintptr_t)arg];
	uint64_t seed = (uintptr_t)arg + 1;

	while (!__atomic_load_n(&limited, __ATOMIC_ACQUIRE))
		usleep(100);
	for (int round = 0; round < ROUNDS; round++) {
		int failures = 0;

		for (int i = 0; i < 5000 && failures < 50; i++)
			step(&b[t_below(&seed, BLOCKS)], &seed, &failures);
		for (int i = 0; i < BLOCKS; i++) {
			if (!b[i].p || (i % 4 == 0 && round + 1 < ROUNDS))
				continue;
			check(&b[i]);
			free(b[i].p);
			b[i].p = NULL;
		}
	}
	while (!__atomic_load_n(&lifted, __ATOMIC_RELAXED))
		usleep(1000);
	for (int i = 0; i < BLOCKS / 10; i++) {
		int failures = 0;

		step(&b[i], &seed, &failures);
		CHECK(failures == 0);
	}
	for (int i = 0; i < BLOCKS; i++) {
		if (b[i].p)
			check(&b[i]);
		free(b[i].p);
	}
	return NULL;
}

static void *brief(void *arg)
{
	for (size_t i = 1; i < 200; i++) {
		void *p = malloc(i * 10);

		CHECK(p || errno == ENOMEM);
		free(p);
	}
	return arg;
}

int main(void)
{
	pthread_attr_t small;
	pthread_t t[THREADS], short_one;
	int started = 0;

	alarm(50);
	CHECK(pthread_attr_init(&small) == 0);
	CHECK(pthread_attr_setstacksize(&small, 128 << 10) == 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], &small, work, (void *)i) == 0);
	limit((rlim_t)(t_status_kib("VmSize:") + (96 << 10)) * 1024);
	__atomic_store_n(&limited, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < 300; i++)
		if (pthread_create(&short_one, &small, brief, NULL) == 0) {
			CHECK(pthread_join(short_one, NULL) == 0);
			started++;
		} else {
			usleep(1000);
		}
	limit(RLIM_INFINITY);
	__atomic_store_n(&lifted, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	printf("%d requests refused, %d of 300 short threads started\n",
	       refused, started);
	CHECK(refused > 100);
	return 0;
}
