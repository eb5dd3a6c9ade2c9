/* SPDX-License-Identifier: MIT */
/*
 * registry.h - from an address to what lies there
 *
 * Responsibility: one entry per 64 KiB of address space: owner tag, kind,
 * class and slot number in a 4-byte word, and beside it (cold) the record
 * that describes the memory.  Two levels that cover the whole user address
 * space, so it cannot fill up.
 *
 * Contract: entries are set after mmap and cleared before munmap or mremap,
 * with the pool lock held (nested.c, which may not take it, sets entries of
 * slots that are its own; large.c those of runs that a thread keeps).  Of a run
 * the first entry is set last and cleared first.  Reading takes no lock and any
 * pointer.  An entry that outlived its mapping would send the free of another
 * library's memory into our structures.
 *
 * Observable: hakmem_stats.registry_slots, registry_peak, registry_leaves,
 * registry_tombstones.
 *
 * Composable: needs meta.h for leaves; reading is safe anywhere.
 *
 * Word: | tag 16 | kind 4 | class 7 | slot number 5 |
 * A slab of one slot has kind 0 and slot number 0, so that (word XOR own
 * tag) is its class times 32, which is the offset of that class's cache in
 * the heap: the fast path of free needs nothing else.
 */
#ifndef HAK_REGISTRY_H
#define HAK_REGISTRY_H

#include "base.h"

enum hak_kind {
	HAK_KIND_SLAB = 0, /* with a class; the word 0 means "not ours" */
	HAK_KIND_MULTI = 1, /* slab of several slots */
	HAK_KIND_HOLED = 2, /* slab whose free blocks may have no key */
	HAK_KIND_LARGE = 3, /* run of slots, first slot; the others have none */
	HAK_KIND_LARGE_KEPT = 4, /* a freed one, in a thread's cache */
	HAK_KIND_HUGE = 5, /* own mapping, first slot */
	HAK_KIND_TOMB = 6, /* a HUGE that was unmapped */
	HAK_KIND_BOOT = 7, /* mixed slot */
	HAK_KIND_NESTED = 8, /* memory for handlers inside slow paths */
	HAK_KIND_HARD = 9, /* slab of harden.c */
};

#define HAK_TAG_NONE 0u /* sentinel heaps; memory without an owner */
#define HAK_TAG_POOL 1u /* slabs that the pool owns */

#define HAK_WORD_CLASS_SHIFT 5
#define HAK_WORD_KIND_SHIFT 12
#define HAK_WORD_TAG_SHIFT 16

#define HAK_LEAF_BITS 16
#define HAK_LEAF_SLOTS ((size_t)1 << HAK_LEAF_BITS)
#if UINTPTR_MAX == UINT32_MAX
#define HAK_ROOT_BITS 0
#elif defined(__x86_64__)
#define HAK_ROOT_BITS 15 /* user addresses end at 2^47 */
#else
#define HAK_ROOT_BITS 16
#endif
#define HAK_ROOTS ((size_t)1 << HAK_ROOT_BITS)

struct hak_leaf {
	uint32_t hot[HAK_LEAF_SLOTS]; /* atomic; written under pool lock */
	uintptr_t cold[HAK_LEAF_SLOTS]; /* as hot, written before it */
};

/* What unset roots lead to: all zero, "not ours". */
extern uint32_t hak_registry_zero[HAK_LEAF_SLOTS] HAK_HIDDEN;
/* Distance in bytes from hak_registry_zero to the leaf; atomic. */
extern uintptr_t hak_registry_root[HAK_ROOTS] HAK_HIDDEN;

static inline uint32_t hak_word(uint32_t tag, enum hak_kind kind, unsigned cls,
				unsigned slotno)
{
	return tag << HAK_WORD_TAG_SHIFT |
	       (uint32_t)kind << HAK_WORD_KIND_SHIFT |
	       cls << HAK_WORD_CLASS_SHIFT | slotno;
}

static inline uint32_t hak_word_tag(uint32_t word)
{
	return word >> HAK_WORD_TAG_SHIFT;
}

static inline enum hak_kind hak_word_kind(uint32_t word)
{
	return (enum hak_kind)((word >> HAK_WORD_KIND_SHIFT) & 15);
}

static inline unsigned hak_word_class(uint32_t word)
{
	return (word >> HAK_WORD_CLASS_SHIFT) & 127;
}

static inline unsigned hak_word_slotno(uint32_t word)
{
	return word & 31;
}

/* Three kinds of slab have a class and bitmaps. */
static inline bool hak_word_is_slab(uint32_t word)
{
	return word && hak_word_kind(word) <= HAK_KIND_HOLED;
}

