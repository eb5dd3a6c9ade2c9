/* SPDX-License-Identifier: MIT */
/*
 * assert.h - three levels of assertion
 *
 * Responsibility: hak_require (always on), hak_assert (--enable-debug=1 and
 * above), hak_assert_slow (--enable-debug=3: the *_check() functions).
 *
 * Contract: none allocates or locks; a failure is reported by fault.c and
 * aborts.  An expression with a side effect inside hak_assert would vanish
 * from release builds.
 *
 * Observable: "hakmem: fatal: assertion ..." on standard error.
 *
 * Composable: as fault.h.
 */
#ifndef HAK_ASSERT_H
#define HAK_ASSERT_H

#include "fault.h"

#define HAK_STR_(x) #x
#define HAK_STR(x) HAK_STR_(x)

#define hak_require(x)                                                        \
	do {                                                                  \
		if (hak_unlikely(!(x)))                                       \
			hak_fault_assert(#x, __FILE__ ":" HAK_STR(__LINE__)); \
	} while (0)

#if HAK_DEBUG >= 1
#define hak_assert(x) hak_require(x)
#else
#define hak_assert(x) ((void)sizeof(!(x)))
#endif

#if HAK_DEBUG >= 3
#define hak_assert_slow(x) hak_require(x)
#else
#define hak_assert_slow(x) ((void)sizeof(!(x)))
#endif

#endif /* HAK_ASSERT_H */
