/* SPDX-License-Identifier: MIT */
/*
 * The registry does not fill up.  Threads hold more than 4,096 SuperSlabs at
 * once and map and release 200,000 in all, of Large runs and of slabs, and
 * free each other's blocks.  Slots go ACTIVE -> EMPTY -> UNUSED, the registry
 * holds exactly the entries of what lives and is at last as empty as it was,
 * and the pool never fails: that is what the fixed-size registry of old could
 * not do.
 *
 * The number of SuperSlabs in all may be given as an argument.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>
#include <pthread.h>

/* A SuperSlab: a run of 31 slots and one slot for a slab of 8 blocks. */
enum {
	THREADS = 4,
	/* SuperSlabs by each thread; 2 GiB where there are only 4 */
	HELD = sizeof(void *) == 4 ? 250 : 1040,
	ALL = THREADS * HELD,
	RUN = 31 * 65536,
	BLOCKS = 8,
	BLOCK = 8192,
	BATCH = 50, /* SuperSlabs of a thread in one round of churn */
	TOTAL = 200000,
};

struct held {
	char *run;
	char *block[BLOCKS];
};

static struct held held[THREADS][HELD];
static pthread_barrier_t barrier;
static struct hakmem_stats start;
static long total = TOTAL;

static struct hakmem_stats get(void)
{
	struct hakmem_stats s;

	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	return s;
}

/* All threads have come this far; true in one of them, the others wait until
 * it has said go_on(). */
static int meet(void)
{
	return pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
}

static void go_on(void)
{
	pthread_barrier_wait(&barrier);
}

static void expect(const char *what, uint64_t have, uint64_t least,
		   uint64_t most)
{
	if (have < least || have > most)
		FAIL("%s: %lld, not %lld to %lld", what, (long long)have,
		     (long long)least, (long long)most);
}

static void take(struct held *h)
{
	h->run = malloc(RUN);
	CHECK(h->run && malloc_usable_size(h->run) == RUN);
	*h->run = 1;
	for (int i = 0; i < BLOCKS; i++) {
		h->block[i] = malloc(BLOCK);
		CHECK(h->block[i]);
	}
}

/* Everything of this thread, also what others have sent it; blocks that it
 * sends go first. */
static void quiet(void)
{
	hakmem_thread_flush();
	go_on();
	hakmem_purge();
	go_on();
	hakmem_purge();
}

static void hold(unsigned self)
{
	struct hakmem_stats s;

	for (int i = 0; i < HELD; i++)
		take(&held[self][i]);
	if (meet()) {
		s = get();
		expect("SuperSlabs held",
		       s.superslabs_mapped - start.superslabs_mapped, ALL,
		       ALL + ALL / 20);
		expect("registry entries of what is held",
		       s.registry_slots - start.registry_slots, ALL * 2,
		       ALL * 2 + 64);
		expect("ACTIVE slots held", s.slots_active - start.slots_active,
		       ALL * 32, ALL * 32 + 64);
		expect("peak", s.registry_peak, s.registry_slots, UINT64_MAX);
	}
	go_on();
	for (int i = 0; i < HELD; i++) {
		CHECK(hakmem_is_ours(held[self][i].run));
		CHECK(hakmem_is_ours(held[self][i].run + RUN - 1));
		CHECK(hakmem_is_ours(held[self][i].block[0]));
	}
	go_on();
}

/* The runs of the next thread become EMPTY, then UNUSED; their SuperSlabs
 * stay for the slabs in them. */
static void release_runs(unsigned self)
{
	struct hakmem_stats s, t;

	for (int i = 0; i < HELD; i++)
		free(held[(self + 1) % THREADS][i].run);
	hakmem_thread_flush();
	if (meet()) {
		s = get();
		expect("EMPTY slots", s.slots_empty, ALL * 31, UINT64_MAX);
		expect("releases", s.releases - start.releases, ALL * 31,
		       UINT64_MAX);
		hakmem_purge();
		t = get();
		expect("EMPTY slots, purged", t.slots_empty, 0, 64);
		expect("UNUSED slots", t.slots_unused - s.slots_unused,
		       ALL * 31 - 64, UINT64_MAX);
		expect("SuperSlabs with slabs",
		       t.superslabs_mapped - start.superslabs_mapped, ALL / 32,
		       ALL + ALL / 20);
		expect("registry entries of slabs",
		       t.registry_slots - start.registry_slots, ALL, ALL + 64);
	}
	go_on();
}

