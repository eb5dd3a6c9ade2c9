/* SPDX-License-Identifier: MIT */
/*
 * SuperSlabs that come and go do not walk through the address space: the
 * leaves of the registry, which are never freed, stay few, and the library's
 * own memory does not grow.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>

enum { ROUNDS = 50000 };

static struct hakmem_stats get(void)
{
	struct hakmem_stats s;

	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	return s;
}

int main(void)
{
	struct hakmem_stats before, after;
	void *p;

	CHECK(hakmem_option_set("PURGE_DELAY", "0") == 0);
	free(malloc(2 << 20));
	before = get();
	for (int i = 0; i < ROUNDS; i++) {
		p = malloc(2 << 20);
		CHECK(p);
		free(p);
	}
	after = get();
	CHECK(after.superslabs_unmap_total - before.superslabs_unmap_total >=
	      ROUNDS);
	printf("%llu leaves, %llu KiB more\n",
	       (unsigned long long)after.registry_leaves,
	       (unsigned long long)(after.meta_bytes - before.meta_bytes) /
		       1024);
	CHECK(after.registry_leaves <= before.registry_leaves + 1);
	CHECK(after.meta_bytes <= before.meta_bytes + (1 << 20));
	return 0;
}
