/* SPDX-License-Identifier: MIT */
/*
 * Sequences of operations against a shadow model: who holds which bytes.  The
 * input is a program of three-byte instructions
 *
 *	| operation 4 | thread 2 | size kind 2 | slot 8 | size 8 |
 *
 * that run one after the other on this thread or on one of three others, which
 * so free each other's blocks and, some of them, end with theirs in use.
 */
#include "fuzz.h"

#include "heap.h"
#include "pool.h"

#include "hakmem/hakmem.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>

#define SLOTS 256u
#define THREADS 4u
#define LIVE_MAX ((size_t)96 << 20)

struct block {
	unsigned char *p;
	size_t size;
	unsigned char mark;
};

static struct block block[SLOTS];
static size_t live;

/* Ends, and a byte of each page between. */
static void fill(struct block *b)
{
	size_t n = b->size < 64 ? b->size : 64;

	memset(b->p, b->mark, n);
	memset(b->p + b->size - n, b->mark, n);
	for (size_t i = 4096; i < b->size; i += 4096)
		b->p[i] = b->mark;
}

static void check(const struct block *b, size_t size)
{
	size_t n = size < 64 ? size : 64;

	for (size_t i = 0; i < n; i++)
		REQUIRE(b->p[i] == b->mark);
	for (size_t i = 4096; i < size; i += 4096)
		REQUIRE(b->p[i] == b->mark);
	for (size_t i = size == b->size ? size - n : size; i < size; i++)
		REQUIRE(b->p[i] == b->mark);
}

/* The usable bytes are the program's, all of them. */
static void took(struct block *b, unsigned char *p, size_t size, size_t align)
{
	size_t usable;

	REQUIRE(p && ((uintptr_t)p & (align - 1)) == 0);
	REQUIRE(hakmem_is_ours(p));
	usable = hakmem_usable_size(p);
	REQUIRE(usable >= size);
	b->p = p;
	b->size = usable;
	b->mark = (unsigned char)((uintptr_t)p >> 4 ^ size);
	live += usable;
	fill(b);
}

static void drop(struct block *b)
{
	check(b, b->size);
	live -= b->size;
	hakmem_free(b->p);
	b->p = NULL;
}

static void zeroed(struct block *b, size_t size)
{
	unsigned char *p = hakmem_calloc(size / 8 + 1, 8);

	/* not byte by byte, each of which the fuzzer would note */
	REQUIRE(!p || !size || (!p[0] && !memcmp(p, p + 1, size - 1)));
	took(b, p, size, 16);
}

static void resize(struct block *b, size_t size)
{
	size_t keep = size < b->size ? size : b->size;
	unsigned char *p;

	check(b, b->size);
	p = hakmem_realloc(b->p, size ? size : 1);
	REQUIRE(p);
	live -= b->size;
	b->p = p;
	check(b, keep);
	took(b, p, size, 16);
}

static size_t size_of(unsigned kind, unsigned n)
{
	switch (kind) {
	case 0:
		return n * 4; /* Tiny */
	case 1:
		return n * 129; /* to Mid's end */
	case 2:
		return n * 8209; /* Large, to its end */
	default:
		return (size_t)n * n * 131; /* Huge, to 8 MiB */
	}
}

static void sized(struct block *b, size_t size)
{
	size_t usable = b->size;

	check(b, b->size);
	live -= usable;
	hakmem_free_sized(b->p, size % (usable + 1));
	b->p = NULL;
}

static void operate(const uint8_t *in)
{
	struct block *b = &block[in[1]];
	size_t size = size_of(in[0] & 3, in[2]);
	unsigned what = in[0] >> 4;

	if (what >= 13) {
		if (what == 13)
			hakmem_thread_flush();
		else if (what == 14)
			hakmem_purge();
		else
			hakmem_option_set("PURGE_DELAY",
					  in[2] & 1 ? "0" : "500");
		return;
	}
	if (b->p && what < 6) {
		resize(b, size);
	} else if (b->p) {
		if (what == 12)
			sized(b, size);
		else
			drop(b);
	} else if (live + size > LIVE_MAX) {
		return;
	} else if (what < 8) {
		took(b, hakmem_malloc(size), size, 16);
	} else if (what < 10) {
		zeroed(b, size);
	} else {
		size_t align = (size_t)16 << (in[1] ^ in[2]) % 18;

		took(b, hakmem_aligned_alloc(align, size), size, align);
	}
}

/* ---- threads --------------------------------------------------------------- */

static struct worker {
	pthread_t thread;
	sem_t go, done;
	const uint8_t *in; /* NULL: end */
	int alive;
} worker[THREADS];

/* libFuzzer's timer interrupts it: a thread that took this for its turn would
 * run beside the others. */
static void wait_for(sem_t *sem)
{
	while (sem_wait(sem))
		REQUIRE(errno == EINTR);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (;;) {
		wait_for(&w->go);
		if (!w->in)
			return NULL;
		operate(w->in);
		sem_post(&w->done);
	}
}

static void start(struct worker *w)
{
	sem_init(&w->go, 0, 0);
	sem_init(&w->done, 0, 0);
	w->alive = 1;
	REQUIRE(pthread_create(&w->thread, NULL, work, w) == 0);
}

static void stop(struct worker *w)
{
	if (!w->alive)
		return;
	w->in = NULL;
	sem_post(&w->go);
	pthread_join(w->thread, NULL);
	w->alive = 0;
}

static void step(unsigned thread, const uint8_t *in)
{
	struct worker *w = &worker[thread];

	if (thread == 0) {
		operate(in);
		return;
	}
	if (!w->alive)
		start(w);
	w->in = in;
	sem_post(&w->go);
	wait_for(&w->done);
	/* the last of them leaves now and then: orphans, adoption */
	if (thread == 3 && in[1] % 16 == 0)
		stop(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	struct hakmem_stats s;

	for (size_t i = 0; i + 3 <= size && i < 3 * 4096; i += 3)
		step(in[i] >> 2 & 3, in + i);
	for (unsigned i = 1; i < THREADS; i++)
		stop(&worker[i]);
	for (unsigned i = 0; i < SLOTS; i++)
		if (block[i].p)
			drop(&block[i]);
	REQUIRE(live == 0);
	REQUIRE(hak_heap_check(hak_heap_self()));
	hak_pool_enter();
	REQUIRE(hak_pool_check());
	hak_pool_leave();
	memset(&s, 0, sizeof(s));
	REQUIRE(hakmem_stats_get(&s, sizeof(s)) == 0);
	REQUIRE(s.large_live_bytes == 0 && s.huge_live_bytes == 0);
	REQUIRE(s.live_bytes - s.boot_live_bytes == 0);
	return 0;
}
