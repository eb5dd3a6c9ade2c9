/* SPDX-License-Identifier: MIT */
/*
 * hakmem.c - the functions of <hakmem/hakmem.h>, and the report at exit
 *
 * Contracts stand in the header.
 */
#include "alloc.h"

#include "bits.h"
#include "fault.h"
#include "fmt.h"
#include "huge.h"
#include "init.h"
#include "options.h"
#include "os.h"
#include "pool.h"
#include "report.h"
#include "snapshot.h"
#include "stats.h"
#include "superslab.h"
#include "thread.h"

#include "hakmem/hakmem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static void *api_failed(int error)
{
	errno = error;
	return NULL;
}

static int api_result(int ret)
{
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

EXPORT const char *hakmem_version(void)
{
	return HAKMEM_VERSION_STRING;
}

EXPORT void *hakmem_malloc(size_t size)
{
	void *p = hak_malloc_with(size, hak_malloc_slow);

	return p ? p : api_failed(ENOMEM);
}

EXPORT void *hakmem_calloc(size_t n, size_t size)
{
	void *p = hak_calloc(n, size);

	return p ? p : api_failed(ENOMEM);
}

EXPORT void *hakmem_realloc(void *p, size_t size)
{
	void *to = hak_realloc(p, size);

	if (!to &&
	    !(p && !size && hak_opt.zero_realloc == HAK_ZERO_REALLOC_FREE))
		return api_failed(ENOMEM);
	return to;
}

EXPORT void *hakmem_aligned_alloc(size_t alignment, size_t size)
{
	void *p;

	if (!hak_is_pow2(alignment))
		return api_failed(EINVAL);
	p = hak_aligned(alignment, size);
	return p ? p : api_failed(ENOMEM);
}

EXPORT void hakmem_free(void *p)
{
	hak_free_fast(p);
}

EXPORT void hakmem_free_sized(void *p, size_t size)
{
	hak_free_sized(p, size);
}

EXPORT size_t hakmem_good_size(size_t size)
{
	return hak_good_size(size);
}

EXPORT size_t hakmem_usable_size(const void *p)
{
	return hak_usable_size(p);
}

EXPORT int hakmem_is_ours(const void *p)
{
	return hak_is_ours(p);
}

EXPORT size_t hakmem_purge(void)
{
	return hak_purge();
}

EXPORT void hakmem_thread_flush(void)
{
	hak_thread_flush();
}

/* ---- statistics ---------------------------------------------------------------- */

EXPORT int hakmem_stats_get(struct hakmem_stats *out, size_t size)
{
	struct hakmem_stats s;

	if (!out || size < sizeof(s))
		return api_result(-EINVAL);
	(void)hak_mode_now();
	hak_stats_collect(&s, NULL);
	memcpy(out, &s, sizeof(s));
	return 0;
}

static int api_report(int fd, bool json)
{
	struct hak_report_class classes[HAK_CLASSES];
	struct hakmem_stats s;

	hak_stats_collect(&s, classes);
	return json ? hak_report_json(&s, classes, fd)
		    : hak_report_text(&s, classes, fd);
}

EXPORT int hakmem_stats_print(int fd, const char *format)
{
	bool json = format && strcmp(format, "json") == 0;

	if (!format || (!json && strcmp(format, "text") != 0))
		return api_result(-EINVAL);
	(void)hak_mode_now();
	return api_result(api_report(fd, json));
}

/* HAKMEM_STATS_FILE: %p is the process id, %e the program's name. */
static void api_file_name(struct hak_fmt *f)
{
	for (const char *s = hak_opt.stats_file; *s; s++) {
		if (s[0] == '%' && s[1] == 'p') {
			hak_fmt(f, "%d", (int)getpid());
			s++;
		} else if (s[0] == '%' && s[1] == 'e') {
			hak_fmt_str(f, hak_init_program());
			s++;
		} else {
			hak_fmt_ch(f, *s);
		}
	}
}

static int api_open_file(void)
{
	char name[HAK_OPTION_TEXT_SIZE + 64];
	struct hak_fmt f;
	int fd;

	if (!hak_opt.stats_file[0] || hak_init_secure())
		return hak_init_stderr();
	hak_fmt_init(&f, name, sizeof(name));
	api_file_name(&f);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0) {
		char line[sizeof(name) + 64];

		hak_fmt_init(&f, line, sizeof(line));
		hak_fmt(&f, "warning: cannot write %s, no statistics", name);
		hak_warn(line);
	}
	return fd;
}

