/* SPDX-License-Identifier: MIT */
#include "thread.h"

#include "assert.h"
#include "fork.h"
#include "lock.h"
#include "options.h"
#include "pool.h"
#include "purge.h"
#include "stats.h"

#include <pthread.h>

/* Orphans kept whole for the next threads; beyond that the oldest is taken
 * apart and its slabs are shared. */
#define THREAD_ORPHANS 8u

static struct {
	struct hak_heap *orphans; /* newest first */
	struct hak_heap *spare; /* FREE or DISSOLVING */
	uint32_t epoch; /* forks repaired; heaps of others are stale */
	uint32_t stale; /* LIVE heaps of vanished threads, at most */
	uint32_t initial; /* identity of the first thread */
	bool have_key;
	pthread_key_t key;
} thread; /* pool lock; have_key and initial: const after publish */

void hak_thread_init(void)
{
	thread.initial = hak_lock_self();
}

bool hak_thread_is_initial(void)
{
	return thread.initial == hak_lock_self();
}

void hak_thread_arm(void)
{
	if (!hak_fork_armed() && !hak_thread_is_initial())
		hak_fork_arm();
}

/* ---- exit ---------------------------------------------------------------- */

static void thread_set_state(struct hak_heap *h, enum hakmem_heap_state state)
{
	hak_stats_begin();
	if (h->pub.state == HAKMEM_HEAP_LIVE)
		hak_stats_change(&hak_stats.heaps_live, -UINT64_C(1));
	else if (h->pub.state == HAKMEM_HEAP_ORPHAN)
		hak_stats.heaps_orphan--;
	if (state == HAKMEM_HEAP_LIVE)
		hak_stats_change(&hak_stats.heaps_live, 1);
	else if (state == HAKMEM_HEAP_ORPHAN)
		hak_stats.heaps_orphan++;
	__atomic_store_n(&h->pub.state, (uint32_t)state, __ATOMIC_RELEASE);
	hak_stats_end();
}

/* A slab that a freer is queueing keeps its heap: tried again later. */
static void thread_try_dissolve(struct hak_heap *h)
{
	if (h->pub.state == HAKMEM_HEAP_DISSOLVING && hak_heap_dissolve(h)) {
		thread_set_state(h, HAKMEM_HEAP_FREE);
		hak_stats.dissolutions++;
	}
}

static void thread_dissolve(struct hak_heap *h)
{
	thread_set_state(h, HAKMEM_HEAP_DISSOLVING);
	thread_try_dissolve(h);
	h->next_orphan = thread.spare;
	thread.spare = h;
}

static void thread_limit_orphans(void)
{
	struct hak_heap **link = &thread.orphans;
	struct hak_heap *oldest;

	if (hak_stats.heaps_orphan <= THREAD_ORPHANS || !hak_opt.tiny_ss_shared)
		return;
	while ((*link)->next_orphan)
		link = &(*link)->next_orphan;
	oldest = *link;
	*link = NULL;
	thread_dissolve(oldest);
}

/*
 * Blocks that are freed into an orphan would wait for the thread that adopts
 * it.  Where many were, or a decay is due, they are taken in its place, so that
 * what became empty can go back to the system.
 */
void hak_thread_drain_orphans(void)
{
	hak_pool_enter();
	for (struct hak_heap *h = thread.orphans; h; h = h->next_orphan)
		hak_heap_drain_orphan(h);
	for (struct hak_heap *h = thread.spare; h; h = h->next_orphan)
		thread_try_dissolve(h);
	hak_pool_drain();
	hak_purge_edge();
	hak_pool_leave();
}

/* Not arg: C libraries in namespaces of their own number keys as this one
 * does, and their values take the place of ours in a thread of both. */
