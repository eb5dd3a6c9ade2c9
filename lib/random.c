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

uintptr_t hak_random_secret(void)
{
	const void *at = (const void *)getauxval(AT_RANDOM);
	uint64_t seed[2] = { (uintptr_t)&at, 0 };

	if (at)
		memcpy(seed, at, sizeof(seed));
	return (uintptr_t)(random_mix(seed[0]) ^
			   random_mix(seed[1] + UINT64_C(0x9e3779b97f4a7c15))) |
	       1u;
}
