/* SPDX-License-Identifier: MIT */
/*
 * Blocks that another thread frees, in every pattern: one to one, one to
 * many, many to one, a ring, all to all, by threads that never allocate,
 * after the owner has gone, and while it goes.  Each block carries a pattern
 * that is whole when it arrives; afterwards the statistics have neither lost
 * nor invented a byte.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>
#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 4, SENT = 20000, BOX = 1024 };

struct block {
	uint32_t size;
	uint32_t seed;
	unsigned char data[];
};

/* What thread number i has been sent. */
static struct mailbox {
	pthread_mutex_t lock;
	unsigned n;
	struct block *block[BOX];
} box[THREADS];

struct role {
	unsigned self;
	int sends; /* blocks to send */
	int first, last; /* to these threads in turn */
};

static unsigned least = 90; /* percent of the blocks passed */
static atomic_int senders; /* not yet done */
static atomic_ulong passed; /* blocks freed by another thread */

static struct hakmem_stats get(void)
{
	struct hakmem_stats s;

	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	return s;
}

/* Of all heaps and classes. */
static uint64_t remote_frees(void)
{
	struct hakmem_stats s = get();
	const struct hakmem_stats_heap *h = (const void *)(uintptr_t)s.heaps;
	uint64_t sum = 0;

	for (; h; h = (const void *)(uintptr_t)h->next) {
		const struct hakmem_stats_bin *bin =
			(const void *)(uintptr_t)h->bins;

		for (unsigned cls = 1; cls < s.classes; cls++)
			sum += bin[cls].remote_freed;
	}
	return sum;
}

static size_t pick(uint64_t *seed)
{
	size_t kind = t_below(seed, 1000);

	if (kind < 900)
		return 8 + t_below(seed, 1017);
	if (kind < 995)
		return 8 + t_below(seed, 32 << 10);
	if (kind < 999)
		return 8 + t_below(seed, 200 << 10);
	return 3 << 20;
}

static struct block *make(uint64_t *seed)
{
	size_t size = pick(seed);
	struct block *b = malloc(size);

	CHECK(b);
	b->size = (uint32_t)size;
	b->seed = (uint32_t)t_random(seed);
	size -= sizeof(*b);
	t_fill(b->data, size < 200 ? size : 200, b->seed);
	return b;
}

static void unmake(struct block *b)
{
	size_t size = b->size - sizeof(*b);

	CHECK(t_filled(b->data, size < 200 ? size : 200, b->seed));
	free(b);
}

static int put(struct mailbox *m, struct block *b)
{
	int done = 0;

	pthread_mutex_lock(&m->lock);
	if (m->n < BOX) {
		m->block[m->n++] = b;
		done = 1;
	}
	pthread_mutex_unlock(&m->lock);
	return done;
}

/* Free what has come; the number of blocks. */
static unsigned receive(struct mailbox *m)
{
	struct block *b[BOX];
	unsigned n;

	pthread_mutex_lock(&m->lock);
	n = m->n;
	m->n = 0;
	memcpy(b, m->block, n * sizeof(*b));
	pthread_mutex_unlock(&m->lock);
	for (unsigned i = 0; i < n; i++)
		unmake(b[i]);
	passed += n;
	return n;
}

static void *work(void *arg)
{
	const struct role *r = arg;
	uint64_t seed = 17 + r->self;
	int to = r->first;

	for (int i = 0; i < r->sends; i++) {
		struct block *b = make(&seed);

		if (to == (int)r->self)
			to = to == r->last ? r->first : to + 1;
		while (!put(&box[to], b))
			if (!receive(&box[r->self]))
				sched_yield();
		to = to == r->last ? r->first : to + 1;
		if (i % 64 == 0)
			receive(&box[r->self]);
	}
	senders -= r->sends > 0;
	while (senders)
		if (!receive(&box[r->self]))
			sched_yield();
	receive(&box[r->self]);
	return NULL;
}

