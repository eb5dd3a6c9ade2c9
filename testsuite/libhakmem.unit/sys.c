/* SPDX-License-Identifier: MIT */
/*
 * Raw system calls: six arguments arrive, each in its place and whole; results
 * are the kernel's; errno is left alone, and libc's syscall(2), before which
 * others stand, is not used where the processor is known.
 *
 * { dg-hakmem-options "-Wl,--wrap=syscall" }
 */
#include "t.h"

#include "sys.h"

#include <fcntl.h>
#include <sys/mman.h>

#define ERRNO 4095 /* no call here may change it */

static unsigned libc_calls;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
	long arg[6];
	va_list ap;

	libc_calls++;
	va_start(ap, number);
	for (unsigned i = 0; i < 6; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	return __real_syscall(number, arg[0], arg[1], arg[2], arg[3], arg[4],
			      arg[5]);
}

/* mmap(2) has six: a wrong one fails or shows another page of the file. */
static void check_six(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = memfd_create("six", 0);
	char *at, *want;
	long ret;

	CHECK(fd >= 0);
	for (unsigned i = 0; i < 4; i++)
		CHECK(pwrite(fd, &"abcd"[i], 1, (off_t)(i * page)) == 1);
	CHECK(ftruncate(fd, (off_t)(4 * page)) == 0);
	want = mmap(NULL, 4 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	CHECK(want != MAP_FAILED);
#ifdef SYS_mmap2
	ret = HAK_RAW(SYS_mmap2, want, 2 * page, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_FIXED, fd, 2 * page / 4096);
#else
	ret = HAK_RAW(SYS_mmap, want, 2 * page, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_FIXED, fd, 2 * page);
#endif
	CHECK(ret == (long)want);
	at = want;
	CHECK(at[0] == 'c' && at[page] == 'd');
	at[0] = 'x'; /* private and writable */
	CHECK(pread(fd, at, 1, (off_t)(2 * page)) == 1 && at[0] == 'c');
	CHECK(HAK_RAW(SYS_munmap, want, 4 * page) == 0);
	close(fd);
}

/* What is on both sides of a call is as it was: registers, and more blocks of
 * arguments than one. */
static void check_kept(void)
{
	volatile long sum = 0;
	int ends[2];
	char got[2];

	CHECK(pipe(ends) == 0);
	for (long i = 0; i < 1000; i++) {
		long a = i * 3, b = i * 5, c = i * 7;

		CHECK(HAK_RAW(SYS_getpid) == getpid());
		CHECK(HAK_RAW(SYS_write, ends[1], "ab", 2) == 2);
		CHECK(read(ends[0], got, 2) == 2 && !memcmp(got, "ab", 2));
		sum += a + b + c;
	}
	CHECK(sum == 15 * 999 * 1000 / 2);
	close(ends[0]);
	close(ends[1]);
}

static void check_errors(void)
{
	CHECK(hak_sys_write(-1, "x", 1) == -EBADF);
	CHECK(HAK_RAW(SYS_munmap, 1, 4096) == -EINVAL);
	CHECK(HAK_RAW(100000) == -ENOSYS);
}

int main(void)
{
	errno = ERRNO;
	check_six();
	check_kept();
	check_errors();
	CHECK(errno == ERRNO);
#if (defined(__x86_64__) && defined(__LP64__)) || defined(__i386__) || \
	defined(__aarch64__)
	CHECK(libc_calls == 0);
#endif
	return 0;
}
