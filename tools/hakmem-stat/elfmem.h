/* SPDX-License-Identifier: MIT */
/*
 * elfmem.h - ELF images as they lie in the memory of a process
 *
 * The image is read from memory, not from its file: the file may have been
 * replaced or deleted, or lie in another mount namespace.  All figures are
 * the process's own and bounded before use.
 */
#ifndef ELFMEM_H
#define ELFMEM_H

#include "target.h"

#define IMAGE_HEAD 4096u

struct image {
	uint64_t base;
	char head[IMAGE_HEAD]; /* the first page: most of it is needed */
	bool is64;
	uint64_t bias; /* added to the addresses in the image */
	uint64_t dynamic; /* address, 0: none */
	uint64_t dynamic_size;
	uint64_t phdr; /* address of the program headers */
	unsigned phnum;
	unsigned phentsize;
};

/* Is there an image at base? */
bool image_open(struct target *t, uint64_t base, struct image *im);

/* Address of a dynamic symbol; 0: not defined there. */
uint64_t image_symbol(struct target *t, const struct image *im,
		      const char *name);

/* Address that the image's hakmem note leads to; 0: it has none. */
uint64_t image_note(struct target *t, const struct image *im);

#endif /* ELFMEM_H */
