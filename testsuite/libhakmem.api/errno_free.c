/* SPDX-License-Identifier: MIT */
/*
 * free() keeps errno, for NULL and for blocks of every tier, also when it has
 * to give memory back to the system.
 */
#include "t.h"

static void check_free(void *p)
{
	errno = 4711;
	free(p);
	CHECK(errno == 4711);
}

int main(void)
{
	enum { MANY = 300 };
	static void *many[MANY];

	check_free(NULL);
	for (size_t i = 0; i < T_SIZES; i++) {
		void *p = malloc(t_sizes[i]);

		CHECK(p);
		memset(p, 1, t_sizes[i]);
		check_free(p);
	}
	/* enough of them to leave every cache */
	for (size_t i = 0; i < T_SIZES && t_sizes[i] <= 300000; i++) {
		for (size_t k = 0; k < MANY; k++)
			CHECK((many[k] = malloc(t_sizes[i])));
		for (size_t k = 0; k < MANY; k++)
			check_free(many[k]);
	}
	return 0;
}
