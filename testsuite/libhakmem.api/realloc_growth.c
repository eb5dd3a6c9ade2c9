/* SPDX-License-Identifier: MIT */
/*
 * A block that grows by half each time from 1 MiB to 1 GiB takes less than
 * 0.5 s: what is large moves by mremap(2), not by copying, which takes more than
 * one.  Of processor time, and without huge pages, which the kernel would have
 * to clear.
 */
#include "t.h"

#include <sys/prctl.h>
#include <time.h>

static double cpu_now(void)
{
	struct timespec t;

	CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(void)
{
	const size_t first = (size_t)1 << 20, last = (size_t)1 << 30;
	double start = cpu_now(), took;
	const size_t stride = (size_t)256 << 10;
	size_t had = 0;
	char *p = NULL;
	unsigned step = 0;

	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	if (sizeof(size_t) < 8)
		unsupported("the address space is small");
	for (size_t size = first; size <= last; size += size / 2) {
		p = realloc(p, size);
		if (!p)
			unsupported("not enough memory");
		/* few pages: a copy would touch all of them, and the kernel's
		 * faults are not our topic */
		for (size_t i = 0; i < had; i += stride)
			if (p[i] != 1)
				FAIL("byte %zu of %zu is lost", i, size);
		for (size_t i = 0; i < size; i += stride)
			p[i] = 1;
		had = size;
		step++;
	}
	free(p);
	took = cpu_now() - start;
	printf("%u steps, %.2f s\n", step, took);
	if (took >= 0.5)
		FAIL("%.2f s for %u steps", took, step);
	return 0;
}
