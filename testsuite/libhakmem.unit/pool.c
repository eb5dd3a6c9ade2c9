/* SPDX-License-Identifier: MIT */
/*
 * The Shared Pool: each transition of a slot for every length and place, and
 * random ones against a model that keeps the state of every slot; what is not
 * allowed is refused; slabs from the cradle to the grave; what a fork's child
 * finds half-done.
 */
#include "unit.h"

#include "stats.h"

#define RUNS 200
#define STEPS 6000
#define RECORDS 64 /* SuperSlabs of the model */

/* ---- the model --------------------------------------------------------- */

struct run {
	struct hak_superslab *ss;
	unsigned slot;
	unsigned n;
	unsigned char mark;
};

static struct run runs[RUNS];
static unsigned nruns;

static struct {
	struct hak_superslab *ss;
	char *base; /* of the life that is modelled */
	unsigned char state[HAK_SS_SLOTS];
} model[RECORDS];

static struct hak_superslab *next_of(const struct hak_superslab *ss)
{
	return (struct hak_superslab *)(uintptr_t)ss->pub.next;
}

/* New SuperSlabs have UNUSED slots, unmapped ones none. */
static unsigned model_of(struct hak_superslab *ss)
{
	unsigned i = 0;

	while (i < RECORDS && model[i].ss && model[i].ss != ss)
		i++;
	CHECK(i < RECORDS);
	if (model[i].ss != ss || model[i].base != hak_ss_base(ss)) {
		model[i].ss = ss;
		model[i].base = hak_ss_base(ss);
		memset(model[i].state, HAKMEM_SLOT_UNUSED,
		       sizeof(model[i].state));
	}
	return i;
}

static void model_move(struct hak_superslab *ss, unsigned slot, unsigned n,
		       enum hakmem_slot_state state)
{
	unsigned i = model_of(ss);

	for (unsigned j = slot; j < slot + n; j++) {
		unsigned char *s = &model[i].state[j];

		/* the only ways there are */
		CHECK(state == HAKMEM_SLOT_ACTIVE  ? *s != HAKMEM_SLOT_ACTIVE
		      : state == HAKMEM_SLOT_EMPTY ? *s == HAKMEM_SLOT_ACTIVE
						   : *s == HAKMEM_SLOT_EMPTY);
		*s = (unsigned char)state;
	}
}

/* The library's states, masks, counts and lists say what the model says. */
static void check_model(void)
{
	uint64_t count[3] = { 0, 0, 0 };
	uint64_t idle = 0;

	if (!hak_pool_check())
		FAIL("hak_pool_check");
	for (struct hak_superslab *ss = hak_ss_all; ss; ss = next_of(ss)) {
		unsigned i = model_of(ss);
		unsigned active = 0;

		if (!ss->pub.base)
			continue;
		for (unsigned j = 0; j < ss->pub.slots; j++) {
			unsigned s = model[i].state[j];

			CHECK(hak_ss_mask(ss, (enum hakmem_slot_state)s) >> j &
			      1);
			count[s]++;
			active += s == HAKMEM_SLOT_ACTIVE;
		}
		idle += !active && !ss->is_static;
	}
	CHECK(hak_stats.slots_active == count[HAKMEM_SLOT_ACTIVE]);
	CHECK(hak_stats.slots_empty == count[HAKMEM_SLOT_EMPTY]);
	CHECK(hak_stats.slots_unused == count[HAKMEM_SLOT_UNUSED]);
	CHECK(hak_stats.acquires - hak_stats.releases ==
	      count[HAKMEM_SLOT_ACTIVE]);
	CHECK(hak_stats.empty_bytes ==
	      count[HAKMEM_SLOT_EMPTY] * HAK_SLOT_SIZE);
	CHECK(hak_stats.lru_length == idle);
	CHECK(hak_stats.seq % 2 == 0);
}

/* ---- memory of a run --------------------------------------------------- */

static void mark_run(const struct run *r, unsigned from)
{
	for (unsigned i = from; i < r->n; i++) {
		char *p = hak_slot_base(r->ss, r->slot + i);

		memset(p, r->mark, 32);
		memset(p + HAK_SLOT_SIZE - 32, r->mark, 32);
	}
}

static void check_run(const struct run *r)
{
	for (unsigned i = 0; i < r->n; i++) {
		const char *p = hak_slot_base(r->ss, r->slot + i);

		for (unsigned j = 0; j < 32; j++)
			CHECK(p[j] == (char)r->mark &&
			      p[HAK_SLOT_SIZE - 1 - j] == (char)r->mark);
	}
}

