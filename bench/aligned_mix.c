/* SPDX-License-Identifier: MIT */
/*
 * Random replacement of aligned blocks; the alignment is a random power of
 * two from 16 to "align".
 */
#include "bench.h"

static size_t min_size = 16, max_size = 4096, slots = 256, ops = 4000000;
static size_t max_align = 4096;
static unsigned touch = BENCH_TOUCH_ENDS;

static void *aligned(size_t align, size_t size)
{
	void *p;
	int err = posix_memalign(&p, align, size);

	if (err)
		bench_die("posix_memalign of %zu bytes: %s", size,
			  strerror(err));
	if ((uintptr_t)p % align)
		bench_die("%p is not aligned to %zu", p, align);
	return bench_keep(p);
}

int main(int argc, char **argv)
{
	const struct bench_arg args[] = {
		BENCH_NUMBER("min", &min_size, "smallest size"),
		BENCH_NUMBER("max", &max_size, "largest size"),
		BENCH_NUMBER("align", &max_align, "largest alignment"),
		BENCH_NUMBER("slots", &slots, "live blocks"),
		BENCH_NUMBER("ops", &ops, "replacements"),
		BENCH_CHOICE("touch", &touch, BENCH_TOUCH_WORDS),
	};

	bench_parse(argc, argv, args, BENCH_COUNT(args));
	size_t shifts = 0;
	while ((size_t)16 << shifts < max_align)
		shifts++;
	void **slot = bench_array(slots, sizeof(*slot));
	struct bench_rng rng = { 1 };
	double start = bench_now();
	for (size_t i = 0; i < ops; i++) {
		size_t k = bench_below(&rng, slots);
		size_t size = bench_between(&rng, min_size, max_size);
		size_t align = (size_t)16 << bench_below(&rng, shifts + 1);
		free(slot[k]);
		slot[k] = aligned(align, size);
		bench_touch(slot[k], size, touch);
	}
	for (size_t k = 0; k < slots; k++)
		free(slot[k]);
	bench_report("aligned_mix", ops, bench_now() - start, NULL);
	return 0;
}
