/* SPDX-License-Identifier: MIT */
/*
 * benchfast.c - the ceiling: how fast the front could be if it did nothing
 *
 * The library's own modules under a front for Tiny sizes that asks no more
 * than "is there a block": no owner, no start, no key, no count, no way back
 * to the slabs.  What the shipped front costs above this is the price of what
 * it does.  Never installed, and no allocator to live with: memory of a Tiny
 * size stays where it is for ever, and a block freed twice is handed out
 * twice.
 *
 * At its first request of a size a thread gets HAKMEM_BENCH_FAST_PREALLOC
 * blocks (10,000) and a stack of pointers to them, mapped apart; beyond these,
 * and for all other sizes, the modules serve as ever.  HAKMEM_BENCH_FAST=0
 * leaves everything to them.
 *
 * Each step of 16 bytes has a region of the address space to itself, so that
 * the upper bits of an address are the index of the stack it belongs to.  The
 * table has an entry for every value of those bits, and the ones that are not
 * set send free to the slow path: NULL, the modules' blocks and foreign
 * pointers need no test of their own.
 *
 * malloc and free together are 20 instructions; bench/check counts them.
 */
#include "alloc.h"
#include "heap.h"
#include "init.h"
#include "options.h"
#include "os.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if !defined(__x86_64__) || defined(__ILP32__)
#error "BenchFast needs the address space of x86-64"
#endif

#define EXPORT __attribute__((visibility("default")))

#define FAST_STEPS (HAK_TINY_MAX / HAK_ALIGNMENT)
#define FAST_SHIFT 38 /* of a region's address */
#define FAST_REGIONS ((size_t)1 << (47 - FAST_SHIFT))
/* From 2^44 to 2^45: the kernel puts nothing there unless it is told to. */
#define FAST_FIRST ((size_t)1 << (44 - FAST_SHIFT))

/*
 * top is the distance from none to the place above the uppermost block of a
 * stack, so that 0, what a new thread has, is an empty stack; below the
 * lowest block of the others stands a NULL, too.
 */
struct fast {
	uintptr_t top[FAST_REGIONS];
	void *below;
	void *none;
};

__thread struct fast hak_fast HAK_HIDDEN;

/*
 * hak_fast as an offset from the thread pointer: one load, and a segment register
 * in each access instead of additions.
 */
static inline struct fast __seg_fs *fast_self(void)
{
	struct fast __seg_fs *f;

	__asm__("movq hak_fast@gottpoff(%%rip), %0" : "=d"(f));
	return f;
}

/* top[first + i] += n in one instruction, for which the compiler takes three. */
static inline __attribute__((always_inline)) void
fast_add(struct fast __seg_fs *f, size_t first, size_t i, int n)
{
	__asm__ volatile("addq %0, %%fs:%c1(%2,%3,8)"
			 :
			 : "i"(n * (int)sizeof(void *)),
			   "i"(first * sizeof(uintptr_t)), "r"(f), "r"(i)
			 : "memory", "cc");
}

static inline void *__seg_fs *fast_at(struct fast __seg_fs *f, uintptr_t top)
{
	return (void *__seg_fs *)((uintptr_t)&f->none + top);
}

static inline size_t fast_step(size_t size)
{
	return (size - 1) / HAK_ALIGNMENT;
}

static inline size_t fast_region(const void *p)
{
	return (uintptr_t)p >> FAST_SHIFT;
}

/* The size of a block of this front, or 0. */
static size_t fast_size(const void *p)
{
	size_t step = fast_region(p) - FAST_FIRST;

	return step < FAST_STEPS ? (step + 1) * HAK_ALIGNMENT : 0;
}

/*
 * Neither the first blocks of all steps nor the hot ends of their stacks may
 * share one set of a cache, or their pages one of a TLB.
 */
static size_t fast_colour(size_t step)
{
	return step * (16 * 4096 + HAK_CACHE_LINE);
}

/* n blocks for this thread alone, or NULL. */
static char *fast_blocks(size_t step, size_t n)
{
	static size_t used[FAST_STEPS]; /* atomic; bytes of the region */
	size_t bytes =
		hak_round_up((step + 1) * HAK_ALIGNMENT * n + fast_colour(step),
			     HAK_SLOT_SIZE);
	size_t at = __atomic_fetch_add(&used[step], bytes, __ATOMIC_RELAXED);
	uintptr_t wish = ((FAST_FIRST + step) << FAST_SHIFT) + at;
	char *p;

	if (at + bytes > (size_t)1 << FAST_SHIFT)
		return NULL;
	p = hak_os_map_aligned(bytes, HAK_SLOT_SIZE, (void *)wish);
	if (p && (uintptr_t)p != wish) {
		(void)hak_os_unmap(p, bytes);
		return NULL;
	}
	return p ? p + fast_colour(step) : NULL;
}

/*
 * The bottom of a stack: a NULL and room for n blocks, and for as many again,
 * which other threads had; or NULL.  A page nobody may touch is the only test
 * for more.
 */
