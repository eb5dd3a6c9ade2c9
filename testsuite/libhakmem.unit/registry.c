/* SPDX-License-Identifier: MIT */
/*
 * The registry: any pointer may be asked about; entries at the ends of the
 * address space and in hundreds of leaves are set, found and cleared, and the
 * counts come back to nothing; who sees a word sees its record.
 */
#include "unit.h"

#include "registry.h"
#include "stats.h"

#include <pthread.h>
#include <sched.h>

#define PLACES 3000
#define READ_SLOTS 20000

/* Bytes of address space that one leaf describes. */
#define LEAF_SPAN (HAK_LEAF_SLOTS * HAK_SLOT_SIZE)
#if UINTPTR_MAX == UINT32_MAX
#define LAST_SLOT ((uintptr_t)UINTPTR_MAX - HAK_SLOT_SIZE + 1)
#define SS_MANY 512 /* SuperSlabs at once: a process of 1 GiB */
#define SS_FROM ((uintptr_t)1 << 30)
#else
#define LAST_SLOT ((uintptr_t)(HAK_ROOTS * LEAF_SPAN - HAK_SLOT_SIZE))
#define SS_MANY 4096 /* a process of 8 GiB */
#define SS_FROM ((uintptr_t)LEAF_SPAN / 2)
#endif

static uintptr_t place[PLACES];
static unsigned places;
static char record[PLACES];

static void *at(uintptr_t p)
{
	return (void *)p;
}

static void has(uintptr_t p, uint32_t word, const void *rec)
{
	static const size_t inside[] = { 0, 1, 15, 4096, HAK_SLOT_SIZE - 1 };

	for (size_t i = 0; i < COUNT(inside); i++) {
		if (hak_registry_get(at(p + inside[i])) != word)
			FAIL("%p: %x, not %x", at(p + inside[i]),
			     hak_registry_get(at(p + inside[i])), word);
		if (word)
			CHECK(hak_registry_record(at(p + inside[i])) == rec);
	}
}

static void check_words(void)
{
	static const uint32_t tags[] = { 0, 1, 2, 255, 256, 0xfffe, 0xffff };

	for (size_t t = 0; t < COUNT(tags); t++)
		for (unsigned kind = 0; kind < 9; kind++)
			for (unsigned cls = 0; cls < 128; cls++)
				for (unsigned no = 0; no < 32; no++) {
					uint32_t word =
						hak_word(tags[t],
							 (enum hak_kind)kind,
							 cls, no);

					CHECK(hak_word_tag(word) == tags[t]);
					CHECK(hak_word_kind(word) == kind);
					CHECK(hak_word_class(word) == cls);
					CHECK(hak_word_slotno(word) == no);
					CHECK(hak_word_is_slab(word) ==
					      (word && kind <= 2));
				}
	/* what the fast path of free is built on */
	for (unsigned cls = 1; cls < HAK_CLASSES; cls++)
		CHECK((hak_word(7, HAK_KIND_SLAB, cls, 0) ^ 7u << 16) ==
		      cls * 32);
}

/* Nothing has been set: every pointer is not ours, and none is refused. */
static void check_nothing(void)
{
	uint64_t seed = 3;
	char local;

	CHECK(!hak_registry_get(NULL));
	CHECK(!hak_registry_get(&local));
	CHECK(!hak_registry_get(at(UINTPTR_MAX)));
	CHECK(!hak_registry_get(at((uintptr_t)check_words)));
	for (unsigned i = 0; i < 64; i++) {
		CHECK(!hak_registry_get(
			at((uintptr_t)1 << i % (8 * sizeof(uintptr_t)))));
		CHECK(!hak_registry_get(
			at(UINTPTR_MAX >> i % (8 * sizeof(uintptr_t)))));
	}
	for (unsigned i = 0; i < 100000; i++)
		CHECK(!hak_registry_get(
			at((uintptr_t)t_random(&seed) >> t_below(&seed, 40))));
}

static void add_place(uintptr_t p)
{
	p &= ~(uintptr_t)(HAK_SLOT_SIZE - 1);
	if (p == 0)
		return;
	for (unsigned i = 0; i < places; i++)
		if (place[i] == p)
			return;
	CHECK(places < PLACES);
	place[places++] = p;
}

/* Both ends of user space, of many leaves, and places between. */
static void choose_places(void)
{
	uint64_t seed = 11;

	add_place(HAK_SLOT_SIZE);
	add_place(LAST_SLOT);
	add_place(LAST_SLOT - HAK_SLOT_SIZE);
	for (unsigned i = 0; i < 300; i++) {
		uintptr_t leaf = (uintptr_t)t_below(&seed, HAK_ROOTS) *
				 (uintptr_t)LEAF_SPAN;

		add_place(leaf);
		add_place(leaf + (uintptr_t)LEAF_SPAN - 1);
		for (unsigned j = 0; j < 5; j++)
			add_place(leaf +
				  (uintptr_t)t_below(&seed, HAK_LEAF_SLOTS) *
					  HAK_SLOT_SIZE);
	}
}

