/* SPDX-License-Identifier: MIT */
#include "elfmem.h"

#include <elf.h>
#include <string.h>

#define PHNUM_MAX 256u
#define DYNAMIC_MAX 1024u
#define CHAIN_MAX 65536u
#define NOTES_MAX 65536u
#define NAME_MAX_LEN 64u

/* Bytes of the image: of its head, where they are in it. */
static bool image_peek(struct target *t, const struct image *im, uint64_t addr,
		       void *buf, size_t len)
{
	uint64_t at = addr - im->base;

	if (at > IMAGE_HEAD || len > IMAGE_HEAD - at)
		return target_peek(t, addr, buf, len);
	memcpy(buf, im->head + at, len);
	return true;
}

/* One program header, whatever its class. */
struct segment {
	uint32_t type;
	uint64_t vaddr;
	uint64_t offset;
	uint64_t filesz;
	uint64_t memsz;
};

static bool segment_read(struct target *t, const struct image *im, unsigned i,
			 struct segment *s)
{
	uint64_t at = im->phdr + (uint64_t)i * im->phentsize;

	if (im->is64) {
		Elf64_Phdr p;

		if (!image_peek(t, im, at, &p, sizeof(p)))
			return false;
		*s = (struct segment){ p.p_type, p.p_vaddr, p.p_offset,
				       p.p_filesz, p.p_memsz };
	} else {
		Elf32_Phdr p;

		if (!image_peek(t, im, at, &p, sizeof(p)))
			return false;
		*s = (struct segment){ p.p_type, p.p_vaddr, p.p_offset,
				       p.p_filesz, p.p_memsz };
	}
	return true;
}

static bool native_order(unsigned char data)
{
	uint16_t probe = 1;

	return data == (*(unsigned char *)&probe ? ELFDATA2LSB : ELFDATA2MSB);
}

static bool read_header(struct target *t, struct image *im)
{
	const unsigned char *ident = (const unsigned char *)im->head;

	if (!target_peek(t, im->base, im->head, sizeof(im->head)) ||
	    memcmp(ident, ELFMAG, SELFMAG) != 0 ||
	    !native_order(ident[EI_DATA]))
		return false;
	im->is64 = ident[EI_CLASS] == ELFCLASS64;
	if (im->is64) {
		Elf64_Ehdr h;

		memcpy(&h, im->head, sizeof(h));
		im->phdr = im->base + h.e_phoff;
		im->phnum = h.e_phnum;
		im->phentsize = h.e_phentsize;
		return im->phentsize >= sizeof(Elf64_Phdr);
	}
	Elf32_Ehdr h;

	memcpy(&h, im->head, sizeof(h));
	im->phdr = im->base + h.e_phoff;
	im->phnum = h.e_phnum;
	im->phentsize = h.e_phentsize;
	return im->phentsize >= sizeof(Elf32_Phdr);
}

bool image_open(struct target *t, uint64_t base, struct image *im)
{
	bool loaded = false;

	memset(im, 0, sizeof(*im));
	im->base = base;
	if (!read_header(t, im) || im->phnum > PHNUM_MAX)
		return false;
	for (unsigned i = 0; i < im->phnum; i++) {
		struct segment s;

		if (!segment_read(t, im, i, &s))
			return false;
		if (s.type == PT_LOAD && !loaded) {
			/* base is the page that holds the ELF header */
			im->bias = base - (s.vaddr - s.offset);
			loaded = true;
		} else if (s.type == PT_DYNAMIC) {
			im->dynamic = s.vaddr;
			im->dynamic_size = s.memsz;
		}
	}
	if (im->dynamic)
		im->dynamic += im->bias;
	return loaded;
}

/* What the dynamic section says, as addresses. */
struct dynamic {
	uint64_t gnu_hash;
	uint64_t hash;
	uint64_t symtab;
	uint64_t strtab;
};

/* glibc's loader has made these entries absolute, others leave them. */
static uint64_t dynamic_address(const struct image *im, uint64_t value)
{
	return value < im->bias ? value + im->bias : value;
}

static void dynamic_entry(const struct image *im, const char *table, unsigned i,
			  int64_t *tag, uint64_t *value)
{
	if (im->is64) {
		Elf64_Dyn d;

		memcpy(&d, table + i * sizeof(d), sizeof(d));
		*tag = d.d_tag;
		*value = d.d_un.d_val;
	} else {
		Elf32_Dyn d;

		memcpy(&d, table + i * sizeof(d), sizeof(d));
		*tag = d.d_tag;
		*value = d.d_un.d_val;
	}
}

static bool dynamic_read(struct target *t, const struct image *im,
			 struct dynamic *d)
{
	char table[DYNAMIC_MAX * sizeof(Elf64_Dyn)];
	size_t size = im->is64 ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
	size_t n = min_u64(im->dynamic_size / size, DYNAMIC_MAX);

	memset(d, 0, sizeof(*d));
	if (!im->dynamic || !target_peek(t, im->dynamic, table, n * size))
		return false;
	for (unsigned i = 0; i < n; i++) {
		int64_t tag;
		uint64_t value, addr;

		dynamic_entry(im, table, i, &tag, &value);
		addr = dynamic_address(im, value);
		if (tag == DT_NULL)
			break;
		if (tag == DT_GNU_HASH)
			d->gnu_hash = addr;
		else if (tag == DT_HASH)
			d->hash = addr;
		else if (tag == DT_SYMTAB)
			d->symtab = addr;
		else if (tag == DT_STRTAB)
			d->strtab = addr;
	}
	return d->symtab && d->strtab;
}

