/* SPDX-License-Identifier: MIT */
/*
 * hakmem-stat's reader and its views on a hostile process.  This program has a
 * heap, which the reader looks at through a core file of which only the
 * interface is there: its memory is this process's, with the input's patches
 * laid over it.  Each patch has 13 bytes
 *
 *	| object 8 | number in its list 8 | offset 16 | kind 8 | value 64 |
 *
 * and puts a value, a flipped bit or the address of another object into eight
 * bytes of statistics, of a record, or of an ELF header.
 */
#define FUZZ_STAT
#include "fuzz.h"

#include "core.h"
#include "find.h"
#include "history.h"
#include "target.h"
#include "views.h"

#include "hakmem/hakmem.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <sys/uio.h>
#include <unistd.h>

#define PATCHES 32u
#define PATCH_SIZE 13u
#define LIST 8u

enum object {
	STATS,
	HEAP,
	BIN,
	CACHE,
	SUPERSLAB,
	SLABS,
	MAPPING,
	CLASS,
	OPTIONS,
	IMAGE, /* its ELF header */
	DYNAMIC,
	OBJECTS
};

static uint64_t place[OBJECTS][LIST];
/* As in hakmem/stats.h; the reader finds it by its name. */
extern struct hakmem_stats hakmem_stats;

static struct patch {
	uint64_t at;
	unsigned char value[8];
} patch[PATCHES];
static unsigned patches;

/* ---- what stands in for core.c --------------------------------------------- */

static bool peek(uint64_t addr, void *buf, size_t len)
{
	struct iovec to = { buf, len };
	struct iovec from = { (void *)(uintptr_t)addr, len };

	return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)len;
}

static void lay_over(const struct patch *p, uint64_t addr, char *buf,
		     size_t len)
{
	for (unsigned i = 0; i < 8; i++)
		if (p->at + i >= addr && p->at + i - addr < len)
			buf[p->at + i - addr] = (char)p->value[i];
}

int core_read(struct core *core, const struct piece *piece, size_t n)
{
	(void)core;
	for (size_t i = 0; i < n; i++) {
		if (!peek(piece[i].addr, piece[i].buf, piece[i].len))
			return EFAULT;
		for (unsigned k = 0; k < patches; k++)
			lay_over(&patch[k], piece[i].addr, piece[i].buf,
				 piece[i].len);
	}
	return 0;
}

bool core_is_meant(const char *path)
{
	(void)path;
	return true;
}

struct core *core_open(const char *path, struct maps *m, pid_t *pid,
		       char name[32], struct error *e)
{
	(void)path, (void)m, (void)pid, (void)name, (void)e;
	return NULL;
}

void core_close(struct core *core)
{
	(void)core;
}

void core_tasks(const struct core *core, struct tasks *tasks)
{
	(void)core;
	tasks->n = tasks->cap = 1;
	tasks->task = xcalloc(1, sizeof(*tasks->task));
	tasks->task->tid = tasks->task->inner = getpid();
}

uint64_t core_time(const struct core *core)
{
	(void)core;
	return 1700000000000000000u;
}

/* ---- the heap ---------------------------------------------------------------- */

static void *work(void *arg)
{
	for (unsigned i = 1; i < 4000; i++) {
		void *p = hakmem_malloc(i % 1500);

		if (i % 3)
			hakmem_free(p);
	}
	return arg;
}

/* Up to LIST records of a list whose first word is the next address. */
static void list(enum object o, uint64_t first)
{
	for (unsigned i = 0; i < LIST && first; i++) {
		place[o][i] = first;
		if (!peek(first, &first, sizeof(first)))
			abort();
	}
}

/* The program's own image, the first that is told of. */
static int own_image(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size, (void)arg;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

		if (ph->p_type == PT_DYNAMIC)
			place[DYNAMIC][0] = info->dlpi_addr + ph->p_vaddr;
		else if (ph->p_type == PT_LOAD && ph->p_offset == 0)
			place[IMAGE][0] = info->dlpi_addr + ph->p_vaddr;
	}
	return 1;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	pthread_t t;

	(void)argc, (void)argv;
	for (unsigned i = 0; i < 3; i++) {
		REQUIRE(pthread_create(&t, NULL, work, NULL) == 0);
		pthread_join(t, NULL);
	}
	work(NULL);
	REQUIRE(hakmem_malloc(100000) && hakmem_malloc(5 << 20));
	dl_iterate_phdr(own_image, NULL);
	REQUIRE(place[IMAGE][0] && place[DYNAMIC][0]);
	place[STATS][0] = (uintptr_t)&hakmem_stats;
	list(HEAP, hakmem_stats.heaps);
	list(SUPERSLAB, hakmem_stats.superslabs);
	list(MAPPING, hakmem_stats.mappings);
	place[CLASS][0] = hakmem_stats.class_info;
	place[OPTIONS][0] = hakmem_stats.options;
	for (unsigned i = 0; i < LIST; i++) {
		struct hakmem_stats_heap h;
		struct hakmem_stats_superslab ss;

		if (place[HEAP][i] && peek(place[HEAP][i], &h, sizeof(h))) {
			place[BIN][i] = h.bins;
			place[CACHE][i] = h.caches;
		}
		if (place[SUPERSLAB][i] &&
		    peek(place[SUPERSLAB][i], &ss, sizeof(ss)))
			place[SLABS][i] = ss.slabs;
	}
	return 0;
}

