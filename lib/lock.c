/* SPDX-License-Identifier: MIT */
#include "lock.h"

#include "sys.h"

/* Critical sections are some 50 to 200 ns; a system call costs more, so a
 * waiter looks a few times before it sleeps. */
#define LOCK_SPINS 64

static inline void lock_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#else
	__asm__ volatile("" ::: "memory");
#endif
}

void hak_lock_slow(struct hak_lock *l, uint32_t self)
{
	uint32_t expect;

	for (int i = 0; i < LOCK_SPINS; i++) {
		lock_pause();
		expect = 0;
		if (__atomic_load_n(&l->word, __ATOMIC_RELAXED) == 0 &&
		    __atomic_compare_exchange_n(&l->word, &expect, self, false,
						__ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return;
	}
	for (;;) {
		uint32_t seen = __atomic_load_n(&l->word, __ATOMIC_RELAXED);

		if (seen == 0) {
			/* others may still sleep: keep the waiters bit */
			if (__atomic_compare_exchange_n(
				    &l->word, &seen, self | 1, false,
				    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
				break;
			continue;
		}
		if (!(seen & 1) && !__atomic_compare_exchange_n(
					   &l->word, &seen, seen | 1, false,
					   __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			continue;
		hak_sys_futex_wait(&l->word, seen | 1);
	}
	l->contended++;
}

void hak_lock_wake(struct hak_lock *l)
{
	hak_sys_futex_wake(&l->word, 1);
}

__thread uint32_t hak_lock_held;
__thread uint32_t hak_lock_id;

uint32_t hak_lock_new_id(void)
{
	static uint32_t last; /* atomic */

	do {
		hak_lock_id =
			__atomic_add_fetch(&last, 2, __ATOMIC_RELAXED) & ~1u;
	} while (!hak_lock_id);
	return hak_lock_id;
}

#if HAK_DEBUG >= 1
void hak_lock_ranked(const struct hak_lock *l, bool take)
{
	if (take) {
		hak_require(hak_lock_held < l->rank);
	} else {
		hak_require(hak_lock_held == l->rank);
		hak_lock_held = HAK_RANK_NONE;
	}
}
#endif
