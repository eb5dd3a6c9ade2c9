/* SPDX-License-Identifier: MIT */
/*
 * Does memory freed by one mix of sizes serve another?  Allocates blocks of
 * mix A, frees a random part of them, allocates blocks of mix B until as many
 * bytes are live as before, and gives resident memory against live bytes.
 */
#include "bench.h"

static size_t a_min = 16, a_max = 512, b_min = 64, b_max = 2048;
static size_t count = 500000, freed = 90;

struct block {
	void *p;
	size_t size;
};

static size_t fill(struct block *b, size_t min, size_t max,
		   struct bench_rng *rng)
{
	b->size = bench_between(rng, min, max);
	b->p = bench_malloc(b->size);
	memset(b->p, 1, b->size);
	return b->size;
}

static size_t free_some(struct block *b, struct bench_rng *rng)
{
	size_t bytes = 0;

	/* Random order: the first "freed" per cent of a shuffle. */
	for (size_t i = 0; i < count * freed / 100; i++) {
		size_t k = i + bench_below(rng, count - i);
		struct block t = b[k];
		b[k] = b[i];
		b[i] = (struct block){ NULL, 0 };
		bytes += t.size;
		free(t.p);
	}
	return bytes;
}

static double ratio(size_t live, size_t base_kib)
{
	return (double)(bench_rss_kib() - base_kib) * 1024 / (double)live;
}

int main(int argc, char **argv)
{
	const struct bench_arg args[] = {
		BENCH_NUMBER("count", &count, "blocks of mix A"),
		BENCH_NUMBER("freed", &freed, "per cent of them freed"),
		BENCH_NUMBER("a_min", &a_min, "smallest size of mix A"),
		BENCH_NUMBER("a_max", &a_max, "largest size of mix A"),
		BENCH_NUMBER("b_min", &b_min, "smallest size of mix B"),
		BENCH_NUMBER("b_max", &b_max, "largest size of mix B"),
	};

	bench_parse(argc, argv, args, BENCH_COUNT(args));
	struct bench_rng rng = { 1 };
	struct block *a = bench_array(count, sizeof(*a));
	struct block *b = bench_array(count * a_max / b_min + 1, sizeof(*b));
	size_t base_kib = bench_rss_kib();
	size_t total = 0, live, ops = 0;

	double start = bench_now();
	for (; ops < count; ops++)
		total += fill(&a[ops], a_min, a_max, &rng);
	double ratio_a = ratio(total, base_kib);
	live = total - free_some(a, &rng);
	double ratio_freed = ratio(live, base_kib);
	for (size_t i = 0; live < total; i++, ops++)
		live += fill(&b[i], b_min, b_max, &rng);
	double seconds = bench_now() - start;
	bench_report("fragment", ops, seconds,
		     " live_kib=%zu a_rss_live=%.3f freed_rss_live=%.3f"
		     " rss_live=%.3f",
		     live / 1024, ratio_a, ratio_freed, ratio(live, base_kib));
	return 0;
}
