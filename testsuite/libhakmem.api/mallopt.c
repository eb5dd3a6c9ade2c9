/* SPDX-License-Identifier: MIT */
/*
 * mallopt knows glibc's parameters and refuses others; allocation goes on.
 */
#include "t.h"

int main(void)
{
	static const int known[][2] = {
		{ M_MXFAST, 64 },
		{ M_TRIM_THRESHOLD, 1 << 20 },
		{ M_TOP_PAD, 65536 },
		{ M_MMAP_THRESHOLD, 1 << 20 },
		{ M_MMAP_MAX, 1000 },
		{ M_CHECK_ACTION, 1 },
		{ M_PERTURB, 0 },
		{ M_ARENA_TEST, 2 },
		{ M_ARENA_MAX, 2 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (mallopt(known[i][0], known[i][1]) != 1)
			FAIL("mallopt(%d, %d) is not 1", known[i][0],
			     known[i][1]);
	for (size_t i = 0; i < T_SIZES; i++) {
		void *p = malloc(t_sizes[i]);

		CHECK(p);
		t_fill(p, t_sizes[i], 1);
		free(p);
	}
	return 0;
}
