/* SPDX-License-Identifier: MIT */
#include "core.h"

#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTES_MAX ((uint64_t)64 << 20)

struct segment {
	uint64_t start;
	uint64_t in_core; /* bytes that the core file holds */
	uint64_t end;
	uint64_t offset; /* in the core file */
};

/* A part of a file that was mapped. */
struct part {
	uint64_t start;
	uint64_t end;
	uint64_t offset; /* in the file */
	char *path;
	int fd; /* -1: not opened, -2: cannot be */
};

struct core {
	int fd;
	bool is64;
	struct segment *segment;
	size_t segments;
	size_t segments_cap;
	struct part *part;
	size_t parts;
	size_t parts_cap;
	struct tasks tasks;
	pid_t pid;
	char name[32];
	uint64_t time;
};

bool core_is_meant(const char *path)
{
	Elf64_Ehdr h; /* the type stands at the same place in both classes */
	int fd;
	bool is;

	if (strchr(path, '/'))
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	is = read(fd, &h, sizeof(h)) == (ssize_t)sizeof(h) &&
	     memcmp(h.e_ident, ELFMAG, SELFMAG) == 0 && h.e_type == ET_CORE;
	close(fd);
	return is;
}

/* ---- notes --------------------------------------------------------------- */

static uint64_t word(const struct core *c, const char *at)
{
	uint64_t wide;
	uint32_t narrow;

	if (c->is64) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, at, sizeof(narrow));
	return narrow;
}

static int32_t number(const char *at)
{
	int32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* count, bytes of a page, then {start, end, page} each, then the names. */
static void note_files(struct core *c, const char *at, size_t size)
{
	size_t w = c->is64 ? 8 : 4;
	uint64_t count, page;
	const char *name, *end = at + size;

	if (size < 2 * w)
		return;
	count = word(c, at);
	page = word(c, at + w);
	at += 2 * w;
	if (count > (size - 2 * w) / (3 * w))
		return;
	name = at + count * 3 * w;
	for (uint64_t i = 0; i < count && name < end; i++, at += 3 * w) {
		size_t len = strnlen(name, (size_t)(end - name));
		struct part *p;

		if (name + len == end)
			return;
		GROW(c->part, c->parts, c->parts_cap);
		p = &c->part[c->parts++];
		*p = (struct part){ word(c, at), word(c, at + w),
				    word(c, at + 2 * w) * page, xstrdup(name),
				    -1 };
		name += len + 1;
	}
}

/* struct elf_prpsinfo: the number and the name, by class. */
static void note_process(struct core *c, const char *at, size_t size)
{
	size_t pid = c->is64 ? 24 : 12, name = c->is64 ? 40 : 28;

	if (size < name + 16)
		return;
	c->pid = number(at + pid);
	snprintf(c->name, sizeof(c->name), "%.16s", at + name);
}

/* struct elf_prstatus, one for each thread. */
static void note_thread(struct core *c, const char *at, size_t size)
{
	size_t tid = c->is64 ? 32 : 24;
	struct task *t;

	if (size < tid + 4)
		return;
	GROW(c->tasks.task, c->tasks.n, c->tasks.cap);
	t = &c->tasks.task[c->tasks.n++];
	memset(t, 0, sizeof(*t));
	t->tid = t->inner = number(at + tid);
}

static void read_notes(struct core *c, Elf *elf, const GElf_Phdr *ph)
{
	Elf_Data *data;
	GElf_Nhdr n;
	size_t offset = 0, name, desc;

	if (ph->p_filesz > NOTES_MAX)
		return;
	data = elf_getdata_rawchunk(elf, (int64_t)ph->p_offset, ph->p_filesz,
				    ELF_T_NHDR);
	while (data &&
	       (offset = gelf_getnote(data, offset, &n, &name, &desc)) > 0) {
		const char *at = (const char *)data->d_buf + desc;

		if (n.n_namesz != 5 ||
		    memcmp((const char *)data->d_buf + name, "CORE", 5) != 0)
			continue;
		if (n.n_type == NT_FILE)
			note_files(c, at, n.n_descsz);
		else if (n.n_type == NT_PRPSINFO)
			note_process(c, at, n.n_descsz);
		else if (n.n_type == NT_PRSTATUS)
			note_thread(c, at, n.n_descsz);
	}
}

/* ---- opening ------------------------------------------------------------- */

static void read_segment(struct core *c, const GElf_Phdr *ph)
{
	struct segment *s;

	if (ph->p_memsz == 0 || ph->p_vaddr + ph->p_memsz < ph->p_vaddr)
		return;
	GROW(c->segment, c->segments, c->segments_cap);
	s = &c->segment[c->segments++];
	s->start = ph->p_vaddr;
	s->in_core = min_u64(ph->p_filesz, ph->p_memsz);
	s->end = ph->p_vaddr + ph->p_memsz;
	s->offset = ph->p_offset;
}

static int by_start(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static bool read_core(struct core *c, Elf *elf)
{
	GElf_Ehdr eh;
	size_t n;

	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &eh) ||
	    eh.e_type != ET_CORE || elf_getphdrnum(elf, &n))
		return false;
	c->is64 = gelf_getclass(elf) == ELFCLASS64;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, (int)i, &ph))
			return false;
		if (ph.p_type == PT_NOTE)
			read_notes(c, elf, &ph);
		else if (ph.p_type == PT_LOAD)
			read_segment(c, &ph);
	}
	if (c->segments)
		qsort(c->segment, c->segments, sizeof(*c->segment), by_start);
	return c->segments > 0;
}