static void own_maps(struct target *t)
{
	char line[1024];
	FILE *f = fopen("/proc/self/maps", "r");

	REQUIRE(f);
	while (fgets(line, sizeof(line), f)) {
		unsigned long start, end, offset;
		char perms[5];
		int at = 0;
		struct map *m;

		if (sscanf(line, "%lx-%lx %4s %lx %*s %*s %n", &start, &end,
			   perms, &offset, &at) < 4)
			continue;
		line[strcspn(line, "\n")] = 0;
		GROW(t->maps.map, t->maps.n, t->maps.cap);
		m = &t->maps.map[t->maps.n++];
		m->start = start;
		m->end = end;
		m->offset = offset;
		memcpy(m->perms, perms, sizeof(perms));
		m->path = xstrdup(at ? line + at : "");
	}
	fclose(f);
}

/* ---- one input ---------------------------------------------------------------- */

static uint64_t wide(const uint8_t *in)
{
	uint64_t v;

	memcpy(&v, in, sizeof(v));
	return v;
}

static void add_patch(const uint8_t *in)
{
	struct patch *p = &patch[patches];
	uint64_t base = place[in[0] % OBJECTS][in[1] % LIST];
	uint64_t v = wide(in + 5), was = 0;

	if (!base)
		return;
	p->at = base + (in[2] | (unsigned)in[3] << 8) % 8192;
	peek(p->at, &was, sizeof(was));
	switch (in[4] % 4) {
	case 1:
		v = was ^ UINT64_C(1) << (v & 63);
		break;
	case 2:
		v = place[v % OBJECTS][(v >> 8) % LIST] + (v >> 16 & 0xff);
		break;
	case 3:
		v += was;
		break;
	}
	memcpy(p->value, &v, sizeof(v));
	patches++;
}

static void show(const struct history *h, const struct view_def *view, FILE *f,
		 const struct options *opt)
{
	struct look look;
	struct error e;

	history_look(h, &look);
	if (view->print) {
		view->print(f, &look, opt, &e);
	} else {
		struct table *t =
			table_new(view->column, view->columns, opt, &e);

		REQUIRE(t);
		view->rows(t, &look);
		free(table_text(t));
		table_free(t);
	}
}

static void look_at(struct target *t)
{
	static const struct view_def *const all[] = {
		&view_default, &view_classes, &view_threads,	&view_pool,
		&view_map,     &view_json,    &view_prometheus,
	};
	static FILE *null;
	struct options opt = { .noheadings = false };
	struct history *h = xcalloc(1, sizeof(*h));
	struct error e = { 0 };

	if (!null)
		null = fopen("/dev/null", "w");
	if (history_take(h, t,
			 WANT_SLOTS | WANT_SLABS | WANT_THREADS | WANT_OPTIONS |
				 WANT_MAPPINGS,
			 &e) == STATUS_OK)
		for (size_t i = 0; i < ARRAY_SIZE(all); i++)
			show(h, all[i], null, &opt);
	else
		REQUIRE(e.status != STATUS_OK && e.text[0] &&
			memchr(e.text, 0, sizeof(e.text)));
	history_free(h);
	free(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	struct target t = { .pid = getpid(), .dir = -1, .mem = -1 };
	struct error e;

	t.core = (struct core *)&patches;
	strcpy(t.name, "fuzzed");
	patches = 0;
	if (size < 1)
		return 0;
	for (size_t i = 1; i + PATCH_SIZE <= size && patches < PATCHES;
	     i += PATCH_SIZE)
		add_patch(in + i);
	t.stats = (uintptr_t)&hakmem_stats;
	if (in[0] & 1) {
		own_maps(&t);
		if (find_stats(&t, &e) != STATUS_OK) {
			maps_free(&t.maps);
			return 0;
		}
	}
	look_at(&t);
	maps_free(&t.maps);
	return 0;
}
