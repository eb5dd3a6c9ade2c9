/* SPDX-License-Identifier: MIT */
#include "os.h"

#include "bits.h"
#include "stats.h"
#include "sys.h"

#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

size_t hak_os_page = 4096;

static unsigned os_fail_countdown; /* tests only */
static bool os_fail_on; /* the calls after it fail, too */
static bool os_clock_failed;

void hak_os_init(void)
{
	unsigned long page = getauxval(AT_PAGESZ);

	if (page)
		hak_os_page = page;
}

void hak_os_fail_from(unsigned n)
{
	hak_os_fail_at(n);
	os_fail_on = true;
}

void hak_os_fail_at(unsigned n)
{
	os_fail_on = false;
	__atomic_store_n(&os_fail_countdown, n, __ATOMIC_RELAXED);
}

static bool os_fails(void)
{
	if (hak_likely(!__atomic_load_n(&os_fail_countdown, __ATOMIC_RELAXED)))
		return false;
	if (os_fail_on && os_fail_countdown == 1)
		;
	else if (__atomic_sub_fetch(&os_fail_countdown, 1, __ATOMIC_RELAXED))
		return false;
	hak_stats_add(&hak_stats.os_errors, 1);
	return true;
}

static int os_result(int ret)
{
	if (ret == 0)
		return 0;
	hak_stats_add(&hak_stats.os_errors, 1);
	return ret;
}

