/* SPDX-License-Identifier: MIT */
/*
 * slab.h - blocks of one slab
 *
 * Responsibility: taking blocks from a slab's bitmap and putting them back.
 * Does not decide which slab, who owns it, or when it is EMPTY.
 *
 * Contract: called by the slab's owner (its heap's thread, or the holder of
 * the pool lock for a heap without a thread and for the pool's slabs).  A
 * caller that does not own the slab would lose or duplicate blocks, since the
 * words are changed without atomics.
 *
 * Observable: nfree, read from outside; faults on double frees.
 *
 * Composable: needs superslab.h and sizeclass.h; no lock, no system call.
 *
 * Blocks are handed out in address order: free bits first, then blocks that
 * were never used (carved).  Bitmap words are set up as carving reaches them,
 * so a slab that is used for one page touches little else.
 */
#ifndef HAK_SLAB_H
#define HAK_SLAB_H

#include "base.h"
#include "bits.h"
#include "superslab.h"

/*
 * Move up to want blocks into out[0..], the lowest address last, so that a
 * stack filled with them gives the lowest first.  carve_page: of blocks never
 * used, take only those that begin in one page (at least one block).  Returns
 * the number moved.
 */
unsigned hak_slab_take(struct hak_slab *slab, void **out, unsigned want,
		       bool carve_page);

/* Word w of bits[] becomes this; relaxed: partner is hak_slab_has, by which a
 * free by any thread looks at the one bit of its own block. */
static inline void hak_slab_set_word(struct hak_slab *slab, unsigned w,
				     uint64_t bits)
{
	__atomic_store_n(&slab->bits[w], bits, __ATOMIC_RELAXED);
}

/* n blocks, whose bits in word w are 0 yet, are free. */
static inline void hak_slab_add(struct hak_slab *slab, unsigned w,
				uint64_t bits, unsigned n)
{
	hak_slab_set_word(slab, w, slab->bits[w] | bits);
	slab->summary |= UINT64_C(1) << w;
	slab->nfree += n;
}

/*
 * Blocks of bitmap word w, a bit each, are free again.  Returns the bits that
 * were free before (double frees), or ~0 for blocks never handed out; the
 * caller reports.  On such a return nothing has been changed.
 */
static inline uint64_t hak_slab_put(struct hak_slab *slab, unsigned w,
				    uint64_t bits)
{
	unsigned last = w * 64 + 63 - (unsigned)__builtin_clzll(bits);

	if (hak_unlikely(last >= slab->carved))
		return UINT64_MAX;
	if (hak_unlikely(slab->bits[w] & bits))
		return slab->bits[w] & bits;
	hak_slab_add(slab, w, bits,
		     bits & (bits - 1) ? hak_popcount64(bits) : 1);
	return 0;
}

/* The report: the first of these blocks of word w was freed twice. */
void hak_slab_twice(const struct hak_slab *slab, unsigned w,
		    uint64_t bits) HAK_COLD __attribute__((noreturn));

/* Index of the block that contains p; *exact: p is its start. */
unsigned hak_slab_index(const struct hak_slab *slab, const void *p,
			bool *exact);

/* Is the block free in the slab (here or remotely)? */
bool hak_slab_has(const struct hak_slab *slab, unsigned index);

bool hak_slab_check(const struct hak_slab *slab);

/* Return to the system the pages that hold free blocks only; bytes.  At most
 * *calls system calls.  The slab's frees then take the slow path. */
size_t hak_slab_punch(struct hak_slab *slab, unsigned *calls);
/* A block leaves: its pages are no holes any more. */
void hak_slab_unpunch(struct hak_slab *slab, const void *block);

#endif /* HAK_SLAB_H */
