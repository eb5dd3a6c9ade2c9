/* SPDX-License-Identifier: MIT */
/*
 * Heaps and threads: FREE, LIVE, ORPHAN, adopted whole or taken apart; what a
 * thread leaves behind stays as it was; heaps do not grow in number with the
 * threads that come and go; the sentinel after the end; what a fork's child
 * makes of vanished threads.
 */
#include "unit.h"

#include "heap.h"
#include "meta.h"
#include "stats.h"
#include "thread.h"

#include <pthread.h>
#include <semaphore.h>

#define MANY 30
#define CLASS 7
#define SIZE 112

/* A thread that gets a heap and a block, and ends when it is told. */
struct worker {
	pthread_t t;
	sem_t ready, go;
	struct hak_heap *heap;
	char *block;
	uint64_t generation;
	struct hak_slab *others; /* of a block to free remotely */
	unsigned other;
	unsigned destructions;
};

static struct hak_heap *main_heap;
static pthread_key_t late_key;
static struct hak_heap *late_heap; /* seen by the destructor */

static void *work(void *arg)
{
	struct worker *w = arg;

	CHECK(!hak_thread_is_initial());
	CHECK(hak_heap_self() == &hak_heap_none);
	hak_thread_arm();
	w->heap = hak_thread_attach();
	CHECK(w->heap && hak_heap_self() == w->heap);
	CHECK(w->heap->pub.state == HAKMEM_HEAP_LIVE);
	CHECK(w->heap->pub.thread == (uintptr_t)pthread_self());
	CHECK(hak_heap_check(w->heap));
	w->generation = w->heap->pub.generation;
	w->destructions = 0;
	w->block = u_take(w->heap, CLASS);
	CHECK(w->block);
	t_fill(w->block, SIZE, (unsigned)(uintptr_t)w->block);
	if (w->others)
		hak_heap_push_remote(w->heap, w->others, w->other);
	CHECK(pthread_setspecific(late_key, w) == 0);
	sem_post(&w->ready);
	sem_wait(&w->go);
	return NULL;
}

static void start(struct worker *w)
{
	CHECK(sem_init(&w->ready, 0, 0) == 0 && sem_init(&w->go, 0, 0) == 0);
	CHECK(pthread_create(&w->t, NULL, work, w) == 0);
	sem_wait(&w->ready);
}

static void end(struct worker *w)
{
	sem_post(&w->go);
	CHECK(pthread_join(w->t, NULL) == 0);
}

static void check_block(const struct worker *w)
{
	CHECK(t_filled(w->block, SIZE, (unsigned)(uintptr_t)w->block));
}

/* Back to whoever owns its slab now. */
static void free_block(struct worker *w)
{
	struct hak_slab *slab = hak_registry_record(w->block);
	bool exact;
	unsigned i = hak_slab_index(slab, w->block, &exact);

	check_block(w);
	CHECK(exact && !hak_slab_has(slab, i));
	hak_heap_push_remote(main_heap, slab, i);
}

static unsigned in_state(enum hakmem_heap_state state)
{
	const struct hak_heap *h = hak_heap_all;
	unsigned n = 0;

	for (; h; h = h->next_all)
		n += h->pub.state == state;
	return n;
}

static void check_counts(void)
{
	CHECK(hak_stats.heaps_live == in_state(HAKMEM_HEAP_LIVE));
	CHECK(hak_stats.heaps_orphan == in_state(HAKMEM_HEAP_ORPHAN));
	CHECK(hak_stats.heaps_total ==
	      hak_stats.heaps_live + hak_stats.heaps_orphan +
		      in_state(HAKMEM_HEAP_FREE) +
		      in_state(HAKMEM_HEAP_DISSOLVING));
	CHECK(hak_stats.seq % 2 == 0 && hak_pool_check());
}

/* Again in the second round, when the heap has gone. */
static void late(void *arg)
{
	struct worker *w = arg;

	late_heap = hak_heap_self();
	if (w->destructions++ == 0)
		CHECK(pthread_setspecific(late_key, w) == 0);
}

static void *nothing(void *arg)
{
	return arg;
}

