/* SPDX-License-Identifier: MIT */
/*
 * pages.c - a kernel with pages of PAGE bytes
 *
 * Linked into a test, it stands in front of getauxval, sysconf and syscall; the
 * library has to be built with -DHAK_SYS_LIBC.
 * Memory calls are refused where an address is not at a page, and lengths are
 * rounded up, which empties or unmaps what lies behind when a caller thinks
 * in smaller pages.  A mapping begins at a page.  x86-64 only.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UP(n) (((unsigned long)(n) + PAGE - 1) & ~(PAGE - 1ul))
#define ODD(n) ((unsigned long)(n) & (PAGE - 1ul))

static long raw(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static long map(long hint, long size, long prot, long flags, long fd)
{
	unsigned long p, at;

	if (!size || UP(size) < (unsigned long)size)
		return size ? -ENOMEM : -EINVAL;
	size = (long)UP(size);
	if (flags & MAP_FIXED && ODD(hint))
		return -EINVAL;
	if (hint || flags & MAP_FIXED) {
		p = (unsigned long)raw(SYS_mmap, hint, size, prot, flags, fd,
				       0);
		if (p > -4096ul || !ODD(p))
			return (long)p;
		raw(SYS_munmap, (long)p, size, 0, 0, 0, 0);
	}
	p = (unsigned long)raw(SYS_mmap, 0, size + PAGE, prot, flags, fd, 0);
	if (p > -4096ul)
		return (long)p;
	at = UP(p);
	if (at > p)
		raw(SYS_munmap, (long)p, (long)(at - p), 0, 0, 0, 0);
	raw(SYS_munmap, (long)(at + (unsigned long)size),
	    (long)(p + PAGE - at), 0, 0, 0, 0);
	return (long)at;
}

static long remap(long p, long old, long size, long flags, long to)
{
	if (ODD(p) || (flags & MREMAP_FIXED && ODD(to)) || !size)
		return -EINVAL;
	/* the library moves to places of its choice only */
	if (flags & MREMAP_MAYMOVE && !(flags & MREMAP_FIXED))
		return -ENOSYS;
	if (UP(size) < (unsigned long)size)
		return -ENOMEM;
	return raw(SYS_mremap, p, (long)UP(old), (long)UP(size), flags, to, 0);
}

static long call(long nr, const long *a)
{
	switch (nr) {
	case SYS_mmap:
		return map(a[0], a[1], a[2], a[3], a[4]);
	case SYS_mremap:
		return remap(a[0], a[1], a[2], a[3], a[4]);
	case SYS_munmap:
	case SYS_madvise:
		if (ODD(a[0]))
			return -EINVAL;
		return raw(nr, a[0], (long)UP(a[1]), a[2], 0, 0, 0);
	default:
		return raw(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	}
}

long syscall(long nr, ...)
{
	long a[6], ret;
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	ret = call(nr, a);
	if ((unsigned long)ret > -4096ul) {
		errno = (int)-ret;
		return -1;
	}
	return ret;
}

unsigned long getauxval(unsigned long type)
{
	unsigned long pair[2], value = 0;
	long fd;

	if (type == AT_PAGESZ)
		return PAGE;
	fd = raw(SYS_open, (long)"/proc/self/auxv", O_RDONLY | O_CLOEXEC, 0, 0,
		 0, 0);
	while (fd >= 0 && raw(SYS_read, (long)fd, (long)pair, sizeof(pair), 0,
			      0, 0) == sizeof(pair))
		if (pair[0] == type)
			value = pair[1];
	if (fd >= 0)
		raw(SYS_close, fd, 0, 0, 0, 0, 0);
	return value;
}

/* What programs ask: of it, only the page. */
extern long __sysconf(int name);

long sysconf(int name)
{
	return name == _SC_PAGESIZE ? PAGE : __sysconf(name);
}