static void release_blocks(unsigned self)
{
	struct hakmem_stats s;

	for (int i = 0; i < HELD; i++)
		for (int k = 0; k < BLOCKS; k++)
			free(held[(self + 2) % THREADS][i].block[k]);
	quiet();
	if (meet()) {
		hakmem_purge();
		s = get();
		expect("SuperSlabs at rest", s.superslabs_mapped, 1,
		       start.superslabs_mapped + 1);
		expect("registry entries at rest", s.registry_slots,
		       start.registry_slots, start.registry_slots);
		expect("EMPTY slots at rest", s.slots_empty, 0, 0);
	}
	go_on();
}

/* Memory goes back at every free: each round maps its SuperSlabs anew. */
static void churn(void)
{
	struct held h[BATCH];
	struct hakmem_stats s;

	go_on();
	CHECK(hakmem_option_set("PURGE_DELAY", "0") == 0);
	while (get().superslabs_unmap_total < (uint64_t)total) {
		for (int i = 0; i < BATCH; i++) {
			h[i].run = malloc(2 << 20);
			CHECK(h[i].run);
			h[i].block[0] = malloc(i % 8 * 4096 + 16);
			CHECK(h[i].block[0]);
		}
		for (int i = 0; i < BATCH; i++) {
			free(h[i].run);
			free(h[i].block[0]);
		}
	}
	quiet();
	if (meet()) {
		hakmem_purge();
		s = get();
		expect("mapped in all", s.superslabs_map_total, (uint64_t)total,
		       UINT64_MAX);
		expect("SuperSlabs at the end", s.superslabs_mapped, 1,
		       start.superslabs_mapped + 1);
		expect("registry entries at the end", s.registry_slots,
		       start.registry_slots, start.registry_slots);
		expect("ACTIVE slots at the end", s.slots_active,
		       start.slots_active, start.slots_active);
	}
	go_on();
}

static void *work(void *arg)
{
	unsigned self = (unsigned)(uintptr_t)arg;
	struct held h;

	/* a heap of its own, and the classes that are used */
	for (int i = 0; i < 100; i++)
		free(malloc(64));
	for (size_t n = 16; n <= 7 * 4096 + 16; n += 4096)
		free(malloc(n));
	take(&h);
	free(h.run);
	for (int k = 0; k < BLOCKS; k++)
		free(h.block[k]);
	quiet();
	if (meet())
		start = get();
	go_on();
	hold(self);
	release_runs(self);
	release_blocks(self);
	churn();
	return NULL;
}

static void check_fails(void)
{
	struct hakmem_stats s = get();
	char guard[8];

	CHECK(hakmem_option_get("TINY_USE_SUPERSLAB", guard, sizeof(guard)) ==
	      1);
	expect("shared_fail", s.shared_fail, 0, 0);
	if (guard[0] == '1')
		expect("shared_fail_fallback", s.shared_fail_fallback, 0, 0);
	else
		expect("shared_fail_fallback", s.shared_fail_fallback, 1,
		       UINT64_MAX);
	expect("os_errors", s.os_errors, 0, 0);
}

int main(int argc, char **argv)
{
	pthread_t thread[THREADS];
	double t = t_now();

	if (argc > 1)
		total = atol(argv[1]);
	CHECK(total > ALL);
	CHECK(hakmem_option_set("PURGE_DELAY", "-1") == 0);
	CHECK(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&thread[i], NULL, work, (void *)i) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(thread[i], NULL) == 0);
	check_fails();
	printf("%llu SuperSlabs mapped, %llu at once, %ld MiB, %.1f s\n",
	       (unsigned long long)get().superslabs_map_total,
	       (unsigned long long)get().superslabs_peak,
	       t_status_kib("VmHWM") / 1024, t_now() - t);
	CHECK(t_status_kib("VmHWM") < 4 << 20);
	return 0;
}
