/* SPDX-License-Identifier: MIT */
/*
 * A program that brings malloc, free, calloc and realloc and no more: blocks
 * that the library's other names hand out, and those of the C library's
 * functions, come from this allocator or can be freed by it, and sizes are
 * asked of where they are known.
 *
 * { dg-hakmem-modes "preloaded" }
 * { dg-hakmem-options "-rdynamic -ldl" }
 * { dg-hakmem-absent {hakmem: (fatal|warning)} }
 */
#include "t.h"

#include <dlfcn.h>

/* The C library's, counted. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void __libc_free(void *p);

static unsigned taken, given; /* by the program's own names */

void *malloc(size_t size)
{
	__atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	__atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	return __libc_realloc(p, size);
}

void free(void *p)
{
	__atomic_fetch_add(&given, p != NULL, __ATOMIC_RELAXED);
	__libc_free(p);
}

static void other_names(size_t size)
{
	void *p;

	for (size_t align = 32; align <= 65536; align *= 8) {
		p = memalign(align, size);
		CHECK(p && (uintptr_t)p % align == 0);
		CHECK(malloc_usable_size(p) >= size);
		memset(p, 1, size);
		p = realloc(p, size + 1000);
		CHECK(p && malloc_usable_size(p) >= size + 1000);
		free(p);
		CHECK(posix_memalign(&p, align, size) == 0);
		memset(p, 1, size);
		free(p);
		p = aligned_alloc(align, size);
		CHECK(p);
		free(p);
	}
	p = valloc(size);
	CHECK(p);
	free(p);
	p = malloc(size);
	CHECK(p && malloc_usable_size(p) >= size);
	free(p);
}

static void libc_functions(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char *line = NULL, *path;
	size_t room = 0;
	unsigned lines = 0, before = taken;

	CHECK(f);
	while (getline(&line, &room, f) > 0)
		lines++;
	CHECK(lines > 5 && malloc_usable_size(line) >= room);
	free(line);
	fclose(f);
	CHECK(asprintf(&line, "%u", lines) > 0);
	free(line);
	path = realpath("/proc/self/..", NULL);
	CHECK(path && strcmp(path, "/proc") == 0);
	free(path);
	free(strndup("many words", 4));
	/* they call the program's malloc */
	CHECK(taken >= before + 4);
}

int main(void)
{
	int (*is_ours)(const void *);
	void *p = malloc(100);

	*(void **)&is_ours = dlsym(RTLD_DEFAULT, "hakmem_is_ours");
	CHECK(is_ours && !is_ours(p));
	free(p);
	for (size_t i = 0; i < T_SIZES; i++)
		other_names(t_sizes[i]);
	libc_functions();
	CHECK(taken > T_SIZES && given > taken);
	malloc_trim(0);
	CHECK(mallinfo2().arena > 0);
	return 0;
}
