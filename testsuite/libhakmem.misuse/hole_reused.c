/* SPDX-License-Identifier: MIT */
/*
 * A page that was given back and is in use again holds free blocks without
 * the mark of a free block: their double free is found as any other.
 *
 * { dg-hakmem-modes "linked" }
 * { dg-hakmem-status "ABRT" }
 * { dg-hakmem-output {^hakmem: fatal: double free of 0x[0-9a-f]+} }
 */
#include "t.h"

#include <hakmem/hakmem.h>

enum { BLOCKS = 8192, SLOT = 65536, PAGE = 4096, SIZE = 64 };

static char *p[BLOCKS];

int main(void)
{
	char *base = NULL, *last, *q;

	for (int i = 0; i < BLOCKS; i++) {
		p[i] = malloc(SIZE);
		CHECK(p[i]);
	}
	for (int i = 100; i < BLOCKS && !base; i++)
		if ((uintptr_t)p[i] % SLOT == 0)
			base = p[i];
	CHECK(base);
	/* its first block stays */
	for (int i = 0; i < BLOCKS; i++)
		if (p[i] > base && p[i] < base + SLOT)
			free(p[i]);
	hakmem_purge();
	last = base + SLOT - PAGE;
	do {
		q = malloc(SIZE);
		CHECK(q);
	} while (q < last || q >= base + SLOT);
	free(T_HIDE(base + SLOT - SIZE));
	return 0;
}
