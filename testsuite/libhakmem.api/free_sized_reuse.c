/* SPDX-License-Identifier: MIT */
/*
 * free_sized really frees: a million blocks of 100 bytes and a thousand of
 * 1 MB leave no more memory behind than one.
 */
#include "t.h"

#include <dlfcn.h>

int main(void)
{
	void (*sized)(void *p, size_t size);
	long before = t_status_kib("VmRSS:");
	long growth;

	*(void **)&sized = dlsym(RTLD_DEFAULT, "free_sized");
	CHECK(sized);
	for (int i = 0; i < 1000000; i++) {
		char *p = malloc(100);

		*p = 1;
		sized(p, 100);
	}
	for (int i = 0; i < 1000; i++) {
		char *p = malloc(1000000);

		memset(p, 1, 8192);
		sized(p, 1000000);
	}
	growth = t_status_kib("VmRSS:") - before;
	if (growth > 4096)
		FAIL("grown by %ld KiB", growth);
	return 0;
}