static void check_zero(const struct run *r, unsigned from, uint32_t zero)
{
	for (unsigned i = from; i < r->n; i++)
		if (zero >> (i - from) & 1)
			CHECK(t_zero(hak_slot_base(r->ss, r->slot + i),
				     HAK_SLOT_SIZE));
	CHECK(r->n - from == 32 || zero >> (r->n - from) == 0);
}

/* ---- the operations, in the library and in the model -------------------- */

static int acquire(unsigned n, unsigned align)
{
	struct hak_run got;
	struct run *r = &runs[nruns];
	int ret = hak_pool_acquire(n, align, &got);

	if (ret)
		return ret;
	CHECK(got.n == n && got.slot + n <= got.ss->pub.slots);
	CHECK(((uintptr_t)hak_slot_base(got.ss, got.slot) / HAK_SLOT_SIZE) %
		      align ==
	      0);
	r->ss = got.ss;
	r->slot = got.slot;
	r->n = n;
	r->mark = (unsigned char)(1 + nruns % 255);
	check_zero(r, 0, got.zero);
	model_move(r->ss, r->slot, n, HAKMEM_SLOT_ACTIVE);
	mark_run(r, 0);
	nruns++;
	return 0;
}

static void release_tail(struct run *r, unsigned n)
{
	check_run(r);
	r->n -= n;
	hak_pool_release(r->ss, r->slot + r->n, n);
	model_move(r->ss, r->slot + r->n, n, HAKMEM_SLOT_EMPTY);
}

static void release(unsigned i)
{
	release_tail(&runs[i], runs[i].n);
	runs[i] = runs[--nruns];
}

static bool could_extend(const struct run *r, unsigned more)
{
	unsigned i = model_of(r->ss);

	if (r->slot + r->n + more > r->ss->pub.slots)
		return false;
	for (unsigned j = r->slot + r->n; j < r->slot + r->n + more; j++)
		if (model[i].state[j] == HAKMEM_SLOT_ACTIVE)
			return false;
	return true;
}

/* Succeeds exactly when the slots behind are there and not ACTIVE. */
static void extend(struct run *r, unsigned more)
{
	bool could = could_extend(r, more);
	unsigned had = r->n;
	uint32_t zero;
	int ret = hak_pool_extend(r->ss, r->slot, had, more, &zero);

	CHECK(ret == (could ? 0 : -ENOMEM));
	if (ret)
		return;
	r->n += more;
	check_zero(r, had, zero);
	model_move(r->ss, r->slot + had, more, HAKMEM_SLOT_ACTIVE);
	mark_run(r, had);
}

/* Of the slots in mask only EMPTY ones go, and their number is told. */
static void purge(struct hak_superslab *ss, uint32_t mask)
{
	uint32_t empty = ss->pub.empty & mask;
	uint64_t purged = hak_stats.purged_bytes;
	unsigned calls = 40;
	size_t bytes = hak_pool_purge(ss, mask, &calls);

	CHECK(bytes == hak_popcount32(empty) * HAK_SLOT_SIZE);
	CHECK(hak_stats.purged_bytes == purged + bytes);
	CHECK(empty ? calls < 40 : calls == 40);
	for (; empty; empty &= empty - 1)
		model_move(ss, hak_ctz32(empty), 1, HAKMEM_SLOT_UNUSED);
}

static void unmap_idle(unsigned keep)
{
	uint64_t idle = hak_stats.lru_length, resident = 0;
	struct hak_superslab *ss = hak_ss_all;

	for (; ss && keep; ss = next_of(ss))
		resident += ss->pub.base && !ss->is_static && !ss->pub.active &&
			    ss->pub.empty;
	hak_pool_unmap_idle(keep);
	if (keep < resident)
		keep = (unsigned)resident;
	CHECK(hak_stats.lru_length == (idle < keep ? idle : keep));
	for (unsigned i = 0; i < nruns; i++)
		CHECK(runs[i].ss->pub.base);
}

static struct hak_superslab *any_superslab(uint64_t *seed)
{
	size_t n = t_below(seed, 8);
	struct hak_superslab *ss = hak_ss_all, *mapped = NULL;

	for (; ss; ss = next_of(ss))
		if (ss->pub.base) {
			mapped = ss;
			if (n-- == 0)
				break;
		}
	return mapped;
}

