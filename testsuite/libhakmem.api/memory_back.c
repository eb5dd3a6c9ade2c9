/* SPDX-License-Identifier: MIT */
/*
 * Memory that the program has freed goes back to the system without a further
 * call: all of it when nothing is left, and the pages between the blocks when
 * one in a hundred is.  What is left keeps its content, and a double free of a
 * block whose page has gone is found as any other.
 */
#include "t.h"

enum { BLOCKS = 400000, KEEP = 100 };

static unsigned char *block[BLOCKS];
static size_t size[BLOCKS];
static void *victim;
static uint64_t random_state = 20240229;

static void fill(void)
{
	for (int i = 0; i < BLOCKS; i++) {
		size[i] = 16 + t_below(&random_state, 1100);
		block[i] = malloc(size[i]);
		CHECK(block[i]);
		memset(block[i], i % 251, size[i]);
	}
}

static void shuffle(void)
{
	for (size_t i = BLOCKS - 1; i > 0; i--) {
		size_t k = t_below(&random_state, i + 1), n = size[i];
		unsigned char *p = block[i];

		block[i] = block[k];
		block[k] = p;
		size[i] = size[k];
		size[k] = n;
	}
}

static int whole(const unsigned char *p, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (p[i] != p[0])
			return 0;
	return 1;
}

static void twice(void)
{
	close(STDERR_FILENO);
	free(T_HIDE((void *)victim));
}

static void check_twice(void *p)
{
	int status;

	victim = p;
	status = t_child(twice);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	long base, peak, kept, none;

	memset(block, 0, sizeof(block));
	memset(size, 0, sizeof(size));
	base = t_status_kib("VmRSS:");
	fill();
	shuffle();
	peak = t_status_kib("VmRSS:") - base;
	for (int i = KEEP - 1; i < BLOCKS; i++)
		if (i % KEEP)
			free(block[i]);
	for (int i = 0; i < KEEP - 1; i++)
		if (i % KEEP)
			free(block[i]);
	kept = t_status_kib("VmRSS:") - base;
	if (kept > peak / 5)
		FAIL("%ld of %ld KiB resident with one in %d live", kept, peak,
		     KEEP);
	for (int i = 0; i < BLOCKS; i += KEEP)
		CHECK(whole(block[i], size[i]));
	for (int i = 1; i < BLOCKS; i += BLOCKS / 50)
		check_twice(block[i]);
	for (int i = 0; i < BLOCKS; i += KEEP)
		free(block[i]);
	none = t_status_kib("VmRSS:") - base;
	if (none > peak / 10)
		FAIL("%ld of %ld KiB resident with none live", none, peak);
	check_twice(block[BLOCKS / 2]);
	return 0;
}
