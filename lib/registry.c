/* SPDX-License-Identifier: MIT */
#include "registry.h"

#include "assert.h"
#include "meta.h"
#include "os.h"
#include "stats.h"

HAK_SPARSE uint32_t hak_registry_zero[HAK_LEAF_SLOTS];
HAK_SPARSE uintptr_t hak_registry_root[HAK_ROOTS];

static struct hak_leaf *registry_leaf(uintptr_t p)
{
	uintptr_t d = __atomic_load_n(
		&hak_registry_root[hak_registry_root_of(p)], __ATOMIC_RELAXED);

	if (!d)
		return NULL;
	return (struct hak_leaf *)((uintptr_t)hak_registry_zero + d);
}

/* false: a handler or another thread was first. */
static bool registry_publish(size_t root, const struct hak_leaf *leaf)
{
	uintptr_t none = 0;

	/* release: the leaf is zero when it is found */
	if (!__atomic_compare_exchange_n(
		    &hak_registry_root[root], &none,
		    (uintptr_t)leaf - (uintptr_t)hak_registry_zero, false,
		    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		return false;
	hak_stats_add(&hak_stats.registry_leaves, 1);
	return true;
}

bool hak_registry_reserve(const void *ptr, size_t size)
{
	uintptr_t p = (uintptr_t)ptr;
	size_t last = hak_registry_root_of(p + size - 1);

	for (size_t root = hak_registry_root_of(p); root <= last; root++) {
		struct hak_leaf *leaf;

		if (root >= HAK_ROOTS)
			return false;
		if (hak_registry_root[root])
			continue;
		leaf = hak_meta_alloc(sizeof(*leaf), HAK_CACHE_LINE);
		if (!leaf)
			return false;
		registry_publish(root, leaf);
	}
	return true;
}

bool hak_registry_reserve_alone(const void *ptr)
{
	struct hak_leaf *leaf;

	if (registry_leaf((uintptr_t)ptr))
		return true;
	leaf = hak_os_map(sizeof(*leaf));
	if (!leaf)
		return false;
	if (!registry_publish(hak_registry_root_of((uintptr_t)ptr), leaf))
		hak_os_unmap(leaf, sizeof(*leaf));
	return true;
}

static bool registry_used(uint32_t word)
{
	return word && hak_word_kind(word) != HAK_KIND_TOMB;
}

static bool registry_tomb(uint32_t word)
{
	return hak_word_kind(word) == HAK_KIND_TOMB;
}

static void registry_count(int used, int tombs)
{
	if (tombs)
		hak_stats_add(&hak_stats.registry_tombstones,
			      (uint64_t)(int64_t)tombs);
	if (used)
		hak_stats_add(&hak_stats.registry_slots,
			      (uint64_t)(int64_t)used);
	if (hak_stats.registry_slots > hak_stats.registry_peak)
		hak_stats.registry_peak = hak_stats.registry_slots;
}

/* The static SuperSlab may lie in two leaves.  As in one, the first word of a run
 * is set last and cleared first. */
static HAK_COLD void registry_set_apart(const char *p, unsigned n,
					uint32_t word, const void *record)
{
	unsigned here =
		(unsigned)(HAK_LEAF_SLOTS - hak_registry_slot_of((uintptr_t)p));
	const char *there = p + here * HAK_SLOT_SIZE;

	if (!word)
		hak_registry_set_run(p, here, 0, record);
	hak_registry_set_run(there, n - here, word ? word + here : 0, record);
	if (word)
		hak_registry_set_run(p, here, word, record);
}

void hak_registry_set(const void *ptr, uint32_t word, const void *record)
{
	hak_registry_set_run(ptr, 1, word, record);
}

void hak_registry_set_run(const void *ptr, unsigned n, uint32_t word,
			  const void *record)
{
	uintptr_t p = (uintptr_t)ptr;
	struct hak_leaf *leaf = registry_leaf(p);
	size_t slot = hak_registry_slot_of(p);
	int used = 0, tombs = 0;

	hak_assert(leaf && (p & (HAK_SLOT_SIZE - 1)) == 0);
	if (hak_unlikely(slot + n > HAK_LEAF_SLOTS)) {
		registry_set_apart(ptr, n, word, record);
		return;
	}
	for (unsigned k = 0; k < n; k++) {
		unsigned i = word ? n - 1 - k : k;
		uint32_t old = leaf->hot[slot + i];

		used -= registry_used(old);
		tombs -= registry_tomb(old);
		if (word)
			__atomic_store_n(&leaf->cold[slot + i],
					 (uintptr_t)record, __ATOMIC_RELAXED);
		/* release: partner is the acquire in hak_registry_record */
		__atomic_store_n(&leaf->hot[slot + i], word ? word + i : 0,
				 __ATOMIC_RELEASE);
	}
	if (registry_used(word))
		used += (int)n;
	if (registry_tomb(word))
		tombs += (int)n;
	registry_count(used, tombs);
}

void hak_registry_bury(const void *ptr, size_t size)
{
	uintptr_t p = (uintptr_t)ptr, end = p + size;

	while (p < end) {
		const uint32_t *hot = hak_registry_word((const void *)p);
		size_t n = HAK_LEAF_SLOTS - hak_registry_slot_of(p);

		if (n > (end - p) >> HAK_SLOT_SHIFT)
			n = (end - p) >> HAK_SLOT_SHIFT;
		for (size_t i = 0; i < n; i++)
			if (hak_unlikely(registry_tomb(hot[i])))
				hak_registry_set(
					(const void *)(p + i * HAK_SLOT_SIZE),
					0, NULL);
		p += n << HAK_SLOT_SHIFT;
	}
}