static void step(uint64_t *seed)
{
	unsigned i = nruns ? (unsigned)t_below(seed, nruns) : 0;
	unsigned kind = (unsigned)t_below(seed, 100);
	unsigned n = t_below(seed, 4) ? 1 + (unsigned)t_below(seed, 4)
				      : 1 + (unsigned)t_below(seed, 32);

	if (kind < 45 && nruns < RUNS - 1)
		CHECK(acquire(n,
			      t_below(seed, 3) ? 1 : 1u << t_below(seed, 6)) ==
		      0);
	else if (kind < 80 && nruns)
		release(i);
	else if (kind < 85 && nruns && runs[i].n > 1)
		release_tail(&runs[i],
			     1 + (unsigned)t_below(seed, runs[i].n - 1));
	else if (kind < 90 && nruns)
		extend(&runs[i], n);
	else if (kind < 98)
		purge(any_superslab(seed), (uint32_t)t_random(seed));
	else
		unmap_idle((unsigned)t_below(seed, 4));
	check_model();
}

static void check_random(void)
{
	uint64_t seed = 1;

	for (unsigned i = 0; i < STEPS; i++) {
		step(&seed);
		/* grow in one half of the time, shrink in the other */
		if (i / 500 % 2 && nruns > 5 && i % 2) {
			release((unsigned)t_below(&seed, nruns));
			check_model();
		}
	}
	while (nruns) {
		release(0);
		check_model();
	}
	for (struct hak_superslab *ss = hak_ss_all; ss; ss = next_of(ss))
		if (ss->pub.base)
			purge(ss, UINT32_MAX);
	check_model();
	CHECK(hak_stats.slots_empty == 0 && hak_stats.slots_active == 0);
	unmap_idle(0);
	check_model();
	CHECK(hak_stats.superslabs_mapped == 1);
	CHECK(hak_stats.slots_unused == HAK_FIRST_SLOTS);
}

/* UNUSED -> ACTIVE -> EMPTY -> ACTIVE -> EMPTY -> UNUSED, for every length. */
static void check_cycle(void)
{
	for (unsigned n = 1; n <= HAK_SS_SLOTS; n++) {
		uint64_t maps;
		struct run was;

		CHECK(acquire(n, 1) == 0);
		check_model();
		was = runs[0];
		release(0);
		check_model();
		/* EMPTY memory is there for the next one at once */
		maps = hak_stats.superslabs_map_total;
		CHECK(acquire(n, 1) == 0);
		CHECK(hak_stats.superslabs_map_total == maps);
		check_model();
		was = runs[0];
		release(0);
		purge(was.ss, hak_low32(n) << was.slot);
		check_model();
		/* once more: nothing there to purge */
		purge(was.ss, UINT32_MAX);
		check_model();
	}
	unmap_idle(0);
	check_model();
}

/* ---- refusals ----------------------------------------------------------- */

static void check_purge_refused(void)
{
	unsigned calls = 0;
	struct run *r;

	CHECK(acquire(8, 1) == 0);
	CHECK(acquire(1, 1) == 0);
	r = &runs[0];
	/* ACTIVE slots stay as they are */
	purge(r->ss, UINT32_MAX);
	check_run(&runs[0]);
	check_run(&runs[1]);
	release_tail(r, 4);
	check_model();
	/* no call left */
	CHECK(hak_pool_purge(r->ss, UINT32_MAX, &calls) == 0);
	check_model();
	/* the kernel refuses: still EMPTY */
	calls = 5;
	hak_os_fail_at(1);
	CHECK(hak_pool_purge(r->ss, UINT32_MAX, &calls) == 0);
	hak_os_fail_at(0);
	check_model();
	purge(r->ss, UINT32_MAX);
	check_model();
	check_run(&runs[0]);
	release(0);
	release(0);
	check_model();
}

/* As many runs as calls are left are purged. */
static void check_purge_calls(void)
{
	struct hak_superslab *ss;
	unsigned calls = 3;
	uint32_t had;

	CHECK(acquire(32, 1) == 0);
	ss = runs[0].ss;
	nruns = 0;
	for (unsigned i = 0; i < 32; i += 2) {
		hak_pool_release(ss, i, 1);
		model_move(ss, i, 1, HAKMEM_SLOT_EMPTY);
	}
	check_model();
	had = ss->pub.empty;
	CHECK(hak_pool_purge(ss, UINT32_MAX, &calls) == 3 * HAK_SLOT_SIZE);
	CHECK(calls == 0);
	had &= ~ss->pub.empty;
	CHECK(hak_popcount32(had) == 3);
	for (; had; had &= had - 1)
		model_move(ss, hak_ctz32(had), 1, HAKMEM_SLOT_UNUSED);
	check_model();
	for (unsigned i = 1; i < 32; i += 2) {
		hak_pool_release(ss, i, 1);
		model_move(ss, i, 1, HAKMEM_SLOT_EMPTY);
	}
	check_model();
}

