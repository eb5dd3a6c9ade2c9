/* SPDX-License-Identifier: MIT */
/*
 * sys.h - raw system calls
 *
 * Responsibility: the way into the kernel, without errno and without a call
 * that another library may have hooked.
 *
 * Contract: return values are the kernel's: >= 0 or a negative errno.  Using
 * libc's wrappers here instead would let a hooking library call malloc under
 * the pool lock: a self-deadlock.  syscall(2) is such a wrapper: torsocks
 * stands before it.
 *
 * Observable: nothing; strace(1) shows the calls.
 *
 * Composable: needs nothing; safe before libc is ready, after fork, in
 * handlers; no cancellation point.
 *
 * Tests stand in between with -Wl,--wrap=hak_sys_call; in a library that is
 * built with -DHAK_SYS_LIBC, as it is on processors that sys.c has no code
 * for, calls go through libc's syscall(2).
 */
#ifndef HAK_SYS_H
#define HAK_SYS_H

#include "base.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

HAK_HIDDEN long hak_sys_call(long number, long a, long b, long c, long d,
			     long e, long f);

/* HAK_RAW(SYS_x, argument...), up to six of them */
#define HAK_RAW(...) SYS_PADDED(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define SYS_PADDED(number, a, b, c, d, e, f, ...)                        \
	hak_sys_call(number, (long)(a), (long)(b), (long)(c), (long)(d), \
		     (long)(e), (long)(f))

#if !defined(SYS_futex) && defined(SYS_futex_time64)
#define SYS_futex SYS_futex_time64
#endif

static inline long hak_sys_write(int fd, const void *buf, size_t n)
{
	return HAK_RAW(SYS_write, fd, buf, n);
}

static inline void hak_sys_futex_wait(uint32_t *word, uint32_t value)
{
	(void)HAK_RAW(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL,
		      0);
}

static inline void hak_sys_futex_wake(uint32_t *word, int n)
{
	(void)HAK_RAW(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
}

#endif /* HAK_SYS_H */
