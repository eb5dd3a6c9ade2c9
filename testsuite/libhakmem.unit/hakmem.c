/* SPDX-License-Identifier: MIT */
/*
 * The public functions against what the library knows of itself: options reach
 * what they control, the walk shows every slab, run and mapping once and
 * nothing else, reports and copies are refused as the header says.
 */
#include "unit.h"

#include "alloc.h"
#include "init.h"
#include "stats.h"
#include "thread.h"

#include <hakmem/hakmem.h>

#define ENTRIES 2000

static struct hakmem_walk_entry entry[ENTRIES];
static unsigned entries;

static int note(const struct hakmem_walk_entry *e, void *arg)
{
	CHECK(arg == entry && entries < ENTRIES);
	entry[entries++] = *e;
	return 0;
}

static int stop(const struct hakmem_walk_entry *e, void *arg)
{
	(void)e;
	return ++*(int *)arg == 3 ? 77 : 0;
}

static void *get(size_t size)
{
	void *p = hakmem_malloc(size);

	CHECK(p);
	return p;
}

/* The entry for the slab, run or mapping of p. */
static const struct hakmem_walk_entry *entry_of(const void *p)
{
	const struct hakmem_walk_entry *found = NULL;

	for (unsigned i = 0; i < entries; i++) {
		const char *base = entry[i].address;

		/* a run's first block begins some way into it */
		size_t size = entry[i].kind == HAKMEM_WALK_LARGE
				      ? entry[i].block_size
				      : entry[i].size;

		if (entry[i].kind == HAKMEM_WALK_CLASS ||
		    (const char *)p < base || (const char *)p >= base + size)
			continue;
		CHECK(!found);
		found = &entry[i];
	}
	return found;
}

/* Slots that entries stand for, mixed slots aside, are those in use. */
static void check_slots(void)
{
	uint64_t slots = 0, mixed = 0;

	for (unsigned i = 0; i < entries; i++)
		if (entry[i].kind == HAKMEM_WALK_SLAB ||
		    entry[i].kind == HAKMEM_WALK_LARGE)
			slots += entry[i].size / HAK_SLOT_SIZE;
	for (const struct hak_superslab *ss = hak_ss_all; ss;
	     ss = (const void *)(uintptr_t)ss->pub.next)
		for (uint32_t m = ss->pub.base ? ss->pub.active : 0; m;
		     m &= m - 1)
			mixed += hak_word_kind(hak_registry_get(hak_slot_base(
					 ss, hak_ctz32(m)))) == HAK_KIND_BOOT;
	CHECK(slots + mixed == hak_stats.slots_active);
}

/* A class's entry is the sum of its slabs' when no block lies in a cache. */
static void check_sums(void)
{
	unsigned classes = 0;

	for (unsigned i = 0; i < entries; i++) {
		size_t size = 0, blocks = 0, rest = 0;

		if (entry[i].kind != HAKMEM_WALK_CLASS)
			continue;
		classes++;
		CHECK(entry[i].size_class > 0 && !entry[i].address);
		CHECK(entry[i].block_size ==
		      hak_class_size(entry[i].size_class));
		for (unsigned k = 0; k < entries; k++) {
			if (entry[k].kind != HAKMEM_WALK_SLAB ||
			    entry[k].size_class != entry[i].size_class)
				continue;
			size += entry[k].size;
			blocks += entry[k].blocks;
			rest += entry[k].free_blocks;
		}
		CHECK(entry[i].size == size && entry[i].blocks == blocks);
		CHECK(entry[i].free_blocks == rest);
	}
	CHECK(classes > 20);
}

