/* SPDX-License-Identifier: MIT */
/*
 * SuperSlabs: aligned, zero, counted; records that outlive their memory and
 * are used again; failures of the kernel that change nothing; the arithmetic
 * between slabs, slots and records; the check that finds a broken state.
 */
#include "unit.h"

#include "meta.h"
#include "stats.h"

#include <sys/mman.h>

#define MANY 60

static struct hak_superslab *first;

static unsigned records(void)
{
	const struct hak_superslab *ss = hak_ss_all;
	unsigned n = 0;

	for (; ss; ss = (const void *)(uintptr_t)ss->pub.next)
		n++;
	return n;
}

static bool listed(const struct hak_superslab *want)
{
	const struct hakmem_stats_superslab *pub =
		(const void *)(uintptr_t)hak_stats.superslabs;

	while (pub && pub != &want->pub)
		pub = (const void *)(uintptr_t)pub->next;
	return pub != NULL;
}

static void check_states(const struct hak_superslab *ss, unsigned slots)
{
	CHECK(ss->pub.slots == slots);
	CHECK(!ss->pub.active && !ss->pub.empty);
	CHECK(hak_ss_mask(ss, HAKMEM_SLOT_ACTIVE) == 0);
	CHECK(hak_ss_mask(ss, HAKMEM_SLOT_EMPTY) == 0);
	CHECK(hak_ss_mask(ss, HAKMEM_SLOT_UNUSED) == hak_low32(slots));
	CHECK(hak_ss_free_mask(ss) == hak_low32(slots));
	CHECK(ss->zero == hak_low32(slots));
	CHECK(ss->is_static || (uintptr_t)hak_ss_base(ss) % HAK_SS_SIZE == 0);
	CHECK(hak_ss_check(ss));
	CHECK(listed(ss));
}

static void check_memory(const struct hak_superslab *ss, size_t size)
{
	char *base = hak_ss_base(ss);

	for (size_t at = 0; at < size; at += 4096)
		CHECK(base[at] == 0 && base[at + 4095] == 0);
	for (size_t at = 0; at < size; at += HAK_SLOT_SIZE) {
		/* every slot can be registered: leaves are there */
		CHECK(hak_registry_get(base + at) == 0);
		hak_registry_set(base + at, hak_word(9, HAK_KIND_SLAB, 1, 0),
				 base);
		hak_registry_set(base + at, 0, NULL);
		base[at] = base[at + HAK_SLOT_SIZE - 1] = 1;
	}
}

static void check_first(void)
{
	first = u_start();
	CHECK(first->is_static);
	CHECK((uintptr_t)hak_ss_base(first) % HAK_SLOT_SIZE == 0);
	check_states(first, HAK_FIRST_SLOTS);
	check_memory(first, HAK_FIRST_SLOTS * HAK_SLOT_SIZE);
	CHECK(hak_stats.slots_unused == HAK_FIRST_SLOTS);
	CHECK(hak_stats.superslabs_mapped == 1);
}

/* Nothing is mapped there any more. */
static void check_gone(char *base)
{
	unsigned char there;

	for (size_t at = 0; at < HAK_SS_SIZE; at += HAK_SLOT_SIZE)
		CHECK(mincore(base + at, hak_os_page, &there) == -1 &&
		      errno == ENOMEM);
}

static void check_one(void)
{
	uint64_t bytes = hak_stats.mapped_bytes;
	uint64_t total = hak_stats.superslabs_map_total;
	struct hak_superslab *ss = hak_ss_map();
	char *base;

	CHECK(ss && !ss->is_static && ss != first);
	base = hak_ss_base(ss);
	check_states(ss, HAK_SS_SLOTS);
	CHECK(hak_stats.superslabs_mapped == 2);
	CHECK(hak_stats.superslabs_map_total == total + 1);
	CHECK(hak_stats.slots_unused == HAK_FIRST_SLOTS + HAK_SS_SLOTS);
	check_memory(ss, HAK_SS_SIZE);
	CHECK(hak_stats.mapped_bytes >= bytes + HAK_SS_SIZE);
	bytes = hak_stats.mapped_bytes;

	CHECK(hak_ss_unmap(ss) == 0);
	CHECK(ss->pub.base == 0);
	CHECK(listed(ss));
	check_gone(base);
	CHECK(hak_stats.mapped_bytes == bytes - HAK_SS_SIZE);
	CHECK(hak_stats.superslabs_mapped == 1);
	CHECK(hak_stats.superslabs_unmap_total == 1);
	CHECK(hak_stats.slots_unused == HAK_FIRST_SLOTS);
}

