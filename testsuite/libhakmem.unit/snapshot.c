/* SPDX-License-Identifier: MIT */
/*
 * The copy of the statistics: a complete header, and at rest sums that are
 * exact, over classes as over heaps.
 */
#include "t.h"

#include "alloc.h"
#include "init.h"
#include "sizeclass.h"
#include "snapshot.h"
#include "stats.h"
#include "thread.h"

#include <pthread.h>

enum { BLOCKS = 3000, SIZE = 200 };

static struct hak_report_class classes[HAK_CLASSES];

static struct hakmem_stats collect(void)
{
	struct hakmem_stats s;

	memset(&s, 0xa5, sizeof(s));
	hak_stats_collect(&s, classes);
	return s;
}

static void check_header(void)
{
	struct hakmem_stats s = collect();

	CHECK(s.magic == HAKMEM_STATS_MAGIC && s.size == sizeof(s));
	CHECK(s.major == HAKMEM_STATS_MAJOR && s.minor == HAKMEM_STATS_MINOR);
	CHECK(s.bin_size == sizeof(struct hakmem_stats_bin));
	CHECK(s.heap_size == sizeof(struct hakmem_stats_heap));
	CHECK(s.superslab_size == sizeof(struct hakmem_stats_superslab));
	CHECK(s.mapping_size == sizeof(struct hakmem_stats_mapping));
	CHECK(s.classes == HAK_CLASSES && s.pointer_size == sizeof(void *));
	CHECK(s.slot_size == HAK_SLOT_SIZE && s.page_size >= 4096);
	CHECK(s.pid == (uint32_t)getpid() && !(s.seq & 1));
}

static void *free_half(void *arg)
{
	void **p = arg;

	for (int i = 0; i < BLOCKS; i += 2)
		hak_free_fast(p[i]);
	return arg;
}

/* The classes' figures give the totals. */
static void check_classes(const struct hakmem_stats *s)
{
	uint64_t live =
		s->boot_live_bytes + s->large_live_bytes + s->huge_live_bytes;
	uint64_t cached = 0;

	for (unsigned cls = 1; cls < HAK_CLASSES; cls++) {
		CHECK(classes[cls].block_size == hak_class_size(cls));
		live += classes[cls].live * hak_class_size(cls);
		cached += classes[cls].cached * hak_class_size(cls);
	}
	CHECK(live == s->live_bytes && cached == s->cached_bytes);
}

int main(void)
{
	static void *p[BLOCKS];
	unsigned cls;
	struct hakmem_stats before, after;
	uint64_t had;
	pthread_t t;

	CHECK(hak_mode_now() == HAK_MODE_OURS);
	cls = hak_class_of(SIZE);
	check_header();
	/* past the mixed slots of the start */
	hak_tls.boot = HAK_INITIAL_BOOT;
	hak_free_fast(hak_malloc_with(1, hak_malloc_slow));
	before = collect();
	had = classes[cls].live;
	for (int i = 0; i < BLOCKS; i++)
		p[i] = hak_malloc_with(SIZE, hak_malloc_slow);
	after = collect();
	check_classes(&after);
	CHECK(after.mallocs - before.mallocs == BLOCKS);
	CHECK(after.frees == before.frees);
	CHECK(classes[cls].live - had == BLOCKS);
	/* freed by another thread, whether taken back or not */
	CHECK(pthread_create(&t, NULL, free_half, p) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	after = collect();
	check_classes(&after);
	CHECK(classes[cls].live - had == BLOCKS / 2);
	free_half(p + 1);
	after = collect();
	CHECK(classes[cls].live == had);
	return 0;
}