static uint32_t word_of(unsigned i)
{
	return hak_word(i % 0xffff + 1, HAK_KIND_SLAB, i % 72 + 1, 0);
}

static void check_places(void)
{
	uint64_t seed = 5;

	choose_places();
	for (unsigned i = 0; i < places; i++) {
		CHECK(hak_registry_reserve(at(place[i]), HAK_SLOT_SIZE));
		has(place[i], 0, NULL);
		hak_registry_set(at(place[i]), word_of(i), &record[i]);
		CHECK(hak_stats.registry_slots == i + 1);
	}
	for (unsigned i = 0; i < places; i++)
		has(place[i], word_of(i), &record[i]);
	CHECK(hak_stats.registry_peak == places);
	CHECK(hak_stats.registry_leaves <= HAK_ROOTS);
	/* in any order, each again and again */
	for (unsigned i = 0; i < 100000; i++) {
		unsigned j = (unsigned)t_below(&seed, places);

		if (hak_registry_get(at(place[j]))) {
			hak_registry_set(at(place[j]), 0, NULL);
			has(place[j], 0, NULL);
		} else {
			hak_registry_set(at(place[j]), word_of(j), &record[j]);
			has(place[j], word_of(j), &record[j]);
		}
	}
	for (unsigned i = 0; i < places; i++)
		hak_registry_set(at(place[i]), 0, NULL);
	for (unsigned i = 0; i < places; i++)
		has(place[i], 0, NULL);
	CHECK(hak_stats.registry_slots == 0);
	CHECK(hak_stats.registry_tombstones == 0);
	CHECK(hak_stats.registry_peak == places);
}

/* Runs side by side over the border of two leaves: no slot disturbs another. */
static void check_runs(void)
{
	uintptr_t from = SS_FROM;
	uint64_t slots = (uint64_t)SS_MANY * HAK_SS_SLOTS;
	unsigned tag;

	CHECK(hak_registry_reserve(at(from), SS_MANY * HAK_SS_SIZE));
	for (tag = 1; tag <= SS_MANY; tag++)
		hak_registry_set_run(at(from + (tag - 1) * HAK_SS_SIZE),
				     HAK_SS_SLOTS,
				     hak_word(tag, HAK_KIND_MULTI, 5, 0),
				     &record[tag % PLACES]);
	CHECK(hak_stats.registry_slots == slots);
	for (tag = 1; tag <= SS_MANY; tag++)
		for (unsigned i = 0; i < HAK_SS_SLOTS; i++) {
			char *p = at(from + (tag - 1) * HAK_SS_SIZE +
				     i * HAK_SLOT_SIZE);

			CHECK(hak_registry_get(p) ==
			      hak_word(tag, HAK_KIND_MULTI, 5, i));
			CHECK(hak_registry_record(p) == &record[tag % PLACES]);
		}
	for (tag = SS_MANY; tag >= 1; tag--)
		hak_registry_set_run(at(from + (tag - 1) * HAK_SS_SIZE),
				     HAK_SS_SLOTS, 0, NULL);
	CHECK(hak_stats.registry_slots == 0);
	for (uint64_t i = 0; i < slots; i++)
		CHECK(!hak_registry_get(
			at(from + (uintptr_t)(i * HAK_SLOT_SIZE))));
}

/* A run that lies in two leaves, as one of the static SuperSlab may. */
static void check_apart(void)
{
	const unsigned n = 4;

	for (unsigned here = 1; here < n && HAK_ROOTS > 1; here++) {
		uintptr_t from = (uintptr_t)LEAF_SPAN - here * HAK_SLOT_SIZE;
		uint32_t word = hak_word(7, HAK_KIND_MULTI, 60, 0);

		CHECK(hak_registry_reserve(at(from), n * HAK_SLOT_SIZE));
		hak_registry_set_run(at(from), n, word, record);
		CHECK(hak_stats.registry_slots == n);
		for (unsigned i = 0; i < n; i++)
			has(from + i * HAK_SLOT_SIZE, word + i, record);
		has(from - HAK_SLOT_SIZE, 0, NULL);
		has(from + n * HAK_SLOT_SIZE, 0, NULL);
		hak_registry_set_run(at(from), n, 0, NULL);
		CHECK(hak_stats.registry_slots == 0);
		for (unsigned i = 0; i < n; i++)
			has(from + i * HAK_SLOT_SIZE, 0, NULL);
	}
}

