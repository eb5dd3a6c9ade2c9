/* SPDX-License-Identifier: MIT */
#include "slab.h"

#include "assert.h"
#include "bits.h"
#include "os.h"
#include "sizeclass.h"
#include "stats.h"

#include <string.h>

unsigned hak_slab_index(const struct hak_slab *slab, const void *p, bool *exact)
{
	size_t offset = (size_t)((const char *)p - slab->base);
	uint64_t magic = hak_class[slab->cls].magic;

	*exact = hak_is_block_start(offset, magic);
	return hak_block_index(offset, magic);
}

bool hak_slab_has(const struct hak_slab *slab, unsigned index)
{
	const struct hak_remote *r = hak_slab_remote(slab);
	unsigned w = index / 64;
	uint64_t bit = UINT64_C(1) << (index % 64);

	if (index >= __atomic_load_n(&slab->carved, __ATOMIC_RELAXED))
		return true;
	return ((__atomic_load_n(&slab->bits[w], __ATOMIC_RELAXED) |
		 __atomic_load_n(&r->bits[w], __ATOMIC_RELAXED)) &
		bit) != 0;
}

/* Pages covered again by blocks that leave are no holes any more. */
void hak_slab_unpunch(struct hak_slab *slab, const void *block)
{
	const char *p = block;
	size_t size = hak_class_size(slab->cls);
	size_t first = (size_t)(p - slab->base) / hak_os_page;
	size_t last =
		(size_t)(p - slab->base + (ptrdiff_t)size - 1) / hak_os_page;

	for (size_t page = first; page <= last; page++) {
		uint64_t bit = UINT64_C(1) << page;

		if (slab->holes & bit) {
			slab->holes &= ~bit;
			hak_stats_add(&hak_stats.hole_bytes,
				      -(uint64_t)hak_os_page);
		}
	}
}

/* Into the places before out, as slab_carve does: the lowest address last, to
 * be popped first. */
static unsigned slab_take_word(struct hak_slab *slab, unsigned w, void **out,
			       unsigned want)
{
	size_t size = hak_class_size(slab->cls);
	char *base = slab->base + w * 64 * size;
	uint64_t bits = slab->bits[w];
	void **next = out, **end = out - want;

	hak_assert(bits && want);
	do {
		*--next = base + hak_ctz64(bits) * size;
		bits &= bits - 1;
	} while (bits && next != end);
	if (hak_unlikely(slab->holes))
		for (void **e = next; e != out; e++)
			hak_slab_unpunch(slab, *e);
	hak_slab_set_word(slab, w, bits);
	if (!bits)
		slab->summary &= ~(UINT64_C(1) << w);
	return (unsigned)(out - next);
}

static unsigned slab_carve(struct hak_slab *slab, void **out, unsigned want,
			   bool carve_page)
{
	size_t size = hak_class_size(slab->cls);
	unsigned carved = slab->carved;
	char *p = slab->base + carved * size;
	char *end = (char *)hak_round_up((uintptr_t)p + 1, hak_os_page);
	unsigned n = 0;

	for (; n < want && carved < slab->blocks; n++) {
		if (carve_page && n && p >= end)
			break;
		if (carved % 64 == 0)
			hak_slab_set_word(slab, carved / 64, 0);
		carved++;
		*--out = p;
		p += size;
	}
	/* relaxed: partner is the check of a free by another thread */
	__atomic_store_n(&slab->carved, (uint16_t)carved, __ATOMIC_RELAXED);
	return n;
}

unsigned hak_slab_take(struct hak_slab *slab, void **out, unsigned want,
		       bool carve_page)
{
	void **end = out + want;
	unsigned n = 0;

	while (slab->summary && n < want)
		n += slab_take_word(slab, hak_ctz64(slab->summary), end - n,
				    want - n);
	if (n < want && slab->carved < slab->blocks && !(carve_page && n))
		n += slab_carve(slab, end - n, want - n, carve_page);
	slab->nfree -= n;
	if (n < want)
		memmove(out, end - n, n * sizeof(*out));
	hak_assert_slow(hak_slab_check(slab));
	return n;
}

void hak_slab_twice(const struct hak_slab *slab, unsigned w, uint64_t bits)
{
	size_t size = hak_class_size(slab->cls);

	hak_fault(HAK_FAULT_DOUBLE_FREE,
		  slab->base + (w * 64 + hak_ctz64(bits)) * size, size);
}

bool hak_slab_check(const struct hak_slab *slab)
{
	unsigned n = slab->blocks - slab->carved;

	for (unsigned w = 0; w * 64 < slab->carved; w++) {
		if (((slab->summary >> w) & 1) != (slab->bits[w] != 0))
			return false;
		n += hak_popcount64(slab->bits[w]);
	}
	return n == slab->nfree;
}

/* ---- holes ----------------------------------------------------------- */

/* All blocks that touch the page are free. */
static bool slab_page_free(const struct hak_slab *slab, unsigned page)
{
	size_t from = page * hak_os_page, to = from + hak_os_page;
	uint64_t magic = hak_class[slab->cls].magic;
	unsigned first = hak_block_index(from, magic);
	unsigned last = hak_block_index(to - 1, magic);

	for (unsigned i = first; i <= last && i < slab->carved; i++)
		if (!(slab->bits[i / 64] >> (i % 64) & 1))
			return false;
	/* never used: not resident, nothing to return */
	return first < slab->carved;
}

size_t hak_slab_punch(struct hak_slab *slab, unsigned *calls)
{
	unsigned pages = (unsigned)(slab->slots * HAK_SLOT_SIZE / hak_os_page);
	struct hak_superslab *ss = hak_slab_ss(slab);
	size_t done = 0;

	if (pages > 64)
		return 0;
	for (unsigned page = 0; page < pages && *calls; page++) {
		unsigned n = 0;

		while (page + n < pages && !(slab->holes >> (page + n) & 1) &&
		       slab_page_free(slab, page + n))
			n++;
		if (!n)
			continue;
		if (!__atomic_load_n(&ss->nohuge, __ATOMIC_RELAXED) &&
		    !ss->is_static) {
			/* khugepaged would fill the hole again */
			hak_os_hugepage(hak_ss_base(ss), HAK_SS_SIZE, false);
			/* any owner of a slab in it; the flag only grows */
			__atomic_store_n(&ss->nohuge, 1, __ATOMIC_RELAXED);
		}
		(*calls)--;
		if (hak_os_purge(slab->base + page * hak_os_page,
				 n * hak_os_page, false))
			break;
		slab->holes |= hak_low64(n) << page;
		slab->keyless = true;
		done += n * hak_os_page;
		page += n;
	}
	hak_stats_add(&hak_stats.hole_bytes, done);
	hak_stats_add(&hak_stats.purged_bytes, done);
	return done;
}
