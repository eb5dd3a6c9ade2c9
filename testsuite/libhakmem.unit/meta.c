/* SPDX-License-Identifier: MIT */
/*
 * Memory for records: zero, aligned, never two in one place, counted; bitmaps
 * come back as bitmaps of the same size; a refusal of the kernel loses
 * nothing.
 */
#include "t.h"

#include "meta.h"
#include "os.h"
#include "stats.h"

#define RECORDS 3000
#define BITMAPS 64
#define LARGEST (HAK_META_CHUNK / 4 * 3)

struct record {
	char *p;
	size_t size;
};

static struct record record[RECORDS + 16];
static unsigned records;

static void add(size_t size, size_t align)
{
	uint64_t before = hak_stats.meta_bytes;
	char *p = hak_meta_alloc(size, align);

	CHECK(p);
	CHECK((uintptr_t)p % align == 0);
	CHECK(t_zero(p, size));
	CHECK(hak_stats.meta_bytes == before + size);
	t_fill(p, size, records);
	record[records].p = p;
	record[records++].size = size;
}

/* Written to the last byte and still as written: no two overlap. */
static void check_all(void)
{
	for (unsigned i = 0; i < records; i++)
		CHECK(t_filled(record[i].p, record[i].size, i));
}

static void check_records(void)
{
	uint64_t seed = 7;

	add(1, 1);
	add(LARGEST, HAK_CACHE_LINE);
	add(1, 1);
	add(LARGEST, 4096);
	for (unsigned i = 0; i < RECORDS; i++) {
		size_t size = t_below(&seed, 100) ? 1 + t_below(&seed, 600)
						  : 1 + t_below(&seed, 30000);

		add(size, (size_t)1 << t_below(&seed, 13));
	}
	/* as a SuperSlab's record */
	add(8192, 8192);
	/* the most that may be asked for, behind a byte and before one */
	add(1, 1);
	add(HAK_META_MAX, HAK_META_ALIGN);
	add(1, 1);
	check_all();
}

static unsigned bitmap_words(unsigned i)
{
	return i % 8 < 7 ? 1u << (i % 8) : 100; /* takes 128 */
}

static void check_bitmaps(void)
{
	uint64_t *bits[BITMAPS], *again[BITMAPS];

	for (unsigned i = 0; i < BITMAPS; i++) {
		bits[i] = hak_meta_bitmap_get(bitmap_words(i));
		CHECK(bits[i] && (uintptr_t)bits[i] % 8 == 0);
		t_fill(bits[i], bitmap_words(i) * 8, i);
	}
	for (unsigned i = 0; i < BITMAPS; i++)
		CHECK(t_filled(bits[i], bitmap_words(i) * 8, i));
	check_all();

	/* memory keeps its kind: those of 16 words come back as such only */
	for (unsigned i = 4; i < BITMAPS; i += 8)
		hak_meta_bitmap_put(bits[i], 16);
	for (unsigned words = 1; words <= 128; words *= 2) {
		if (words == 16)
			continue;
		again[0] = hak_meta_bitmap_get(words);
		CHECK(again[0]);
		for (unsigned i = 4; i < BITMAPS; i += 8)
			CHECK(again[0] != bits[i]);
	}
	for (unsigned i = 4; i < BITMAPS; i += 8) {
		bool one_of_them = false;

		again[i] = hak_meta_bitmap_get(16);
		for (unsigned j = 4; j < BITMAPS; j += 8)
			one_of_them |= again[i] == bits[j];
		CHECK(one_of_them);
		for (unsigned j = 4; j < i; j += 8)
			CHECK(again[i] != again[j]);
		t_fill(again[i], 16 * 8, i);
	}
	for (unsigned i = 0; i < BITMAPS; i++)
		if (i % 8 != 4)
			CHECK(t_filled(bits[i], bitmap_words(i) * 8, i));
		else
			CHECK(t_filled(again[i], 16 * 8, i));
	check_all();
}

/* Reuse costs no new memory. */
static void check_reuse(void)
{
	uint64_t before = hak_stats.meta_bytes;
	uint64_t *bits = hak_meta_bitmap_get(128);

	for (int i = 0; i < 100000; i++) {
		CHECK(bits);
		hak_meta_bitmap_put(bits, 128);
		bits = hak_meta_bitmap_get(128);
	}
	CHECK(hak_stats.meta_bytes <= before + 128 * 8);
}

static void check_refused(void)
{
	uint64_t before;

	CHECK(LARGEST > HAK_META_CHUNK / 2);
	add(LARGEST, HAK_CACHE_LINE);
	before = hak_stats.meta_bytes;
	hak_os_fail_at(1);
	CHECK(!hak_meta_alloc(LARGEST, HAK_CACHE_LINE));
	CHECK(hak_stats.meta_bytes == before);
	hak_os_fail_at(0);
	add(500, 16);
	add(LARGEST, HAK_CACHE_LINE);
	check_all();
	/* one bitmap after the other until the chunk has no room */
	for (unsigned i = 0; i <= HAK_META_CHUNK / 1024; i++) {
		uint64_t *bits;

		hak_os_fail_at(1);
		bits = hak_meta_bitmap_get(128);
		hak_os_fail_at(0);
		if (!bits)
			return;
	}
	FAIL("bitmaps out of nothing");
}

int main(void)
{
	hak_os_init();
	check_records();
	check_bitmaps();
	check_reuse();
	check_refused();
	return 0;
}
