/* SPDX-License-Identifier: MIT */
/*
 * Requests and what becomes of them: borders of the tiers, alignment, zeroing,
 * growth with its content, refusals.
 */
#include "t.h"

#include "alloc.h"
#include "init.h"

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

int main(void)
{
	CHECK(hak_mode_now() == HAK_MODE_OURS);
	/* from mixed slots, then from the thread's heap */
	for (int round = 0; round < 2; round++) {
		check_sizes();
		check_aligned();
		check_calloc();
		check_realloc();
	}
	CHECK(hak_purge() > 0);
	hak_thread_flush();
	return 0;
}