static struct {
	const struct hak_superslab *ss;
	uint32_t generation;
} life[MANY]; /* the records of the last round */

/* A record in its next life says so. */
static void check_generation(const struct hak_superslab *ss, int round)
{
	unsigned i = 0;

	while (i < MANY && life[i].ss != ss)
		i++;
	if (i < MANY)
		CHECK(ss->pub.generation > life[i].generation);
	else
		CHECK(round == 0);
}

/* Records are reused and never freed. */
static void check_records(void)
{
	struct hak_superslab *ss[MANY];
	unsigned n = 0;

	for (int round = 0; round < 5; round++) {
		for (unsigned i = 0; i < MANY; i++) {
			ss[i] = hak_ss_map();
			CHECK(ss[i]);
			for (unsigned j = 0; j < i; j++)
				CHECK(hak_ss_base(ss[i]) != hak_ss_base(ss[j]));
			check_states(ss[i], HAK_SS_SLOTS);
			check_generation(ss[i], round);
		}
		CHECK(hak_stats.superslabs_mapped == MANY + 1);
		CHECK(hak_stats.superslabs_peak == MANY + 1);
		if (round == 0)
			n = records();
		CHECK(records() == n);
		for (unsigned i = 0; i < MANY; i++) {
			life[i].ss = ss[i];
			life[i].generation = ss[i]->pub.generation;
			CHECK(hak_ss_unmap(ss[i]) == 0);
		}
		CHECK(hak_stats.superslabs_mapped == 1);
		CHECK(hak_stats.slots_unused == HAK_FIRST_SLOTS);
	}
}

static void check_arithmetic(void)
{
	struct hak_superslab *ss = hak_ss_map();

	CHECK(ss);
	for (unsigned slot = 0; slot < HAK_SS_SLOTS; slot++) {
		struct hak_slab *slab = &ss->slab[slot];

		CHECK(hak_slab_ss(slab) == ss);
		CHECK(hak_slab_slot(slab) == slot);
		CHECK(hak_slab_remote(slab) == &ss->remote[slot]);
		CHECK(hak_slot_base(ss, slot) ==
		      hak_ss_base(ss) + slot * HAK_SLOT_SIZE);
		/* owner and freers are kept apart */
		CHECK((size_t)((char *)&ss->remote[slot] - (char *)slab) >=
		      HAK_APART);
	}
	CHECK(hak_ss_unmap(ss) == 0);
}

/* No record is free, and there is no memory for one more. */
static void use_up_records(void)
{
	unsigned n = records();

	while (records() == n)
		CHECK(hak_ss_map());
	for (;;) {
		void *p;

		hak_os_fail_at(1);
		p = hak_meta_alloc(64, 64);
		hak_os_fail_at(0);
		if (!p)
			return;
	}
}

/* Whichever call fails: NULL and nothing more mapped, or a SuperSlab as
 * usual. */
static void check_map_fails(void)
{
	unsigned made = 0;

	for (unsigned n = 1; n <= 8; n++) {
		uint64_t mapped, unused, bytes;
		struct hak_superslab *ss;

		use_up_records();
		mapped = hak_stats.superslabs_mapped;
		unused = hak_stats.slots_unused;
		bytes = hak_stats.mapped_bytes;
		hak_os_fail_at(n);
		ss = hak_ss_map();
		hak_os_fail_at(0);
		CHECK(hak_stats.superslabs_mapped == mapped + (ss != NULL));
		CHECK(hak_stats.slots_unused ==
		      unused + (ss ? HAK_SS_SLOTS : 0));
		CHECK(ss || hak_stats.mapped_bytes == bytes);
		if (!ss)
			continue;
		made++;
		check_states(ss, HAK_SS_SLOTS);
		check_memory(ss, HAK_SS_SIZE);
		CHECK(hak_ss_unmap(ss) == 0);
	}
	CHECK(made > 0 && made < 8);
}

