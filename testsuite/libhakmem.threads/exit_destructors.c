/* SPDX-License-Identifier: MIT */
/*
 * Destructors of thread-specific data, of keys older and younger than the
 * library's own, in all rounds, and those of thread_local objects, allocate
 * and free also after the thread's heap is gone.  Nothing leaks, however many
 * threads end like this; nothing is lost when no key is left.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>
#include <pthread.h>

enum { KEYS = 8, THREADS = 300 };

/* What C++ compilers call for the destructor of a thread_local object. */
extern int __cxa_thread_atexit_impl(void (*fn)(void *), void *obj, void *dso);
extern void *__dso_handle;

static const size_t sizes[] = { 24, 700, 3000, 6000, 40000, 300000, 3000000 };
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

/* Data of a key: blocks, and how often its destructor will ask for another
 * round. */
struct data {
	pthread_key_t key;
	int rounds;
	char *block[SIZES];
};

static pthread_key_t key[KEYS];
static int destroyed; /* atomic */

static struct hakmem_stats get(void)
{
	struct hakmem_stats s;

	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	return s;
}

static struct data *data_new(pthread_key_t k, int rounds)
{
	struct data *d = calloc(1, sizeof(*d));

	CHECK(d);
	d->key = k;
	d->rounds = rounds;
	for (int i = 0; i < SIZES; i++) {
		d->block[i] = malloc(sizes[i]);
		CHECK(d->block[i]);
		memset(d->block[i], 0x5a, 20);
		d->block[i][sizes[i] - 1] = 0x5a;
	}
	return d;
}

static void data_free(struct data *d)
{
	for (int i = 0; i < SIZES; i++) {
		char *p = realloc(d->block[i], sizes[i] + 100);

		CHECK(p && p[19] == 0x5a && p[sizes[i] - 1] == 0x5a);
		free(p);
	}
	free(d);
}

/* Frees what an earlier round, or the living thread, has allocated and leaves
 * new blocks for the next. */
static void destroy(void *arg)
{
	struct data *d = arg;
	pthread_key_t k = d->key;
	int rounds = d->rounds;

	data_free(d);
	__atomic_fetch_add(&destroyed, 1, __ATOMIC_RELAXED);
	if (rounds) {
		d = data_new(k, rounds - 1);
		CHECK(pthread_setspecific(k, d) == 0);
	}
}

static void destroy_object(void *arg)
{
	data_free(arg);
	data_free(data_new(0, 0));
	__atomic_fetch_add(&destroyed, 1, __ATOMIC_RELAXED);
}

static void *work(void *arg)
{
	struct data *d;

	/* a heap, unless this thread shall meet its first destructor without */
	for (int i = 0; i < 100 && arg; i++)
		free(malloc(300));
	CHECK(__cxa_thread_atexit_impl(destroy_object, data_new(0, 0),
				       &__dso_handle) == 0);
	for (int i = 0; i < KEYS; i++) {
		/* the last round that the C library makes is the fourth */
		d = data_new(key[i], PTHREAD_DESTRUCTOR_ITERATIONS - 1);
		CHECK(pthread_setspecific(key[i], d) == 0);
	}
	return NULL;
}

static void threads(int n, int heap)
{
	pthread_t t;

	for (int i = 0; i < n; i++) {
		CHECK(pthread_create(&t, NULL, work, heap ? &heap : NULL) == 0);
		CHECK(pthread_join(t, NULL) == 0);
	}
}

static void check(const char *what, int heap)
{
	struct hakmem_stats before, after;
	long rss;

	threads(20, heap);
	before = get();
	rss = t_status_kib("VmRSS");
	destroyed = 0;
	threads(THREADS, heap);
	after = get();
	rss = t_status_kib("VmRSS") - rss;
	printf("%s: %d destructors, %lld bytes live, %ld KiB\n", what,
	       destroyed, (long long)(after.live_bytes - before.live_bytes),
	       rss);
	CHECK(destroyed ==
	      THREADS * (KEYS * PTHREAD_DESTRUCTOR_ITERATIONS + 1));
	CHECK(after.live_bytes == before.live_bytes);
	CHECK(after.mallocs - before.mallocs == after.frees - before.frees);
	CHECK(rss < 4096);
}

static void *work_a_little(void *arg)
{
	for (int i = 0; i < 100; i++)
		free(malloc(3000));
	return memset(malloc(3000), (int)(intptr_t)arg, 3000);
}

/* Where no key is left a heap has no exit hook: it is counted, stays as it is,
 * and its blocks can be used and freed. */
static void check_no_key(void)
{
	struct hakmem_stats before = get();
	pthread_key_t k;
	pthread_t t;

	while (pthread_key_create(&k, NULL) == 0)
		;
	for (intptr_t i = 1; i <= 20; i++) {
		char *p;

		CHECK(pthread_create(&t, NULL, work_a_little, (void *)i) == 0);
		CHECK(pthread_join(t, (void **)&p) == 0);
		CHECK(p && p[0] == i && p[2999] == i);
		free(p);
	}
	CHECK(get().heaps_unhooked == 20);
	/* the first stack's bookkeeping in the C library */
	CHECK(get().live_bytes <= before.live_bytes + 512);
	exit(0);
}

int main(void)
{
	pthread_t t;

	setvbuf(stdout, NULL, _IONBF, 0);
	CHECK(t_child(check_no_key) == 0);
	/* half of the keys before the library has made its own */
	for (int i = 0; i < KEYS / 2; i++)
		CHECK(pthread_key_create(&key[i], destroy) == 0);
	CHECK(pthread_create(&t, NULL, work_a_little, NULL) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	for (int i = KEYS / 2; i < KEYS; i++)
		CHECK(pthread_key_create(&key[i], destroy) == 0);
	check("with a heap", 1);
	check("from the first block on", 0);
	CHECK(get().heaps_unhooked == 0);
	return 0;
}
