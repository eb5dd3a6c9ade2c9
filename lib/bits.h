/* SPDX-License-Identifier: MIT */
/*
 * bits.h - bit searches
 *
 * Responsibility: names for the compiler's bit operations and the two
 * searches over a word that slots and blocks need.
 *
 * Contract: arguments of ctz and log2 are non-zero; a zero gives an undefined
 * result and the caller then indexes outside its array.
 *
 * Observable: nothing.
 *
 * Composable: pure functions; safe anywhere.
 */
#ifndef HAK_BITS_H
#define HAK_BITS_H

#include "base.h"

static inline unsigned hak_ctz64(uint64_t x)
{
	return (unsigned)__builtin_ctzll(x);
}

static inline unsigned hak_ctz32(uint32_t x)
{
	return (unsigned)__builtin_ctz(x);
}

/* The builtin would be a call into libgcc: the baseline has no instruction. */
static inline unsigned hak_popcount64(uint64_t x)
{
	x -= x >> 1 & UINT64_C(0x5555555555555555);
	x = (x & UINT64_C(0x3333333333333333)) +
	    (x >> 2 & UINT64_C(0x3333333333333333));
	x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (unsigned)(x * UINT64_C(0x0101010101010101) >> 56);
}

static inline unsigned hak_popcount32(uint32_t x)
{
	return hak_popcount64(x);
}

/* floor(log2(x)) */
static inline unsigned hak_log2(size_t x)
{
	return (unsigned)(sizeof(long) * CHAR_BIT - 1) -
	       (unsigned)__builtin_clzl(x);
}

/* n low bits set, 0 <= n <= 32 */
static inline uint32_t hak_low32(unsigned n)
{
	return n >= 32 ? UINT32_MAX : (UINT32_C(1) << n) - 1;
}

/* n low bits set, 0 <= n <= 64 */
static inline uint64_t hak_low64(unsigned n)
{
	return n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

/*
 * Bit i of the result is set when bits i..i+n-1 of mask are all set: each
 * step ANDs the mask with itself shifted, doubling the run length covered.
 */
static inline uint32_t hak_runs32(uint32_t mask, unsigned n)
{
	unsigned have = 1;

	while (have < n && mask) {
		unsigned step = n - have < have ? n - have : have;

		mask &= mask >> step;
		have += step;
	}
	return mask;
}

/*
 * Length of the longest run of set bits.  at has a bit where a run of n begins;
 * n is made up of powers of two, the largest first.
 */
static inline unsigned hak_longest32(uint32_t x)
{
	uint32_t run[5], at = UINT32_MAX; /* where runs of 2^k begin */
	unsigned n = 0;

	if (x == UINT32_MAX)
		return 32;
	run[0] = x;
#pragma GCC unroll 5
	for (unsigned k = 1; k < 5; k++)
		run[k] = run[k - 1] & run[k - 1] >> (1u << (k - 1));
#pragma GCC unroll 5
	for (unsigned k = 5; k-- > 0;) {
		uint32_t longer = at & run[k] >> n;

		/* without a branch: there is nothing to predict */
		n += longer ? 1u << k : 0;
		at = longer ? longer : at;
	}
	return n;
}

#endif /* HAK_BITS_H */
