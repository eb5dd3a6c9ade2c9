/* SPDX-License-Identifier: MIT */
/*
 * The C library may map memory where a block of ours was unmapped: what it
 * hands out there goes back to it, and is no double free.
 */
/* { dg-hakmem-env "HAKMEM_FOREIGN_FREE=forward" } */
#include "t.h"

extern void *__libc_malloc(size_t size);

enum { MIB = 1 << 20, TRIES = 200 };

int main(void)
{
	int met = 0;

	for (int i = 0; i < TRIES; i++) {
		size_t size = (size_t)(4 + i % 60) * MIB;
		char *ours = malloc(size), *theirs;

		CHECK(ours);
		free(ours);
		malloc_trim(0);
		/* glibc's header stands in front of it; a mapping of its own */
		theirs = __libc_malloc(size - 64);
		CHECK(theirs);
		met += theirs > ours && theirs < ours + 65536;
		CHECK(malloc_usable_size(theirs) >= size - 64);
		memset(theirs, 1, 4096);
		theirs = realloc(theirs, size * 2);
		CHECK(theirs && theirs[4095] == 1);
		free(theirs);
	}
	if (!met)
		unsupported("the system never used an address again");
	return 0;
}