/* The only action at exit; programs that leave by _exit(2) have none. */
__attribute__((destructor)) static void api_exit(void)
{
	int fd;

	if (hak_opt.stats != HAK_STATS_EXIT || !hak_mode_is(HAK_MODE_OURS))
		return;
	fd = api_open_file();
	if (fd < 0)
		return;
	(void)api_report(fd, hak_opt.stats_format == HAK_STATS_JSON);
	(void)close(fd);
}

/* ---- options --------------------------------------------------------------------- */

EXPORT int hakmem_option_get(const char *name, char *buf, size_t size)
{
	(void)hak_mode_now();
	return api_result(hak_options_get(name, buf, size));
}

EXPORT int hakmem_option_set(const char *name, const char *value)
{
	int ret;

	(void)hak_mode_now();
	ret = hak_options_set(name, value, false);
	if (ret == 0)
		hak_stats.limit_hard = hak_opt.limit_hard;
	return api_result(ret);
}

/* ---- walk -------------------------------------------------------------------------- */

struct api_walk {
	hakmem_walk_fn fn;
	void *arg;
};

static int api_walk_classes(const struct api_walk *w)
{
	struct hak_report_class classes[HAK_CLASSES];
	struct hakmem_stats s;
	int ret = 0;

	hak_stats_collect(&s, classes);
	for (unsigned cls = 1; cls < HAK_CLASSES && !ret; cls++) {
		const struct hakmem_stats_class *c = &hak_class[cls].pub;
		const struct hak_report_class *sum = &classes[cls];
		uint64_t slabs = sum->slabs, blocks = slabs * c->blocks;
		/* in caches, in use, or on the way back */
		uint64_t out = sum->filled - sum->flushed - sum->drained;
		struct hakmem_walk_entry e = {
			.kind = HAKMEM_WALK_CLASS,
			.size_class = cls,
			.size = (size_t)(slabs * c->slots * HAK_SLOT_SIZE),
			.block_size = c->block_size,
			.blocks = (size_t)blocks,
			.free_blocks =
				(size_t)(out < blocks ? blocks - out : 0),
		};

		if (slabs)
			ret = w->fn(&e, w->arg);
	}
	return ret;
}

static int api_walk_slot(const struct api_walk *w,
			 const struct hak_superslab *ss, unsigned slot)
{
	const struct hak_slab *slab = &ss->slab[slot];
	unsigned cls = ss->pub.size_class[slot];
	enum hak_kind kind =
		hak_word_kind(hak_registry_get(hak_slot_base(ss, slot)));
	bool kept = kind == HAK_KIND_LARGE_KEPT;
	struct hakmem_walk_entry e = {
		.kind = cls ? HAKMEM_WALK_SLAB : HAKMEM_WALK_LARGE,
		.size_class = cls,
		.address = slab->base,
		/* without a guard's slot */
		.size = (cls ? slab->slots : ss->pub.run[slot]) * HAK_SLOT_SIZE,
		.block_size = cls    ? hak_class_size(cls)
			      : kept ? ss->pub.run[slot] * HAK_SLOT_SIZE
				     : slab->bytes,
		.blocks = cls ? slab->blocks : 1,
		.free_blocks = cls ? slab->nfree : kept,
	};

	if (!cls && !kept && kind != HAK_KIND_LARGE)
		return 0; /* a mixed slot */
	return w->fn(&e, w->arg);
}

static int api_walk_slots(const struct api_walk *w)
{
	const struct hak_superslab *ss = hak_ss_all;
	int ret = 0;

	for (; ss && !ret;
	     ss = (const struct hak_superslab *)(uintptr_t)ss->pub.next)
		for (uint32_t m = ss->pub.base ? ss->pub.active : 0; m && !ret;
		     m &= m - 1)
			if (ss->pub.run[hak_ctz32(m)])
				ret = api_walk_slot(w, ss, hak_ctz32(m));
	return ret;
}

static int api_walk_huge(void *base, size_t size, void *arg)
{
	const struct api_walk *w = arg;
	struct hakmem_walk_entry e = {
		.kind = HAKMEM_WALK_HUGE,
		.address = base,
		.size = size,
		.block_size = size,
		.blocks = 1,
	};

	return w->fn(&e, w->arg);
}

EXPORT int hakmem_heap_walk(hakmem_walk_fn fn, void *arg)
{
	struct api_walk w = { fn, arg };
	int ret;

	if (!fn)
		return api_result(-EINVAL);
	if (hak_mode_now() == HAK_MODE_NEW || hak_pool_mine())
		return 0;
	ret = api_walk_classes(&w);
	if (ret)
		return ret;
	hak_thread_arm();
	hak_pool_enter();
	ret = api_walk_slots(&w);
	if (!ret)
		ret = hak_huge_walk(api_walk_huge, &w);
	hak_pool_leave();
	return ret;
}
