/* SPDX-License-Identifier: MIT */
/*
 * superslab.h - the records behind 2 MiB of address space
 *
 * Responsibility: the layout of a SuperSlab's record and of its slabs'
 * records, obtaining and unmapping the memory, and deriving slot states from
 * the two words that hold them.  Does not change a state: pool.c does.
 *
 * Contract: pool lock held, except for the readers named at each field.
 * Records are type-stable: linked into one list for ever, reused, never
 * freed.  A writer of active or empty outside pool.c would bring back the
 * second owner of slot state that this design exists to exclude.
 *
 * Observable: struct hakmem_stats_superslab, superslabs_mapped and its
 * companions; HAKMEM_SS_DEBUG prints each kind of transition once.
 *
 * Composable: needs os.h, meta.h, registry.h.
 *
 * Invariants (hak_ss_check):
 *   active & empty == 0
 *   (active | empty | zero) is within the slots that exist
 *   zero & active == 0 and zero & empty == 0
 */
#ifndef HAK_SUPERSLAB_H
#define HAK_SUPERSLAB_H

#include "base.h"
#include "bits.h"
#include "registry.h"

#include "hakmem/stats.h"

/*
 * A slab.  Owner: the heap whose tag the remote record names, or the pool
 * lock while that is HAK_TAG_POOL.  One cache line.
 *
 * Invariant (hak_slab_check):
 *   nfree == set bits of bits[] + (blocks - carved)
 *   summary bit w set == bits[w] != 0
 */
struct hak_slab {
	uint64_t summary; /* bit w: bits[w] has a free block */
	hak_u64 *bits; /* 1 = free; words beyond carved are not valid;
			  atomic relaxed for others */
	char *base; /* first block */
	union {
		uint32_t nfree; /* blocks that may be handed out */
		uint32_t bytes; /* usable ones of a Large run */
	};
	uint16_t carved; /* blocks [carved, blocks) were never handed out;
			    atomic relaxed for others */
	uint16_t blocks;
	uint8_t cls;
	uint8_t slots; /* of a Large run, too; for its owner */
	uint8_t listed; /* enum hak_slab_list */
	uint8_t spare; /* decays since it became empty */
	uint16_t seen; /* nfree at the last decay */
	bool keyless; /* free blocks in bits[] may have no key */
	uint8_t hard; /* enum hak_slab_hard; harden.c */
	struct hak_slab *next; /* list of the owner */
	struct hak_slab *prev;
	uint64_t holes; /* pages purged inside the slab, bit per OS page */
} __attribute__((aligned(HAK_CACHE_LINE)));

enum hak_slab_list {
	HAK_SLAB_UNLISTED = 0,
	HAK_SLAB_PARTIAL = 1, /* nfree > 0 */
	HAK_SLAB_FULL = 2, /* nfree == 0 when last looked at */
};

/* Slabs of harden.c; remote->bits are the live blocks. */
enum hak_slab_hard {
	HAK_SLAB_HARD = 1,
	HAK_SLAB_GUARDED = 2, /* the slot behind cannot be accessed */
	HAK_SLAB_NONE = 4, /* nor can its own: blocks of size 0 */
};

/*
 * What other threads write.  Any thread; atomics.
 *
 * rstate: | generation 32 | spare 15 | queued 1 | owner tag 16 |
 */
struct hak_remote {
	hak_u64 rstate;
	hak_u64 summary; /* bit w: bits[w] may be non-zero */
	hak_u64 *bits; /* 1 = freed by another thread */
	struct hak_slab *next; /* inbox, while queued */
	uint64_t spare[4];
} __attribute__((aligned(HAK_CACHE_LINE)));

#define HAK_RSTATE_QUEUED (UINT64_C(1) << 16)
#define HAK_RSTATE_GENERATION (UINT64_C(1) << 32)

static inline uint32_t hak_rstate_owner(uint64_t rstate)
{
	return (uint32_t)(rstate & 0xffff);
}

/* Stack of slabs with remote frees; any thread pushes, the owner takes all. */
struct hak_inbox {
	struct hak_slab *head; /* atomic */
};

struct hak_links {
	struct hak_superslab *next;
	struct hak_superslab *prev;
};

