/* SPDX-License-Identifier: MIT */
/*
 * A program at a fixed address that takes the address of malloc sees that of
 * its own PLT entry.  It is served all the same; Debian's python3.11 is one.
 *
 * { dg-hakmem-modes "preloaded" }
 * { dg-hakmem-options "-fno-pie -no-pie -ldl" }
 */
#include "t.h"

#include <dlfcn.h>

int main(void)
{
	void *(*volatile take)(size_t) = malloc;
	int (*is_ours)(const void *);

	*(void **)&is_ours = dlsym(RTLD_DEFAULT, "hakmem_is_ours");
	CHECK(is_ours);
	for (size_t i = 0; i < T_SIZES; i++) {
		void *p = take(t_sizes[i]), *q = malloc(t_sizes[i]);

		if (!is_ours(p) || !is_ours(q))
			FAIL("%zu bytes came from elsewhere", t_sizes[i]);
		free(p);
		free(q);
	}
	return 0;
}
