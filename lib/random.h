/* SPDX-License-Identifier: MIT */
/*
 * random.h - what cannot be predicted
 *
 * Responsibility: one unpredictable word, from which the key of freed blocks
 * is made, and streams of them for harden.c.
 *
 * Contract: hak_random_secret is called once, at start, and returns an odd
 * value, so never 0.  A stream has one user at a time.  Two streams with one
 * name would be the same.
 *
 * Observable: nothing; the value is not exported.
 *
 * Composable: the kernel's 16 bytes in the auxiliary vector (AT_RANDOM) need
 * no system call, which no sandbox can refuse; the address of a stack
 * variable where there are none.
 */
#ifndef HAK_RANDOM_H
#define HAK_RANDOM_H

#include "base.h"

uintptr_t hak_random_secret(void);

/* ChaCha (Bernstein 2008) with 8 rounds: 64 bytes at a time. */
struct hak_random {
	uint32_t state[16];
	uint64_t out[8];
	uint32_t left; /* words of out that were not used yet */
};

void hak_random_begin(struct hak_random *r, uint64_t name);
uint64_t hak_random_next(struct hak_random *r);

#endif /* HAK_RANDOM_H */
