/* SPDX-License-Identifier: MIT */
#include "libc.h"

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <sys/auxv.h>

#define WEAK __attribute__((weak))

/* glibc's own entry points; absent elsewhere and in static programs. */
WEAK extern void *__libc_malloc(size_t size);
WEAK extern void *__libc_calloc(size_t n, size_t size);
WEAK extern void *__libc_realloc(void *p, size_t size);
WEAK extern void *__libc_memalign(size_t align, size_t size);
WEAK extern void __libc_free(void *p);
/* End of the heap that glibc's allocator obtained by brk; NULL before. */
WEAK extern void *__curbrk;

/* Where malloc.c is linked in, a hidden name of its malloc. */
WEAK extern void *hak_entry_malloc(size_t size)
	__attribute__((visibility("hidden")));

#ifdef HAK_STATIC
bool hak_libc_present(void)
{
	return false;
}
#else
bool hak_libc_present(void)
{
	return __libc_malloc && __libc_calloc && __libc_realloc &&
	       __libc_memalign && __libc_free;
}
#endif

bool hak_libc_malloc_is_ours(void)
{
	void *(*volatile global)(size_t) = malloc;
	void *(*volatile ours)(size_t) = hak_entry_malloc;

	return !ours || global == ours;
}

bool hak_libc_in_use(void)
{
	return hak_libc_present() && &__curbrk && __curbrk;
}

bool hak_libc_is_loader(const void *p)
{
	const char *base = (const char *)getauxval(AT_BASE);
	const ElfW(Ehdr) *eh = (const void *)base;
	const ElfW(Phdr) * ph;
	uintptr_t end = 0;

	if (!base)
		return false;
	ph = (const void *)(base + eh->e_phoff);
	for (unsigned i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD &&
		    ph[i].p_vaddr + ph[i].p_memsz > end)
			end = ph[i].p_vaddr + ph[i].p_memsz;
	/* it starts with the rest of the last page of its data */
	end = hak_round_up(end, 4096);
	return (const char *)p >= base && (const char *)p < base + end;
}

void *hak_libc_malloc(size_t size)
{
	return __libc_malloc(size);
}

void *hak_libc_calloc(size_t n, size_t size)
{
	return __libc_calloc(n, size);
}

void *hak_libc_realloc(void *p, size_t size)
{
	return __libc_realloc(p, size);
}

void *hak_libc_memalign(size_t align, size_t size)
{
	return __libc_memalign(align, size);
}

void hak_libc_free(void *p)
{
	__libc_free(p);
}

void *hak_libc_next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

size_t hak_libc_usable_size(void *p)
{
	static size_t (*next)(void *); /* atomic; idempotent */
	size_t (*fn)(void *) = __atomic_load_n(&next, __ATOMIC_RELAXED);

	if (!fn) {
		fn = (size_t(*)(void *))(uintptr_t)hak_libc_next(
			"malloc_usable_size");
		__atomic_store_n(&next, fn, __ATOMIC_RELAXED);
	}
	return fn ? fn(p) : 0;
}
