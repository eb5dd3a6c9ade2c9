/* SPDX-License-Identifier: MIT */
/*
 * hakmem.h - the public interface of libhakmem
 *
 * libhakmem replaces malloc(3) and its family; a program needs none of what
 * follows for that.  The functions here exist beside the standard names, also
 * in a library built with --disable-interpose, and give what the standard
 * names do not: sizes that would be granted, sized frees, return of memory,
 * figures, and a walk over the heap.
 *
 * Common to all functions, unless one says otherwise:
 *   - sizes are in bytes, times in milliseconds;
 *   - thread-safe: any thread may call them at any time;
 *   - fork-safe: a child may call them whatever other threads were doing in
 *     the parent at the moment of the fork;
 *   - not async-signal-safe by promise.  A call from a signal handler that
 *     interrupted libhakmem's slow paths is served; one that interrupted a
 *     fast path is as undefined as it is with glibc;
 *   - errno is set on failure and left alone on success; hakmem_free and its
 *     relatives never change it;
 *   - misuse (double free, invalid pointer, wrong size) writes one line
 *     beginning "hakmem: fatal:" to standard error and calls abort(3).
 */
#ifndef HAKMEM_HAKMEM_H
#define HAKMEM_HAKMEM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define HAKMEM_ATTR(...) __attribute__((__VA_ARGS__))
#else
#define HAKMEM_ATTR(...)
#endif

/*
 * Version of this header; hakmem_version() gives the library's.
 */
#define HAKMEM_VERSION_MAJOR 0
#define HAKMEM_VERSION_MINOR 1
#define HAKMEM_VERSION_PATCH 0
#define HAKMEM_VERSION_STRING "0.1.0"

/*
 * hakmem_version - version of the library in use
 *
 * Returns a static string such as "0.1.0".  Never fails.
 */
const char *hakmem_version(void);

/*
 * hakmem_malloc - allocate size bytes, aligned to 16
 *
 * The contents are undefined.  Size 0 gives a unique pointer.  Returns NULL
 * with errno ENOMEM when size exceeds PTRDIFF_MAX, when HAKMEM_LIMIT_HARD
 * would be exceeded, or when the kernel refuses memory.
 */
void *hakmem_malloc(size_t size) HAKMEM_ATTR(malloc, alloc_size(1));

/*
 * hakmem_calloc - allocate n * size bytes that read as zero
 *
 * As hakmem_malloc; a product that overflows gives NULL with ENOMEM.
 */
void *hakmem_calloc(size_t n, size_t size)
	HAKMEM_ATTR(malloc, alloc_size(1, 2));

/*
 * hakmem_realloc - change the size of a block
 *
 * The contents are kept up to the smaller of both sizes.  p == NULL is
 * hakmem_malloc(size).  size == 0 with p != NULL frees p and returns NULL
 * (HAKMEM_ZERO_REALLOC changes this).  On failure returns NULL with ENOMEM
 * and leaves p as it was.
 */
void *hakmem_realloc(void *p, size_t size) HAKMEM_ATTR(alloc_size(2));

/*
 * hakmem_aligned_alloc - allocate size bytes at a multiple of alignment
 *
 * alignment must be a power of two, else NULL with EINVAL; size may be
 * anything, as with glibc.  Alignments up to 1 GiB are tested.
 */
void *hakmem_aligned_alloc(size_t alignment, size_t size)
	HAKMEM_ATTR(alloc_size(2));

/*
 * hakmem_free - give a block back
 *
 * p is NULL or came from one of the allocation functions and has not been
 * freed since.  Keeps errno.
 */
void hakmem_free(void *p);

/*
 * hakmem_free_sized - give back a block whose requested size is known
 *
 * size is what was passed to malloc, calloc (the product), realloc or
 * aligned_alloc.  One that is larger than the block is reported as "size
 * mismatch"; a smaller one cannot be told from a block that was shrunk or
 * aligned, but with HAKMEM_SECURITY=3, where every other one is reported.
 */
void hakmem_free_sized(void *p, size_t size);

