/* SPDX-License-Identifier: MIT */
/*
 * sys.h - raw system calls below the os layer
 *
 * Responsibility: write(2) and futex(2) for the lowest layer, without errno
 * and without a call that another library may have hooked.
 *
 * Contract: return values are the kernel's: >= 0 or a negative errno.  Using
 * libc's wrappers here instead would let a hooking library call malloc under
 * the pool lock: a self-deadlock.
 *
 * Observable: nothing; strace(1) shows the calls.
 *
 * Composable: needs nothing; safe before libc is ready, after fork, in
 * handlers.
 */
#ifndef HAK_SYS_H
#define HAK_SYS_H

#include "base.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/* syscall(2) sets errno on failure: it is put back, since free must not
 * change it. */
#define HAK_RAW(...)                              \
	({                                        \
		int saved_ = errno;               \
		long ret_ = syscall(__VA_ARGS__); \
		if (ret_ == -1)                   \
			ret_ = -(long)errno;      \
		errno = saved_;                   \
		ret_;                             \
	})

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
