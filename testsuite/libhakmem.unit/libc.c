/* SPDX-License-Identifier: MIT */
/*
 * The C library's allocator: reached, told from ours, and seen to be in use;
 * the loader's data is known.
 */
#include "unit.h"

#include "libc.h"
#include "registry.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/auxv.h>

static char global;

static void check_blocks(void)
{
	char *p = hak_libc_malloc(100), *q = hak_libc_malloc(10000);
	char *a = hak_libc_memalign(4096, 5000);

	CHECK(p && q && a);
	CHECK(!hak_registry_get(p) && !hak_registry_get(q));
	CHECK((uintptr_t)a % 4096 == 0);
	CHECK(hak_libc_usable_size(p) >= 100);
	CHECK(hak_libc_usable_size(a) >= 5000);
	t_fill(p, 100, 1);
	t_fill(q, 10000, 2);
	t_fill(a, 5000, 3);
	p = hak_libc_realloc(p, 200000);
	CHECK(p && t_filled(p, 100, 1));
	CHECK(hak_libc_usable_size(p) >= 200000);
	p = hak_libc_realloc(p, 50);
	CHECK(p && t_filled(p, 50, 1));
	CHECK(t_filled(q, 10000, 2) && t_filled(a, 5000, 3));
	hak_libc_free(p);
	hak_libc_free(q);
	hak_libc_free(a);
	CHECK(hak_libc_in_use());
}

/* The loader tells debuggers where its data is. */
static const struct r_debug *loader_data(void)
{
	for (const ElfW(Dyn) *d = _DYNAMIC; d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_DEBUG)
			return (const void *)d->d_un.d_ptr;
	return NULL;
}

static void check_loader(void)
{
	const struct r_debug *debug = loader_data();
	const char *base = (const char *)getauxval(AT_BASE);
	char local;

	CHECK(!hak_libc_is_loader(&global));
	CHECK(!hak_libc_is_loader(&local));
	CHECK(!hak_libc_is_loader(NULL));
	CHECK(!hak_libc_is_loader((void *)UINTPTR_MAX));
	CHECK(!hak_libc_is_loader((void *)(uintptr_t)getenv));
	if (!base)
		return;
	CHECK(hak_libc_is_loader(base));
	CHECK(!hak_libc_is_loader(base - 1));
	CHECK(debug);
	CHECK(hak_libc_is_loader(debug));
	CHECK(hak_libc_is_loader((void *)debug->r_brk));
}

static void check_next(void)
{
	char *(*next)(const char *) =
		(char *(*)(const char *))(uintptr_t)hak_libc_next("getenv");

	CHECK(next);
	CHECK(setenv("LIBC_TEST", "yes", 1) == 0);
	CHECK(strcmp(next("LIBC_TEST"), "yes") == 0);
	CHECK(hak_libc_next("hak_no_such_function") == NULL);
}

int main(void)
{
	/* the next allocator is then the sanitizer's */
	if (U_SANITIZER)
		unsupported("built without interposition");
	CHECK(hak_libc_malloc_is_ours());
#ifndef __GLIBC__
	CHECK(!hak_libc_present() && !hak_libc_in_use());
	check_loader();
	return 0;
#endif
	CHECK(hak_libc_present());
	check_next();
	check_loader();
	check_blocks();
	return 0;
}