struct hak_superslab {
	/* pool lock; run[] of Large runs: their owner; read by anyone */
	struct hakmem_stats_superslab pub;
	uint32_t zero; /* UNUSED slots that read as zero */
	uint32_t nohuge; /* MADV_NOHUGEPAGE is in force */
	uint8_t free_bin; /* longest run of EMPTY or UNUSED slots */
	uint8_t empty_bin; /* longest run of EMPTY slots */
	uint8_t is_static; /* the first one: never unmapped */
	struct hak_links by_free; /* pool's list of free_bin */
	struct hak_links by_empty; /* pool's list of empty_bin */
	struct hak_superslab *next_spare; /* records without memory */
	uint32_t stamp[HAK_SS_SLOTS]; /* ms: became EMPTY, or was purged */
	struct hak_slab slab[HAK_SS_SLOTS] __attribute__((aligned(HAK_APART)));
	struct hak_remote remote[HAK_SS_SLOTS]
		__attribute__((aligned(HAK_APART)));
} __attribute__((aligned(HAK_APART)));

static inline char *hak_ss_base(const struct hak_superslab *ss)
{
	return (char *)(uintptr_t)ss->pub.base;
}

static inline char *hak_slot_base(const struct hak_superslab *ss, unsigned slot)
{
	return hak_ss_base(ss) + slot * HAK_SLOT_SIZE;
}

/* The one helper that derives the masks of the three states. */
static inline uint32_t hak_ss_mask(const struct hak_superslab *ss,
				   enum hakmem_slot_state state)
{
	switch (state) {
	case HAKMEM_SLOT_ACTIVE:
		return ss->pub.active;
	case HAKMEM_SLOT_EMPTY:
		return ss->pub.empty;
	default:
		return hak_low32(ss->pub.slots) &
		       ~(ss->pub.active | ss->pub.empty);
	}
}

static inline uint32_t hak_ss_free_mask(const struct hak_superslab *ss)
{
	return hak_low32(ss->pub.slots) & ~ss->pub.active;
}

/* Is the slot around p, an address in ss, ACTIVE? */
static inline bool hak_ss_is_active(const struct hak_superslab *ss,
				    const void *p)
{
	size_t slot =
		((uintptr_t)p - (uintptr_t)ss->pub.base) >> HAK_SLOT_SHIFT;

	return ss->pub.active >> slot & 1;
}

/* The record of a slab within its SuperSlab: slabs lie in an array, so the
 * slot number is the distance from its start.  Registry records of slabs
 * point to the slab's own record. */
static inline struct hak_superslab *hak_slab_ss(const struct hak_slab *slab);

static inline unsigned hak_slab_slot(const struct hak_slab *slab)
{
	const struct hak_superslab *ss = hak_slab_ss(slab);

	return (unsigned)(slab - ss->slab);
}

/* Records are placed at multiples of HAK_SS_RECORD, a power of two. */
#define HAK_SS_RECORD ((size_t)8192)
_Static_assert(sizeof(struct hak_superslab) <= HAK_SS_RECORD,
	       "a record fits its place");
_Static_assert(sizeof(struct hak_slab) == HAK_CACHE_LINE, "one line");
_Static_assert(sizeof(struct hak_remote) == HAK_CACHE_LINE, "one line");

static inline struct hak_superslab *hak_slab_ss(const struct hak_slab *slab)
{
	return (struct hak_superslab *)((uintptr_t)slab &
					~(uintptr_t)(HAK_SS_RECORD - 1));
}

static inline struct hak_remote *hak_slab_remote(const struct hak_slab *slab)
{
	struct hak_superslab *ss = hak_slab_ss(slab);

	return &ss->remote[slab - ss->slab];
}

/* All records ever made, newest first. */
extern struct hak_superslab *hak_ss_all;

/* The static SuperSlab, once, at start; NULL when there is no memory for its
 * record. */
struct hak_superslab *hak_ss_first(void);

/* Map one more; all slots UNUSED and zero.  NULL: out of memory. */
struct hak_superslab *hak_ss_map(void);

/* Unmap one without ACTIVE slots; 0 or a negative errno (then it stays). */
int hak_ss_unmap(struct hak_superslab *ss);

/* The SuperSlab around p, or NULL; pool lock held.  Walks all of them: for
 * reports only. */
struct hak_superslab *hak_ss_containing(const void *p);

bool hak_ss_check(const struct hak_superslab *ss);

/* One-shot observation: the first event of each kind is printed. */
void hak_ss_debug(const char *what, const struct hak_superslab *ss,
		  unsigned bit) HAK_COLD;

#endif /* HAK_SUPERSLAB_H */
