/* SPDX-License-Identifier: MIT */
#include "fork.h"

#include "boot.h"
#include "harden.h"
#include "huge.h"
#include "lock.h"
#include "os.h"
#include "pool.h"
#include "stats.h"
#include "sys.h"
#include "thread.h"

#include <pthread.h>

/* In a page that the kernel wipes in a fork's child, where it can. */
struct fork_page {
	uint32_t word; /* atomic: enum fork_state */
	struct hak_heap *survivor; /* heap of the thread that forked */
};

enum fork_state {
	FORK_CHILD = 0, /* nothing was mended yet */
	FORK_MENDED = HAK_FORK_MENDED,
	FORK_MENDING = 2,
};

static struct fork_page fork_plain;

static struct fork_page *fork_page(void)
{
	/* word comes first */
	return (struct fork_page *)(void *)hak_fork_word;
}

bool hak_fork_armed(void)
{
	return __atomic_load_n(&hak_fork_word, __ATOMIC_RELAXED) != NULL;
}

/*
 * First access to anything of ours in the child.  By the thread that forked as
 * a rule; it may have made others by then, of which one is first.
 */
static void fork_repair(void)
{
	struct fork_page *page = fork_page();
	uint32_t expect = FORK_CHILD;
	struct hak_heap *own;
	bool torn;

	if (!__atomic_compare_exchange_n(&page->word, &expect, FORK_MENDING,
					 false, __ATOMIC_ACQUIRE,
					 __ATOMIC_ACQUIRE)) {
		/* acquire: partner is the release below */
		while (__atomic_load_n(&page->word, __ATOMIC_ACQUIRE) ==
		       FORK_MENDING)
			hak_sys_futex_wait(&page->word, FORK_MENDING);
		return;
	}
	torn = hak_pool_lock.word != 0;
	hak_lock_reset(&hak_pool_lock);
	hak_stats.seq += hak_stats.seq & 1;
	/* huge.c first: the pool's count of empty bytes includes its cache */
	if (torn)
		hak_huge_rebuild();
	hak_pool_rebuild(torn);
	if (torn) {
		hak_boot_rebuild();
		hak_harden_rebuild();
	}
	own = page->survivor ? page->survivor : hak_heap_self();
	hak_thread_rebuild(torn, own);
	hak_stats.forks_repaired++;
	__atomic_store_n(&page->word, FORK_MENDED, __ATOMIC_RELEASE);
	hak_sys_futex_wake(&page->word, INT_MAX);
}

/* In the child, on the thread that forked: whose heap is in use. */
static void fork_child(void)
{
	struct fork_page *page = fork_page();

	if (page == &fork_plain)
		page->word = FORK_CHILD;
	page->survivor = hak_heap_self();
}

void hak_fork_arm(void)
{
	struct fork_page *page = hak_os_wipe_on_fork();
	bool plain = page == NULL;
	uint32_t *expect = NULL;

	if (plain)
		page = &fork_plain;
	/* relaxed: reached through hak_fork_word only */
	__atomic_store_n(&page->word, FORK_MENDED, __ATOMIC_RELAXED);
	hak_fork_repair = fork_repair;
	/* release: who sees the word sees the handler */
	if (!__atomic_compare_exchange_n(&hak_fork_word, &expect, &page->word,
					 false, __ATOMIC_RELEASE,
					 __ATOMIC_RELAXED)) {
		if (!plain)
			hak_os_unmap(page, hak_os_page);
		return;
	}
	pthread_atfork(NULL, NULL, fork_child);
}