static void check_acquire_refused(void)
{
	uint64_t fails = hak_stats.shared_fail;

	while (hak_stats.slots_unused + hak_stats.slots_empty)
		CHECK(acquire(1, 1) == 0);
	check_model();
	hak_os_fail_from(1);
	CHECK(acquire(1, 1) == -ENOMEM);
	hak_os_fail_at(0);
	CHECK(hak_stats.shared_fail == fails + 1);
	check_model();

	hak_opt.limit_hard = hak_stats.slots_active * HAK_SLOT_SIZE;
	CHECK(acquire(1, 1) == -ENOMEM);
	CHECK(hak_stats.shared_fail == fails + 2);
	check_model();
	release(0);
	check_model();
	CHECK(acquire(2, 1) == -ENOMEM);
	CHECK(acquire(1, 1) == 0);
	check_model();
	hak_opt.limit_hard = 0;
	CHECK(acquire(2, 1) == 0);
	check_model();
	while (nruns)
		release(0);
	check_model();
}

static void check_extend_refused(void)
{
	uint32_t zero;
	struct run *r = &runs[0];

	unmap_idle(0);
	CHECK(acquire(32, 1) == 0);
	/* behind the end */
	extend(r, 1);
	release_tail(r, 30);
	check_model();
	hak_opt.limit_hard = hak_stats.slots_active * HAK_SLOT_SIZE;
	CHECK(hak_pool_extend(r->ss, r->slot, 2, 1, &zero) == -ENOMEM);
	hak_opt.limit_hard = 0;
	check_model();
	extend(r, 31);
	extend(r, 29);
	extend(r, 1);
	check_model();
	release(0);
	check_model();
}

/* A broken state is found. */
static void check_check(void)
{
	struct hak_superslab *ss;
	uint32_t active;

	CHECK(acquire(1, 1) == 0);
	ss = runs[0].ss;
	active = ss->pub.active;
	CHECK(hak_pool_check());
	ss->pub.active = 0;
	CHECK(!hak_pool_check());
	ss->pub.active = active;
	ss->pub.empty |= active;
	CHECK(!hak_pool_check());
	ss->pub.empty &= ~active;
	CHECK(hak_pool_check());
	hak_stats.slots_active++;
	CHECK(!hak_pool_check());
	hak_stats.slots_active--;
	CHECK(hak_pool_check());
	release(0);
}

#if HAK_DEBUG >= 1
static void release_twice(void)
{
	struct hak_run run;

	CHECK(hak_pool_acquire(3, 1, &run) == 0);
	hak_pool_release(run.ss, run.slot, 2);
	hak_pool_release(run.ss, run.slot + 1, 2);
}

static void release_unused(void)
{
	struct hak_superslab *ss = hak_ss_map();

	hak_pool_release(ss, 0, 1);
}

static void retire_live(void)
{
	struct hak_slab *slab = hak_pool_slab_new(1, 7);
	void *p;

	CHECK(hak_slab_take(slab, &p, 1, false) == 1);
	hak_pool_slab_retire(slab);
}
#endif

/* ---- slabs -------------------------------------------------------------- */

#define TAG 77u
#define OTHER 78u

static void check_words(const struct hak_slab *slab, uint32_t tag)
{
	enum hak_kind kind = slab->slots > 1 ? HAK_KIND_MULTI : HAK_KIND_SLAB;

	for (unsigned i = 0; i < slab->slots; i++) {
		const char *p = slab->base + i * HAK_SLOT_SIZE;

		CHECK(hak_registry_get(p) == hak_word(tag, kind, slab->cls, i));
		CHECK(hak_registry_record(p) == slab);
	}
	CHECK(hak_rstate_owner(hak_slab_remote(slab)->rstate) == tag);
}