static void thread_exit(void *arg)
{
	struct hak_heap *h = hak_heap_self();

	(void)arg;
	if (!hak_heap_is_real(h) || hak_thread_is_initial())
		return;
	hak_tls.heap = (uintptr_t)&hak_heap_dead - (uintptr_t)&hak_heap_none;
	h->busy = 1;
	hak_outbox_flush(&h->outbox);
	h->pub.remote_out = 0;
	hak_heap_drain(h);
	hak_large_drop(&h->large, &h->pub);
	h->busy = 0;
	hak_pool_enter();
	thread_set_state(h, HAKMEM_HEAP_ORPHAN);
	h->next_orphan = thread.orphans;
	thread.orphans = h;
	thread_limit_orphans();
	hak_pool_leave();
}

/* ---- attach --------------------------------------------------------------- */

static struct hak_heap *thread_take_stale(void)
{
	struct hak_heap *h = hak_heap_all;

	for (; h && thread.stale; h = h->next_all)
		if (h->pub.state == HAKMEM_HEAP_LIVE &&
		    h->epoch != thread.epoch) {
			thread.stale--;
			hak_heap_recover(h);
			return h;
		}
	thread.stale = 0;
	return NULL;
}

static struct hak_heap *thread_take_spare(void)
{
	struct hak_heap **link = &thread.spare;

	for (; *link; link = &(*link)->next_orphan) {
		struct hak_heap *h = *link;

		thread_try_dissolve(h);
		if (h->pub.state == HAKMEM_HEAP_FREE) {
			*link = h->next_orphan;
			return h;
		}
	}
	return NULL;
}

static struct hak_heap *thread_take(void)
{
	struct hak_heap *h = thread.orphans;

	if (h) {
		thread.orphans = h->next_orphan;
		hak_stats.adoptions++;
		return h;
	}
	if (thread.stale && (h = thread_take_stale()))
		return h;
	h = thread_take_spare();
	return h ? h : hak_heap_new();
}

/* Pool lock held: pthread_key_create neither allocates nor blocks. */
static bool thread_make_key(void)
{
	if (!thread.have_key)
		thread.have_key =
			pthread_key_create(&thread.key, thread_exit) == 0;
	return thread.have_key;
}

struct hak_heap *hak_thread_attach(void)
{
	bool hook = !hak_thread_is_initial();
	struct hak_heap *h;

	hak_pool_enter();
	h = thread_take();
	if (!h) {
		hak_pool_leave();
		return NULL;
	}
	if (h->pub.state != HAKMEM_HEAP_LIVE)
		thread_set_state(h, HAKMEM_HEAP_LIVE);
	h->epoch = thread.epoch;
	h->pub.generation++;
	h->pub.thread = (uintptr_t)pthread_self();
	if (hook && !thread_make_key()) {
		hook = false;
		hak_stats.heaps_unhooked++;
	}
	hak_pool_leave();
	hak_tls.heap = (uintptr_t)h - (uintptr_t)&hak_heap_none;
	if (hook && pthread_setspecific(thread.key, h) != 0)
		hak_stats_add(&hak_stats.heaps_unhooked, 1);
	return h;
}

/* ---- fork ------------------------------------------------------------------ */

static void thread_relist(void)
{
	thread.orphans = NULL;
	thread.spare = NULL;
	hak_stats.heaps_live = 0;
	hak_stats.heaps_orphan = 0;
	for (struct hak_heap *h = hak_heap_all; h; h = h->next_all) {
		switch (h->pub.state) {
		case HAKMEM_HEAP_LIVE:
			hak_stats.heaps_live++;
			break;
		case HAKMEM_HEAP_ORPHAN:
			hak_stats.heaps_orphan++;
			h->next_orphan = thread.orphans;
			thread.orphans = h;
			break;
		case HAKMEM_HEAP_DISSOLVING:
			/* may have been half-way: from its bitmaps */
			hak_heap_recover(h);
			/* fall through */
		default:
			h->next_orphan = thread.spare;
			thread.spare = h;
			break;
		}
	}
}

void hak_thread_rebuild(bool torn, struct hak_heap *own)
{
	thread.epoch++;
	if (torn)
		thread_relist();
	if (hak_heap_is_real(own))
		own->epoch = thread.epoch;
	thread.stale = (uint32_t)hak_stats.heaps_live;
}
