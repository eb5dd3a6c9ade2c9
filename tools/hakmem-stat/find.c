/* SPDX-License-Identifier: MIT */
#include "find.h"

#include "elfmem.h"

#include "hakmem/stats.h"

#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

#define SYMBOL "hakmem_stats"
#define SYMTAB_MAX ((uint64_t)256 << 20)
#define SECONDS_MAX 5

struct found {
	uint64_t stats; /* with the magic number, 0: none */
	bool asleep; /* there, but the library was never asked */
	bool unknown; /* there, with another magic number */
};

static bool found_at(struct target *t, uint64_t addr, struct found *f)
{
	uint64_t magic;

	if (!addr || !target_peek(t, addr, &magic, sizeof(magic)))
		return false;
	if (magic == HAKMEM_STATS_MAGIC) {
		f->stats = addr;
		return true;
	}
	if (magic)
		f->unknown = true;
	else
		f->asleep = true;
	return false;
}

/* Mappings that begin a file may begin an image. */
static bool is_image(const struct map *m)
{
	return m->offset == 0 && m->perms[0] == 'r' && m->path[0] == '/';
}

static bool speaks_of_us(const struct map *m)
{
	const char *slash = strrchr(m->path, '/');

	return strstr(slash ? slash : m->path, "hakmem") != NULL;
}

static bool by_symbol(struct target *t, bool ours, struct found *f)
{
	for (size_t i = 0; i < t->maps.n; i++) {
		const struct map *m = &t->maps.map[i];
		struct image im;

		if (target_late(t))
			return false;
		if (!is_image(m) || speaks_of_us(m) != ours ||
		    !image_open(t, m->start, &im))
			continue;
		if (found_at(t, image_symbol(t, &im, SYMBOL), f) ||
		    found_at(t, image_note(t, &im), f))
			return true;
	}
	return false;
}

static uint64_t symtab_value(Elf *elf, Elf_Scn *scn)
{
	GElf_Shdr sh;
	Elf_Data *data;
	size_t n;

	if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_SYMTAB ||
	    !sh.sh_entsize || sh.sh_size > SYMTAB_MAX)
		return 0;
	data = elf_getdata(scn, NULL);
	if (!data)
		return 0;
	n = sh.sh_size / sh.sh_entsize;
	for (size_t i = 0; i < n; i++) {
		GElf_Sym sym;
		const char *name;

		if (!gelf_getsym(data, (int)i, &sym))
			return 0;
		if (sym.st_shndx == SHN_UNDEF)
			continue;
		name = elf_strptr(elf, sh.sh_link, sym.st_name);
		if (name && strcmp(name, SYMBOL) == 0)
			return sym.st_value;
	}
	return 0;
}

/* The address of the symbol in an ELF file; 0: not there. */
static uint64_t file_symbol(int fd)
{
	Elf *elf;
	Elf_Scn *scn = NULL;
	uint64_t value = 0;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf)
		return 0;
	if (elf_kind(elf) == ELF_K_ELF)
		while (!value && (scn = elf_nextscn(elf, scn)))
			value = symtab_value(elf, scn);
	elf_end(elf);
	return value;
}

/* exe leads to the file itself, also when it was deleted or lies in another
 * mount namespace. */
static bool by_file(struct target *t, struct found *f)
{
	char path[4096];
	ssize_t len;
	int fd;
	uint64_t value;

	if (t->core)
		return false;
	len = readlinkat(t->dir, "exe", path, sizeof(path) - 1);
	fd = openat(t->dir, "exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || len < 0) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	path[len] = 0;
	value = file_symbol(fd);
	close(fd);
	for (size_t i = 0; value && i < t->maps.n; i++) {
		const struct map *m = &t->maps.map[i];
		struct image im;

		if (is_image(m) && strcmp(m->path, path) == 0 &&
		    image_open(t, m->start, &im))
			return found_at(t, value + im.bias, f);
	}
	return false;
}

enum status find_stats(struct target *t, struct error *e)
{
	struct found f = { 0, false, false };

	target_hurry(t, SECONDS_MAX);
	if (by_symbol(t, true, &f) || by_symbol(t, false, &f) ||
	    by_file(t, &f)) {
		t->stats = f.stats;
		return STATUS_OK;
	}
	if (target_late(t))
		return error_set(e, STATUS_TORN,
				 "%d (%s): hostile: searching its images takes "
				 "more than %d s",
				 (int)t->pid, t->name, SECONDS_MAX);
	if (f.unknown)
		return error_set(e, STATUS_NEWER,
				 "%d (%s): statistics of an unknown kind",
				 (int)t->pid, t->name);
	if (f.asleep)
		return error_set(e, STATUS_NO_LIBRARY,
				 "%d (%s): has libhakmem, but no allocation "
				 "has reached it",
				 (int)t->pid, t->name);
	return error_set(e, STATUS_NO_LIBRARY,
			 "%d (%s): libhakmem is not in it", (int)t->pid,
			 t->name);
}