/* mmap through the raw call: libc's may be hooked and keeps errno dirty. */
static void *os_mmap(void *hint, size_t size)
{
	long ret;

	if (os_fails())
		return NULL;
#ifdef SYS_mmap2
	ret = HAK_RAW(SYS_mmap2, hint, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
#else
	ret = HAK_RAW(SYS_mmap, hint, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
#endif
	if (ret < 0 && ret > -4096) {
		hak_stats_add(&hak_stats.os_errors, 1);
		return NULL;
	}
	hak_stats_add(&hak_stats.mapped_bytes, size);
	return (void *)ret;
}

void *hak_os_map(size_t size)
{
	return os_mmap(NULL, size);
}

int hak_os_unmap(void *p, size_t size)
{
	int ret;

	if (!size)
		return 0;
	if (os_fails())
		return -ENOMEM;
	ret = (int)HAK_RAW(SYS_munmap, p, size);
	if (ret == 0)
		hak_stats_add(&hak_stats.mapped_bytes, -(uint64_t)size);
	return os_result(ret);
}

static bool os_aligned(const void *p, size_t align)
{
	return ((uintptr_t)p & (align - 1)) == 0;
}

void *hak_os_map_aligned(size_t size, size_t align, void *hint)
{
	char *p = os_mmap(hint, size);

	if (!p || os_aligned(p, align))
		return p;
	hak_os_unmap(p, size);
	if (size + align - hak_os_page < size)
		return NULL;
	/* too large by what alignment can cost, then trimmed at both ends */
	size_t total = size + align - hak_os_page;
	p = os_mmap(NULL, total);
	if (!p)
		return NULL;
	char *start = (char *)hak_round_up((uintptr_t)p, align);
	size_t head = (size_t)(start - p);
	hak_os_unmap(p, head);
	hak_os_unmap(start + size, total - head - size);
	return start;
}

int hak_os_resize(void *p, size_t old_size, size_t new_size)
{
	long ret;

	if (os_fails())
		return -ENOMEM;
	ret = HAK_RAW(SYS_mremap, p, old_size, new_size, 0, 0);
	if (ret < 0 && ret > -4096)
		return (int)ret;
	hak_stats_add(&hak_stats.mapped_bytes, (uint64_t)new_size - old_size);
	return 0;
}

int hak_os_move(void *p, size_t size, void *to, size_t new_size)
{
	long ret;

	if (os_fails())
		return -ENOMEM;
	ret = HAK_RAW(SYS_mremap, p, size, new_size,
		      MREMAP_MAYMOVE | MREMAP_FIXED, to);
	if (ret < 0 && ret > -4096) {
		hak_stats_add(&hak_stats.os_errors, 1);
		return (int)ret;
	}
	hak_stats_add(&hak_stats.mapped_bytes, -(uint64_t)size);
	return 0;
}

void *hak_os_remap(void *p, size_t old_size, size_t new_size, size_t align)
{
	char *to;
	int err;

	err = hak_os_resize(p, old_size, new_size);
	if (!err)
		return p;
	/* it is several mappings to the kernel, which moves one at a time; tried
	 * all the same, that would take the new place away and fail then */
	if (err == -EFAULT)
		return NULL;
	/* an aligned place first; mremap then moves the pages onto it */
	to = hak_os_map_aligned(new_size, align, NULL);
	if (!to)
		return NULL;
	err = hak_os_move(p, old_size, to, new_size);
	if (err) {
		/* -ENOMEM: too many mappings, nothing has happened.  Else it is
		 * unmapped already, and may be somebody's by now. */
		if (err == -ENOMEM)
			hak_os_unmap(to, new_size);
		else
			hak_stats_add(&hak_stats.mapped_bytes,
				      -(uint64_t)new_size);
		return NULL;
	}
	return to;
}

/*
 * Does MADV_DONTNEED really empty pages?  qemu-user and others have been seen
 * to ignore it.  Asked once, on the first page given back.
 */
enum { OS_UNASKED, OS_ZEROES, OS_KEEPS };
static int os_dontneed;

static void os_ask_dontneed(char *p)
{
	volatile char *probe = p;

	*probe = 1;
	if (HAK_RAW(SYS_madvise, p, hak_os_page, MADV_DONTNEED) == 0 &&
	    *probe == 0)
		__atomic_store_n(&os_dontneed, OS_ZEROES, __ATOMIC_RELAXED);
	else
		__atomic_store_n(&os_dontneed, OS_KEEPS, __ATOMIC_RELAXED);
}

bool hak_os_purge_zeroes(void)
{
	return __atomic_load_n(&os_dontneed, __ATOMIC_RELAXED) == OS_ZEROES;
}

int hak_os_purge(void *p, size_t size, bool lazily)
{
	int ret = -EINVAL;

	if (os_fails())
		return -ENOMEM;
	if (__atomic_load_n(&os_dontneed, __ATOMIC_RELAXED) == OS_UNASKED)
		os_ask_dontneed(p);
	if (lazily)
		ret = (int)HAK_RAW(SYS_madvise, p, size, MADV_FREE);
	if (ret == -EINVAL)
		ret = (int)HAK_RAW(SYS_madvise, p, size, MADV_DONTNEED);
	if (ret == 0)
		hak_stats_add(&hak_stats.purges, 1);
	return os_result(ret);
}

int hak_os_protect(void *p, size_t size, bool access)
{
	if (os_fails())
		return -ENOMEM;
	return os_result(
		(int)HAK_RAW(SYS_mprotect, p, size,
			     access ? PROT_READ | PROT_WRITE : PROT_NONE));
}

int hak_os_hugepage(void *p, size_t size, bool want)
{
	return (int)HAK_RAW(SYS_madvise, p, size,
			    want ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

void *hak_os_wipe_on_fork(void)
{
	void *p = os_mmap(NULL, hak_os_page);

	if (!p)
		return NULL;
	if (HAK_RAW(SYS_madvise, p, hak_os_page, MADV_WIPEONFORK) == 0)
		return p;
	hak_os_unmap(p, hak_os_page);
	return NULL;
}

uint64_t hak_os_now_ms(void)
{
	struct timespec ts;
	int saved = errno;

	if (__atomic_load_n(&os_clock_failed, __ATOMIC_RELAXED))
		return 0;
	/* the vDSO answers without a system call; never ask again after one
	 * failure, a sandbox may have refused */
	if (clock_gettime(CLOCK_MONOTONIC_COARSE, &ts) != 0) {
		__atomic_store_n(&os_clock_failed, true, __ATOMIC_RELAXED);
		errno = saved;
		return 0;
	}
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t hak_os_realtime_ns(void)
{
	struct timespec ts;
	int saved = errno;

	if (clock_gettime(CLOCK_REALTIME_COARSE, &ts) != 0) {
		errno = saved;
		return 0;
	}
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}
