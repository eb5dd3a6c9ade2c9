/* SPDX-License-Identifier: MIT */
/*
 * Memory for handlers inside slow paths: blocks against a model of places and
 * contents, with every alignment; memory that is used again or unmapped when
 * the last block has gone; several threads; handlers; deferred frees.
 */
#include "unit.h"

#include "nested.h"
#include "stats.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/time.h>

#define BLOCKS 100
#define THREADS 4

struct block {
	char *p;
	size_t size;
	unsigned mark;
};

struct set {
	struct block block[BLOCKS];
	unsigned n;
	unsigned marks;
	uint64_t seed;
};

/* A leaf of the registry, where there was none, stays. */
static uint64_t mapped_for_blocks(void)
{
	return hak_stats.mapped_bytes -
	       hak_stats.registry_leaves * sizeof(struct hak_leaf);
}

static pthread_barrier_t start;

static void alloc(struct set *s, size_t size, size_t align)
{
	struct block *b = &s->block[s->n++];

	b->p = hak_nested_alloc(size, align);
	if (!b->p)
		FAIL("%zu bytes at %zu", size, align);
	CHECK((uintptr_t)b->p % align == 0);
	CHECK((uintptr_t)b->p % HAK_ALIGNMENT == 0);
	if (hak_word_kind(hak_registry_get(b->p)) != HAK_KIND_NESTED)
		FAIL("%zu bytes at %zu: %p is not ours", size, align,
		     (void *)b->p);
	b->size = hak_nested_size(b->p);
	CHECK(b->size >= size);
	b->mark = s->marks++;
	t_fill(b->p, b->size, b->mark);
}

static void drop(struct set *s, unsigned i)
{
	struct block *b = &s->block[i];

	CHECK(hak_nested_size(b->p) == b->size);
	if (!t_filled(b->p, b->size, b->mark))
		FAIL("%zu bytes at %p are not as they were", b->size,
		     (void *)b->p);
	hak_nested_free(b->p);
	s->block[i] = s->block[--s->n];
}

static void step(struct set *s)
{
	if (s->n < BLOCKS && t_below(&s->seed, 2))
		alloc(s,
		      t_below(&s->seed, 30) ? 1 + t_below(&s->seed, 500)
					    : 1 + t_below(&s->seed, 200000),
		      t_below(&s->seed, 4)
			      ? 1
			      : (size_t)1 << t_below(&s->seed, 14));
	else if (s->n)
		drop(s, (unsigned)t_below(&s->seed, s->n));
}

static void check_random(void)
{
	static struct set s;
	uint64_t mapped = mapped_for_blocks();
	uint64_t slots = hak_stats.registry_slots;

	s.seed = 5;
	for (unsigned i = 0; i < 8000; i++) {
		step(&s);
		CHECK(hak_stats.nested_live == s.n);
		CHECK(hak_stats.nested_mallocs == s.marks);
	}
	while (s.n)
		drop(&s, 0);
	CHECK(hak_stats.nested_live == 0);
	/* mappings are gone, and out of the registry */
	CHECK(mapped_for_blocks() == mapped);
	CHECK(hak_stats.registry_slots == slots);
}

static void check_alignments(void)
{
	static struct set s;

	for (size_t align = 1; align <= HAK_SLOT_SIZE / 2; align *= 2)
		for (size_t size = 1; size < 200000; size = size * 5 + 1) {
			alloc(&s, size, align);
			drop(&s, 0);
		}
}

/* A handler that comes again and again has the same memory each time. */
static void check_reuse(void)
{
	static struct set s;
	uint64_t mapped = mapped_for_blocks();
	const void *area = NULL;

	for (unsigned i = 0; i < 10000; i++) {
		alloc(&s, 100, 16);
		alloc(&s, 3000, 16);
		CHECK(mapped_for_blocks() == mapped);
		if (i)
			CHECK(hak_registry_record(s.block[0].p) == area);
		area = hak_registry_record(s.block[0].p);
		drop(&s, 0);
		drop(&s, 0);
	}
}

/* Where nothing of ours was before. */
static void check_far(void)
{
	uint64_t leaves = hak_stats.registry_leaves;
	size_t gap = (size_t)5 << 30;
	char *p;

	if (sizeof(void *) < 8)
		return; /* one leaf has it all */
	CHECK(mmap(NULL, gap, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		   0) != MAP_FAILED);
	/* larger than what the holes above are */
	CHECK(p = hak_nested_alloc((size_t)1 << 30, 16));
	CHECK(hak_stats.registry_leaves == leaves + 1);
	hak_nested_free(p);
}

