/* SPDX-License-Identifier: MIT */
/*
 * Requests and what becomes of them: borders of the tiers, alignment, zeroing,
 * growth with its content, refusals; calls of a handler inside a slow path.
 */
#include "t.h"

#include "alloc.h"
#include "init.h"
#include "options.h"
#include "os.h"
#include "pool.h"
#include "stats.h"
#include "thread.h"

static void check_sizes(void)
{
	for (size_t i = 0; i < T_SIZES; i++) {
		size_t size = t_sizes[i], good = hak_good_size(size);
		char *p = hak_malloc_with(size, hak_malloc_slow);
		size_t usable = hak_usable_size(p);

		CHECK(p && (uintptr_t)p % HAK_ALIGNMENT == 0);
		CHECK(usable >= size && usable <= good);
		CHECK(hak_good_size(good) == good);
		CHECK(hak_is_ours(p) && !hak_is_ours(&good));
		t_fill(p, usable, (unsigned)i);
		CHECK(t_filled(p, usable, (unsigned)i));
		hak_free_sized(p, size);
	}
	CHECK(hak_good_size((size_t)PTRDIFF_MAX + 1) == 0);
	CHECK(hak_usable_size(NULL) == 0 && !hak_is_ours(NULL));
	hak_free_slow(NULL);
}

static void check_aligned(void)
{
	for (size_t align = 1; align <= (size_t)16 << 20; align *= 2)
		for (size_t i = 0; i < T_SIZES; i += 5) {
			char *p = hak_aligned(align, t_sizes[i]);

			CHECK(p && (uintptr_t)p % align == 0);
			CHECK(hak_usable_size(p) >= t_sizes[i]);
			p[0] = p[t_sizes[i] - 1] = 1;
			hak_free_fast(p);
		}
	CHECK(!hak_aligned(32, (size_t)PTRDIFF_MAX + 1));
}

static void check_calloc(void)
{
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < T_SIZES; i++) {
			char *p = hak_calloc(1, t_sizes[i]);

			CHECK(p && t_zero(p, t_sizes[i]));
			memset(p, 0xff, hak_usable_size(p));
			hak_free_fast(p);
		}
	CHECK(!hak_calloc(SIZE_MAX / 2, 3));
	CHECK(!hak_calloc(SIZE_MAX, 1));
}

static void check_realloc(void)
{
	size_t had = 1;
	char *p = hak_realloc(NULL, had);

	CHECK(p);
	t_fill(p, had, 7);
	/* up through all tiers, and down again */
	for (size_t k = 0; k < 2 * T_SIZES; k++) {
		size_t i = k < T_SIZES ? k : 2 * T_SIZES - 1 - k;
		size_t size = t_sizes[i];

		p = hak_realloc(p, size);
		CHECK(p && hak_usable_size(p) >= size);
		CHECK(t_filled(p, had < size ? had : size, 7));
		t_fill(p, size, 7);
		had = size;
	}
	CHECK(!hak_realloc(p, (size_t)PTRDIFF_MAX + 1));
	CHECK(t_filled(p, had, 7));
	CHECK(!hak_realloc(p, 0));
}

/* Growth by a little gets room for more, growth by much what it asks for. */
static void check_room(void)
{
	for (size_t size = 100; size < 20000; size += size / 3) {
		char *p = hak_malloc_with(size, hak_malloc_slow);
		size_t had = hak_usable_size(p);

		p = hak_realloc(p, had + 1);
		CHECK(hak_usable_size(p) >= had + had / 4);
		CHECK(hak_usable_size(p) <= had + had / 2);
		had = hak_usable_size(p);
		p = hak_realloc(p, 2 * had);
		CHECK(hak_usable_size(p) == hak_good_size(2 * had));
		hak_free_fast(p);
	}
}

static enum hak_kind kind_of(const void *p)
{
	return hak_word_kind(hak_registry_get(p));
}

/* A handler inside a slow path of the heap: neither it nor its caches change,
 * and what it allocates and frees is right all the same. */
