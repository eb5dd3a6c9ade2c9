/* SPDX-License-Identifier: MIT */
/*
 * Blocks with a mapping of their own stand in hblks and hblkhd; what does not
 * fit the old structure does not wrap around to a negative figure.
 *
 * { dg-hakmem-options "-Wno-deprecated-declarations" }
 */
#include "t.h"

int main(void)
{
	enum { N = 5 };
	const size_t size = (size_t)800 << 20;
	struct mallinfo2 before = mallinfo2(), m;
	struct mallinfo old;
	void *p[N];

	if (sizeof(size_t) < 8)
		unsupported("the address space is small");
	for (int i = 0; i < N; i++) {
		p[i] = malloc(size);
		if (!p[i])
			unsupported("not enough address space");
	}
	m = mallinfo2();
	CHECK(m.hblks == before.hblks + N);
	CHECK(m.hblkhd >= before.hblkhd + N * size);
	CHECK(m.hblkhd <= before.hblkhd + N * (size + (2 << 20)));
	old = mallinfo();
	CHECK(old.hblks == (int)m.hblks);
	CHECK(old.hblkhd == INT_MAX || old.hblkhd == (int)m.hblkhd);
	for (int i = 0; i < N; i++)
		free(p[i]);
	m = mallinfo2();
	CHECK(m.hblks == before.hblks);
	CHECK(m.hblkhd == before.hblkhd);
	return 0;
}