static void run(const char *what, struct role *role, int n)
{
	struct hakmem_stats before = get(), after;
	uint64_t remote = remote_frees();
	pthread_t t[THREADS];

	passed = 0;
	senders = 0;
	for (int i = 0; i < n; i++)
		senders += role[i].sends > 0;
	for (int i = 0; i < n; i++)
		CHECK(pthread_create(&t[i], NULL, work, &role[i]) == 0);
	for (int i = 0; i < n; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	after = get();
	remote = remote_frees() - remote;
	printf("%s: %lu passed, %llu remote frees, %llu drains by the pool\n",
	       what, (unsigned long)passed, (unsigned long long)remote,
	       (unsigned long long)(after.pool_drains - before.pool_drains));
	if (after.live_bytes != before.live_bytes)
		FAIL("%s: %lld bytes more", what,
		     (long long)(after.live_bytes - before.live_bytes));
	CHECK(after.mallocs - before.mallocs == after.frees - before.frees);
	/* all but Large, Huge and each thread's first, which are nobody's */
	CHECK(remote <= passed);
	CHECK(remote >= passed / 100 * least);
}

/* Nobody sends to itself. */
static void patterns(void)
{
	struct role one_one[] = { { 0, SENT, 1, 1 }, { 1, 0, 0, 0 } };
	struct role one_many[] = { { 0, SENT, 1, 3 },
				   { 1, 0, 0, 0 },
				   { 2, 0, 0, 0 },
				   { 3, 0, 0, 0 } };
	struct role many_one[] = { { 0, 0, 0, 0 },
				   { 1, SENT, 0, 0 },
				   { 2, SENT, 0, 0 },
				   { 3, SENT, 0, 0 } };
	struct role ring[] = { { 0, SENT, 1, 1 },
			       { 1, SENT, 2, 2 },
			       { 2, SENT, 3, 3 },
			       { 3, SENT, 0, 0 } };
	struct role all[] = { { 0, SENT, 0, 3 },
			      { 1, SENT, 0, 3 },
			      { 2, SENT, 0, 3 },
			      { 3, SENT, 0, 3 } };

	run("1->1", one_one, 2);
	run("1->N", one_many, 4);
	run("N->1", many_one, 4);
	run("ring", ring, 4);
	run("all to all", all, 4);
}

/* ---- threads that only free, owners that are gone ----------------------- */

enum { KEPT = 5000 };

static struct block *kept[KEPT];
static atomic_int made; /* blocks in kept[] */

static void *fill_kept(void *arg)
{
	uint64_t seed = (uintptr_t)arg;

	for (int i = 0; i < KEPT; i++) {
		kept[i] = make(&seed);
		made = i + 1;
	}
	return NULL;
}

static void *free_kept(void *arg)
{
	int step = 2, i = (int)(uintptr_t)arg;

	for (; i < KEPT; i += step) {
		while (made <= i)
			sched_yield();
		unmake(kept[i]);
	}
	return NULL;
}

static void start(pthread_t *t, void *(*fn)(void *), uintptr_t arg)
{
	CHECK(pthread_create(t, NULL, fn, (void *)arg) == 0);
}

/* In two threads that allocate nothing, and get no heap for it. */
static void free_by_others(void)
{
	uint64_t heaps = get().heaps_total;
	pthread_t a, b;

	start(&a, free_kept, 0);
	start(&b, free_kept, 1);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	CHECK(get().heaps_total == heaps);
}

static void never_allocated(void)
{
	struct hakmem_stats before = get();

	made = 0;
	fill_kept((void *)7);
	free_by_others();
	CHECK(get().live_bytes == before.live_bytes);
}

static void owner_gone(void)
{
	struct hakmem_stats before = get();
	pthread_t t;

	made = 0;
	start(&t, fill_kept, 9);
	pthread_join(t, NULL);
	CHECK(get().live_bytes > before.live_bytes + KEPT * 16);
	free_by_others();
	CHECK(get().live_bytes == before.live_bytes);
}

/* Many times, so that the frees meet each step of the owner's end. */
static void owner_goes(void)
{
	struct hakmem_stats before = get();
	pthread_t owner, a, b;

	for (uintptr_t i = 0; i < 40; i++) {
		made = 0;
		start(&a, free_kept, 0);
		start(&b, free_kept, 1);
		start(&owner, fill_kept, 11 + i);
		pthread_join(owner, NULL);
		pthread_join(a, NULL);
		pthread_join(b, NULL);
	}
	CHECK(get().live_bytes == before.live_bytes);
}

static void *wait_for_others(void *barrier)
{
	pthread_barrier_wait(barrier);
	return NULL;
}

int main(void)
{
	pthread_barrier_t together;
	pthread_t t[THREADS];
	char guard[8];

	setvbuf(stdout, NULL, _IONBF, 0);
	for (int i = 0; i < THREADS; i++)
		pthread_mutex_init(&box[i].lock, NULL);
	CHECK(hakmem_option_get("TINY_USE_SUPERSLAB", guard, sizeof(guard)) ==
	      1);
	if (guard[0] == '0')
		least = 5; /* Mid */
	CHECK(hakmem_option_get("FOREIGN_REUSE", guard, sizeof(guard)) == 1);
	if (guard[0] == '1')
		least = 20; /* others are used again by who freed them */
	/* what the C library keeps for the stacks of that many threads */
	CHECK(pthread_barrier_init(&together, NULL, THREADS) == 0);
	for (int i = 0; i < THREADS; i++)
		start(&t[i], wait_for_others, (uintptr_t)&together);
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	patterns();
	never_allocated();
	owner_gone();
	owner_goes();
	CHECK(get().shared_fail == 0);
	return 0;
}
