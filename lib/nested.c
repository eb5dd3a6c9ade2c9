/* SPDX-License-Identifier: MIT */
#include "nested.h"

#include "os.h"
#include "registry.h"
#include "stats.h"

/* used and live change together in one word, so that "last block freed, start
 * over" cannot race with an allocation. */
struct nested_area {
	hak_u64 state; /* atomic: used << 32 | live */
	char *base;
	size_t size;
};

#define NESTED_HEADER ((size_t)16)
#define NESTED_ONE(size) (((uint64_t)(size) << 32) | 1)

static HAK_SPARSE char
	nested_static[2 * HAK_SLOT_SIZE]; /* one slot, wherever aligned */
static struct nested_area nested_first;
static void *nested_list; /* atomic; deferred frees */

bool hak_nested_init(void)
{
	char *base =
		(char *)hak_round_up((uintptr_t)nested_static, HAK_SLOT_SIZE);

	if (!hak_registry_reserve(base, HAK_SLOT_SIZE))
		return false;
	nested_first.base = base;
	nested_first.size = HAK_SLOT_SIZE;
	hak_registry_set(base, hak_word(HAK_TAG_NONE, HAK_KIND_NESTED, 0, 0),
			 &nested_first);
	return true;
}

static void *nested_bump(struct nested_area *a, size_t size, size_t align)
{
	size_t slack = align > HAK_ALIGNMENT ? align : 0;
	size_t total =
		hak_round_up(size + slack + NESTED_HEADER, HAK_ALIGNMENT);
	uint64_t old = __atomic_load_n(&a->state, __ATOMIC_RELAXED);
	char *p;

	do {
		if ((old >> 32) + total > a->size)
			return NULL;
	} while (!__atomic_compare_exchange_n(
		&a->state, &old, old + NESTED_ONE(total), true,
		__ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	p = a->base + (old >> 32);
	p = (char *)hak_round_up((uintptr_t)p + NESTED_HEADER, align);
	*(size_t *)(void *)(p - NESTED_HEADER) =
		hak_round_up(size, HAK_ALIGNMENT);
	return p;
}

/* Larger or later requests: a mapping of their own, never returned before
 * its block is freed.  The area's record stands in its first bytes. */
static void *nested_map(size_t size, size_t align)
{
	size_t total = hak_round_up(size + align + sizeof(struct nested_area) +
					    4 * NESTED_HEADER,
				    hak_os_page);
	struct nested_area *a;

	/* the block has to begin in the first slot, which is registered */
	if (total < size || total > UINT32_MAX || align > HAK_SLOT_SIZE / 2)
		return NULL;
	a = hak_os_map_aligned(total, HAK_SLOT_SIZE, NULL);
	if (!a)
		return NULL;
	if (!hak_registry_reserve_alone(a)) {
		hak_os_unmap(a, total);
		return NULL;
	}
	a->base = (char *)a;
	a->size = total;
	a->state = (uint64_t)hak_round_up(sizeof(*a), HAK_ALIGNMENT) << 32;
	hak_registry_set(a, hak_word(HAK_TAG_NONE, HAK_KIND_NESTED, 0, 0), a);
	return nested_bump(a, size, align);
}

void *hak_nested_alloc(size_t size, size_t align)
{
	void *p = NULL;

	if (size > UINT32_MAX / 2 || align > UINT32_MAX / 2)
		return NULL;
	if (align < HAK_ALIGNMENT)
		align = HAK_ALIGNMENT;
	/* an empty block at the very end would lie outside the area */
	if (!size)
		size = 1;
	if (size + align < HAK_MID_MAX && nested_first.base)
		p = nested_bump(&nested_first, size, align);
	if (!p)
		p = nested_map(size, align);
	if (p) {
		__atomic_fetch_add(&hak_stats.nested_mallocs, 1,
				   __ATOMIC_RELAXED);
		__atomic_fetch_add(&hak_stats.nested_live, 1, __ATOMIC_RELAXED);
	}
	return p;
}

void hak_nested_free(void *p)
{
	struct nested_area *a = hak_registry_record(p);
	uint64_t old = __atomic_load_n(&a->state, __ATOMIC_RELAXED);
	uint64_t new;

	do {
		uint32_t live = (uint32_t)old;

		if (live == 0)
			return; /* freed twice; nothing lives here */
		new = live == 1 && a == &nested_first ? 0 : old - 1;
	} while (!__atomic_compare_exchange_n(&a->state, &old, new, true,
					      __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	__atomic_fetch_sub(&hak_stats.nested_live, 1, __ATOMIC_RELAXED);
	if ((uint32_t) new == 0 && a != &nested_first) {
		hak_registry_set(a, 0, NULL);
		hak_os_unmap(a, a->size);
	}
}

size_t hak_nested_size(const void *p)
{
	return *(const size_t *)(const void *)((const char *)p - NESTED_HEADER);
}

void hak_nested_defer(void *p)
{
	void *head = __atomic_load_n(&nested_list, __ATOMIC_RELAXED);

	do {
		*(void **)p = head;
		/* release: publishes the link */
	} while (!__atomic_compare_exchange_n(&nested_list, &head, p, true,
					      __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
}

void *hak_nested_deferred(void)
{
	if (!__atomic_load_n(&nested_list, __ATOMIC_RELAXED))
		return NULL;
	/* acquire: partner is the push above */
	return __atomic_exchange_n(&nested_list, NULL, __ATOMIC_ACQUIRE);
}
