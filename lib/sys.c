/* SPDX-License-Identifier: MIT */
#include "sys.h"

/* Not inline: --wrap finds it, and there is one place to get right. */
long hak_sys_call(long number, long a, long b, long c, long d, long e, long f)
{
#if !defined(HAK_SYS_LIBC) && defined(__x86_64__) && defined(__LP64__)
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10),
			   "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
#elif !defined(HAK_SYS_LIBC) && defined(__i386__)
	long ret;

	/* the sixth goes into ebp, which no constraint can name */
	__asm__ volatile("push %7\n\t"
			 "push %%ebp\n\t"
			 "mov 4(%%esp), %%ebp\n\t"
			 "int $0x80\n\t"
			 "pop %%ebp\n\t"
			 "add $4, %%esp"
			 : "=a"(ret)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e),
			   "g"(f)
			 : "memory", "cc");
	return ret;
#elif !defined(HAK_SYS_LIBC) && defined(__aarch64__)
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory", "cc");
	return x0;
#else
	/* sets errno on failure, which free must not */
	int saved = errno;
	long ret = syscall(number, a, b, c, d, e, f);

	if (ret == -1)
		ret = -(long)errno;
	errno = saved;
	return ret;
#endif
}