static struct part *part_at(struct core *c, uint64_t addr)
{
	for (size_t i = 0; i < c->parts; i++)
		if (addr >= c->part[i].start && addr < c->part[i].end)
			return &c->part[i];
	return NULL;
}

/* The files that were mapped, as /proc showed them: what begins an image. */
static void fill_maps(const struct core *c, struct maps *maps)
{
	for (size_t i = 0; i < c->parts; i++) {
		const struct part *p = &c->part[i];
		struct map *m;

		GROW(maps->map, maps->n, maps->cap);
		m = &maps->map[maps->n++];
		m->start = p->start;
		m->end = p->end;
		m->offset = p->offset;
		memcpy(m->perms, "r--p", sizeof(m->perms));
		m->path = xstrdup(p->path);
	}
}

struct core *core_open(const char *path, struct maps *maps, pid_t *pid,
		       char name[32], struct error *e)
{
	struct core *c = xcalloc(1, sizeof(*c));
	struct stat st;
	Elf *elf;
	bool ok;

	c->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (c->fd < 0 || fstat(c->fd, &st)) {
		error_set(e, STATUS_USAGE, "cannot read %s: %s", path,
			  strerror(errno));
		core_close(c);
		return NULL;
	}
	c->time = (uint64_t)st.st_mtim.tv_sec * 1000000000u +
		  (uint64_t)st.st_mtim.tv_nsec;
	elf_version(EV_CURRENT);
	elf = elf_begin(c->fd, ELF_C_READ, NULL);
	ok = elf && read_core(c, elf);
	elf_end(elf);
	if (!ok) {
		error_set(e, STATUS_USAGE, "%s: not a core file", path);
		core_close(c);
		return NULL;
	}
	fill_maps(c, maps);
	*pid = c->pid;
	snprintf(name, 32, "%s", c->name[0] ? c->name : "core");
	return c;
}

void core_close(struct core *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->parts; i++) {
		if (c->part[i].fd >= 0)
			close(c->part[i].fd);
		free(c->part[i].path);
	}
	if (c->fd >= 0)
		close(c->fd);
	free(c->segment);
	free(c->part);
	free(c->tasks.task);
	free(c);
}

/* ---- reading ------------------------------------------------------------- */

static const struct segment *segment_at(const struct core *c, uint64_t addr)
{
	size_t low = 0, high = c->segments;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (addr < c->segment[mid].start)
			high = mid;
		else if (addr >= c->segment[mid].end)
			low = mid + 1;
		else
			return &c->segment[mid];
	}
	return NULL;
}

static size_t read_at(int fd, char *buf, size_t len, uint64_t offset)
{
	ssize_t got =
		offset > INT64_MAX ? -1 : pread(fd, buf, len, (off_t)offset);

	return got > 0 ? (size_t)got : 0;
}

/* What the core file left out because it is in a file. */
static size_t read_part(struct core *c, uint64_t addr, char *buf, size_t len)
{
	struct part *p = part_at(c, addr);

	if (!p)
		return 0;
	if (p->fd == -1) {
		p->fd = open(p->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (p->fd < 0)
			p->fd = -2;
	}
	if (p->fd < 0)
		return 0;
	return read_at(p->fd, buf, min_u64(len, p->end - addr),
		       p->offset + (addr - p->start));
}

/* As much as lies together; 0: nothing there. */
static size_t read_some(struct core *c, uint64_t addr, char *buf, size_t len)
{
	const struct segment *s = segment_at(c, addr);
	uint64_t at;

	if (!s)
		return read_part(c, addr, buf, len);
	at = addr - s->start;
	len = min_u64(len, s->end - addr);
	if (at < s->in_core)
		return read_at(c->fd, buf, min_u64(len, s->in_core - at),
			       s->offset + at);
	return read_part(c, addr, buf, len);
}

int core_read(struct core *c, const struct piece *piece, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *buf = piece[i].buf;
		uint64_t addr = piece[i].addr;
		size_t left = piece[i].len;

		while (left) {
			size_t got = read_some(c, addr, buf, left);

			if (!got)
				return EFAULT;
			buf += got;
			addr += got;
			left -= got;
		}
	}
	return 0;
}

void core_tasks(const struct core *c, struct tasks *tasks)
{
	tasks->n = tasks->cap = c->tasks.n;
	tasks->task = xcalloc(c->tasks.n, sizeof(*tasks->task));
	if (tasks->n)
		memcpy(tasks->task, c->tasks.task,
		       tasks->n * sizeof(*tasks->task));
}

uint64_t core_time(const struct core *c)
{
	return c->time;
}