static void check_unmap_fails(void)
{
	struct hak_superslab *ss = hak_ss_map();
	uint64_t mapped = hak_stats.superslabs_mapped;
	uint64_t unused = hak_stats.slots_unused;
	uint64_t total = hak_stats.superslabs_unmap_total;
	char *base;

	CHECK(ss);
	base = hak_ss_base(ss);
	hak_os_fail_at(1);
	CHECK(hak_ss_unmap(ss) == -ENOMEM);
	CHECK(hak_ss_base(ss) == base);
	check_states(ss, HAK_SS_SLOTS);
	check_memory(ss, HAK_SS_SIZE);
	CHECK(hak_stats.superslabs_mapped == mapped);
	CHECK(hak_stats.slots_unused == unused);
	CHECK(hak_stats.superslabs_unmap_total == total);
	CHECK(hak_ss_unmap(ss) == 0);
	check_gone(base);
}

static void check_check(void)
{
	struct hak_superslab *ss = hak_ss_map();

	CHECK(ss && hak_ss_check(ss));
	ss->pub.active = 1;
	CHECK(!hak_ss_check(ss)); /* ACTIVE and known to be zero */
	ss->zero = 0;
	CHECK(hak_ss_check(ss));
	ss->pub.empty = 1;
	CHECK(!hak_ss_check(ss)); /* two states */
	ss->pub.empty = 2;
	CHECK(hak_ss_check(ss));
	/* the three masks are a partition */
	CHECK((hak_ss_mask(ss, HAKMEM_SLOT_ACTIVE) ^
	       hak_ss_mask(ss, HAKMEM_SLOT_EMPTY) ^
	       hak_ss_mask(ss, HAKMEM_SLOT_UNUSED)) == UINT32_MAX);
	CHECK(hak_ss_free_mask(ss) == ~UINT32_C(1));
	ss->zero = 2;
	CHECK(!hak_ss_check(ss)); /* EMPTY and known to be zero */
	ss->zero = 0;
	ss->pub.slots = 1;
	CHECK(!hak_ss_check(ss)); /* a slot that does not exist */
	ss->pub.slots = HAK_SS_SLOTS;
	ss->pub.active = 0;
	ss->pub.empty = 0;
	CHECK(hak_ss_unmap(ss) == 0);
}

/* Each kind of event is told once; bases are not told apart here. */
static void observe(void)
{
	hak_opt.ss_debug = 1;
	for (int i = 0; i < 3; i++) {
		struct hak_superslab *ss = hak_ss_map();

		CHECK(ss && hak_ss_unmap(ss) == 0);
	}
}

static void observe_nothing(void)
{
	hak_opt.ss_debug = 0;
	CHECK(hak_ss_map());
}

static unsigned lines(const char *text, const char *words)
{
	unsigned n = 0;

	while ((text = strstr(text, words))) {
		n++;
		text++;
	}
	return n;
}

static void check_debug(void)
{
	char text[2000];

	CHECK(u_child(observe_nothing, text, sizeof(text), NULL) == 0);
	CHECK(text[0] == 0);
	CHECK(u_child(observe, text, sizeof(text), NULL) == 0);
	CHECK(lines(text, "\n") == 2);
	CHECK(lines(text, "hakmem: superslab: map 0x") == 1);
	CHECK(lines(text, "hakmem: superslab: unmap 0x") == 1);
}

#if HAK_DEBUG >= 1
static void unmap_active(void)
{
	struct hak_superslab *ss = hak_ss_map();

	CHECK(ss);
	ss->zero = 0;
	ss->pub.active = 1;
	hak_ss_unmap(ss);
}

static void unmap_static(void)
{
	hak_ss_unmap(first);
}
#endif

int main(void)
{
	check_first();
	check_debug();
	check_one();
	check_records();
	check_arithmetic();
	check_map_fails();
	check_unmap_fails();
	check_check();
#if HAK_DEBUG >= 1
	DIES(unmap_active, "assertion");
	DIES(unmap_static, "assertion");
#endif
	return 0;
}
