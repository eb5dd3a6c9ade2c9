/* SPDX-License-Identifier: MIT */
/*
 * hakmem_is_ours tells blocks, and what lies inside them, from everything
 * else, whatever the pointer.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <sys/mman.h>

static int global;

static void check_ours(char *p, size_t size)
{
	CHECK(p);
	CHECK(hakmem_is_ours(p));
	CHECK(hakmem_is_ours(p + size / 2));
	CHECK(hakmem_is_ours(p + size - 1));
	free(p);
}

int main(void)
{
	int local;
	char *map = mmap(NULL, 65536, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	CHECK(map != MAP_FAILED);
	for (size_t i = 0; i < T_SIZES; i++) {
		check_ours(malloc(t_sizes[i]), t_sizes[i]);
		check_ours(memalign(65536, t_sizes[i]), t_sizes[i]);
	}
	check_ours((char *)strdup("text"), 5);
	CHECK(!hakmem_is_ours(NULL));
	CHECK(!hakmem_is_ours(&local));
	CHECK(!hakmem_is_ours(&global));
	CHECK(!hakmem_is_ours("literal"));
	CHECK(!hakmem_is_ours((void *)(uintptr_t)main));
	CHECK(!hakmem_is_ours(map));
	/* addresses that nobody has */
	CHECK(!hakmem_is_ours((void *)1));
	CHECK(!hakmem_is_ours((void *)UINTPTR_MAX));
	for (unsigned bit = 0; bit < sizeof(void *) * 8; bit++) {
		uintptr_t at = (uintptr_t)1 << bit;

		CHECK(!hakmem_is_ours((void *)at) || bit > 20);
	}
	/* what an address space of 47, 48 and 57 bits ends with */
#if UINTPTR_MAX > 0xffffffff
	CHECK(!hakmem_is_ours((void *)0x7ffffffff000));
	CHECK(!hakmem_is_ours((void *)0x800000000000));
	CHECK(!hakmem_is_ours((void *)0xffffffffffff));
	CHECK(!hakmem_is_ours((void *)0x1000000000000));
	CHECK(!hakmem_is_ours((void *)0x1ffffffffffffff));
	CHECK(!hakmem_is_ours((void *)0xffff800000000000));
#endif
	return 0;
}