static void check_walk(void)
{
	static void *small[HAK_CLASSES];
	void *large[20], *huge[5];
	int n = 0;

	/* past the mixed slots of the start */
	hak_tls.boot = HAK_INITIAL_BOOT;
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
		small[cls] = get(hak_class_size(cls));
	for (unsigned i = 0; i < COUNT(large); i++)
		large[i] = get(40000 * (i + 1));
	for (unsigned i = 0; i < COUNT(huge); i++)
		huge[i] = get(3000000 + i * 100000);
	hakmem_thread_flush();
	CHECK(hakmem_heap_walk(note, entry) == 0);
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++) {
		const struct hakmem_walk_entry *e = entry_of(small[cls]);

		if (cls < HAK_TINY_CLASSES && !hak_opt.tiny_use_superslab)
			continue;
		CHECK(e && e->kind == HAKMEM_WALK_SLAB);
		CHECK(e->size_class == cls);
		CHECK(e->block_size == hak_class_size(cls));
		CHECK(e->blocks == hak_class[cls].pub.blocks);
		CHECK(e->free_blocks < e->blocks);
	}
	for (unsigned i = 0; i < COUNT(large); i++) {
		const struct hakmem_walk_entry *e = entry_of(large[i]);

		CHECK(e && e->kind == HAKMEM_WALK_LARGE);
		CHECK(e->block_size == hakmem_usable_size(large[i]));
		CHECK(e->address == large[i] && e->blocks == 1);
	}
	for (unsigned i = 0; i < COUNT(huge); i++) {
		const struct hakmem_walk_entry *e = entry_of(huge[i]);

		CHECK(e && e->kind == HAKMEM_WALK_HUGE);
		CHECK(e->address == huge[i]);
		CHECK(e->size >= hakmem_usable_size(huge[i]));
	}
	check_slots();
	if (hak_opt.tiny_use_superslab)
		check_sums();
	/* ends when it is told, with what it is told */
	CHECK(hakmem_heap_walk(stop, &n) == 77 && n == 3);
	errno = 0;
	CHECK(hakmem_heap_walk(NULL, NULL) == -1 && errno == EINVAL);
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
		hakmem_free(small[cls]);
	for (unsigned i = 0; i < COUNT(large); i++)
		hakmem_free(large[i]);
	for (unsigned i = 0; i < COUNT(huge); i++)
		hakmem_free(huge[i]);
}

static void check_options(void)
{
	char text[20];

	CHECK(hakmem_option_set("limit_hard", "64M") == 0);
	CHECK(hak_opt.limit_hard == (uint64_t)64 << 20);
	CHECK(hak_stats.limit_hard == (uint64_t)64 << 20);
	errno = 0;
	CHECK(!hakmem_malloc(100000000) && errno == ENOMEM);
	CHECK(hakmem_option_set("LIMIT_HARD", "0") == 0);
	CHECK(hak_stats.limit_hard == 0);
	hakmem_free(get(100000000));
	CHECK(hakmem_option_get("PURGE_DELAY", text, sizeof(text)) > 0);
	errno = 0;
	CHECK(hakmem_option_set("NO_SUCH", "1") == -1 && errno == ENOENT);
	CHECK(hakmem_option_get("NO_SUCH", text, 1) == -1 && errno == ENOENT);
	CHECK(hakmem_option_set("VERBOSE", "much") == -1 && errno == EINVAL);
	CHECK(hakmem_option_set("ENABLE", "0") == -1 && errno == EPERM);
}

static void check_stats(void)
{
	/* as a program that was built with a longer header */
	struct {
		struct hakmem_stats s;
		char more[64];
	} out;

	memset(&out, 0x5a, sizeof(out));
	CHECK(hakmem_stats_get(&out.s, sizeof(out.s)) == 0);
	CHECK(out.s.magic == HAKMEM_STATS_MAGIC);
	CHECK(out.s.size == sizeof(out.s) && out.more[0] == 0x5a);
	CHECK(out.s.slots_active == hak_stats.slots_active);
	CHECK(hakmem_stats_get(&out.s, sizeof(out)) == 0);
	errno = 0;
	CHECK(hakmem_stats_get(NULL, sizeof(out.s)) == -1 && errno == EINVAL);
	errno = 0;
	CHECK(hakmem_stats_get(&out.s, 8) == -1 && errno == EINVAL);
}

static void check_print(void)
{
	int fd = fileno(tmpfile());
	char text[20];

	CHECK(fd >= 0);
	CHECK(hakmem_stats_print(fd, "json") == 0);
	CHECK(pread(fd, text, 1, 0) == 1 && text[0] == '{');
	CHECK(hakmem_stats_print(fd, "text") == 0);
	errno = 0;
	CHECK(hakmem_stats_print(fd, "xml") == -1 && errno == EINVAL);
	errno = 0;
	CHECK(hakmem_stats_print(fd, NULL) == -1 && errno == EINVAL);
	errno = 0;
	CHECK(hakmem_stats_print(-1, "text") == -1 && errno == EBADF);
}

int main(void)
{
	CHECK(strcmp(hakmem_version(), HAKMEM_VERSION_STRING) == 0);
	check_walk();
	check_options();
	check_stats();
	check_print();
	return 0;
}
