/* SPDX-License-Identifier: MIT */
/*
 * stat_hostile.c - a program whose hakmem_stats lies
 *
 * Has a small, right set of statistics, then spoils it as argv[1] says, answers
 * the order "pid" and waits.  Built without the library and with -rdynamic.
 */
#include <hakmem/stats.h>

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CLASSES 8
#define HEAPS 4
#define MANY 70000

struct slab {
	uint32_t nfree;
	uint32_t spare[15];
};

struct cache {
	uint64_t top;
	uint64_t base;
};

struct hakmem_stats hakmem_stats;

static struct all {
	struct hakmem_stats_class class[CLASSES];
	struct hakmem_stats_heap heap[HEAPS];
	struct hakmem_stats_bin bin[HEAPS][CLASSES];
	struct cache cache[HEAPS][CLASSES];
	int32_t countdown[HEAPS];
	struct hakmem_stats_superslab ss[2];
	struct slab slab[2][HAKMEM_STATS_SLOTS];
	struct hakmem_stats_mapping mapping[2];
	char options[64];
} all;

static struct hakmem_stats_heap many[MANY];

static uint64_t at(const void *p)
{
	return (uintptr_t)p;
}

static void fill_header(struct hakmem_stats *s)
{
	s->major = HAKMEM_STATS_MAJOR;
	s->minor = HAKMEM_STATS_MINOR;
	s->size = sizeof(*s);
	strcpy(s->version, "0.1.0");
	s->class_size = sizeof(struct hakmem_stats_class);
	s->bin_size = sizeof(struct hakmem_stats_bin);
	s->heap_size = sizeof(struct hakmem_stats_heap);
	s->superslab_size = sizeof(struct hakmem_stats_superslab);
	s->mapping_size = sizeof(struct hakmem_stats_mapping);
	s->classes = CLASSES;
	s->pointer_size = 8;
	s->cache_stride = sizeof(struct cache);
	s->cache_top = offsetof(struct cache, top);
	s->cache_base = offsetof(struct cache, base);
	s->slab_stride = sizeof(struct slab);
	s->page_size = 4096;
	s->slot_size = 65536;
}

static void fill(struct hakmem_stats *s)
{
	memset(s, 0, sizeof(*s));
	memset(&all, 0, sizeof(all));
	fill_header(s);
	for (unsigned i = 1; i < CLASSES; i++)
		all.class[i] = (struct hakmem_stats_class){ i * 16, 1, 1000,
							    64 };
	for (unsigned i = 0; i < HEAPS; i++) {
		all.heap[i].next = i + 1 < HEAPS ? at(&all.heap[i + 1]) : 0;
		all.heap[i].bins = at(all.bin[i]);
		all.heap[i].caches = at(all.cache[i]);
		all.heap[i].countdown = at(&all.countdown[i]);
		all.countdown[i] = 100;
		all.heap[i].armed = 2048;
		all.heap[i].state = HAKMEM_HEAP_LIVE;
		all.bin[i][1].filled = 100;
		all.bin[i][1].slabs = 1;
	}
	for (unsigned i = 0; i < 2; i++) {
		all.ss[i].next = i ? 0 : at(&all.ss[1]);
		all.ss[i].base = UINT64_C(0x7f0000000000) + i * 2097152;
		all.ss[i].slots = 32;
		all.ss[i].active = 15;
		all.ss[i].slabs = at(all.slab[i]);
	}
	all.mapping[0] = (struct hakmem_stats_mapping){
		at(&all.mapping[1]), UINT64_C(0x7e0000000000), 4096,
		HAKMEM_MAPPING_META, 0
	};
	strcpy(all.options, "VERBOSE=0\n");
	s->class_info = at(all.class);
	s->heaps = at(all.heap);
	s->superslabs = at(all.ss);
	s->mappings = at(all.mapping);
	s->options = at(all.options);
	s->heaps_live = HEAPS;
	s->superslabs_mapped = 2;
	s->slots_active = 8;
	s->slots_unused = 56;
	s->magic = HAKMEM_STATS_MAGIC;
}

/* Text that fills its mapping to the end. */
static uint64_t endless_text(size_t size)
{
	char *p = mmap(NULL, size + 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || munmap(p + size, 4096))
		exit(1);
	memset(p, 'x', size);
	return at(p);
}

static void long_list(struct hakmem_stats *s)
{
	for (unsigned i = 0; i < MANY; i++)
		many[i].next = i + 1 < MANY ? at(&many[i + 1]) : 0;
	s->heaps = at(many);
}

