/* SPDX-License-Identifier: MIT */
/*
 * mlockall(MCL_FUTURE): every new mapping is resident at once, within
 * RLIMIT_MEMLOCK.  A small process needs little; mappings are refused at the
 * limit and requests give NULL; memory that is freed can be had again, and is
 * zero where calloc promises it: MADV_DONTNEED fails on locked pages.
 *
 * { dg-hakmem-modes "linked" }
 * { dg-hakmem-absent {hakmem: (fatal|warning)} }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum { LIMIT = 8 << 20, BLOCKS = 4000 };

static struct hakmem_stats get(void)
{
	struct hakmem_stats s;

	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	return s;
}

/* Root is above the limit, unless the capability is gone. */
static void drop_capability(void)
{
	/* of capset(2): version 3, this process; two sets of three words */
	struct {
		uint32_t version;
		int pid;
	} head = { 0x20080522, 0 };
	uint32_t sets[6];

	CHECK(syscall(SYS_capget, &head, sets) == 0);
	sets[0] &= ~(1u << 14); /* effective: CAP_IPC_LOCK */
	sets[1] &= ~(1u << 14);
	CHECK(syscall(SYS_capset, &head, sets) == 0);
}

static size_t pick(uint64_t *seed)
{
	size_t kind = t_below(seed, 100);

	if (kind < 60)
		return 1 + t_below(seed, 2000);
	if (kind < 90)
		return 1 + t_below(seed, 32 << 10);
	return 1 + t_below(seed, kind < 99 ? 300 << 10 : 3 << 20);
}

static int fill(unsigned char **p, uint64_t *seed)
{
	int refused = 0;

	for (int i = 0; i < BLOCKS; i++) {
		size_t size = pick(seed);

		if (p[i])
			continue;
		errno = 0;
		p[i] = calloc(1, size);
		if (!p[i]) {
			CHECK(errno == ENOMEM);
			refused++;
			continue;
		}
		CHECK(t_zero(p[i], size));
		memset(p[i], 0xee, size);
	}
	return refused;
}

/* All but every step-th: what is left keeps its SuperSlab mapped. */
static void empty(unsigned char **p, int step)
{
	for (int i = 0; i < BLOCKS; i++) {
		if (step && i % step == 0)
			continue;
		errno = 4711;
		free(p[i]);
		CHECK(errno == 4711);
		p[i] = NULL;
	}
	malloc_trim(0);
}

int main(void)
{
	static unsigned char *p[BLOCKS];
	struct rlimit r;
	uint64_t seed = 9;
	long before, after;
	int refused = 0;

	drop_capability();
	CHECK(getrlimit(RLIMIT_MEMLOCK, &r) == 0);
	if (r.rlim_max < LIMIT)
		unsupported("RLIMIT_MEMLOCK is below 8 MiB");
	r.rlim_cur = LIMIT;
	CHECK(setrlimit(RLIMIT_MEMLOCK, &r) == 0);
	if (mlockall(MCL_FUTURE))
		unsupported("mlockall is not allowed");
	before = t_status_kib("VmLck");
	for (int i = 0; i < 100; i++)
		free(malloc(1000));
	after = t_status_kib("VmLck");
	printf("locked %ld KiB, after 100 blocks %ld\n", before, after);
	CHECK(after - before <= 4096);
	for (int round = 0; round < 6; round++) {
		refused += fill(p, &seed);
		empty(p, 500);
	}
	printf("%d of %d refused, %llu failed calls\n", refused, 6 * BLOCKS,
	       (unsigned long long)get().os_errors);
	CHECK(refused > 0 && refused < 6 * BLOCKS);
	munlockall();
	empty(p, 0);
	CHECK(fill(p, &seed) == 0);
	empty(p, 0);
	return 0;
}