static void check_tombs(void)
{
	uint32_t huge = hak_word(0, HAK_KIND_HUGE, 0, 0);
	uint32_t tomb = hak_word(0, HAK_KIND_TOMB, 0, 0);

	hak_registry_set(at(place[0]), huge, &record[0]);
	CHECK(hak_stats.registry_slots == 1);
	hak_registry_set(at(place[0]), tomb, &record[0]);
	CHECK(hak_stats.registry_slots == 0);
	CHECK(hak_stats.registry_tombstones == 1);
	CHECK(hak_word_kind(hak_registry_get(at(place[0]))) == HAK_KIND_TOMB);
	CHECK(hak_registry_record(at(place[0])) == &record[0]);
	hak_registry_set(at(place[0]), tomb, &record[0]);
	CHECK(hak_stats.registry_tombstones == 1);
	/* the address is used again */
	hak_registry_set(at(place[0]), huge, &record[1]);
	CHECK(hak_stats.registry_slots == 1);
	CHECK(hak_stats.registry_tombstones == 0);
	hak_registry_set(at(place[0]), 0, NULL);
	CHECK(hak_stats.registry_slots == 0);
}

static void check_refused(void)
{
	uint64_t leaves = hak_stats.registry_leaves;
	uintptr_t p = LAST_SLOT;
	unsigned refused = 0;

	/* a leaf that is there already needs nothing */
	hak_os_fail_at(1);
	CHECK(hak_registry_reserve(at(place[0]), HAK_SLOT_SIZE));
	hak_os_fail_at(0);
#if UINTPTR_MAX > UINT32_MAX
	CHECK(!hak_registry_reserve(at(LAST_SLOT + HAK_SLOT_SIZE), 1));
	CHECK(!hak_registry_reserve(at(LAST_SLOT), 2 * HAK_SLOT_SIZE));
	CHECK(!hak_registry_get(at(LAST_SLOT + HAK_SLOT_SIZE)));
#endif
	CHECK(hak_stats.registry_leaves == leaves);
	/* fresh leaves while every mapping fails */
	for (unsigned i = 0; i < 200 && refused < 10; i++) {
		p -= (uintptr_t)LEAF_SPAN;
		leaves = hak_stats.registry_leaves;
		hak_os_fail_at(1);
		if (!hak_registry_reserve(at(p), HAK_SLOT_SIZE)) {
			CHECK(hak_stats.registry_leaves == leaves);
			CHECK(!hak_registry_get(at(p)));
			refused++;
		}
		hak_os_fail_at(0);
		CHECK(hak_registry_reserve(at(p), HAK_SLOT_SIZE));
	}
	CHECK(refused > 0 || HAK_ROOTS == 1);
}

static uint32_t words[READ_SLOTS]; /* records of check_readers */
static unsigned seen; /* atomic; slots that the reader has seen */

static void *reader(void *arg)
{
	unsigned from = 0, spins = 0;

	while (from < READ_SLOTS) {
		char *p = at(place[0] + from * HAK_SLOT_SIZE);
		uint32_t word = hak_registry_get(p);

		if (!word) {
			if (spins++ % 1024 == 1023)
				sched_yield();
			continue;
		}
		CHECK(hak_registry_record(p) == &words[from]);
		/* and what was written into it before */
		CHECK(words[from] == word);
		__atomic_store_n(&seen, ++from, __ATOMIC_RELAXED);
	}
	return arg;
}

/* A thread that looks without a lock while slots come into use. */
static void check_readers(void)
{
	double end = t_now() + 0.2;
	unsigned spins = 0;
	pthread_t t;

	CHECK(READ_SLOTS < HAK_LEAF_SLOTS);
	place[0] = HAK_SLOT_SIZE;
	CHECK(hak_registry_reserve(at(place[0]), READ_SLOTS * HAK_SLOT_SIZE));
	CHECK(pthread_create(&t, NULL, reader, NULL) == 0);
	for (unsigned i = 0; i < READ_SLOTS; i++) {
		words[i] = word_of(i);
		hak_registry_set(at(place[0] + i * HAK_SLOT_SIZE), words[i],
				 &words[i]);
		/* it is looking when the next one comes, if we have a
		 * processor each */
		while (__atomic_load_n(&seen, __ATOMIC_RELAXED) <= i &&
		       t_now() < end)
			if (spins++ % 64 == 63)
				sched_yield();
	}
	CHECK(pthread_join(t, NULL) == 0);
	for (unsigned i = 0; i < READ_SLOTS; i++)
		hak_registry_set(at(place[0] + i * HAK_SLOT_SIZE), 0, NULL);
	CHECK(hak_stats.registry_slots == 0);
}

#if HAK_DEBUG >= 1
static void misaligned(void)
{
	hak_registry_set(at(place[0] + 4096), word_of(1), NULL);
}

static void without_leaf(void)
{
	uintptr_t p = LAST_SLOT;

	while (p > LEAF_SPAN && hak_registry_root[hak_registry_root_of(p)])
		p -= (uintptr_t)LEAF_SPAN;
	hak_registry_set(at(p), word_of(1), NULL);
}
#endif

int main(void)
{
	hak_os_init();
	check_words();
	check_nothing();
	check_places();
	check_runs();
	check_apart();
	check_tombs();
	check_refused();
	check_nothing();
	check_readers();
#if HAK_DEBUG >= 1
	DIES(misaligned, "assertion");
	if (HAK_ROOTS > 1)
		DIES(without_leaf, "assertion");
#endif
	return 0;
}
