/* SPDX-License-Identifier: MIT */
/*
 * Mixed slots: blocks of every size to the limit against a model of places and
 * contents; slots that go back; wrong frees told apart; several threads; what
 * a fork's child finds.
 */
#include "unit.h"

#include "boot.h"
#include "stats.h"

#include <pthread.h>

#define BLOCKS 400
#define STEPS 30000
#define THREADS 4

struct block {
	char *p;
	size_t size; /* usable */
	unsigned mark;
};

struct set {
	struct block block[BLOCKS];
	unsigned n;
	unsigned marks;
	uint64_t seed;
};

static struct set set;

static void alloc(struct set *s, size_t size)
{
	struct block *b = &s->block[s->n++];

	b->p = hak_boot_alloc(size);
	CHECK(b->p && (uintptr_t)b->p % HAK_ALIGNMENT == 0);
	b->size = hak_boot_size(b->p);
	/* no more than alignment costs */
	CHECK(b->size >= size && b->size > 0 && b->size < size + 17);
	CHECK(hak_word_kind(hak_registry_get(b->p)) == HAK_KIND_BOOT);
	CHECK(hak_word_kind(hak_registry_get(b->p + b->size - 1)) ==
	      HAK_KIND_BOOT);
	b->mark = s->marks++;
	t_fill(b->p, b->size, b->mark);
}

static void check(const struct block *b)
{
	CHECK(hak_boot_size(b->p) == b->size);
	if (!t_filled(b->p, b->size, b->mark))
		FAIL("%zu bytes at %p are not as they were", b->size,
		     (void *)b->p);
}

static void drop(struct set *s, unsigned i)
{
	bool twice = true;

	check(&s->block[i]);
	CHECK(hak_boot_free(s->block[i].p, &twice));
	CHECK(!twice);
	s->block[i] = s->block[--s->n];
}

static void check_counts(void)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < set.n; i++)
		bytes += set.block[i].size;
	CHECK(hak_stats.boot_live_bytes == bytes);
	CHECK(hak_stats.boot_mallocs - hak_stats.boot_frees == set.n);
	CHECK(hak_pool_check());
}

static size_t any_size(uint64_t *seed)
{
	switch (t_below(seed, 8)) {
	case 0:
		return t_below(seed, HAK_BOOT_MAX + 1);
	case 1:
		return HAK_BOOT_MAX;
	default:
		return t_below(seed, 200);
	}
}

static void step(struct set *s)
{
	/* more of them in one half of the time, fewer in the other */
	unsigned more = s->marks / 1000 % 2 ? 40 : 60;

	if (s->n < BLOCKS && t_below(&s->seed, 100) < more)
		alloc(s, any_size(&s->seed));
	else if (s->n)
		drop(s, (unsigned)t_below(&s->seed, s->n));
}

static void check_sizes(void)
{
	for (size_t size = 0; size <= HAK_BOOT_MAX; size++) {
		alloc(&set, size);
		check_counts();
		drop(&set, 0);
	}
}

static void check_random(void)
{
	set.seed = 6;
	for (unsigned i = 0; i < STEPS; i++) {
		step(&set);
		if (i % 16 == 0)
			check_counts();
	}
	for (unsigned i = 0; i < set.n; i++)
		check(&set.block[i]);
	while (set.n)
		drop(&set, 0);
	check_counts();
	CHECK(hak_stats.boot_live_bytes == 0);
	/* one slot may be kept for the next block */
	CHECK(hak_stats.slots_active <= 1);
	CHECK(hak_stats.registry_slots <= 1);
}

/* What is freed is used again: no growth without end. */
static void check_reuse(void)
{
	uint64_t peak;

	for (unsigned i = 0; i < BLOCKS; i++)
		alloc(&set, 600);
	peak = hak_stats.slots_active;
	for (unsigned i = 0; i < 20 * BLOCKS; i++) {
		drop(&set, (unsigned)t_below(&set.seed, set.n));
		alloc(&set, 600);
	}
	CHECK(hak_stats.slots_active <= peak + 1);
	while (set.n)
		drop(&set, 0);
}

/* Double frees are told from frees of what never was a block; neither changes
 * anything. */
static void check_wrong(void)
{
	bool twice;
	char *gone;

	for (unsigned i = 0; i < 20; i++)
		alloc(&set, 100);
	gone = set.block[10].p;
	drop(&set, 10);
	CHECK(!hak_boot_free(gone, &twice) && twice);
	CHECK(hak_boot_size(gone) == 0);
	CHECK(!hak_boot_free(gone, &twice) && twice);
	CHECK(!hak_boot_free(set.block[5].p + 16, &twice) && !twice);
	CHECK(!hak_boot_free(set.block[5].p + 1, &twice) && !twice);
	CHECK(!hak_boot_free(gone + 8, &twice) && !twice);
	CHECK(hak_boot_size(set.block[5].p + 16) == 0);
	CHECK(hak_boot_size(set.block[5].p + 1) == 0);
	check_counts();
	while (set.n)
		drop(&set, 0);
}

static void check_refused(void)
{
	uint64_t mallocs = hak_stats.boot_mallocs;
	struct hak_run run;
	void *p;

	while (hak_stats.slots_unused + hak_stats.slots_empty)
		CHECK(hak_pool_acquire(1, 1, &run) == 0);
	/* until what is ACTIVE is full */
	for (;;) {
		hak_os_fail_at(1);
		p = hak_boot_alloc(HAK_BOOT_MAX);
		hak_os_fail_at(0);
		if (!p)
			break;
		mallocs++;
	}
	CHECK(hak_stats.boot_mallocs == mallocs);
	CHECK(hak_pool_check());
	CHECK(hak_boot_alloc(HAK_BOOT_MAX));
}

/* In a child whose parent was inside the pool: live blocks stay, the rest is
 * free again. */
static void rebuild(void)
{
	set.seed = 8;
	for (unsigned i = 0; i < 300; i++)
		alloc(&set, any_size(&set.seed));
	for (unsigned i = 0; i < 150; i++)
		drop(&set, (unsigned)t_below(&set.seed, set.n));
	hak_boot_rebuild();
	for (unsigned i = 0; i < 5000; i++)
		step(&set);
	while (set.n)
		drop(&set, 0);
	check_counts();
	CHECK(hak_stats.slots_active <= 1);
}

static void *thread(void *arg)
{
	struct set *s = arg;

	for (unsigned i = 0; i < 5000; i++)
		step(s);
	while (s->n)
		drop(s, 0);
	return NULL;
}

static void check_threads(void)
{
	static struct set sets[THREADS];
	pthread_t t[THREADS];

	for (unsigned i = 0; i < THREADS; i++) {
		sets[i].seed = i + 1;
		CHECK(pthread_create(&t[i], NULL, thread, &sets[i]) == 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	check_counts();
}

int main(void)
{
	u_start();
	check_sizes();
	check_random();
	check_reuse();
	check_wrong();
	check_threads();
	LIVES(check_refused);
	LIVES(rebuild);
	check_counts();
	return 0;
}
