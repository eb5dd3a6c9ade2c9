/* SPDX-License-Identifier: MIT */
/*
 * Before a request is refused, what the library keeps for later goes back to
 * the system: freed Huge blocks and SuperSlabs without a live block.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>
#include <sys/resource.h>

enum { MIB = 1 << 20, LIMIT = 200 };

static char *p[5000];

static struct hakmem_stats get(void)
{
	struct hakmem_stats s;

	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	return s;
}

static size_t fill(size_t size)
{
	size_t n = 0;

	while (n < 5000 && (p[n] = malloc(size)))
		n++;
	return n;
}

int main(void)
{
	struct rlimit r = { 0, RLIM_INFINITY };
	static char *h[40];
	size_t n, m;

	r.rlim_cur = (rlim_t)(t_status_kib("VmSize:") + LIMIT * 1024) * 1024;
	CHECK(setrlimit(RLIMIT_AS, &r) == 0);
	CHECK(hakmem_option_set("PURGE_DELAY", "-1") == 0);
	/* what a program may have with nothing kept */
	n = fill(100000);
	for (size_t i = 0; i < n; i++)
		free(p[i]);
	CHECK(get().slots_empty > 100);
	/* kept SuperSlabs, a Huge request */
	p[0] = malloc(LIMIT / 2 * MIB);
	CHECK(p[0]);
	free(p[0]);
	hakmem_purge();
	/* kept Huge blocks, Large requests */
	for (int i = 0; i < 40; i++) {
		h[i] = malloc(3 * MIB);
		CHECK(h[i]);
	}
	for (int i = 0; i < 40; i++)
		free(h[i]);
	m = fill(100000);
	if (m < n / 10 * 9)
		FAIL("%zu blocks, %zu with nothing kept", m, n);
	return 0;
}
