/* SPDX-License-Identifier: MIT */
/*
 * Counts what sizes a program asks of malloc and its family: exactly up to
 * 32 KiB, by pages above.  bench/waste preloads it, and the C library behind
 * it, whose malloc it calls:
 *
 *   LD_PRELOAD=record.so:libc.so.6 BENCH_RECORD=FILE PROGRAM...
 *
 * At exit it appends lines to the file, which must be an absolute path:
 *
 *   aligned REQUESTS             with an alignment above malloc's own
 *   size SIZE REQUESTS BYTES     above 32 KiB: sizes rounded up to pages
 *
 * Counts are atomic and static; it allocates nothing.  A request that fails
 * does not count, nor do those of a forked child that calls no exec.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define EXACT ((size_t)32 << 10)
#define PAGE ((size_t)4096)
#define PAGES ((size_t)1 << 18) /* up to 1 GiB, the last: all above */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void *__libc_valloc(size_t size);
void *__libc_pvalloc(size_t size);

EXPORT void *malloc(size_t size);
EXPORT void *calloc(size_t n, size_t size);
EXPORT void *realloc(void *p, size_t size);
EXPORT void *memalign(size_t alignment, size_t size);
EXPORT void *aligned_alloc(size_t alignment, size_t size);
EXPORT int posix_memalign(void **out, size_t alignment, size_t size);
EXPORT void *valloc(size_t size);
EXPORT void *pvalloc(size_t size);

static _Atomic uint64_t exact[EXACT + 1];
static _Atomic uint64_t paged[PAGES + 1], paged_bytes[PAGES + 1];
static _Atomic uint64_t aligned;
/* A program may overwrite its environment. */
static char file[4096];
static pid_t started;

static void add(_Atomic uint64_t *to, uint64_t n)
{
	atomic_fetch_add_explicit(to, n, memory_order_relaxed);
}

static void *count(void *p, size_t size)
{
	if (!p)
		return p;
	if (size <= EXACT) {
		add(&exact[size], 1);
		return p;
	}
	size_t n = (size - 1) / PAGE + 1;
	if (n > PAGES)
		n = PAGES;
	add(&paged[n], 1);
	add(&paged_bytes[n], size);
	return p;
}

static void *count_aligned(void *p, size_t alignment, size_t size)
{
	if (p && alignment > _Alignof(max_align_t))
		add(&aligned, 1);
	return count(p, size);
}

void *malloc(size_t size)
{
	return count(__libc_malloc(size), size);
}

void *calloc(size_t n, size_t size)
{
	/* When the product overflows there is no block. */
	return count(__libc_calloc(n, size), n * size);
}

void *realloc(void *p, size_t size)
{
	return count(__libc_realloc(p, size), size);
}

void *memalign(size_t alignment, size_t size)
{
	return count_aligned(__libc_memalign(alignment, size), alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	int saved = errno;

	if (alignment < sizeof(void *) || alignment & (alignment - 1))
		return EINVAL;
	void *p = memalign(alignment, size);
	errno = saved;
	if (!p)
		return ENOMEM;
	*out = p;
	return 0;
}

void *valloc(size_t size)
{
	return count_aligned(__libc_valloc(size), PAGE, size);
}

void *pvalloc(size_t size)
{
	return count_aligned(__libc_pvalloc(size), PAGE, size);
}

__attribute__((constructor)) static void start(void)
{
	const char *name = getenv("BENCH_RECORD");

	started = getpid();
	if (name && strlen(name) < sizeof(file))
		memcpy(file, name, strlen(name) + 1);
}

static void line(int fd, size_t size, uint64_t requests, uint64_t bytes)
{
	char text[80];

	if (requests == 0)
		return;
	/* Of whole numbers alone snprintf makes text without malloc. */
	int n = snprintf(text, sizeof(text),
			 "size %zu %" PRIu64 " %" PRIu64 "\n", size, requests,
			 bytes);
	if (write(fd, text, (size_t)n) != n)
		_exit(126);
}

__attribute__((destructor)) static void dump(void)
{
	char text[80];

	if (!file[0] || getpid() != started)
		return;
	int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	int n = snprintf(text, sizeof(text), "aligned %" PRIu64 "\n", aligned);
	if (fd < 0 || write(fd, text, (size_t)n) != n)
		_exit(126);
	for (size_t i = 0; i <= EXACT; i++)
		line(fd, i, exact[i], exact[i] * i);
	for (size_t i = 0; i <= PAGES; i++)
		line(fd, i * PAGE, paged[i], paged_bytes[i]);
	close(fd);
}
