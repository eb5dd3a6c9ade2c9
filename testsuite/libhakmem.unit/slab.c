/* SPDX-License-Identifier: MIT */
/*
 * Blocks of a slab: the bitmap is exactly what a model of every block says,
 * for every class; blocks come in the order of their addresses; double frees
 * are told and change nothing; pages of free blocks, and only those, are given
 * back.
 */
#include "unit.h"

#include "slab.h"
#include "stats.h"

#define TAG 5u
#define MOST 4096 /* blocks of a slab */

static bool out[MOST]; /* the model: handed out */
static bool used[MOST]; /* was ever handed out */
static struct hak_slab *slab;
static size_t size; /* of a block */

static char *block_at(unsigned i)
{
	return slab->base + i * size;
}

static void start(unsigned cls)
{
	slab = hak_pool_slab_new(cls, TAG);
	CHECK(slab && slab->blocks <= MOST);
	size = hak_class_size(cls);
	memset(out, 0, sizeof(out));
	memset(used, 0, sizeof(used));
}

static unsigned live(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < slab->blocks; i++)
		n += out[i];
	return n;
}

static void finish(void)
{
	for (unsigned i = 0; i < slab->blocks; i++)
		if (out[i])
			CHECK(hak_slab_put(slab, i / 64,
					   UINT64_C(1) << i % 64) == 0);
	CHECK(hak_slab_check(slab));
	CHECK(hak_pool_slab_retire(slab));
}

/* Block by block. */
static void check_model(void)
{
	for (unsigned i = 0; i < slab->blocks; i++)
		if (hak_slab_has(slab, i) == out[i])
			FAIL("%zu-byte block %u is%s free", size, i,
			     out[i] ? "" : " not");
	CHECK(slab->nfree == slab->blocks - live());
	CHECK(hak_slab_check(slab));
}

static unsigned index_of(const char *p)
{
	CHECK(p >= slab->base && (size_t)(p - slab->base) % size == 0);
	CHECK((size_t)(p - slab->base) / size < slab->blocks);
	return (unsigned)((size_t)(p - slab->base) / size);
}

/* The lowest free blocks, the lowest last; all that are wanted unless only
 * one page of fresh ones is. */
static unsigned take(unsigned want, bool carve_page)
{
	static void *p[MOST];
	unsigned had = slab->nfree, fresh = 0, i = 0;
	unsigned n = hak_slab_take(slab, p, want, carve_page);

	CHECK(n <= want && n <= had);
	CHECK(n == want || n == had || carve_page);
	CHECK(n > 0 || want == 0 || had == 0);
	for (unsigned k = n; k-- > 0; i++) {
		while (out[i])
			i++;
		CHECK(index_of(p[k]) == i);
		out[i] = true;
		if (used[i])
			continue;
		/* of one page, if that is asked for */
		CHECK(!carve_page || fresh == 0 ||
		      (uintptr_t)p[k] / hak_os_page ==
			      (uintptr_t)block_at(i - fresh) / hak_os_page);
		fresh++;
		used[i] = true;
	}
	return n;
}

static void put(unsigned w, uint64_t bits)
{
	CHECK(hak_slab_put(slab, w, bits) == 0);
	for (; bits; bits &= bits - 1) {
		CHECK(out[w * 64 + hak_ctz64(bits)]);
		out[w * 64 + hak_ctz64(bits)] = false;
	}
}

/* Some of the blocks of word w that are out. */
static uint64_t some_of(unsigned w, uint64_t mask)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < 64 && w * 64 + i < slab->blocks; i++)
		if (out[w * 64 + i])
			bits |= UINT64_C(1) << i;
	return bits & mask;
}

