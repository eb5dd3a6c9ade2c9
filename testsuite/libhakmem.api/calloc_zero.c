/* SPDX-License-Identifier: MIT */
/*
 * calloc gives zeros, from fresh memory and from memory used before, for sizes
 * of every tier.
 */
#include "t.h"

enum { ROUNDS = 4, BATCH = 40 };

static void *batch[BATCH];

/* Blocks of one size, dirtied to the last usable byte and freed. */
static void check_size(size_t size, int n)
{
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < n; i++) {
			batch[i] = calloc(round & 1 ? size : 1,
					  round & 1 ? 1 : size);
			CHECK(batch[i]);
			if (!t_zero(batch[i], size))
				FAIL("calloc of %zu in round %d: not zero",
				     size, round);
		}
		for (int i = 0; i < n; i++)
			memset(batch[i], 0xa5, malloc_usable_size(batch[i]));
		for (int i = 0; i < n; i++)
			free(batch[i]);
	}
}

/* Memory dirtied as one size serves another; trimmed memory comes back. */
static void check_mixed(void)
{
	uint64_t seed = 5;

	for (int round = 0; round < 300; round++) {
		int n = BATCH;

		for (int i = 0; i < n; i++) {
			size_t most = (size_t)1 << (4 + t_below(&seed, 17));
			size_t size = 1 + t_below(&seed, most);

			batch[i] = calloc(1, size);
			CHECK(batch[i]);
			if (!t_zero(batch[i], size))
				FAIL("calloc of %zu: not zero", size);
			memset(batch[i], 0x5a, malloc_usable_size(batch[i]));
		}
		while (n--)
			free(batch[n]);
		if (round % 50 == 49)
			malloc_trim(0);
	}
}

int main(void)
{
	for (size_t i = 0; i < T_SIZES; i++)
		check_size(t_sizes[i], t_sizes[i] > 1000000 ? 3 : BATCH);
	for (size_t size = 1; size <= 2100; size += 13)
		check_size(size, 5);
	check_mixed();
	return 0;
}