static void check_new_slab(struct hak_slab *slab, unsigned cls)
{
	const struct hak_class *c = &hak_class[cls];
	struct hak_superslab *ss = hak_slab_ss(slab);
	unsigned slot = hak_slab_slot(slab);

	CHECK(slab->cls == cls && slab->slots == c->pub.slots);
	CHECK(slab->base == hak_slot_base(ss, slot));
	CHECK(slab->nfree == c->pub.blocks && slab->blocks == slab->nfree);
	CHECK(ss->pub.size_class[slot] == cls);
	CHECK(ss->pub.run[slot] == slab->slots);
	for (unsigned i = 0; i < slab->slots; i++)
		CHECK(ss->pub.active >> (slot + i) & 1);
	check_words(slab, TAG);
	for (unsigned w = 0; w < c->words; w++)
		CHECK(hak_slab_remote(slab)->bits[w] == 0);
	CHECK(hak_slab_remote(slab)->summary == 0);
}

/* Bitmaps of slabs that live together are apart. */
static void fill_bits(struct hak_slab *slab, unsigned mark)
{
	unsigned words = hak_class[slab->cls].words;

	t_fill(slab->bits, words * 8, mark);
	t_fill(hak_slab_remote(slab)->bits, words * 8, mark + 1);
}

static bool filled_bits(const struct hak_slab *slab, unsigned mark)
{
	unsigned words = hak_class[slab->cls].words;

	return t_filled(slab->bits, words * 8, mark) &&
	       t_filled(hak_slab_remote(slab)->bits, words * 8, mark + 1);
}

static void check_slabs(void)
{
	static struct hak_slab *slab[2 * HAK_CLASSES];

	for (int round = 0; round < 3; round++) {
		for (unsigned i = 2; i < 2 * HAK_CLASSES; i++) {
			slab[i] = hak_pool_slab_new(i / 2, TAG);
			CHECK(slab[i] && hak_pool_check());
			check_new_slab(slab[i], i / 2);
			fill_bits(slab[i], i);
		}
		for (unsigned i = 2; i < 2 * HAK_CLASSES; i++)
			CHECK(filled_bits(slab[i], i));
		for (unsigned i = 2; i < 2 * HAK_CLASSES; i++) {
			char *base = slab[i]->base;
			unsigned slots = slab[i]->slots;

			CHECK(hak_pool_slab_retire(slab[i]));
			CHECK(hak_pool_check());
			for (unsigned j = 0; j < slots; j++)
				CHECK(!hak_registry_get(base +
							j * HAK_SLOT_SIZE));
		}
		CHECK(hak_stats.slots_active == 0);
		CHECK(hak_stats.registry_slots == 0);
	}
}

/* Whichever call fails: no slab and nothing ACTIVE, or a slab. */
static void check_slab_fails(void)
{
	unsigned made = 0;

	for (unsigned n = 1; n <= 8; n++) {
		uint64_t active;
		struct hak_slab *slab;

		while (hak_stats.slots_unused + hak_stats.slots_empty) {
			struct hak_run run;

			CHECK(hak_pool_acquire(1, 1, &run) == 0);
		}
		active = hak_stats.slots_active;
		hak_os_fail_from(n);
		slab = hak_pool_slab_new(1 + n % 3, TAG);
		hak_os_fail_at(0);
		CHECK(hak_pool_check());
		CHECK(hak_stats.slots_active == active + (slab != NULL));
		if (slab)
			CHECK(hak_pool_slab_retire(slab));
		made += slab != NULL;
	}
	CHECK(made > 0 && made < 8);
}

/* A slab that cannot be had costs nothing, however often it is asked for. */
static void check_slab_limit(void)
{
	uint64_t meta;

	hak_opt.limit_hard = 1;
	CHECK(!hak_pool_slab_new(1, TAG));
	meta = hak_stats.meta_bytes;
	for (int i = 0; i < 1000; i++)
		CHECK(!hak_pool_slab_new(1, TAG));
	CHECK(hak_stats.meta_bytes == meta);
	hak_opt.limit_hard = 0;
	CHECK(hak_pool_check());
}

static void *block_of(struct hak_slab *slab)
{
	void *p;

	CHECK(hak_slab_take(slab, &p, 1, false) == 1);
	return p;
}

static void free_remotely(struct hak_slab *slab, const void *p)
{
	bool exact;
	unsigned i = hak_slab_index(slab, p, &exact);

	CHECK(exact);
	hak_remote_free(slab, i / 64, UINT64_C(1) << i % 64);
}

