/* SPDX-License-Identifier: MIT */
/*
 * init.h - the first allocation, and who serves this process
 *
 * Responsibility: start-up in the right order, at the first allocation; reading
 * the configuration file and the environment once, before main at the latest;
 * deciding whether this library serves the process or passes through to the C
 * library's allocator.
 *
 * Contract: hak_init() is called by slow paths while hak_mode is NEW, with no
 * lock held.  malloc may be called by the dynamic loader before the C library
 * has set environ: then options keep their defaults, blocks come from the
 * mixed slot, and the environment is read at a later slow path.
 *
 * Observable: hakmem_stats.magic becomes non-zero; HAKMEM_VERBOSE=1 prints
 * the options in force.
 *
 * Composable: calls nothing that allocates.  The environment is ignored in
 * set-user-ID programs (AT_SECURE).
 */
#ifndef HAK_INIT_H
#define HAK_INIT_H

#include "base.h"

enum hak_mode {
	HAK_MODE_NEW = 0,
	HAK_MODE_EARLY, /* started; environ was not there yet */
	HAK_MODE_OURS,
	HAK_MODE_LIBC, /* pass-through */
};

extern uint32_t hak_mode; /* atomic; rises only */

/* Returns the mode after the call: never NEW unless out of memory. */
enum hak_mode hak_init(void) HAK_COLD;

static inline enum hak_mode hak_mode_now(void)
{
	uint32_t mode = __atomic_load_n(&hak_mode, __ATOMIC_ACQUIRE);

	if (hak_likely(mode >= HAK_MODE_OURS))
		return (enum hak_mode)mode;
	return hak_init();
}

/* Without a look at what has to be done first. */
static inline bool hak_mode_is(enum hak_mode mode)
{
	return __atomic_load_n(&hak_mode, __ATOMIC_RELAXED) == (uint32_t)mode;
}

/* Where the report at exit goes: standard error as it was at start, since
 * programs (coreutils) close theirs before they end. */
int hak_init_stderr(void);

/* The program's name as it was at start. */
const char *hak_init_program(void);

/* True in set-user-ID and set-group-ID programs. */
bool hak_init_secure(void);

#endif /* HAK_INIT_H */
