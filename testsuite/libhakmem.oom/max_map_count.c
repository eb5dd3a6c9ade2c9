/* SPDX-License-Identifier: MIT */
/*
 * With as many mappings as the kernel allows neither mmap nor a munmap that
 * splits one succeeds: requests fail with ENOMEM or are served from what is
 * there, free keeps errno, and afterwards all is as before.
 *
 * { dg-hakmem-modes "linked" }
 * { dg-hakmem-absent {hakmem: (fatal|warning)} }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>
#include <sys/mman.h>

enum { N = 3000 };

static long most_mappings(void)
{
	FILE *f = fopen("/proc/sys/vm/max_map_count", "r");
	long n = 0;

	if (!f || fscanf(f, "%ld", &n) != 1)
		unsupported("no max_map_count");
	fclose(f);
	return n;
}

static struct hakmem_stats get(void)
{
	struct hakmem_stats s;

	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	return s;
}

/* One mapping a page, until there are no more. */
static char *use_up(size_t size)
{
	char *p = mmap(NULL, size, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t done = 0;

	CHECK(p != MAP_FAILED);
	for (size_t at = 4096; at < size; at += 8192, done++)
		if (mprotect(p + at, 4096, PROT_READ))
			break;
	if (done < size / 8192 - 1)
		return p;
	unsupported("more mappings than max_map_count says");
}

static size_t pick(uint64_t *seed)
{
	size_t log = 3 + t_below(seed, 20);

	return 1 + t_below(seed, (size_t)1 << log);
}

int main(void)
{
	long most = most_mappings();
	static char *p[N];
	static size_t size[N];
	struct hakmem_stats before, s;
	uint64_t seed = 5;
	int refused = 0;
	char *mapped;

	setvbuf(stdout, NULL, _IONBF, 0);
	if (most > 1000000)
		unsupported("too many mappings are allowed");
	before = get();
	for (int i = 0; i < N / 2; i++) {
		p[i] = malloc(size[i] = pick(&seed));
		CHECK(p[i]);
		t_fill(p[i], size[i] < 64 ? size[i] : 64, (unsigned)i);
	}
	mapped = use_up((size_t)most * 8192);
	for (int i = N / 2; i < N; i++) {
		errno = 0;
		p[i] = malloc(size[i] = pick(&seed));
		if (p[i]) {
			t_fill(p[i], size[i] < 64 ? size[i] : 64, (unsigned)i);
		} else {
			CHECK(errno == ENOMEM);
			refused++;
		}
	}
	for (int i = 0; i < N; i++) {
		if (p[i])
			CHECK(t_filled(p[i], size[i] < 64 ? size[i] : 64,
				       (unsigned)i));
		errno = 4711;
		free(p[i]);
		CHECK(errno == 4711);
	}
	hakmem_purge();
	CHECK(errno == 4711);
	s = get();
	CHECK(s.live_bytes == before.live_bytes);
	CHECK(refused && s.os_errors);
	printf("%d of %d refused, %llu failed calls\n", refused, N / 2,
	       (unsigned long long)s.os_errors);
	CHECK(munmap(mapped, (size_t)most * 8192) == 0);
	for (int i = 0; i < N; i++) {
		p[i] = malloc(pick(&seed));
		CHECK(p[i]);
	}
	for (int i = 0; i < N; i++)
		free(p[i]);
	CHECK(get().live_bytes == before.live_bytes);
	hakmem_purge();
	CHECK(get().slots_empty == 0 && get().huge_cached_bytes == 0);
	return 0;
}