/* give, adopt, drain: one slab, two owners, the pool between. */
static void check_owners(void)
{
	static struct hak_inbox inbox[2];
	uint64_t adoptions = hak_stats.adoptions;
	uint64_t drains = hak_stats.pool_drains;
	struct hak_slab *slab = hak_pool_slab_new(20, TAG);
	void *p[3];

	CHECK(slab);
	CHECK(hak_inbox_register(TAG, &inbox[0]));
	CHECK(hak_inbox_register(OTHER, &inbox[1]));
	for (int i = 0; i < 3; i++)
		p[i] = block_of(slab);
	CHECK(!hak_pool_adopt(20, OTHER)); /* it has an owner */

	/* queued: it stays with its owner */
	free_remotely(slab, p[0]);
	CHECK(!hak_pool_give(slab));
	check_words(slab, TAG);
	CHECK(hak_inbox_take(&inbox[0]) == slab);
	CHECK(hak_remote_dequeue(slab) == NULL);

	/* the pool takes what has come in */
	CHECK(hak_pool_give(slab));
	check_words(slab, HAK_TAG_POOL);
	CHECK(slab->nfree == slab->blocks - 2u);
	CHECK(!hak_pool_adopt(21, OTHER)); /* of another class */

	/* a free while the pool has it, found when it is drained */
	free_remotely(slab, p[1]);
	CHECK(hak_pool_inbox.head == slab);
	CHECK(!hak_pool_adopt(20, OTHER)); /* queued */
	hak_pool_drain();
	CHECK(hak_pool_inbox.head == NULL);
	CHECK(hak_stats.pool_drains == drains + 1);
	CHECK(slab->nfree == slab->blocks - 1u);

	/* a freer has set its bit, and finds the new owner when it comes to
	 * queue the slab */
	free_remotely(slab, p[2]);
	CHECK(hak_pool_inbox.head == slab);
	hak_pool_inbox.head = NULL;
	hak_remote_dequeue(slab);
	CHECK(hak_pool_adopt(20, OTHER) == slab);
	CHECK(slab->nfree == slab->blocks);
	p[2] = block_of(slab);
	check_words(slab, OTHER);
	CHECK(hak_stats.adoptions == adoptions + 1);
	CHECK(!hak_pool_adopt(20, TAG));

	/* the last block comes back: EMPTY, decided by the drain */
	CHECK(hak_pool_give(slab));
	free_remotely(slab, p[2]);
	hak_pool_drain();
	CHECK(hak_registry_get(p[2]) == 0);
	CHECK(hak_stats.slots_active == 0);
	CHECK(hak_pool_check());

	/* all blocks are back, but a freer is still about to queue it */
	slab = hak_pool_slab_new(20, TAG);
	CHECK(slab);
	free_remotely(slab, block_of(slab));
	CHECK(hak_remote_collect(slab) == 1 && slab->nfree == slab->blocks);
	CHECK(!hak_pool_slab_retire(slab));
	check_words(slab, TAG);
	CHECK(hak_inbox_take(&inbox[0]) == slab);
	hak_remote_dequeue(slab);
	CHECK(hak_pool_slab_retire(slab));
	CHECK(hak_stats.slots_active == 0 && hak_pool_check());

	/* one without a block in use is EMPTY at once */
	slab = hak_pool_slab_new(20, TAG);
	CHECK(slab && hak_pool_give(slab));
	CHECK(hak_stats.slots_active == 0);
	CHECK(!hak_pool_adopt(20, TAG));
	CHECK(hak_pool_check());
}

/* Full ones are kept apart: not adopted before a block comes back. */
static void check_full(void)
{
	static void *p[4096];
	struct hak_slab *slab = hak_pool_slab_new(32, TAG);
	unsigned n = slab->blocks;

	CHECK(hak_slab_take(slab, p, n, false) == n);
	CHECK(hak_pool_give(slab));
	CHECK(!hak_pool_adopt(32, TAG));
	free_remotely(slab, p[n / 2]);
	hak_pool_drain();
	CHECK(hak_pool_adopt(32, TAG) == slab && slab->nfree == 1);
	CHECK(hak_pool_give(slab));
	for (unsigned i = 0; i < n; i++)
		if (i != n / 2)
			free_remotely(slab, p[i]);
	hak_pool_drain();
	CHECK(hak_stats.slots_active == 0 && hak_pool_check());
}