/* All of it out and back, once in order and once by chance. */
static void check_class(unsigned cls)
{
	uint64_t seed = cls;
	unsigned words = hak_class[cls].words;

	start(cls);
	check_model();
	CHECK(take(MOST, false) == slab->blocks);
	check_model();
	CHECK(take(1, false) == 0);
	for (unsigned w = words; w-- > 0;)
		if (some_of(w, UINT64_MAX))
			put(w, some_of(w, UINT64_MAX));
	check_model();
	CHECK(live() == 0);
	finish();

	start(cls);
	for (unsigned i = 0; i < 60; i++) {
		unsigned w = (unsigned)t_below(&seed, words);
		uint64_t bits = some_of(w, t_random(&seed));

		take((unsigned)t_below(&seed, slab->blocks / 4 + 2),
		     t_below(&seed, 2));
		if (bits)
			put(w, bits);
		check_model();
	}
	finish();
}

/* Twice, or never handed out: told, and nothing changed. */
static void check_double(unsigned cls)
{
	uint64_t bits;

	start(cls);
	take(6, false);
	put(0, 0x5);
	CHECK(hak_slab_put(slab, 0, 0x1) == 0x1);
	CHECK(hak_slab_put(slab, 0, 0x7) == 0x5);
	CHECK(hak_slab_put(slab, 0, 0xf) == 0x5);
	check_model();
	CHECK(hak_slab_put(slab, 0, 0x40) == UINT64_MAX);
	CHECK(hak_slab_put(slab, 0, 0x48) == UINT64_MAX);
	bits = slab->blocks < 64 ? hak_low64(slab->blocks) : UINT64_MAX;
	CHECK(hak_slab_put(slab, 0, bits) == UINT64_MAX);
	if (hak_class[cls].words > 1)
		CHECK(hak_slab_put(slab, hak_class[cls].words - 1, 1) ==
		      UINT64_MAX);
	check_model();
	finish();
}

static void check_index(unsigned cls)
{
	start(cls);
	for (size_t at = 0; at < (size_t)slab->blocks * size;
	     at += size % 48 ? 16 : 1) {
		bool exact;
		unsigned i = hak_slab_index(slab, slab->base + at, &exact);

		CHECK(i == at / size && exact == (at % size == 0));
	}
	finish();
}

/* A block that another thread has freed is free, and not to be had yet. */
static void check_remote(unsigned cls)
{
	static struct hak_inbox inbox;

	CHECK(hak_inbox_register(TAG, &inbox));
	start(cls);
	take(4, false);
	hak_remote_free(slab, 0, 0x2);
	CHECK(hak_slab_has(slab, 1));
	CHECK(!hak_slab_has(slab, 0) && !hak_slab_has(slab, 2));
	CHECK(slab->nfree == slab->blocks - 4u && hak_slab_check(slab));
	take(1, false);
	CHECK(hak_inbox_take(&inbox) == slab);
	hak_remote_dequeue(slab);
	CHECK(hak_remote_collect(slab) == 1);
	out[1] = false;
	check_model();
	finish();
}

static void check_broken(void)
{
	start(3);
	take(70, false);
	put(0, 0xf0);
	CHECK(hak_slab_check(slab));
	slab->nfree++;
	CHECK(!hak_slab_check(slab));
	slab->nfree--;
	slab->bits[0] &= ~UINT64_C(0x10);
	CHECK(!hak_slab_check(slab));
	slab->bits[0] |= 0x10;
	slab->summary ^= 1;
	CHECK(!hak_slab_check(slab));
	slab->summary ^= 1;
	CHECK(hak_slab_check(slab));
	finish();
}

/* ---- holes --------------------------------------------------------------- */

/* What the model says of a page: a live block in it; free ones that were used
 * cover it wholly. */
static bool page_live(unsigned page)
{
	size_t from = page * hak_os_page, to = from + hak_os_page;

	for (size_t i = from / size; i < slab->blocks && i * size < to; i++)
		if (out[i])
			return true;
	return false;
}

static bool page_used(unsigned page)
{
	size_t from = page * hak_os_page, to = from + hak_os_page;

	for (size_t i = from / size; i * size < to; i++)
		if (i >= slab->blocks || !used[i])
			return false;
	return true;
}