static inline size_t hak_registry_root_of(uintptr_t p)
{
#if UINTPTR_MAX == UINT32_MAX
	return 0 * p;
#else
	return p >> (HAK_SLOT_SHIFT + HAK_LEAF_BITS);
#endif
}

static inline size_t hak_registry_slot_of(uintptr_t p)
{
	_Static_assert(HAK_SLOT_SHIFT + HAK_LEAF_BITS == 32, "a leaf is 4 GiB");
	return (uint32_t)p >> HAK_SLOT_SHIFT;
}

/* The word for any pointer; 0 when it is not ours. */
static inline uint32_t hak_registry_get(const void *ptr)
{
	uintptr_t p = (uintptr_t)ptr;
	size_t root = hak_registry_root_of(p);
	const uint32_t *hot;

	if (hak_unlikely(root >= HAK_ROOTS))
		return 0;
	/* relaxed suffices: the leaf is reached through this value only */
	hot = (const uint32_t *)((uintptr_t)hak_registry_zero +
				 __atomic_load_n(&hak_registry_root[root],
						 __ATOMIC_RELAXED));
	/* keep the sum, which takes one instruction, in one piece */
	__asm__("" : "+r"(hot));
	return __atomic_load_n(hot + hak_registry_slot_of(p), __ATOMIC_RELAXED);
}

/* The record behind a pointer whose word is not 0. */
static inline void *hak_registry_record(const void *ptr)
{
	uintptr_t p = (uintptr_t)ptr;
	uintptr_t distance = __atomic_load_n(
		&hak_registry_root[hak_registry_root_of(p)], __ATOMIC_RELAXED);
	const struct hak_leaf *leaf =
		(const struct hak_leaf *)((uintptr_t)hak_registry_zero +
					  distance);

	/* acquire: partner is the release of the word, read before this */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return (void *)__atomic_load_n(&leaf->cold[hak_registry_slot_of(p)],
				       __ATOMIC_RELAXED);
}

/* Where the word of a pointer stands whose word is not 0. */
static inline uint32_t *hak_registry_word(const void *ptr)
{
	uintptr_t p = (uintptr_t)ptr;
	uintptr_t distance = __atomic_load_n(
		&hak_registry_root[hak_registry_root_of(p)], __ATOMIC_RELAXED);

	return (uint32_t *)((uintptr_t)hak_registry_zero + distance) +
	       hak_registry_slot_of(p);
}

/* The word at ptr, which its owner alone changes, becomes another, with the same
 * record.  mark: with another one.  change: if it is still from; false: it was
 * not.  None of them counts in registry_slots. */
static inline void hak_registry_rename(const void *ptr, uint32_t word)
{
	/* release: what the last owner wrote comes before */
	__atomic_store_n(hak_registry_word(ptr), word, __ATOMIC_RELEASE);
}

static inline void hak_registry_mark(const void *ptr, uint32_t word,
				     const void *record)
{
	uintptr_t p = (uintptr_t)ptr;
	uintptr_t distance = __atomic_load_n(
		&hak_registry_root[hak_registry_root_of(p)], __ATOMIC_RELAXED);
	struct hak_leaf *leaf =
		(struct hak_leaf *)((uintptr_t)hak_registry_zero + distance);

	__atomic_store_n(&leaf->cold[hak_registry_slot_of(p)],
			 (uintptr_t)record, __ATOMIC_RELAXED);
	hak_registry_rename(ptr, word);
}

static inline bool hak_registry_change(const void *ptr, uint32_t from,
				       uint32_t to)
{
	return __atomic_compare_exchange_n(hak_registry_word(ptr), &from, to,
					   false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

/* Make sure that leaves for [p, p + size) exist; false: out of memory. */
bool hak_registry_reserve(const void *p, size_t size);

/* The same for the one address, without the pool lock, for handlers: a new leaf
 * is a mapping of its own. */
bool hak_registry_reserve_alone(const void *p);

/*
 * Set the entry of the slot that begins at p: record first, then the word, so
 * that whoever sees the word sees the record.  The leaf exists.  word 0
 * clears; HAK_KIND_TOMB clears but leaves a mark.
 */
void hak_registry_set(const void *p, uint32_t word, const void *record);

/* As hak_registry_set for n slots; slot numbers count up from the word's. */
void hak_registry_set_run(const void *p, unsigned n, uint32_t word,
			  const void *record);

/* The slots of [p, p + size) are used again: no tombstone is left in them. */
void hak_registry_bury(const void *p, size_t size);

#endif /* HAK_REGISTRY_H */