/*
 * hakmem_good_size - the largest request that takes no more memory than size
 *
 * At least size.  A block requested with it has at least that usable size; a
 * block requested with size has a usable size between the two.  Pure
 * arithmetic.  Returns 0 when size exceeds PTRDIFF_MAX.
 */
size_t hakmem_good_size(size_t size);

/*
 * hakmem_usable_size - bytes that may be used at p
 *
 * At least what was requested; constant while the block lives; every byte may
 * be written.  0 for NULL.  p must be a live block.
 */
size_t hakmem_usable_size(const void *p);

/*
 * hakmem_is_ours - was p handed out by libhakmem?
 *
 * Returns 1 when p lies in memory that libhakmem manages for blocks, 0
 * otherwise.  Any pointer may be passed; nothing is dereferenced.
 */
int hakmem_is_ours(const void *p);

/*
 * hakmem_purge - return free memory to the system now
 *
 * Flushes the calling thread's caches, collects remote frees, and returns
 * every empty slot, cached mapping, and page without a live block that may be
 * returned.  Caches and partly used slabs of other threads stay as they are.
 * Returns the number of bytes given back.
 */
size_t hakmem_purge(void);

/*
 * hakmem_thread_flush - empty the calling thread's caches
 *
 * Cached and outgoing blocks go back to their slabs.  Useful before a thread
 * goes idle for long.
 */
void hakmem_thread_flush(void);

struct hakmem_stats;

/*
 * hakmem_stats_get - copy the statistics of this process
 *
 * Fills *out (struct hakmem_stats of <hakmem/stats.h>, size bytes of it; size
 * is sizeof *out as the caller was compiled).  Sums over heaps are brought up
 * to date first; see the error bound in <hakmem/stats.h>.  Returns 0, or -1
 * with EINVAL when out is NULL or size is smaller than the first release's.
 */
int hakmem_stats_get(struct hakmem_stats *out, size_t size);

/*
 * hakmem_stats_print - write a report
 *
 * format is "text" or "json"; fd an open descriptor.  Allocates nothing.
 * Returns 0, or -1 with EINVAL (unknown format) or the errno of write(2).
 */
int hakmem_stats_print(int fd, const char *format);

/*
 * hakmem_option_get, hakmem_option_set - read and change an option
 *
 * name is as in hakmem(7), without HAKMEM_ (case is ignored).  get writes
 * the value as text into buf, always terminated, and returns its length as
 * snprintf(3) does; set accepts options that hakmem(7) marks as changeable at
 * run time.  Both return -1 with ENOENT for an unknown name; set returns -1
 * with EINVAL for a malformed value and EPERM for an option that is fixed at
 * start-up.
 */
int hakmem_option_get(const char *name, char *buf, size_t size);
int hakmem_option_set(const char *name, const char *value);

/*
 * hakmem_heap_walk - visit size classes and what they hold
 *
 * Calls fn once per size class in use, then once per slab or large block,
 * until fn returns non-zero, which is then the result.  fn must not allocate
 * or free.  The figures are a snapshot per entry, not of the whole.
 */
enum hakmem_walk_kind {
	HAKMEM_WALK_CLASS = 1, /* one size class, all heaps */
	HAKMEM_WALK_SLAB = 2, /* one slab */
	HAKMEM_WALK_LARGE = 3, /* one large block (a run of slots) */
	HAKMEM_WALK_HUGE = 4, /* one block with its own mapping */
};

struct hakmem_walk_entry {
	enum hakmem_walk_kind kind;
	unsigned size_class; /* 0 for LARGE and HUGE */
	void *address; /* first byte; NULL for CLASS */
	size_t size; /* bytes of memory behind this entry */
	size_t block_size; /* usable bytes of one block */
	size_t blocks; /* blocks it can hold */
	size_t free_blocks; /* of them free; of slabs: not those in caches */
};

typedef int (*hakmem_walk_fn)(const struct hakmem_walk_entry *entry, void *arg);
int hakmem_heap_walk(hakmem_walk_fn fn, void *arg);

#ifdef __cplusplus
}
#endif

#endif /* HAKMEM_HAKMEM_H */
