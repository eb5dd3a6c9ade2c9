/* SPDX-License-Identifier: MIT */
/*
 * Growth by realloc.  mode=strings: many strings, a random one grows by a few
 * bytes at a time.  mode=array: one array grows by half of its length until it
 * reaches "limit", as a vector that is filled.
 */
#include "bench.h"

enum { MODE_STRINGS, MODE_ARRAY };

static unsigned mode = MODE_STRINGS;
static size_t count = 1000, ops = 5000000, step = 64, longest = 4096;
static size_t limit = (size_t)1 << 30, rounds = 1;

struct string {
	char *text;
	size_t len;
};

static void *grow(void *p, size_t size)
{
	p = bench_keep(realloc(p, size));
	if (!p)
		bench_die("realloc to %zu bytes failed", size);
	return p;
}

static size_t strings(void)
{
	struct string *s = bench_array(count, sizeof(*s));
	struct bench_rng rng = { 1 };

	for (size_t i = 0; i < ops; i++) {
		struct string *at = &s[bench_below(&rng, count)];
		size_t more = bench_between(&rng, 1, step);
		if (at->len + more > longest) {
			free(at->text);
			*at = (struct string){ NULL, 0 };
		}
		at->text = grow(at->text, at->len + more);
		memset(at->text + at->len, 'x', more);
		at->len += more;
	}
	for (size_t i = 0; i < count; i++)
		free(s[i].text);
	return ops;
}

static size_t array(void)
{
	size_t steps = 0;

	for (size_t r = 0; r < rounds; r++) {
		char *p = NULL;
		size_t len = 0;
		for (size_t next = 1024; len < limit; steps++) {
			if (next > limit)
				next = limit;
			p = grow(p, next);
			memset(p + len, 'x', next - len);
			len = next;
			next += next / 2;
		}
		free(p);
	}
	return steps;
}

int main(int argc, char **argv)
{
	const struct bench_arg args[] = {
		BENCH_CHOICE("mode", &mode, "strings|array"),
		BENCH_NUMBER("count", &count, "strings"),
		BENCH_NUMBER("ops", &ops, "appends, strings"),
		BENCH_NUMBER("step", &step, "bytes an append adds, at most"),
		BENCH_NUMBER("longest", &longest, "a string starts anew"),
		BENCH_NUMBER("limit", &limit, "final length, array"),
		BENCH_NUMBER("rounds", &rounds, "times, array"),
	};

	bench_parse(argc, argv, args, BENCH_COUNT(args));
	double start = bench_now();
	size_t done = mode == MODE_STRINGS ? strings() : array();
	bench_report("realloc_grow", done, bench_now() - start, NULL);
	return 0;
}