static void check_initial(void)
{
	pthread_t t;

	hak_thread_init();
	CHECK(hak_thread_is_initial());
	hak_thread_arm(); /* one thread needs no watch for forks */
	CHECK(hak_fork_word == NULL);
	main_heap = hak_thread_attach();
	CHECK(main_heap && hak_heap_self() == main_heap);
	CHECK(main_heap->pub.state == HAKMEM_HEAP_LIVE);
	CHECK(main_heap->pub.thread == (uintptr_t)pthread_self());
	CHECK(hak_stats.heaps_live == 1);
	check_counts();
	CHECK(pthread_create(&t, NULL, nothing, NULL) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(hak_stats.heaps_total == 1);
}

/* The heap of a thread that ends waits whole for the next one. */
static void check_orphan(void)
{
	static struct worker a, b;
	uint64_t adoptions = hak_stats.adoptions;

	start(&a);
	CHECK(a.heap != main_heap);
	CHECK(hak_stats.heaps_live == 2);
	check_counts();
	end(&a);
	CHECK(late_heap == &hak_heap_dead);
	CHECK(a.heap->pub.state == HAKMEM_HEAP_ORPHAN);
	CHECK(hak_stats.heaps_live == 1 && hak_stats.heaps_orphan == 1);
	CHECK(hak_word_tag(hak_registry_get(a.block)) == a.heap->pub.tag);
	check_counts();
	start(&b);
	CHECK(b.heap == a.heap && b.generation > a.generation);
	CHECK(b.block != a.block);
	CHECK(hak_stats.adoptions == adoptions + 1);
	CHECK(hak_stats.heaps_orphan == 0 && hak_stats.heaps_total == 2);
	check_counts();
	end(&b);
	free_block(&a);
	free_block(&b);
	check_counts();
}

/* The newest orphan first: its blocks are the warmest. */
static void check_newest(void)
{
	static struct worker w[4];
	uint64_t total;

	for (unsigned i = 0; i < 3; i++)
		start(&w[i]);
	total = hak_stats.heaps_total;
	end(&w[1]);
	end(&w[2]);
	end(&w[0]);
	start(&w[3]);
	CHECK(w[3].heap == w[0].heap);
	CHECK(hak_stats.heaps_total == total);
	end(&w[3]);
	for (unsigned i = 0; i < 4; i++)
		free_block(&w[i]);
	check_counts();
}

/* Many at once: a few orphans are kept, the others' slabs are shared. */
static void check_many(void)
{
	static struct worker w[MANY], again[MANY];
	uint64_t total;

	for (unsigned i = 0; i < MANY; i++)
		start(&w[i]);
	CHECK(hak_stats.heaps_live == MANY + 1);
	for (unsigned i = 0; i < MANY; i++)
		for (unsigned j = 0; j < i; j++)
			CHECK(w[i].heap != w[j].heap);
	for (unsigned i = 0; i < MANY; i++) {
		end(&w[i]);
		check_counts();
	}
	CHECK(hak_stats.heaps_live == 1);
	if (hak_opt.tiny_ss_shared) {
		CHECK(hak_stats.heaps_orphan < MANY / 2);
		CHECK(hak_stats.dissolutions > MANY / 2);
		/* the oldest went first */
		CHECK(hak_word_tag(hak_registry_get(w[0].block)) ==
		      HAK_TAG_POOL);
		CHECK(w[MANY - 1].heap->pub.state == HAKMEM_HEAP_ORPHAN);
	} else {
		CHECK(hak_stats.heaps_orphan == MANY);
	}
	for (unsigned i = 0; i < MANY; i++)
		check_block(&w[i]);
	/* as many once more need no new heap */
	total = hak_stats.heaps_total;
	for (unsigned i = 0; i < MANY; i++)
		start(&again[i]);
	CHECK(hak_stats.heaps_total == total);
	check_counts();
	for (unsigned i = 0; i < MANY; i++) {
		check_block(&w[i]);
		free_block(&w[i]);
		end(&again[i]);
		free_block(&again[i]);
	}
	hak_heap_flush_all(main_heap);
	check_counts();
}

/* Each leaves a block that main frees: nothing piles up. */
static void check_short(void)
{
	static struct worker w;
	uint64_t total = 0, active = 0;

	for (unsigned i = 0; i < 500; i++) {
		start(&w);
		end(&w);
		free_block(&w);
		hak_heap_flush_all(main_heap);
		if (i == 50) {
			total = hak_stats.heaps_total;
			active = hak_stats.slots_active;
		}
	}
	CHECK(hak_stats.heaps_total == total);
	CHECK(hak_stats.slots_active <= active);
	check_counts();
}

/* What lies in a thread's outbox leaves with it. */
static void check_outbox(void)
{
	static struct worker w;
	void *p = u_take(main_heap, 20);
	uint64_t drained = main_heap->stat[20].drained;
	bool exact;

	w.others = hak_registry_record(p);
	w.other = hak_slab_index(w.others, p, &exact);
	start(&w);
	CHECK(!hak_slab_has(w.others, w.other));
	end(&w);
	CHECK(hak_slab_has(w.others, w.other));
	hak_heap_drain(main_heap);
	CHECK(main_heap->stat[20].drained == drained + 1);
	free_block(&w);
}

/* Blocks of an orphan that others free come back though it has no thread. */
static void check_sent(void)
{
	static struct worker w;
	uint64_t active = hak_stats.slots_active;
	uint32_t tag;

	start(&w);
	tag = w.heap->pub.tag;
	end(&w);
	hak_heap_trim(w.heap); /* all but the block */
	CHECK(hak_word_tag(hak_registry_get(w.block)) == tag);
	free_block(&w);
	hak_heap_flush_all(main_heap);
	hak_thread_drain_orphans();
	CHECK(hak_heap_check(w.heap));
	CHECK(hak_stats.slots_active <= active);
	CHECK(!hak_registry_get(w.block));
	check_counts();
}

/* ---- refusals ------------------------------------------------------------------- */

static void *attach_nothing(void *arg)
{
	CHECK(!hak_thread_attach());
	CHECK(hak_heap_self() == &hak_heap_none);
	CHECK(!hak_pool_mine());
	return arg;
}

/* No heap is waiting, and there is no memory for one. */
static void refused(void)
{
	static struct worker w[2 * MANY];
	uint64_t total = hak_stats.heaps_total;
	pthread_t t;

	for (unsigned i = 0; hak_stats.heaps_total == total; i++)
		start(&w[i]);
	hak_pool_enter();
	for (void *p = main_heap; p;) {
		hak_os_fail_at(1);
		p = hak_meta_alloc(4096, 64);
	}
	hak_pool_leave();
	hak_os_fail_at(0);
	total = hak_stats.heaps_total;
	CHECK(pthread_create(&t, NULL, nothing, NULL) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	hak_os_fail_at(1);
	CHECK(pthread_create(&t, NULL, attach_nothing, NULL) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	hak_os_fail_at(0);
	CHECK(hak_stats.heaps_total == total);
	check_counts();
}

/* ---- fork --------------------------------------------------------------------------- */

static struct worker parents[4];

/* In the child the parent's threads have gone, without their exit hooks. */
static void child(bool torn)
{
	static struct worker w[4 * MANY];
	unsigned n = 0;
	uint64_t total = hak_stats.heaps_total;
	uint64_t live = hak_stats.heaps_live;

	/* what fork.c does; then once more, as if the lock had been held */
	hak_pool_enter();
	hak_pool_leave();
	if (torn) {
		hak_stats.heaps_live += 3;
		hak_stats.heaps_orphan += 2;
	}
	hak_thread_rebuild(torn, main_heap);
	CHECK(hak_stats.heaps_live == live);
	check_counts();
	/* this thread goes on with its heap */
	CHECK(hak_heap_self() == main_heap);
	CHECK(u_take(main_heap, CLASS));
	/* the others' serve the child's threads, before new ones are made */
	while (hak_stats.heaps_total == total) {
		CHECK(n < COUNT(w));
		start(&w[n]);
		CHECK(w[n].heap != main_heap);
		for (unsigned i = 0; i < n; i++)
			CHECK(w[n].heap != w[i].heap);
		for (unsigned i = 0; i < COUNT(parents); i++)
			CHECK(w[n].block != parents[i].block);
		n++;
	}
	for (unsigned i = 0; i < COUNT(parents); i++) {
		bool taken = false;

		for (unsigned j = 0; j < n; j++)
			taken |= w[j].heap == parents[i].heap;
		CHECK(taken);
		check_block(&parents[i]);
		free_block(&parents[i]);
	}
	hak_heap_flush_all(main_heap);
	for (unsigned i = 0; i < n; i++)
		end(&w[i]);
	for (const struct hak_heap *h = hak_heap_all; h; h = h->next_all)
		CHECK(hak_heap_check(h));
}

/* One of them was putting a block back. */
static void child_busy(void)
{
	struct hak_heap *h = parents[1].heap;
	struct hak_slab *slab = hak_registry_record(parents[1].block);

	CHECK(h->bin[CLASS].partial == slab);
	slab->nfree += 5;
	h->busy = 1;
	child(false);
}

static void child_whole(void)
{
	child(false);
}

static void child_torn(void)
{
	child(true);
}

static void check_fork(void)
{
	for (unsigned i = 0; i < COUNT(parents); i++)
		start(&parents[i]);
	LIVES(child_whole);
	LIVES(child_torn);
	LIVES(child_busy);
	for (unsigned i = 0; i < COUNT(parents); i++) {
		end(&parents[i]);
		free_block(&parents[i]);
	}
	check_counts();
}

int main(void)
{
	u_start();
	hak_heap_init(12345);
	check_initial();
	CHECK(pthread_key_create(&late_key, late) == 0);
	check_orphan();
	check_newest();
	check_many();
	check_short();
	check_outbox();
	check_sent();
	check_fork();
	LIVES(refused);
	check_counts();
	return 0;
}