static void check_refused(void)
{
	uint64_t mallocs = hak_stats.nested_mallocs;
	uint64_t live = hak_stats.nested_live;

	CHECK(!hak_nested_alloc(SIZE_MAX, 16));
	CHECK(!hak_nested_alloc(16, SIZE_MAX / 2 + 1));
	CHECK(!hak_nested_alloc(T_TOO_MUCH, 4096));
	hak_os_fail_at(1);
	CHECK(!hak_nested_alloc(10 * HAK_SLOT_SIZE, 16));
	hak_os_fail_at(0);
	CHECK(hak_stats.nested_mallocs == mallocs);
	CHECK(hak_stats.nested_live == live);
}

static void *thread(void *arg)
{
	struct set *s = arg;

	for (unsigned i = 0; i < 4000; i++)
		step(s);
	while (s->n)
		drop(s, 0);
	return NULL;
}

/* A few small blocks at a time, in the same memory as all the others. */
static void *hammer(void *arg)
{
	struct set *s = arg;

	pthread_barrier_wait(&start);
	for (unsigned i = 0; i < 30000; i++) {
		alloc(s, 24, 1);
		alloc(s, 40, 1);
		drop(s, i % 2);
		drop(s, 0);
	}
	return NULL;
}

static void check_threads(void *(*fn)(void *))
{
	static struct set sets[THREADS];
	uint64_t mapped = mapped_for_blocks();
	pthread_t t[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		sets[i].seed = i + 1;
		CHECK(pthread_create(&t[i], NULL, fn, &sets[i]) == 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(hak_stats.nested_live == 0);
	CHECK(mapped_for_blocks() == mapped);
}

/* ---- handlers ---------------------------------------------------------------- */

static struct set in_handler;

static void on_alarm(int sig)
{
	(void)sig;
	for (unsigned i = 0; i < 3; i++)
		step(&in_handler);
}

/* One that interrupts another allocation of the same thread. */
static void check_handler(void)
{
	const struct itimerval each = { { 0, 200 }, { 0, 200 } };
	const struct itimerval none = { { 0, 0 }, { 0, 0 } };
	static struct set s;
	double end = t_now() + 0.3;

	s.seed = 9;
	in_handler.seed = 10;
	CHECK(signal(SIGALRM, on_alarm) != SIG_ERR);
	CHECK(setitimer(ITIMER_REAL, &each, NULL) == 0);
	while (t_now() < end)
		step(&s);
	CHECK(setitimer(ITIMER_REAL, &none, NULL) == 0);
	CHECK(in_handler.marks > 0);
	while (s.n)
		drop(&s, 0);
	while (in_handler.n)
		drop(&in_handler, 0);
	CHECK(hak_stats.nested_live == 0);
}

/* ---- deferred frees ------------------------------------------------------------ */

#define DEFERRED 20000

static void *deferred[THREADS][DEFERRED][2];
static int deferring; /* atomic; threads at it */

static void *defer(void *arg)
{
	void *(*mine)[2] = arg;

	pthread_barrier_wait(&start);
	for (unsigned i = 0; i < DEFERRED; i++)
		hak_nested_defer(mine[i]);
	__atomic_fetch_sub(&deferring, 1, __ATOMIC_ACQ_REL);
	return NULL;
}

/* Taken while others put: each comes once. */
static void check_deferred(void)
{
	static unsigned char seen[THREADS][DEFERRED];
	pthread_t t[THREADS];
	unsigned n = 0;
	bool last = false;

	CHECK(!hak_nested_deferred());
	deferring = THREADS;
	for (unsigned i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, defer, deferred[i]) == 0);
	while (!last) {
		void *p;

		last = __atomic_load_n(&deferring, __ATOMIC_ACQUIRE) == 0;
		for (p = hak_nested_deferred(); p; p = *(void **)p) {
			size_t at = (size_t)((void *(*)[2])p - deferred[0]);

			CHECK(at < THREADS * DEFERRED);
			CHECK(!seen[at / DEFERRED][at % DEFERRED]++);
			n++;
		}
	}
	for (unsigned i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(n == THREADS * DEFERRED);
	CHECK(!hak_nested_deferred());
}

/* A block of no bytes lies within the area, at its very end, too. */
static void check_empty(void)
{
	char *p;

	for (unsigned i = 0; i < HAK_SLOT_SIZE / 16; i++) {
		p = hak_nested_alloc(0, 16);
		CHECK(p);
		CHECK(hak_word_kind(hak_registry_get(p)) == HAK_KIND_NESTED);
	}
}

int main(void)
{
	u_start();
	CHECK(hak_nested_init());
	LIVES(check_empty);
	check_random();
	check_alignments();
	check_reuse();
	check_far();
	check_refused();
	CHECK(pthread_barrier_init(&start, NULL, THREADS) == 0);
	check_threads(thread);
	check_threads(hammer);
	check_handler();
	check_deferred();
	return 0;
}
