/* SPDX-License-Identifier: MIT */
/*
 * Address space runs out, at limits from 32 MiB to 8 GiB and in every tier:
 * NULL and ENOMEM, blocks that live are whole, realloc that fails leaves its
 * block alone, and when memory is back all goes on.  The statistics agree,
 * and nothing is written.
 *
 * { dg-hakmem-modes "linked" }
 * { dg-hakmem-absent {hakmem: (fatal|warning)} }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>
#include <sys/resource.h>

/* Touched only at both ends, so that 8 GiB are address space and no more. */
struct block {
	struct block *next;
	size_t size;
	uint64_t mark;
};

static struct hakmem_stats get(void)
{
	struct hakmem_stats s;

	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	return s;
}

static uint64_t *last(struct block *b)
{
	return (uint64_t *)(void *)((char *)b + (b->size & ~(size_t)7) - 8);
}

static void mark(struct block *b, size_t size)
{
	b->size = size;
	b->mark = (uintptr_t)b * 7;
	*last(b) = b->mark;
}

static int whole(struct block *b)
{
	return b->mark == (uintptr_t)b * 7 && *last(b) == b->mark;
}

static void limit(rlim_t bytes)
{
	const struct rlimit r = { bytes, RLIM_INFINITY };

	CHECK(setrlimit(RLIMIT_AS, &r) == 0);
}

static void failed(const void *p)
{
	CHECK(p == NULL && errno == ENOMEM);
	errno = 0;
}

/* With nothing left every way of asking for this size is refused. */
static void refused(struct block *b, size_t size)
{
	void *p = &size;

	errno = 0;
	failed(malloc(size));
	failed(calloc(1, size));
	failed(calloc(size / 8, 8));
	failed(memalign(4096, size));
	failed(aligned_alloc(64, size));
	failed(valloc(size));
	failed(pvalloc(size));
	failed(hakmem_malloc(size));
	failed(hakmem_calloc(1, size));
	failed(hakmem_aligned_alloc(64, size));
	errno = 4711;
	CHECK(posix_memalign(&p, 64, size) == ENOMEM);
	CHECK(p == &size && errno == 4711);
	errno = 0;
	if (b && size > b->size) {
		failed(realloc(b, size));
		failed(hakmem_realloc(b, size));
		CHECK(whole(b));
	}
	failed(realloc(NULL, size));
}

/* The largest that still succeeds is of no interest: one size up to the end. */
static struct block *exhaust(size_t size, size_t *count)
{
	struct block *list = NULL, *b;

	*count = 0;
	errno = 0;
	while ((b = malloc(size))) {
		mark(b, size);
		b->next = list;
		list = b;
		++*count;
	}
	CHECK(errno == ENOMEM);
	return list;
}

static void release(struct block *b)
{
	while (b) {
		struct block *next = b->next;

		CHECK(whole(b));
		free(b);
		b = next;
	}
}

/* Is all as it was, and as good as new? */
static void works(const struct hakmem_stats *before)
{
	struct hakmem_stats s = get();
	void *p[100];

	CHECK(s.live_bytes == before->live_bytes);
	CHECK(s.mallocs - before->mallocs == s.frees - before->frees);
	for (int i = 0; i < 100; i++) {
		p[i] = calloc(1, t_sizes[(size_t)i % T_SIZES]);
		CHECK(p[i] && t_zero(p[i], t_sizes[(size_t)i % T_SIZES]));
	}
	for (int i = 0; i < 100; i++)
		free(p[i]);
	CHECK(get().live_bytes == before->live_bytes);
	hakmem_purge();
}

static void rung(size_t as, size_t size)
{
	struct hakmem_stats before = get(), full;
	struct block *list;
	size_t count;

	/* beside what the program itself has mapped */
	limit(as + (size_t)t_status_kib("VmSize:") * 1024);
	list = exhaust(size, &count);
	/* most of the limit was to be had */
	if (count * size < as / 2)
		FAIL("%zu blocks of %zu are not half of %zu", count, size, as);
	full = get();
	CHECK(full.live_bytes - before.live_bytes >= count * size);
	CHECK(full.shared_fail > before.shared_fail);
	refused(list, size > 65536 ? size * 2 : (size_t)4 << 20);
	/* half back: as much again can be had */
	for (struct block *b = list; b && b->next; b = b->next) {
		struct block *out = b->next;

		b->next = out->next;
		CHECK(whole(out));
		free(out);
		count--;
	}
	for (struct block *b = list; b; b = b->next)
		CHECK(whole(b));
	for (size_t i = 0; i < count / 2; i++) {
		struct block *b = malloc(size);

		if (!b)
			FAIL("%zu of %zu bytes: only %zu of %zu again", size,
			     as, i, count);
		mark(b, size);
		b->next = list;
		list = b;
	}
	release(list);
	hakmem_purge();
	limit(RLIM_INFINITY);
	works(&before);
}

int main(void)
{
	static const size_t ladder[] = { 32, 64, 256, 1024, 8192 };
	static const size_t sizes[] = { 64,	 1000,	  8000,
					30000,	 100000,  1 << 20,
					2 << 20, 3 << 20, 40 << 20 };

	char guard[8];

	CHECK(hakmem_option_get("TINY_USE_SUPERSLAB", guard, sizeof(guard)) ==
	      1);
	free(memalign(2048, 64));
	for (size_t i = 0; i < sizeof(ladder) / sizeof(ladder[0]); i++)
		for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
			size_t as = ladder[i] << 20;

			/* many small blocks take time and memory */
			if (as / sizes[k] > (i ? 15000 : 1000000) ||
			    sizes[k] * 4 > as)
				continue;
			/* the C library's */
			if (guard[0] == '0' && sizes[k] <= 1024)
				continue;
			rung(as, sizes[k]);
		}
	return 0;
}
