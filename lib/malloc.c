/* SPDX-License-Identifier: MIT */
/*
 * malloc.c - the C library's names
 *
 * Each is a few lines: argument rules and errno stand here, everything else in
 * alloc.c.  Exactly these names are exported: what the executable's own
 * allocator may define as well (and no more: strdup, realpath and the like
 * would mix two allocators in programs that bring a partial malloc).
 */
#include "alloc.h"

#include "heap.h"
#include "huge.h"
#include "init.h"
#include "libc.h"
#include "options.h"
#include "os.h"
#include "report.h"
#include "snapshot.h"
#include "stats.h"
#include "sys.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

/* Not declared by every C library. */
EXPORT void cfree(void *p);
EXPORT void free_sized(void *p, size_t size);
EXPORT void free_aligned_sized(void *p, size_t align, size_t size);
EXPORT void *pvalloc(size_t size);

static void *entry_failed(void)
{
	errno = ENOMEM;
	return NULL;
}

static HAK_NOINLINE void *entry_malloc_slow(size_t size)
{
	void *p = hak_malloc_slow(size);

	return hak_likely(p != NULL) ? p : entry_failed();
}

EXPORT void *malloc(size_t size)
{
	return hak_malloc_with(size, entry_malloc_slow);
}

/* For hak_libc_malloc_is_ours(). */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wmissing-attributes"
extern void *hak_entry_malloc(size_t size)
	__attribute__((alias("malloc"), visibility("hidden")));
#pragma GCC diagnostic pop

EXPORT void free(void *p)
{
	hak_free_fast(p);
}

EXPORT void *calloc(size_t n, size_t size)
{
	void *p = hak_calloc(n, size);

	return hak_likely(p != NULL) ? p : entry_failed();
}

EXPORT void *realloc(void *p, size_t size)
{
	void *to = hak_realloc(p, size);

	/* realloc(p, 0) has freed p and is no failure */
	if (hak_unlikely(!to) &&
	    !(p && !size && hak_opt.zero_realloc == HAK_ZERO_REALLOC_FREE))
		return entry_failed();
	return to;
}

static void *entry_aligned(size_t align, size_t size)
{
	void *p = hak_aligned(align, size);

	return p ? p : entry_failed();
}

/* As glibc: no multiple is asked of size. */
EXPORT void *aligned_alloc(size_t align, size_t size)
{
	if (!hak_is_pow2(align)) {
		errno = EINVAL;
		return NULL;
	}
	return entry_aligned(align, size);
}

/* As glibc: an alignment that is no power of two is rounded up. */
EXPORT void *memalign(size_t align, size_t size)
{
	size_t up = HAK_ALIGNMENT;

	if (align > PTRDIFF_MAX) {
		errno = EINVAL;
		return NULL;
	}
	while (up < align)
		up <<= 1;
	return entry_aligned(up, size);
}

/* errno and *out stay as they are on error. */
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
	return entry_aligned(hak_os_page, size);
}

EXPORT void *pvalloc(size_t size)
{
	size_t up = hak_round_up(size, hak_os_page);

	if (up < size)
		return entry_failed();
	return entry_aligned(hak_os_page, up ? up : hak_os_page);
}

EXPORT void cfree(void *p)
{
	hak_free_fast(p);
}

EXPORT void free_sized(void *p, size_t size)
{
	hak_free_sized(p, size);
}

EXPORT void free_aligned_sized(void *p, size_t align, size_t size)
{
	(void)align;
	hak_free_sized(p, size);
}

EXPORT size_t malloc_usable_size(void *p)
{
	return hak_usable_size(p);
}

/* ---- figures -------------------------------------------------------------- */

#ifdef __GLIBC__ /* others have none of these names */

EXPORT int malloc_trim(size_t pad)
{
	int (*next)(size_t);

	if (hak_mode_now() != HAK_MODE_LIBC)
		return hak_purge() != 0;
	next = (int (*)(size_t))(uintptr_t)hak_libc_symbol("malloc_trim");
	return next ? next(pad) : 0;
}

/* Address space in use, live and free bytes, in mallinfo's terms. */
EXPORT struct mallinfo2 mallinfo2(void)
{
	struct mallinfo2 info = { 0 };
	struct hakmem_stats s;

	if (hak_mode_now() == HAK_MODE_LIBC) {
		struct mallinfo2 (*next)(void) = (struct mallinfo2(*)(void))(
			uintptr_t)hak_libc_symbol("mallinfo2");

		return next ? next() : info;
	}
	hak_stats_collect(&s, NULL);
	info.arena = (size_t)((s.slots_active + s.slots_empty) * HAK_SLOT_SIZE);
	info.hblkhd = (size_t)s.huge_live_bytes;
	info.hblks = (size_t)(s.huge_mallocs - s.huge_frees);
	info.uordblks = (size_t)(s.live_bytes - s.huge_live_bytes);
	info.fordblks =
		info.arena > info.uordblks ? info.arena - info.uordblks : 0;
	info.ordblks = (size_t)s.slots_active;
	info.keepcost = (size_t)s.empty_bytes;
	return info;
}

