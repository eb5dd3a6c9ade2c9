/* SPDX-License-Identifier: MIT */
#include "libc.h"

#include "options.h"

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <sys/auxv.h>

#define WEAK __attribute__((weak))
#if UINTPTR_MAX == UINT32_MAX
#define LIBC_SYMBOL(info) ELF32_R_SYM(info)
#else
#define LIBC_SYMBOL(info) ELF64_R_SYM(info)
#endif

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

bool hak_libc_present(void)
{
	return __libc_malloc && __libc_calloc && __libc_realloc &&
	       __libc_memalign && __libc_free;
}

/*
 * A program at a fixed address that takes the address of malloc gets that of
 * its own PLT entry, and so does everybody else who asks: Debian's python3.11
 * and node do.  Calls are bound as ever.  The entry is told by an undefined
 * symbol that has a value.
 */
static bool libc_plt_of_program(uintptr_t fn)
{
	const ElfW(Phdr) *ph = (const void *)getauxval(AT_PHDR);
	const ElfW(Dyn) *dyn = NULL;
	const ElfW(Sym) *symbols = NULL;
	uintptr_t relocs = 0;
	size_t size = 0, step = sizeof(ElfW(Rela));

	for (unsigned i = 0; ph && i < getauxval(AT_PHNUM); i++) {
		if (ph[i].p_type == PT_PHDR && ph[i].p_vaddr != (uintptr_t)ph)
			return false;
		if (ph[i].p_type == PT_DYNAMIC)
			dyn = (const void *)ph[i].p_vaddr;
	}
	for (; dyn && dyn->d_tag != DT_NULL; dyn++) {
		if (dyn->d_tag == DT_SYMTAB)
			symbols = (const void *)dyn->d_un.d_ptr;
		else if (dyn->d_tag == DT_JMPREL)
			relocs = dyn->d_un.d_ptr;
		else if (dyn->d_tag == DT_PLTRELSZ)
			size = dyn->d_un.d_val;
		else if (dyn->d_tag == DT_PLTREL && dyn->d_un.d_val == DT_REL)
			step = sizeof(ElfW(Rel));
	}
	for (size_t at = 0; symbols && relocs && at < size; at += step) {
		const ElfW(Rel) *r = (const void *)(relocs + at);
		const ElfW(Sym) *s = &symbols[LIBC_SYMBOL(r->r_info)];

		if (s->st_shndx == SHN_UNDEF && s->st_value == fn)
			return true;
	}
	return false;
}

bool hak_libc_malloc_is_ours(void)
{
	void *(*volatile global)(size_t) = malloc;
	void *(*volatile ours)(size_t) = hak_entry_malloc;

	return !ours || global == ours ||
	       libc_plt_of_program((uintptr_t)global);
}

bool hak_libc_in_use(void)
{
	return hak_libc_present() &&
	       (!hak_opt.tiny_use_superslab || (&__curbrk && __curbrk));
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
	end = hak_round_up(end, getauxval(AT_PAGESZ));
	return (const char *)p >= base && (const char *)p < base + end;
}

void *hak_libc_malloc(size_t size)
{
	return __libc_malloc(size);
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

/* Not simply the next one: a program may be linked with an allocator of its
 * own, which stands between us and the C library. */
void *hak_libc_symbol(const char *name)
{
	static void *libc; /* atomic; idempotent */
	void *handle = __atomic_load_n(&libc, __ATOMIC_RELAXED);
	void *(*open)(const char *, int);

	if (!handle) {
		*(void **)&open = hak_libc_next("dlopen");
		handle = open ? open("libc.so.6", RTLD_LAZY | RTLD_NOLOAD)
			      : NULL;
		if (!handle)
			handle = RTLD_NEXT;
		__atomic_store_n(&libc, handle, __ATOMIC_RELAXED);
	}
	return dlsym(handle, name);
}

size_t hak_libc_usable_size(void *p)
{
	static size_t (*next)(void *); /* atomic; idempotent */
	size_t (*fn)(void *) = __atomic_load_n(&next, __ATOMIC_RELAXED);

	if (!fn) {
		fn = (size_t(*)(void *))(uintptr_t)hak_libc_symbol(
			"malloc_usable_size");
		__atomic_store_n(&next, fn, __ATOMIC_RELAXED);
	}
	return fn ? fn(p) : 0;
}
