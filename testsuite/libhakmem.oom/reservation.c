/* SPDX-License-Identifier: MIT */
/*
 * No more address space is taken than 4 MiB or twice what lives, whichever is
 * more: where the system promises no more memory than it has
 * (vm.overcommit_memory=2), address space is memory.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>

enum { BLOCKS = 60000 };

static uint64_t own; /* tables, and a SuperSlab that begins */
static uint64_t leaves; /* of the registry, at the start */

static void look(const char *what, uint64_t *worst)
{
	struct hakmem_stats s;
	uint64_t bound;

	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	bound = s.live_bytes * 2 > 4 << 20 ? s.live_bytes * 2 : 4 << 20;
	/* the registry has a leaf for 4 GiB: one more where what is mapped
	 * lies on both sides of a border, in a chunk of 1 MiB of its own, and
	 * the rest of the chunk before it is given up */
	bound += (s.registry_leaves - leaves) << 21;
	if (s.mapped_bytes > bound + own)
		FAIL("%s: %llu bytes live, %llu mapped", what,
		     (unsigned long long)s.live_bytes,
		     (unsigned long long)s.mapped_bytes);
	if (s.live_bytes > 1 << 20 &&
	    s.mapped_bytes * 100 / s.live_bytes > *worst)
		*worst = s.mapped_bytes * 100 / s.live_bytes;
}

/* Growing in blocks of one size: looked at all the while. */
static void grow(size_t size)
{
	static void *p[BLOCKS];
	uint64_t worst = 0;
	int n = 0;

	for (; n < BLOCKS && (size_t)n * size < 100 << 20; n++) {
		p[n] = malloc(size);
		CHECK(p[n]);
		if (n % 16 == 0)
			look("growing", &worst);
	}
	printf("blocks of %zu: at most %llu %% of what lives is mapped\n", size,
	       (unsigned long long)worst);
	while (n--)
		free(p[n]);
	hakmem_purge();
}

int main(void)
{
	static const size_t sizes[] = { 16,    100,   1000,   5000,    20000,
					40000, 70000, 300000, 1100000, 5000000 };
	struct hakmem_stats s;

	setvbuf(stdout, NULL, _IONBF, 0);
	/* beyond the bound: the library's tables, of which few pages are
	 * touched */
	free(malloc(100));
	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	printf("%llu KiB at the start\n",
	       (unsigned long long)s.mapped_bytes >> 10);
	CHECK(s.mapped_bytes <= 6 << 20);
	own = 2 << 20;
	leaves = s.registry_leaves;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		grow(sizes[i]);
	return 0;
}
