/* SPDX-License-Identifier: MIT */
/*
 * A process that grows beyond its peak first gives back the pages that freed
 * blocks of other sizes have left in sparse slabs.
 */
#include "t.h"

enum { BLOCKS = 500000 };

static unsigned char *block[BLOCKS];
static size_t size[BLOCKS];
static uint64_t random_state = 20240229;

static size_t fill(int i, size_t from, size_t to)
{
	size[i] = from + t_below(&random_state, to - from);
	block[i] = malloc(size[i]);
	CHECK(block[i]);
	memset(block[i], i % 251, size[i]);
	return size[i];
}

int main(void)
{
	size_t live = 0, full;
	long base, used;

	memset(block, 0, sizeof(block));
	memset(size, 0, sizeof(size));
	base = t_status_kib("VmRSS:");
	for (int i = 0; i < BLOCKS; i++)
		live += fill(i, 16, 512);
	full = live;
	for (int i = 0; i < BLOCKS; i++) {
		if (t_below(&random_state, 10)) {
			live -= size[i];
			free(block[i]);
			block[i] = NULL;
		}
	}
	for (int i = 0; i < BLOCKS && live < full; i++)
		if (!block[i])
			live += fill(i, 600, 2048);
	CHECK(live >= full);
	used = t_status_kib("VmRSS:") - base;
	/* 1.93 without */
	if ((size_t)used * 1024 > live / 100 * 180)
		FAIL("%ld KiB resident for %zu live ones", used, live / 1024);
	for (int i = 0; i < BLOCKS; i++)
		if (block[i])
			CHECK(*block[i] == i % 251);
	return 0;
}