static unsigned pages(void)
{
	return (unsigned)(slab->slots * HAK_SLOT_SIZE / hak_os_page);
}

static void fill_live(bool check)
{
	for (unsigned i = 0; i < slab->blocks; i++) {
		if (!out[i])
			continue;
		if (check)
			CHECK(t_filled(block_at(i), size, i));
		else
			t_fill(block_at(i), size, i);
	}
}

static void check_punch(unsigned cls, unsigned keep)
{
	uint64_t holes = hak_stats.hole_bytes;
	uint64_t purged = hak_stats.purged_bytes;
	unsigned calls = 1000;
	size_t least = 0, most = 0, done;

	start(cls);
	take(slab->blocks - slab->blocks / 8, false);
	fill_live(false);
	for (unsigned i = 0; i < slab->blocks; i++)
		if (out[i] && i % keep)
			put(i / 64, UINT64_C(1) << i % 64);
	for (unsigned page = 0; page < pages(); page++) {
		if (page_live(page))
			continue;
		most += hak_os_page;
		least += page_used(page) ? hak_os_page : 0;
	}
	done = hak_slab_punch(slab, &calls);
	if (done < least || done > most)
		FAIL("%zu-byte blocks, 1 in %u kept: %zu bytes, not %zu..%zu",
		     size, keep, done, least, most);
	CHECK(done == 0 ? calls == 1000 : calls < 1000);
	CHECK(hak_stats.hole_bytes == holes + done);
	CHECK(hak_stats.purged_bytes == purged + done);
	fill_live(true);
	check_model();
	for (unsigned page = 0; page < pages(); page++) {
		const char *p = slab->base + page * hak_os_page;

		if (!page_live(page) && page_used(page) &&
		    hak_os_purge_zeroes())
			CHECK(t_zero(p, hak_os_page));
	}
	/* told to the registry, its frees take the slow path */
	hak_pool_slab_words(slab, TAG);
	CHECK((hak_word_kind(hak_registry_get(slab->base)) == HAK_KIND_HOLED) ==
	      (done > 0));
	CHECK(hak_slab_punch(slab, &calls) == 0);
	/* used again, they are no holes */
	CHECK(take(MOST, false) > 0);
	CHECK(hak_stats.hole_bytes == holes);
	check_model();
	for (unsigned i = 0; i < slab->blocks; i++)
		t_fill(block_at(i), size, i);
	fill_live(true);
	finish();
}

static void check_punch_calls(void)
{
	unsigned calls = 3;
	size_t first;

	/* every second page is free */
	start(8);
	take(slab->blocks, false);
	for (unsigned i = 0; i < slab->blocks; i++)
		if (i * size / hak_os_page % 2 &&
		    (i * size + size - 1) / hak_os_page % 2)
			put(i / 64, UINT64_C(1) << i % 64);
	first = hak_slab_punch(slab, &calls);
	CHECK(first == 3 * hak_os_page && calls == 0);
	CHECK(hak_slab_punch(slab, &calls) == 0);
	/* the kernel refuses */
	calls = 100;
	hak_os_fail_at(1);
	CHECK(hak_slab_punch(slab, &calls) == 0);
	hak_os_fail_at(0);
	check_model();
	calls = 100;
	CHECK(hak_slab_punch(slab, &calls) ==
	      pages() / 2 * hak_os_page - first);
	take(MOST, false);
	CHECK(hak_stats.hole_bytes == 0);
	finish();
}

int main(void)
{
	u_start();
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++) {
		check_class(cls);
		check_double(cls);
		check_index(cls);
		check_remote(cls);
		for (unsigned keep = 3; keep < 2000; keep *= 5)
			check_punch(cls, keep);
	}
	check_punch_calls();
	check_broken();
	CHECK(hak_stats.slots_active == 0);
	return 0;
}
