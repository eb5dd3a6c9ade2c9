/* SPDX-License-Identifier: MIT */
/*
 * Bit searches agree with counting bit by bit.
 */
#include "t.h"

#include "bits.h"

static bool bit(uint64_t x, unsigned i)
{
	return i < 64 && (x >> i & 1);
}

static void check_word(uint64_t x)
{
	unsigned ones = 0, low_ones = 0, first = 64, last = 0;

	for (unsigned i = 64; i-- > 0;) {
		if (!bit(x, i))
			continue;
		first = i;
		if (!ones)
			last = i;
		ones++;
		low_ones += i < 32;
	}
	CHECK(hak_popcount64(x) == ones);
	CHECK(hak_popcount32((uint32_t)x) == low_ones);
	if (x)
		CHECK(hak_ctz64(x) == first);
	if ((uint32_t)x)
		CHECK(hak_ctz32((uint32_t)x) == first);
	if (x && x <= SIZE_MAX)
		CHECK(hak_log2((size_t)x) == last);
}

static void check_low(void)
{
	for (unsigned n = 0; n <= 64; n++)
		for (unsigned i = 0; i < 64; i++) {
			CHECK(bit(hak_low64(n), i) == (i < n));
			if (n <= 32)
				CHECK(bit(hak_low32(n), i) == (i < n));
		}
}

static unsigned run_at(uint32_t mask, unsigned i)
{
	unsigned n = 0;

	while (i + n < 32 && bit(mask, i + n))
		n++;
	return n;
}

static void check_runs(uint32_t mask)
{
	unsigned longest = 0;

	for (unsigned i = 0; i < 32; i++)
		if (run_at(mask, i) > longest)
			longest = run_at(mask, i);
	if (hak_longest32(mask) != longest)
		FAIL("longest run of %x: %u, not %u", mask, hak_longest32(mask),
		     longest);
	for (unsigned n = 1; n <= 32; n++) {
		uint32_t want = 0;

		for (unsigned i = 0; i < 32; i++)
			if (run_at(mask, i) >= n)
				want |= UINT32_C(1) << i;
		if (hak_runs32(mask, n) != want)
			FAIL("runs of %u in %x: %x, not %x", n, mask,
			     hak_runs32(mask, n), want);
	}
}

int main(void)
{
	uint64_t seed = 1;

	check_low();
	check_word(0);
	check_word(UINT64_MAX);
	check_runs(0);
	check_runs(UINT32_MAX);
	for (unsigned i = 0; i < 64; i++)
		for (unsigned n = 0; n + i <= 64; n++)
			check_word(hak_low64(n) << i);
	for (unsigned i = 0; i < 32; i++)
		for (unsigned n = 0; n + i <= 32; n++)
			check_runs(hak_low32(n) << i);
	for (int i = 0; i < 20000; i++) {
		/* sparse, even and dense words */
		uint64_t a = t_random(&seed), b = t_random(&seed);

		check_word(a);
		check_word(a & b);
		check_word(a | b);
		check_runs((uint32_t)a);
		check_runs((uint32_t)(a & b));
		check_runs((uint32_t)(a | b));
	}
	return 0;
}
