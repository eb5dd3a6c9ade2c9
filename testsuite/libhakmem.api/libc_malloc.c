/* SPDX-License-Identifier: MIT */
/*
 * Blocks that __libc_malloc and its like hand out, by its main arena, one of a
 * thread and as mappings of their own, go back to the C library: by free, realloc
 * and from other threads; malloc_usable_size is asked of it.  What lies in the
 * dynamic linker's own memory is ignored.
 *
 * { dg-hakmem-modes "linked" }
 * { dg-hakmem-absent {hakmem: (fatal|warning)} }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>
#include <link.h>
#include <pthread.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t align, size_t size);

static struct hakmem_stats get(void)
{
	struct hakmem_stats s;

	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	return s;
}

static void *take(unsigned kind, size_t size)
{
	switch (kind % 4) {
	case 0:
		return __libc_malloc(size);
	case 1:
		return __libc_calloc(1, size);
	case 2:
		return __libc_realloc(NULL, size);
	default:
		return __libc_memalign(256, size);
	}
}

static void give(unsigned kind, size_t size)
{
	char *p = take(kind, size), *q;

	CHECK(p && !hakmem_is_ours(p));
	CHECK(malloc_usable_size(p) >= size);
	t_fill(p, size, kind);
	if (kind % 3 == 0) {
		q = realloc(p, size + 1000);
		CHECK(q && t_filled(q, size, kind));
		p = q;
	}
	errno = 4711;
	free(p);
	CHECK(errno == 4711);
}

static void every_size(void)
{
	for (unsigned kind = 0; kind < 12; kind++)
		for (size_t i = 0; i < T_SIZES; i++)
			give(kind, t_sizes[i]);
}

static void *thread(void *arg)
{
	every_size();
	return arg;
}

static void *thread_take(void *arg)
{
	(void)arg;
	return __libc_malloc(700);
}

static void *thread_free(void *arg)
{
	free(arg);
	return NULL;
}

static void run(void *(*fn)(void *), void *arg, void **result)
{
	pthread_t t;

	CHECK(pthread_create(&t, NULL, fn, arg) == 0);
	CHECK(pthread_join(t, result) == 0);
}

/* Of the loader, which tells debuggers where its data is. */
static struct r_debug *loader_data(void)
{
	for (const ElfW(Dyn) *d = _DYNAMIC; d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_DEBUG)
			return (void *)d->d_un.d_ptr;
	return NULL;
}

/* Behind its data, on the same page, is what it allocates while it starts. */
static void of_loader(void)
{
	struct hakmem_stats before = get();
	struct r_debug *data = loader_data();

	CHECK(data);
	free(T_HIDE(data));
	CHECK(get().foreign_ignored == before.foreign_ignored + 1);
	CHECK(get().foreign_forwarded == before.foreign_forwarded);
	CHECK(data->r_version > 0);
}

/* The C library's allocator has been used by a thread only. */
static void in_thread_only(void)
{
	void *p;

	run(thread_take, NULL, &p);
	CHECK(p);
	free(p);
	run(thread, NULL, NULL);
}

int main(void)
{
	struct hakmem_stats before;
	void *p;

	of_loader();
	CHECK(t_child(in_thread_only) == 0);
	/* what the C library keeps of a stack, and of names looked up */
	run(thread_free, NULL, NULL);
	give(0, 100);
	before = get();
	every_size();
	CHECK(get().foreign_forwarded - before.foreign_forwarded >=
	      12 * T_SIZES);
	run(thread, NULL, NULL);
	run(thread_take, NULL, &p);
	free(p);
	run(thread_free, __libc_malloc(300), NULL);
	/* of ours nothing has changed hands */
	CHECK(get().live_bytes <= before.live_bytes + 1024);
	return 0;
}
