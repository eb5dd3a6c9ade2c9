/* SPDX-License-Identifier: MIT */
/*
 * Shadow model: threads allocate, resize, hand over and free blocks of every
 * tier; each block carries a pattern that only its owner may have written.
 * An overlap, a lost byte or a calloc that is not zero shows as a pattern that
 * is wrong.
 */
/* { dg-hakmem-options "-pthread" } */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <malloc.h>

#ifndef THREADS
#define THREADS 4
#endif
#define SLOTS 512
#define BOXES 256

struct block {
	unsigned char *p;
	size_t size;
	unsigned char mark;
};

static struct block box[BOXES];
static pthread_mutex_t box_lock = PTHREAD_MUTEX_INITIALIZER;
static double seconds = 2;

static uint64_t rnd(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

static void die(const char *what, const struct block *b)
{
	fprintf(stderr, "%s: %p size %zu\n", what, (void *)b->p, b->size);
	abort();
}

/* Ends and a sample of the middle. */
static void fill(struct block *b)
{
	size_t n = b->size;

	memset(b->p, b->mark, n < 256 ? n : 256);
	for (size_t i = 256; i < n; i += 509)
		b->p[i] = b->mark;
	if (n)
		b->p[n - 1] = b->mark;
}

static void check(const struct block *b, size_t n)
{
	for (size_t i = 0; i < n && i < 256; i++)
		if (b->p[i] != b->mark)
			die("pattern", b);
	for (size_t i = 256; i < n; i += 509)
		if (b->p[i] != b->mark)
			die("pattern", b);
	if (n == b->size && n && b->p[n - 1] != b->mark)
		die("last byte", b);
}

static size_t pick_size(uint64_t *s)
{
	uint64_t r = rnd(s) % 1000;

	if (r < 800)
		return rnd(s) % 1025;
	if (r < 950)
		return rnd(s) % 32769;
	if (r < 997)
		return rnd(s) % (512 << 10);
	return rnd(s) % (5 << 20);
}

static void get(struct block *b, uint64_t *s)
{
	b->size = pick_size(s);
	b->mark = (unsigned char)rnd(s);
	switch (rnd(s) % 8) {
	case 0:
		b->p = calloc(1, b->size);
		for (size_t i = 0; b->p && i < b->size; i++)
			if (b->p[i])
				die("calloc not zero", b);
		break;
	case 1: {
		size_t align = (size_t)16 << rnd(s) % 12;

		b->p = memalign(align, b->size);
		if ((uintptr_t)b->p & (align - 1))
			die("alignment", b);
		break;
	}
	default:
		b->p = malloc(b->size);
	}
	if (!b->p || ((uintptr_t)b->p & 15) ||
	    malloc_usable_size(b->p) < b->size)
		die("allocation", b);
	fill(b);
}

static void resize(struct block *b, uint64_t *s)
{
	size_t size = pick_size(s) + 1;
	size_t keep = size < b->size ? size : b->size;
	unsigned char *p = realloc(b->p, size);

	if (!p)
		die("realloc", b);
	b->p = p;
	check(b, keep);
	b->size = size;
	fill(b);
}

static void swap_box(struct block *b, uint64_t *s)
{
	struct block t;
	unsigned i = (unsigned)(rnd(s) % BOXES);

	pthread_mutex_lock(&box_lock);
	t = box[i];
	box[i] = *b;
	*b = t;
	pthread_mutex_unlock(&box_lock);
}

static void *work(void *arg)
{
	uint64_t s = (uintptr_t)arg * 0x9e3779b97f4a7c15u + 1;
	struct block *b = calloc(SLOTS, sizeof(*b));
	struct timespec t0, t;

	clock_gettime(CLOCK_MONOTONIC, &t0);
	do {
		for (int k = 0; k < 2000; k++) {
			struct block *x = &b[rnd(&s) % SLOTS];
			uint64_t what = rnd(&s) % 10;

			if (!x->p) {
				get(x, &s);
			} else if (what < 2) {
				resize(x, &s);
			} else if (what < 5) {
				swap_box(x, &s);
			} else {
				check(x, x->size);
				free(x->p);
				x->p = NULL;
			}
		}
		clock_gettime(CLOCK_MONOTONIC, &t);
	} while ((double)(t.tv_sec - t0.tv_sec) < seconds);
	for (int i = 0; i < SLOTS; i += 2)
		if (b[i].p) {
			check(&b[i], b[i].size);
			free(b[i].p);
			b[i].p = NULL;
		}
	/* the rest outlives the thread and is freed by the main thread */
	return b;
}

int main(int argc, char **argv)
{
	pthread_t t[THREADS];
	void *left;

	if (argc > 1)
		seconds = atof(argv[1]);
	for (int round = 0; round < 2; round++) {
		for (long i = 0; i < THREADS; i++)
			if (pthread_create(&t[i], NULL, work,
					   (void *)(i + 10 * round)))
				return 1;
		for (int i = 0; i < THREADS; i++) {
			pthread_join(t[i], &left);
			struct block *b = left;

			for (int k = 0; k < SLOTS; k++)
				if (b[k].p) {
					check(&b[k], b[k].size);
					free(b[k].p);
				}
			free(b);
		}
	}
	puts("ok");
	return 0;
}