static void check_busy(void)
{
	struct hak_heap *h = hak_heap_self();
	const struct hak_cache *c = &h->cache[hak_class_of(3000)];
	uint64_t live = hak_stats.nested_live;
	char *p, *q, *was[3];
	void **top;

	/* other caches, whole, would serve it */
	hak_thread_flush();
	for (int i = 0; i < 3; i++)
		CHECK(was[i] = hak_malloc_with(3000, hak_malloc_slow));
	h->busy++;
	p = hak_malloc_slow(2000);
	q = hak_aligned(1024, 5000);
	CHECK(p && kind_of(p) == HAK_KIND_NESTED);
	CHECK(q && kind_of(q) == HAK_KIND_NESTED && (uintptr_t)q % 1024 == 0);
	t_fill(p, 2000, 1);
	t_fill(q, 5000, 2);
	p = hak_realloc(p, 4000);
	CHECK(p && t_filled(p, 2000, 1) && t_filled(q, 5000, 2));
	hak_free_fast(q);
	top = c->top;
	hak_free_slow(was[0]); /* of a slab: as others free it */
	CHECK(c->top == top);
	h->busy--;
	CHECK(hak_heap_check(h));
	hak_free_fast(p); /* the program frees what the handler got */
	CHECK(hak_stats.nested_live == live);
	hak_free_fast(was[1]);
	hak_free_fast(was[2]);
	hak_thread_flush();
	CHECK(hak_heap_check(h) && hak_pool_check());
}

/* The same inside the pool: frees that need it wait until it is left. */
static void check_inside_pool(void)
{
	char *large = hak_malloc_with(100000, hak_malloc_slow);
	char *huge = hak_malloc_with(3000000, hak_malloc_slow);
	uint64_t large_live = hak_stats.large_live_bytes;
	char *p;

	CHECK(large && huge);
	hak_pool_enter();
	p = hak_malloc_slow(100);
	CHECK(p && kind_of(p) == HAK_KIND_NESTED);
	CHECK(hak_usable_size(large) >= 100000);
	hak_free_fast(large);
	hak_free_fast(huge);
	CHECK(hak_stats.large_live_bytes == large_live);
	hak_pool_leave();
	hak_free_fast(p);
	/* at the latest by the heartbeat */
	for (int i = 0; i < 3 * HAK_HEARTBEAT; i++)
		hak_free_fast(hak_malloc_with(2000, hak_malloc_slow));
	CHECK(hak_usable_size(large) == 0);
	hak_thread_flush();
	CHECK(hak_stats.large_live_bytes < large_live);
	CHECK(kind_of(huge) == HAK_KIND_TOMB);
	CHECK(hak_pool_check());
}

/* Any request to the kernel may fail: NULL or a block, and the old one stays
 * as it was. */
static void check_failures(void)
{
	for (unsigned n = 1; n <= 12; n++)
		for (size_t i = 0; i < T_SIZES; i++) {
			size_t size = t_sizes[i];
			char *p, *q, *to;

			hak_purge();
			hak_os_fail_at(n);
			p = hak_malloc_with(size, hak_malloc_slow);
			q = hak_calloc(1, size);
			CHECK(!q || t_zero(q, size));
			if (p) {
				t_fill(p, size, n);
				to = hak_realloc(p, 3 * size);
				p = to ? to : p;
				CHECK(t_filled(p, size, n));
			}
			hak_free_fast(p);
			hak_free_fast(q);
			hak_os_fail_at(0);
		}
	CHECK(hak_heap_check(hak_heap_self()) && hak_pool_check());
}

int main(void)
{
	CHECK(hak_mode_now() == HAK_MODE_OURS);
	/* from mixed slots, then from the thread's heap */
	for (int round = 0; round < 2; round++) {
		check_sizes();
		check_aligned();
		check_calloc();
		check_realloc();
		hak_tls.boot = HAK_INITIAL_BOOT;
	}
	check_room();
	check_busy();
	check_inside_pool();
	check_failures();
	hak_free_fast(hak_calloc(100, 1000));
	hak_free_fast(hak_malloc_with(900000, hak_malloc_slow));
	CHECK(hak_purge() > 0);
	hak_thread_flush();
	return 0;
}
