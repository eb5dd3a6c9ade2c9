/* SPDX-License-Identifier: MIT */
/*
 * HAKMEM_ENABLE=0 in a static program, which has no other allocator: refused
 * with one line, and memory is ours.
 *
 * { dg-hakmem-modes "static" }
 * { dg-hakmem-env "HAKMEM_ENABLE=0" }
 * { dg-hakmem-output {^hakmem: HAKMEM_ENABLE=0 ignored: no other allocator} }
 */
#include "t.h"

#include <hakmem/hakmem.h>

int main(void)
{
	for (size_t i = 0; i < T_SIZES; i++) {
		void *p = malloc(t_sizes[i]);

		CHECK(p && hakmem_is_ours(p));
		free(p);
	}
	return 0;
}
