/* SPDX-License-Identifier: MIT */
/*
 * probe.c - is malloc of this program libhakmem's?
 *
 * Run once per mode before the tests of that mode.  The preloaded mode links
 * without the library, so the symbol is looked up; static programs cannot
 * look it up and are compiled with DIRECT.
 */
#include <hakmem/hakmem.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef int (*is_ours_fn)(const void *p);

static is_ours_fn find_is_ours(void)
{
#ifdef DIRECT
	return hakmem_is_ours;
#else
	is_ours_fn fn;

	*(void **)&fn = dlsym(RTLD_DEFAULT, "hakmem_is_ours");
	return fn;
#endif
}

int main(void)
{
	void *p = malloc(100000);
	is_ours_fn is_ours = find_is_ours();

	if (!is_ours) {
		puts("hakmem_is_ours is not in this process");
		return 1;
	}
	if (!p || !is_ours(p)) {
		puts("malloc is not libhakmem's");
		return 1;
	}
	free(p);
	return 0;
}