static void **fast_stack(size_t step, size_t n)
{
	size_t colour = fast_colour(step);
	size_t room = hak_round_up(colour + (1 + 2 * n) * sizeof(void *),
				   hak_os_page);
	char *p = hak_os_map(room + hak_os_page);

	if (!p || mprotect(p + room, hak_os_page, PROT_NONE))
		return NULL;
	return (void **)(void *)(p + colour);
}

/* Blocks of this size for the calling thread; false: the modules serve it. */
static bool fast_fill(size_t step)
{
	size_t size = (step + 1) * HAK_ALIGNMENT;
	size_t n = (size_t)hak_opt.bench_fast_prealloc;
	char *block;
	void **stack;

	/* once the options are known, and once a thread and step */
	if (hak_mode_now() != HAK_MODE_OURS || !hak_opt.bench_fast || !n ||
	    hak_fast.top[FAST_FIRST + step])
		return false;
	block = fast_blocks(step, n);
	stack = block ? fast_stack(step, n) : NULL;
	if (!stack)
		return false;
	/* the lowest address on top */
	for (size_t i = n; i-- > 0; block += size)
		stack[1 + i] = block;
	hak_fast.top[FAST_FIRST + step] =
		(uintptr_t)(stack + 1 + n) - (uintptr_t)&hak_fast.none;
	return true;
}

static void *fast_result(void *p)
{
	if (!p)
		errno = ENOMEM;
	return p;
}

static HAK_NOINLINE void *fast_malloc_slow(size_t size)
{
	size_t least = size ? size : 1;

	if (least <= HAK_TINY_MAX && fast_fill(fast_step(least)))
		return malloc(least);
	return fast_result(hak_malloc_with(size, hak_malloc_slow));
}

EXPORT void *malloc(size_t size)
{
	size_t step = fast_step(size);
	struct fast __seg_fs *f = fast_self();
	void *p;

	/* compare this and not size; leave %rax to p, as fast_self does */
	__asm__("" : "+c"(step));
	if (hak_unlikely(step >= FAST_STEPS))
		return fast_malloc_slow(size);
	p = fast_at(f, f->top[FAST_FIRST + step])[-1];
	if (hak_unlikely(!p))
		return fast_malloc_slow(size);
	fast_add(f, FAST_FIRST, step, -1);
	return p;
}

/* For hak_libc_malloc_is_ours(). */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wmissing-attributes"
extern void *hak_entry_malloc(size_t size)
	__attribute__((alias("malloc"), visibility("hidden")));
#pragma GCC diagnostic pop

/* A block of this front is lost when this thread has no stack of its size. */
static HAK_NOINLINE void fast_free_slow(void *p)
{
	if (!fast_size(p))
		hak_free_fast(p);
}

EXPORT void free(void *p)
{
	struct fast __seg_fs *f = fast_self();
	size_t region = fast_region(p);
	uintptr_t top = f->top[region];

	if (hak_unlikely(!top)) {
		fast_free_slow(p);
		return;
	}
	*fast_at(f, top) = p;
	fast_add(f, 0, region, 1);
}

EXPORT void *calloc(size_t n, size_t size)
{
	size_t total;
	void *p;

	if (__builtin_mul_overflow(n, size, &total) || total > HAK_TINY_MAX)
		return fast_result(hak_calloc(n, size));
	p = malloc(total);
	return p ? memset(p, 0, total) : NULL;
}

/* realloc(p, 0) frees p, whatever HAKMEM_ZERO_REALLOC says. */
EXPORT void *realloc(void *p, size_t size)
{
	size_t had = fast_size(p);
	void *to;

	if (!p)
		return malloc(size);
	if (!size) {
		free(p);
		return NULL;
	}
	if (!had)
		return fast_result(hak_realloc(p, size));
	if (size <= had)
		return p;
	to = malloc(size);
	if (to) {
		memcpy(to, p, had);
		free(p);
	}
	return to;
}

EXPORT size_t malloc_usable_size(void *p)
{
	size_t had = fast_size(p);

	return had ? had : hak_usable_size(p);
}

/* ---- aligned blocks are the modules' ---------------------------------------- */

EXPORT void *aligned_alloc(size_t align, size_t size)
{
	if (!hak_is_pow2(align)) {
		errno = EINVAL;
		return NULL;
	}
	return fast_result(hak_aligned(align, size));
}

EXPORT void *memalign(size_t align, size_t size)
{
	return aligned_alloc(align, size);
}

EXPORT int posix_memalign(void **out, size_t align, size_t size)
{
	void *p;

	if (!hak_is_pow2(align) || align % sizeof(void *))
		return EINVAL;
	p = hak_aligned(align, size);
	if (!p)
		return ENOMEM;
	*out = p;
	return 0;
}

EXPORT void *valloc(size_t size)
{
	return aligned_alloc(hak_os_page, size);
}

EXPORT void *pvalloc(size_t size)
{
	return aligned_alloc(hak_os_page, hak_round_up(size, hak_os_page));
}