static void check_lists(void)
{
	static struct hak_slab s[3];
	struct hak_slab *head = NULL;

	for (int i = 0; i < 3; i++)
		hak_slab_push(&head, &s[i], HAK_SLAB_FULL);
	CHECK(head == &s[2] && s[2].next == &s[1] && s[1].next == &s[0]);
	CHECK(s[1].listed == HAK_SLAB_FULL);
	hak_slab_unlink(&head, &s[1]);
	CHECK(s[1].listed == HAK_SLAB_UNLISTED);
	CHECK(head == &s[2] && s[2].next == &s[0] && !s[0].next);
	hak_slab_unlink(&head, &s[2]);
	CHECK(head == &s[0]);
	hak_slab_unlink(&head, &s[0]);
	CHECK(!head);
}

/* ---- fork --------------------------------------------------------------- */

/* The parent held the lock and was in the middle of things. */
static void rebuild(void)
{
	struct hak_slab *kept = hak_pool_slab_new(3, HAK_TAG_POOL);
	struct hak_slab *other = hak_pool_slab_new(4, TAG);
	struct hak_slab *half = hak_pool_slab_new(5, TAG);
	uint64_t mapped = hak_stats.superslabs_mapped;
	struct hak_run run;
	void *p[2];

	CHECK(kept && other && half);
	for (int i = 0; i < 2; i++)
		p[i] = block_of(kept);
	block_of(other);
	/* ACTIVE, and no word yet */
	CHECK(hak_pool_acquire(5, 1, &run) == 0);
	/* on its way to EMPTY: words cleared, one slot in both masks */
	hak_registry_set_run(half->base, half->slots, 0, NULL);
	hak_slab_ss(half)->pub.empty |= UINT32_C(1) << hak_slab_slot(half);
	/* a remote free that nobody has taken */
	free_remotely(kept, p[0]);
	/* counts half-written */
	hak_stats.slots_active += 3;
	hak_stats.slots_unused -= 1;
	hak_stats.empty_bytes += 12345;
	hak_stats.seq |= 1;
	hak_stats.superslabs_mapped += 2;

	hak_pool_rebuild(true);
	CHECK(hak_pool_check());
	CHECK(hak_stats.superslabs_mapped == mapped);
	CHECK(hak_stats.seq % 2 == 0);
	CHECK(hak_stats.slots_active == 2);
	CHECK(hak_stats.empty_bytes == hak_stats.slots_empty * HAK_SLOT_SIZE);
	for (unsigned i = 0; i < 5; i++)
		CHECK(run.ss->pub.empty >> (run.slot + i) & 1);
	check_words(other, TAG);
	/* the pool's slab is found again, with what came back */
	CHECK(hak_pool_adopt(3, OTHER) == kept);
	CHECK(kept->nfree == kept->blocks - 1u && hak_slab_check(kept));
	/* and everything goes on */
	nruns = 0;
	for (int i = 0; i < 40; i++)
		CHECK(hak_pool_acquire(1 + i % 8, 1, &run) == 0);
	CHECK(hak_pool_check());
}

/* Nothing to mend: nothing changes. */
static void rebuild_whole(void)
{
	uint64_t active = hak_stats.slots_active;
	uint64_t empty = hak_stats.slots_empty;

	hak_pool_rebuild(false);
	CHECK(hak_pool_check());
	hak_pool_rebuild(true);
	CHECK(hak_pool_check());
	CHECK(hak_stats.slots_empty == empty + active);
}

static void check_lock(void)
{
	CHECK(!hak_pool_mine());
	hak_pool_enter();
	CHECK(hak_pool_mine());
	hak_pool_leave();
	CHECK(!hak_pool_mine());
}

int main(void)
{
	u_start();
	check_model();
	check_lock();
	check_cycle();
	hak_opt.purge_method = HAK_PURGE_FREE; /* keeps what was there */
	check_cycle();
	hak_opt.purge_method = HAK_PURGE_DONTNEED;
	check_random();
	check_purge_refused();
	check_purge_calls();
	check_acquire_refused();
	check_extend_refused();
	check_check();
	check_model();
	check_lists();
	LIVES(rebuild);
	LIVES(rebuild_whole);
	check_slabs();
	check_owners();
	check_full();
	check_slab_fails();
	check_slab_limit();
#if HAK_DEBUG >= 1
	DIES(release_twice, "assertion");
	DIES(release_unused, "assertion");
	DIES(retire_live, "assertion");
#endif
	return 0;
}