/* The address of symbol number i if it has this name and is defined. */
static uint64_t symbol_at(struct target *t, const struct image *im,
			  const struct dynamic *d, uint32_t i, const char *name)
{
	char text[NAME_MAX_LEN];
	size_t len = strlen(name) + 1;
	uint64_t value;
	uint32_t offset;
	uint16_t section;

	if (im->is64) {
		Elf64_Sym s;

		if (!target_peek(t, d->symtab + (uint64_t)i * sizeof(s), &s,
				 sizeof(s)))
			return 0;
		value = s.st_value;
		offset = s.st_name;
		section = s.st_shndx;
	} else {
		Elf32_Sym s;

		if (!target_peek(t, d->symtab + (uint64_t)i * sizeof(s), &s,
				 sizeof(s)))
			return 0;
		value = s.st_value;
		offset = s.st_name;
		section = s.st_shndx;
	}
	if (section == SHN_UNDEF || len > sizeof(text) ||
	    !target_peek(t, d->strtab + offset, text, len) ||
	    memcmp(text, name, len) != 0)
		return 0;
	return value + im->bias;
}

static uint32_t gnu_hash(const char *name)
{
	uint32_t h = 5381;

	while (*name)
		h = h * 33 + (unsigned char)*name++;
	return h;
}

static uint64_t lookup_gnu(struct target *t, const struct image *im,
			   const struct dynamic *d, const char *name)
{
	uint32_t head[4]; /* buckets, first symbol, bloom words, shift */
	uint32_t wanted = gnu_hash(name);
	uint64_t buckets, chains;
	uint32_t i;

	if (!target_peek(t, d->gnu_hash, head, sizeof(head)) || !head[0])
		return 0;
	buckets = d->gnu_hash + sizeof(head) +
		  (uint64_t)head[2] * (im->is64 ? 8 : 4);
	chains = buckets + (uint64_t)head[0] * 4;
	if (!target_peek(t, buckets + (uint64_t)(wanted % head[0]) * 4, &i,
			 sizeof(i)) ||
	    i < head[1])
		return 0;
	for (unsigned n = 0; n < CHAIN_MAX && !target_late(t); n++, i++) {
		uint32_t hash;
		uint64_t addr;

		if (!target_peek(t, chains + (uint64_t)(i - head[1]) * 4, &hash,
				 sizeof(hash)))
			return 0;
		if ((hash | 1) == (wanted | 1)) {
			addr = symbol_at(t, im, d, i, name);
			if (addr)
				return addr;
		}
		if (hash & 1)
			return 0;
	}
	return 0;
}

static uint32_t sysv_hash(const char *name)
{
	uint32_t h = 0;

	while (*name) {
		uint32_t high;

		h = (h << 4) + (unsigned char)*name++;
		high = h & 0xf0000000u;
		h = (h ^ (high >> 24)) & ~high;
	}
	return h;
}

static uint64_t lookup_sysv(struct target *t, const struct image *im,
			    const struct dynamic *d, const char *name)
{
	uint32_t head[2]; /* buckets, chains */
	uint64_t at;
	uint32_t i;

	if (!target_peek(t, d->hash, head, sizeof(head)) || !head[0])
		return 0;
	at = d->hash + sizeof(head) + (uint64_t)(sysv_hash(name) % head[0]) * 4;
	for (unsigned n = 0; n < CHAIN_MAX && !target_late(t); n++) {
		uint64_t addr;

		if (!target_peek(t, at, &i, sizeof(i)) || i == STN_UNDEF)
			return 0;
		addr = symbol_at(t, im, d, i, name);
		if (addr)
			return addr;
		at = d->hash + sizeof(head) + ((uint64_t)head[0] + i) * 4;
	}
	return 0;
}

uint64_t image_symbol(struct target *t, const struct image *im,
		      const char *name)
{
	struct dynamic d;

	if (!dynamic_read(t, im, &d))
		return 0;
	if (d.gnu_hash)
		return lookup_gnu(t, im, &d, name);
	return d.hash ? lookup_sysv(t, im, &d, name) : 0;
}

/*
 * The note: name "hakmem", type 1; its descriptor is a signed 32-bit distance
 * from the descriptor itself to hakmem_stats, so that no loader has to write
 * into it.
 */
static uint64_t note_in(struct target *t, const struct image *im, uint64_t at,
			uint64_t size)
{
	uint64_t end = at + (size < NOTES_MAX ? size : NOTES_MAX);

	while (at + sizeof(Elf32_Nhdr) <= end) {
		Elf32_Nhdr n;
		char name[8];
		uint64_t desc;
		int32_t distance;

		if (!image_peek(t, im, at, &n, sizeof(n)))
			return 0;
		desc = at + sizeof(n) + (((uint64_t)n.n_namesz + 3) & ~3ull);
		if (n.n_type == 1 && n.n_namesz == 7 && n.n_descsz == 4 &&
		    image_peek(t, im, at + sizeof(n), name, 7) &&
		    memcmp(name, "hakmem", 7) == 0 &&
		    image_peek(t, im, desc, &distance, sizeof(distance)))
			return desc + (uint64_t)(int64_t)distance;
		at = desc + (((uint64_t)n.n_descsz + 3) & ~3ull);
	}
	return 0;
}

uint64_t image_note(struct target *t, const struct image *im)
{
	for (unsigned i = 0; i < im->phnum; i++) {
		struct segment s;
		uint64_t found;

		if (!segment_read(t, im, i, &s))
			return 0;
		if (s.type != PT_NOTE)
			continue;
		found = note_in(t, im, im->bias + s.vaddr, s.filesz);
		if (found)
			return found;
	}
	return 0;
}
