/* SPDX-License-Identifier: MIT */
#include "random.h"

#include <string.h>
#include <sys/auxv.h>

/* Finalizer of SplitMix64 (Steele, Lea, Flood 2014): the stack protector
 * uses the same 16 bytes, so they are not used as they are. */
static uint64_t random_mix(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static void random_seed(uint64_t seed[2])
{
	const void *at = (const void *)getauxval(AT_RANDOM);

	seed[0] = (uintptr_t)&at;
	seed[1] = 0;
	if (at)
		memcpy(seed, at, 2 * sizeof(*seed));
}

uintptr_t hak_random_secret(void)
{
	uint64_t seed[2];

	random_seed(seed);
	return (uintptr_t)(random_mix(seed[0]) ^
			   random_mix(seed[1] + UINT64_C(0x9e3779b97f4a7c15))) |
	       1u;
}

/* ---- streams --------------------------------------------------------- */

void hak_random_begin(struct hak_random *r, uint64_t name)
{
	static const uint32_t words[4] = { 0x61707865, 0x3320646e, 0x79622d32,
					   0x6b206574 };
	uint64_t seed[2], key[6];

	random_seed(seed);
	for (unsigned i = 0; i < 6; i++)
		key[i] = random_mix(seed[i & 1] +
				    (name * 8 + i + 1) *
					    UINT64_C(0x9e3779b97f4a7c15));
	memcpy(r->state, words, sizeof(words));
	memcpy(r->state + 4, key, sizeof(key));
	r->left = 0;
}

static uint32_t random_rotate(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static void random_quarter(uint32_t *x, unsigned a, unsigned b, unsigned c,
			   unsigned d)
{
	x[a] += x[b];
	x[d] = random_rotate(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = random_rotate(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = random_rotate(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = random_rotate(x[b] ^ x[c], 7);
}

static HAK_NOINLINE void random_block(struct hak_random *r)
{
	uint32_t x[16];

	memcpy(x, r->state, sizeof(x));
	for (int round = 0; round < 4; round++) {
		for (unsigned i = 0; i < 4; i++)
			random_quarter(x, i, i + 4, i + 8, i + 12);
		for (unsigned i = 0; i < 4; i++)
			random_quarter(x, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4,
				       12 + (i + 3) % 4);
	}
	for (unsigned i = 0; i < 16; i++)
		x[i] += r->state[i];
	memcpy(r->out, x, sizeof(x));
	if (!++r->state[12])
		r->state[13]++;
	r->left = 8;
}

uint64_t hak_random_next(struct hak_random *r)
{
	if (!r->left)
		random_block(r);
	return r->out[--r->left];
}