static int entry_int(size_t n)
{
	return n > INT_MAX ? INT_MAX : (int)n;
}

/* The old form saturates instead of wrapping. */
EXPORT struct mallinfo mallinfo(void)
{
	struct mallinfo2 i = mallinfo2();

	return (struct mallinfo){
		.arena = entry_int(i.arena),
		.ordblks = entry_int(i.ordblks),
		.hblks = entry_int(i.hblks),
		.hblkhd = entry_int(i.hblkhd),
		.uordblks = entry_int(i.uordblks),
		.fordblks = entry_int(i.fordblks),
		.keepcost = entry_int(i.keepcost),
	};
}

EXPORT void malloc_stats(void)
{
	struct hak_report_class classes[HAK_CLASSES];
	struct hakmem_stats s;

	if (hak_mode_now() == HAK_MODE_LIBC) {
		void (*next)(void) = (void (*)(void))(uintptr_t)hak_libc_symbol(
			"malloc_stats");

		if (next)
			next();
		return;
	}
	hak_stats_collect(&s, classes);
	(void)hak_report_text(&s, classes, STDERR_FILENO);
}

static int entry_info(FILE *stream)
{
	struct hakmem_stats s;
	struct mallinfo2 i = mallinfo2();

	hak_stats_collect(&s, NULL);
	return fprintf(stream,
		       "<malloc version=\"1\">\n"
		       "<heap nr=\"0\">\n"
		       "<system type=\"current\" size=\"%zu\"/>\n"
		       "<aspace type=\"total\" size=\"%llu\"/>\n"
		       "</heap>\n"
		       "<total type=\"rest\" count=\"%zu\" size=\"%zu\"/>\n"
		       "<total type=\"mmap\" count=\"%zu\" size=\"%zu\"/>\n"
		       "<system type=\"current\" size=\"%zu\"/>\n"
		       "<aspace type=\"total\" size=\"%llu\"/>\n"
		       "</malloc>\n",
		       i.arena, (unsigned long long)s.mapped_bytes, i.ordblks,
		       i.fordblks, i.hblks, i.hblkhd, i.arena + i.hblkhd,
		       (unsigned long long)s.mapped_bytes);
}

EXPORT int malloc_info(int options, FILE *stream)
{
	if (options != 0) {
		errno = EINVAL;
		return -1;
	}
	if (hak_mode_now() == HAK_MODE_LIBC) {
		int (*next)(int, FILE *) = (int (*)(int, FILE *))(
			uintptr_t)hak_libc_symbol("malloc_info");

		return next ? next(options, stream) : -1;
	}
	return entry_info(stream) < 0 ? -1 : 0;
}

/* glibc's parameters are accepted; the one that means the same is obeyed. */
EXPORT int mallopt(int param, int value)
{
	if (hak_mode_now() == HAK_MODE_LIBC) {
		int (*next)(int, int) = (int (*)(int, int))(
			uintptr_t)hak_libc_symbol("mallopt");

		return next ? next(param, value) : 0;
	}
	switch (param) {
	case M_TRIM_THRESHOLD:
		/* -1 is how programs ask never to trim */
		if (value == -1)
			hak_opt.purge_delay = -1;
		return 1;
	case M_MXFAST:
	case M_TOP_PAD:
	case M_MMAP_THRESHOLD:
	case M_MMAP_MAX:
	case M_CHECK_ACTION:
	case M_PERTURB:
	case M_ARENA_TEST:
	case M_ARENA_MAX:
		return 1;
	default:
		return 0;
	}
}

#endif /* __GLIBC__ */

/* ---- dlopen ------------------------------------------------------------------ */

#ifdef RTLD_DEEPBIND

/*
 * RTLD_DEEPBIND makes a plugin's free the C library's while its strdup gave
 * memory of ours.  The flag is cleared, and the rest left to the real dlopen
 * by a tail call: it finds its caller, whose RUNPATH counts, by the return
 * address.
 */
EXPORT void *dlopen(const char *file, int mode)
{
	static void *(*next)(const char *, int); /* atomic; idempotent */
	void *(*fn)(const char *, int) =
		__atomic_load_n(&next, __ATOMIC_RELAXED);

	if (hak_unlikely(!fn)) {
		fn = (void *(*)(const char *, int))(uintptr_t)hak_libc_next(
			"dlopen");
		__atomic_store_n(&next, fn, __ATOMIC_RELAXED);
	}
	if (hak_opt.dlopen_deepbind == HAK_DEEPBIND_STRIP &&
	    hak_mode_now() == HAK_MODE_OURS)
		mode &= ~RTLD_DEEPBIND;
	return fn ? fn(file, mode) : NULL;
}

#endif /* RTLD_DEEPBIND */
