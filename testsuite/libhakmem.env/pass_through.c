/* SPDX-License-Identifier: MIT */
/*
 * HAKMEM_ENABLE=0: every entry point is the C library's, its figures are, and
 * so are its reports.  Not one block is ours.
 *
 * { dg-hakmem-env "HAKMEM_ENABLE=0" }
 * { dg-hakmem-options "-ldl" }
 */
#include "rerun.h"

#include <hakmem/stats.h>
#include <pthread.h>

static int (*is_ours)(const void *p);
static int (*stats_get)(struct hakmem_stats *out, size_t size);

static void find(void *fn, const char *name)
{
	*(void **)fn = rerun_find(name);
}

/* A block of at least size bytes at this alignment, not ours, that works. */
static void theirs(void *p, size_t size, size_t align)
{
	CHECK(p);
	CHECK(!is_ours(p));
	CHECK((uintptr_t)p % align == 0);
	CHECK(malloc_usable_size(p) >= size);
	memset(p, 0x3c, size);
}

static void entry_points(void)
{
	void (*free_sized)(void *, size_t);
	void (*free_aligned_sized)(void *, size_t, size_t);
	void (*cfree)(void *);
	void *p;

	find(&free_sized, "free_sized");
	find(&free_aligned_sized, "free_aligned_sized");
	find(&cfree, "cfree");
	for (size_t i = 0; i < T_SIZES; i++) {
		size_t n = t_sizes[i];

		p = malloc(n);
		theirs(p, n, 16);
		p = realloc(p, 2 * n);
		theirs(p, 2 * n, 16);
		free(p);
		p = calloc(3, n);
		CHECK(p && t_zero(p, 3 * n));
		theirs(p, 3 * n, 16);
		cfree(p);
		p = memalign(256, n);
		theirs(p, n, 256);
		free(p);
		p = aligned_alloc(64, n);
		theirs(p, n, 64);
		free_aligned_sized(p, 64, n);
		CHECK(posix_memalign(&p, 4096, n) == 0);
		theirs(p, n, 4096);
		free(p);
		p = valloc(n);
		theirs(p, n, 4096);
		free(p);
		p = pvalloc(n);
		theirs(p, n, 4096);
		free(p);
		p = malloc(n);
		free_sized(p, n);
	}
	/* glibc's size, not that of one of our classes */
	p = malloc(24);
	CHECK(malloc_usable_size(p) == 24);
	free(p);
	p = malloc(0);
	theirs(p, 0, 16);
	CHECK(realloc(p, 0) == NULL);
	errno = 0;
	CHECK(!malloc(T_HIDE((size_t)PTRDIFF_MAX) + 1) && errno == ENOMEM);
	errno = 0;
	CHECK(!calloc(SIZE_MAX / 2, T_HIDE(3)) && errno == ENOMEM);
	CHECK(posix_memalign(&p, 3, 1) == EINVAL);
	free(NULL);
}

static void our_names(void)
{
	void *(*our_malloc)(size_t);
	void *(*our_realloc)(void *, size_t);
	void (*our_free)(void *);
	size_t (*purge)(void);
	void (*flush)(void);
	void *p;

	find(&our_malloc, "hakmem_malloc");
	find(&our_realloc, "hakmem_realloc");
	find(&our_free, "hakmem_free");
	find(&purge, "hakmem_purge");
	find(&flush, "hakmem_thread_flush");
	p = our_malloc(100);
	theirs(p, 100, 16);
	p = our_realloc(p, 300000);
	theirs(p, 300000, 16);
	our_free(p);
	flush();
	CHECK(purge() == 0);
}

static void figures(void)
{
	struct mallinfo2 before = mallinfo2(), after;
	FILE *f = tmpfile();
	char text[4000];
	void *p = malloc(100000), *q = malloc(40 << 20);
	size_t n;

	CHECK(p && q);
	after = mallinfo2();
	CHECK(after.uordblks >= before.uordblks + 100000);
	CHECK(after.hblkhd >= before.hblkhd + (40 << 20));
	free(p);
	free(q);
	CHECK(mallopt(M_ARENA_MAX, 4) == 1);
	CHECK(mallopt(12345, 4) == 0 || mallopt(12345, 4) == 1);
	malloc_trim(0);
	CHECK(f && malloc_info(0, f) == 0);
	rewind(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = 0;
	CHECK(strstr(text, "<sizes>")); /* ours has none */
	fclose(f);
}

static void *work(void *arg)
{
	void **p = arg;

	free(*p);
	for (int i = 0; i < 1000; i++) {
		theirs(*p = malloc(10 + (size_t)i), 10, 16);
		if (i < 999)
			free(*p);
	}
	return NULL;
}

static void in_child(void)
{
	entry_points();
}

static void threads_and_forks(void)
{
	void *p = malloc(10);
	pthread_t t;

	CHECK(pthread_create(&t, NULL, work, &p) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	free(p);
	CHECK(t_child(in_child) == 0);
}

static void twice(void)
{
	void *p = malloc(100);

	free(p);
	free(T_HIDE(p));
}

int main(void)
{
	struct hakmem_stats s;

	find(&is_ours, "hakmem_is_ours");
	find(&stats_get, "hakmem_stats_get");
	entry_points();
	our_names();
	figures();
	threads_and_forks();
	CHECK(stats_get(&s, sizeof(s)) == 0);
	CHECK(s.mallocs == 0 && s.live_bytes == 0 && s.shared_fail == 0);
	CHECK(s.superslabs_map_total <= 1 && s.heaps_live == 0);
	/* the report is glibc's */
	CHECK(WTERMSIG(t_child(twice)) == SIGABRT);
	return 0;
}

/* { dg-hakmem-output {^free\(\): double free detected} } */
/* { dg-hakmem-absent {hakmem: } } */