/* Write anything anywhere, for ever. */
static void *spoil(void *arg)
{
	uint64_t x = 88172645463325252u;
	unsigned char *object = (unsigned char *)&hakmem_stats;
	unsigned char *rest = (unsigned char *)&all;

	(void)arg;
	for (unsigned n = 0;; n++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		if (n % 8 == 0)
			fill(&hakmem_stats);
		if (n % 3 == 0)
			object[8 + x % (sizeof(hakmem_stats) - 8)] =
				(unsigned char)(x >> 32);
		else
			rest[x % sizeof(all)] = (unsigned char)(x >> 32);
		if (n % 4 == 0)
			usleep(100);
	}
	return NULL;
}

static void start_spoiling(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, spoil, NULL))
		exit(1);
}

static void apply(const char *how, struct hakmem_stats *s)
{
#define IS(word) (strcmp(how, word) == 0)
	if (IS("right"))
		return;
	else if (IS("asleep"))
		s->magic = 0;
	else if (IS("magic"))
		s->magic ^= 1;
	else if (IS("newer"))
		s->major = HAKMEM_STATS_MAJOR + 1;
	else if (IS("minor"))
		s->minor = 999;
	else if (IS("size-0"))
		s->size = 0;
	else if (IS("size-huge"))
		s->size = UINT32_MAX;
	else if (IS("class-size"))
		s->class_size = 0;
	else if (IS("bin-size"))
		s->bin_size = UINT32_MAX;
	else if (IS("pointer-size"))
		s->pointer_size = 3;
	else if (IS("classes-0"))
		s->classes = 0;
	else if (IS("classes-huge"))
		s->classes = UINT32_MAX;
	else if (IS("cache-top"))
		s->cache_top = UINT32_MAX - 3;
	else if (IS("slab-nfree"))
		s->slab_nfree = UINT32_MAX - 3;
	else if (IS("slot-size"))
		s->slot_size = 0;
	else if (IS("page-size"))
		s->page_size = 0;
	else if (IS("block-size"))
		all.class[3].block_size = 0;
	else if (IS("odd"))
		s->seq = 7;
	else if (IS("heap-loop"))
		all.heap[0].next = at(&all.heap[0]);
	else if (IS("heap-cycle"))
		all.heap[3].next = at(&all.heap[1]);
	else if (IS("heap-many"))
		long_list(s);
	else if (IS("heap-wild"))
		all.heap[1].next = 4096;
	else if (IS("bins-wild"))
		all.heap[1].bins = UINT64_MAX - 64;
	else if (IS("caches-wild"))
		all.heap[1].caches = 4096;
	else if (IS("countdown-wild"))
		all.heap[1].countdown = 4096;
	else if (IS("thread-wild"))
		all.heap[1].thread = UINT64_MAX - 64;
	else if (IS("heaps-live"))
		s->heaps_live = 77;
	else if (IS("counts"))
		memset(all.bin, 0xff, sizeof(all.bin));
	else if (IS("cache-counts"))
		all.cache[1][1].top = UINT64_MAX;
	else if (IS("classes-wild"))
		s->class_info = 4096;
	else if (IS("ss-cycle"))
		all.ss[1].next = at(&all.ss[0]);
	else if (IS("ss-sum"))
		all.ss[0].slots = 1000;
	else if (IS("ss-wild"))
		all.ss[0].slabs = 4096;
	else if (IS("ss-class"))
		memset(all.ss[0].size_class, 255, HAKMEM_STATS_SLOTS);
	else if (IS("ss-run"))
		memset(all.ss[0].run, 255, HAKMEM_STATS_SLOTS);
	else if (IS("mapping-cycle"))
		all.mapping[1].next = at(&all.mapping[0]);
	else if (IS("mapping-huge"))
		all.mapping[0].size = UINT64_MAX;
	else if (IS("options-wild"))
		s->options = 4096;
	else if (IS("options-endless"))
		s->options = endless_text(1 << 20);
	else if (IS("options-cut"))
		s->options = endless_text(4096);
	else if (IS("options-bytes"))
		strcpy(all.options, "A=\033[2J\nB=\xff\nnothing\n=\n");
	else if (IS("spoil"))
		start_spoiling();
	else
		exit(1);
}

int main(int argc, char **argv)
{
	char line[64];

	fill(&hakmem_stats);
	if (argc != 2)
		return 1;
	apply(argv[1], &hakmem_stats);
	while (fgets(line, sizeof(line), stdin) && strcmp(line, "pid\n") == 0) {
		printf("%d\n", (int)getpid());
		fflush(stdout);
	}
	return 0;
}
