/* SPDX-License-Identifier: MIT */
#include "fork.h"

#include "boot.h"
#include "huge.h"
#include "lock.h"
#include "os.h"
#include "pool.h"
#include "stats.h"
#include "thread.h"

#include <pthread.h>

static uint32_t fork_plain_word; /* where the kernel cannot wipe */

bool hak_fork_armed(void)
{
	return __atomic_load_n(&hak_fork_word, __ATOMIC_RELAXED) != NULL;
}

/* First access to anything of ours in the child; alone. */
static void fork_repair(void)
{
	bool torn = hak_pool_lock.word != 0;

	*hak_fork_word = 1;
	hak_lock_reset(&hak_pool_lock);
	hak_stats.seq += hak_stats.seq & 1;
	/* huge.c first: the pool's count of empty bytes includes its cache */
	if (torn)
		hak_huge_rebuild();
	hak_pool_rebuild(torn);
	if (torn)
		hak_boot_rebuild();
	hak_thread_rebuild(torn);
	hak_stats.forks_repaired++;
}

static void fork_child(void)
{
	fork_plain_word = 0;
}

void hak_fork_arm(void)
{
	uint32_t *word = hak_os_wipe_on_fork();
	bool plain = word == NULL;
	uint32_t *expect = NULL;

	if (plain)
		word = &fork_plain_word;
	*word = 1;
	hak_fork_repair = fork_repair;
	/* release: who sees the word sees the handler */
	if (!__atomic_compare_exchange_n(&hak_fork_word, &expect, word, false,
					 __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
		if (!plain)
			hak_os_unmap(word, hak_os_page);
		return;
	}
	if (plain)
		pthread_atfork(NULL, NULL, fork_child);
}
