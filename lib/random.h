/* SPDX-License-Identifier: MIT */
/*
 * random.h - the process's secret
 *
 * Responsibility: one unpredictable word, from which the key of freed blocks
 * is made.
 *
 * Contract: called once, at start.  Returns an odd value, so never 0.
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

#endif /* HAK_RANDOM_H */
