/* SPDX-License-Identifier: MIT */
/*
 * Frees by others: a bit for each block, one place in the owner's inbox, none
 * lost and none twice while threads free, collect, give up and adopt slabs;
 * the outbox; double frees are told.
 */
#include "unit.h"

#include "stats.h"

#include <pthread.h>
#include <sched.h>

#define TAG 9u

static struct hak_inbox inbox;

static struct hak_slab *new_slab(unsigned cls)
{
	struct hak_slab *slab = hak_pool_slab_new(cls, TAG);

	CHECK(slab);
	return slab;
}

static void take_all(struct hak_slab *slab)
{
	static void *p[4096];

	CHECK(hak_slab_take(slab, p, slab->blocks, false) == slab->blocks);
}

static unsigned count(struct hak_slab *slab)
{
	unsigned n = 0;

	for (; slab; slab = hak_slab_remote(slab)->next)
		n++;
	return n;
}

/* As an owner: everything that came in; the number of blocks. */
static unsigned drain(struct hak_inbox *in)
{
	struct hak_slab *slab = hak_inbox_take(in);
	unsigned n = 0;

	while (slab) {
		struct hak_slab *next = hak_remote_dequeue(slab);

		n += hak_remote_collect(slab);
		slab = next;
	}
	return n;
}

static void retire(struct hak_slab *slab)
{
	CHECK(slab->nfree == slab->blocks && hak_slab_check(slab));
	CHECK(hak_pool_slab_retire(slab));
}

static struct hak_slab *once; /* of the checks that end in a report */
static struct hak_outbox box;

static void free_again(void)
{
	hak_remote_free(once, 0, 0xe);
}

static void free_in_outbox(void)
{
	hak_outbox_free(&box, once, 0, 8);
}

static void flush_again(void)
{
	hak_outbox_free(&box, once, 0, 8);
	hak_outbox_flush(&box);
}

static void check_one(void)
{
	struct hak_slab *slab = new_slab(1);

	take_all(slab);
	CHECK(!hak_inbox_take(&inbox));
	hak_remote_free(slab, 0, 0x6);
	CHECK(hak_slab_has(slab, 1) && hak_slab_has(slab, 2));
	CHECK(!hak_slab_has(slab, 0));
	CHECK(slab->nfree == 0);
	/* however many there are, the slab is queued once */
	for (unsigned w = 1; w < 64; w++)
		hak_remote_free(slab, w, UINT64_C(1) << w);
	CHECK(inbox.head == slab && count(inbox.head) == 1);
	once = slab;
	DIES(free_again, "double free");
	hak_remote_free(slab, 0, 0x8);
	CHECK(hak_slab_has(slab, 3));
	CHECK(hak_inbox_take(&inbox) == slab);
	CHECK(!hak_inbox_take(&inbox));
	CHECK(hak_remote_dequeue(slab) == NULL);
	CHECK(hak_remote_collect(slab) == 66);
	CHECK(slab->nfree == 66 && hak_slab_check(slab));
	CHECK(hak_remote_collect(slab) == 0);
	/* the next one queues it again */
	hak_remote_free(slab, 0, 1);
	CHECK(inbox.head == slab);
	CHECK(drain(&inbox) == 1);
	for (unsigned w = 0; w < 64; w++)
		hak_remote_free(slab, w, ~slab->bits[w]);
	CHECK(drain(&inbox) == 4096 - 67);
	retire(slab);
}

/* A freer that comes between dequeue and collect is not lost. */
static void check_order(void)
{
	struct hak_slab *slab = new_slab(32);

	take_all(slab);
	hak_remote_free(slab, 0, 1);
	CHECK(hak_inbox_take(&inbox) == slab);
	hak_remote_dequeue(slab);
	hak_remote_free(slab, 0, 2);
	CHECK(hak_remote_collect(slab) == 2);
	CHECK(inbox.head == slab); /* in vain, which is harmless */
	hak_remote_free(slab, 0, 4);
	CHECK(drain(&inbox) == 1);
	CHECK(!inbox.head);
	hak_remote_free(slab, 0, ~UINT64_C(7));
	CHECK(drain(&inbox) == 61);
	retire(slab);
}

/* Each owner gets its own; tags of every chunk; none for an owner gone. */
static void check_owners(void)
{
	static const uint32_t tags[] = { 2, 255, 256, 257, 4000, 0xffff };
	static struct hak_inbox in[COUNT(tags)];
	static uint64_t late[64];
	struct hak_slab *slab[COUNT(tags)];

	for (unsigned i = 0; i < COUNT(tags); i++) {
		CHECK(hak_inbox_register(tags[i], &in[i]));
		slab[i] = hak_pool_slab_new(20, tags[i]);
		CHECK(slab[i]);
		take_all(slab[i]);
	}
	for (unsigned i = 0; i < COUNT(tags); i++)
		hak_remote_free(slab[i], 0, 1);
	for (unsigned i = 0; i < COUNT(tags); i++) {
		CHECK(in[i].head == slab[i] && drain(&in[i]) == 1);
		/* the pool's has no number to be registered with */
		CHECK(hak_pool_give(slab[i]));
		hak_remote_free(slab[i], 0, 2);
		CHECK(!in[i].head);
		CHECK(hak_pool_inbox.head == slab[i]);
		CHECK(drain(&hak_pool_inbox) == 1);
		CHECK(hak_pool_adopt(20, tags[i]) == slab[i]);
		for (unsigned w = 0; w < hak_class[20].words; w++)
			CHECK(hak_slab_put(slab[i], w,
					   ~slab[i]->bits[w] &
						   hak_low64(slab[i]->blocks -
							     w * 64)) == 0);
		retire(slab[i]);
		/* a freer that is late finds nobody to tell */
		hak_slab_remote(slab[i])->bits = late;
		hak_remote_free(slab[i], 0, 1);
		CHECK(!in[i].head && !hak_pool_inbox.head);
		late[0] = 0;
	}
}

/* No memory to name an inbox in. */
static void check_refused(void)
{
	static struct hak_inbox in;
	unsigned refused = 0;

	for (uint32_t tag = 10000; tag < 50000; tag += 256) {
		hak_os_fail_at(1);
		refused += !hak_inbox_register(tag, &in);
		hak_os_fail_at(0);
		CHECK(hak_inbox_register(tag, &in));
	}
	/* each chunk of names takes 2 KiB */
	CHECK(refused <= 1);
}

/* ---- outbox -------------------------------------------------------------- */

#define SLABS 100

static void check_outbox(void)
{
	struct hak_slab *slab[SLABS];
	unsigned back = 0, put = 0;
	uint64_t seed = 1;

	for (unsigned i = 0; i < SLABS; i++) {
		slab[i] = new_slab(i % 2 ? 17 : 1);
		take_all(slab[i]);
	}
	CHECK(box.blocks == 0);
	hak_outbox_flush(&box);
	hak_outbox_free(&box, slab[0], 0, 8);
	CHECK(box.blocks == 1);
	CHECK(hak_outbox_has(&box, slab[0], 0, 8));
	CHECK(!hak_outbox_has(&box, slab[0], 0, 4));
	CHECK(!hak_outbox_has(&box, slab[0], 1, 8));
	CHECK(!hak_outbox_has(&box, slab[1], 0, 8));
	CHECK(!hak_slab_has(slab[0], 3));
	/* twice, seen before it has left */
	once = slab[0];
	DIES(free_in_outbox, "double free");
	hak_outbox_flush(&box);
	CHECK(box.blocks == 0 && !hak_outbox_has(&box, slab[0], 0, 8));
	CHECK(hak_slab_has(slab[0], 3));
	/* and after it has */
	DIES(flush_again, "double free");
	CHECK(drain(&inbox) == 1);

	/* many more slabs than entries, in any order: all arrive */
	for (unsigned round = 0; round < 40000; round++) {
		struct hak_slab *s = slab[t_below(&seed, SLABS)];
		unsigned i = (unsigned)t_below(&seed, s->blocks);
		uint64_t bit = UINT64_C(1) << i % 64;

		if (hak_slab_has(s, i) || hak_outbox_has(&box, s, i / 64, bit))
			continue;
		hak_outbox_free(&box, s, i / 64, bit);
		CHECK(hak_slab_has(s, i) !=
		      hak_outbox_has(&box, s, i / 64, bit));
		put++;
	}
	hak_outbox_flush(&box);
	CHECK(box.blocks == 0);
	back = drain(&inbox);
	CHECK(back == put && put > 10000);
	for (unsigned i = 0; i < SLABS; i++) {
		for (unsigned k = 0; k < slab[i]->blocks; k++)
			if (!hak_slab_has(slab[i], k))
				hak_outbox_free(&box, slab[i], k / 64,
						      UINT64_C(1) << k % 64);
		hak_outbox_flush(&box);
		drain(&inbox);
		retire(slab[i]);
	}
}

/* ---- double frees --------------------------------------------------------- */

static void own_and_remote(void)
{
	struct hak_slab *slab = new_slab(5);

	take_all(slab);
	hak_remote_free(slab, 0, 0x10);
	CHECK(hak_slab_put(slab, 0, 0x10) == 0);
	drain(&inbox);
}

static void never_handed_out(void)
{
	struct hak_slab *slab = new_slab(5);

	hak_remote_free(slab, 3, 1);
	drain(&inbox);
}

/* ---- one slab, one word --------------------------------------------------- */

/*
 * The owner takes some blocks, shows them in a word and looks at its inbox
 * until all are back; freers claim bits of that word and free them at once.
 */
static uint64_t shown; /* atomic; bit i: block i may be freed */
static uint64_t claimed[2];
static int hammer_stop; /* atomic */
static struct hak_slab *anvil;

static void *hammer(void *arg)
{
	uint64_t *n = arg;
	unsigned spins = 0;
	uint64_t mask = n == claimed ? UINT64_C(0x5555555555555555)
				     : UINT64_C(0xaaaaaaaaaaaaaaaa);

	while (!__atomic_load_n(&hammer_stop, __ATOMIC_ACQUIRE)) {
		uint64_t bits =
			__atomic_fetch_and(&shown, ~mask, __ATOMIC_ACQ_REL) &
			mask;

		for (; bits; bits &= bits - 1) {
			hak_remote_free(anvil, 0, bits & -bits);
			++*n;
		}
		if (++spins % 1000 == 0)
			sched_yield();
	}
	return NULL;
}

/* n blocks out; they have to come back without another free after them. */
static void hammer_round(unsigned n)
{
	double end = 0;
	uint64_t bits = 0;
	unsigned back = 0, spins = 0;
	void *p[64];

	CHECK(hak_slab_take(anvil, p, n, false) == n);
	for (unsigned i = 0; i < n; i++) {
		bool exact;

		bits |= UINT64_C(1) << hak_slab_index(anvil, p[i], &exact);
	}
	CHECK(hak_popcount64(bits) == n);
	CHECK(__atomic_fetch_or(&shown, bits, __ATOMIC_ACQ_REL) == 0);
	while (back < n) {
		back += drain(&inbox);
		if (++spins % 1000)
			continue;
		sched_yield();
		if (!end)
			end = t_now() + 10;
		else if (t_now() > end)
			FAIL("%u of %u blocks are lost", n - back, n);
	}
	CHECK(back == n && anvil->nfree == 64);
}

static void check_hammer(void)
{
	double end = t_now() + 0.5;
	uint64_t took = 0;
	pthread_t t[2];

	anvil = new_slab(32);
	CHECK(anvil->blocks == 64);
	for (unsigned i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, hammer, &claimed[i]) == 0);
	for (unsigned n = 1; t_now() < end; n = n % 64 + 1) {
		unsigned some = n % 2 ? n : n % 4 + 1;

		hammer_round(some);
		took += some;
	}
	__atomic_store_n(&hammer_stop, 1, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < 2; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	CHECK(claimed[0] + claimed[1] == took && took > 0);
	drain(&inbox); /* queued once more in vain */
	retire(anvil);
	printf("%llu blocks of one slab\n", (unsigned long long)took);
}

/* ---- threads ----------------------------------------------------------------- */

/*
 * Owners take blocks and lay them into boxes, freers take them from there.  A
 * block's first word is 1 while it is out.
 */
#define OWNERS 2
#define FREERS 2
#define BOXES 512
#define OWNED 24

static void *boxes[BOXES]; /* atomic */
static int owners_stop, owners_done, freers_stop; /* atomic */
static struct hak_inbox owner_inbox[OWNERS];
static uint64_t given[OWNERS], freed[FREERS], moved[OWNERS];
static const unsigned classes[] = { 1, 13, 32, 45 };

struct owner {
	struct hak_slab *slab[OWNED];
	unsigned n;
	uint64_t seed;
	unsigned id;
};

static bool stopped(const int *flag)
{
	return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static void lay(void *p, uint64_t *seed)
{
	hak_u64 *word = p;

	if (__atomic_exchange_n(word, 1, __ATOMIC_RELAXED) != 0)
		FAIL("%p was handed out twice", p);
	for (;;) {
		void **box = &boxes[t_below(seed, BOXES)];
		void *none = NULL;

		if (__atomic_compare_exchange_n(box, &none, p, false,
						__ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return;
		sched_yield();
	}
}

static void owner_more(struct owner *o)
{
	unsigned cls = classes[t_below(&o->seed, COUNT(classes))];
	struct hak_slab *slab;

	if (o->n == OWNED)
		return;
	hak_pool_enter();
	hak_pool_drain();
	slab = hak_pool_adopt(cls, 20 + o->id);
	if (slab)
		moved[o->id]++;
	else
		slab = hak_pool_slab_new(cls, 20 + o->id);
	hak_pool_leave();
	CHECK(slab);
	o->slab[o->n++] = slab;
}

/* To the pool, or back to EMPTY; it may have to stay. */
static void owner_less(struct owner *o, unsigned i)
{
	struct hak_slab *slab = o->slab[i];
	bool gone;

	hak_pool_enter();
	gone = slab->nfree == slab->blocks ? hak_pool_slab_retire(slab)
					   : hak_pool_give(slab);
	hak_pool_leave();
	if (gone)
		o->slab[i] = o->slab[--o->n];
}

static void *owner(void *arg)
{
	struct owner *o = arg;
	struct hak_inbox *in = &owner_inbox[o->id];
	void *p[8];

	while (!stopped(&owners_stop)) {
		unsigned i, n;

		drain(in);
		if (o->n < 4 || t_below(&o->seed, 16) == 0)
			owner_more(o);
		i = (unsigned)t_below(&o->seed, o->n);
		if (t_below(&o->seed, 16) == 0) {
			owner_less(o, i);
			continue;
		}
		n = hak_slab_take(o->slab[i], p, 8, false);
		while (n) {
			given[o->id]++;
			lay(p[--n], &o->seed);
		}
	}
	__atomic_fetch_add(&owners_done, 1, __ATOMIC_ACQ_REL);
	/* to the end: every block comes back */
	for (double end = t_now() + 20; o->n;) {
		drain(in);
		for (unsigned i = 0; i < o->n; i++)
			if (o->slab[i]->nfree == o->slab[i]->blocks)
				owner_less(o, i);
		if (t_now() > end)
			FAIL("%u blocks of a slab are lost",
			     o->slab[0]->blocks - o->slab[0]->nfree);
		sched_yield();
	}
	return NULL;
}

static void *freer(void *arg)
{
	unsigned id = *(unsigned *)arg;
	uint64_t seed = 77 + id;
	struct hak_outbox box = { 0 };

	for (bool last = false; !last;) {
		/* once more over all boxes when nothing more comes */
		last = stopped(&freers_stop);
		for (unsigned i = 0; i < BOXES; i++) {
			void *p = __atomic_exchange_n(&boxes[i], NULL,
						      __ATOMIC_ACQ_REL);
			struct hak_slab *slab;
			unsigned at;
			bool exact;

			if (!p)
				continue;
			slab = hak_registry_record(p);
			at = hak_slab_index(slab, p, &exact);
			CHECK(exact);
			CHECK(__atomic_exchange_n((hak_u64 *)p, 0,
						  __ATOMIC_RELAXED) == 1);
			freed[id]++;
			if (id % 2)
				hak_outbox_free(&box, slab, at / 64,
						      UINT64_C(1) << at % 64);
			else
				hak_remote_free(slab, at / 64,
						      UINT64_C(1) << at % 64);
		}
		if (last || t_below(&seed, 8) == 0)
			hak_outbox_flush(&box);
		sched_yield();
	}
	return NULL;
}

static void check_threads(void)
{
	static struct owner o[OWNERS];
	static unsigned ids[FREERS];
	pthread_t ot[OWNERS], ft[FREERS];
	uint64_t in = 0, out = 0;

	for (unsigned i = 0; i < OWNERS; i++) {
		o[i].id = i;
		o[i].seed = i + 1;
		CHECK(hak_inbox_register(20 + i, &owner_inbox[i]));
		CHECK(pthread_create(&ot[i], NULL, owner, &o[i]) == 0);
	}
	for (unsigned i = 0; i < FREERS; i++) {
		ids[i] = i;
		CHECK(pthread_create(&ft[i], NULL, freer, &ids[i]) == 0);
	}
	usleep(500000);
	__atomic_store_n(&owners_stop, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&owners_done, __ATOMIC_ACQUIRE) < OWNERS)
		usleep(1000);
	__atomic_store_n(&freers_stop, 1, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < FREERS; i++)
		CHECK(pthread_join(ft[i], NULL) == 0);
	for (unsigned i = 0; i < OWNERS; i++)
		CHECK(pthread_join(ot[i], NULL) == 0);
	hak_pool_enter();
	hak_pool_drain();
	hak_pool_leave();
	for (unsigned i = 0; i < OWNERS; i++)
		out += given[i];
	for (unsigned i = 0; i < FREERS; i++)
		in += freed[i];
	printf("%llu blocks, %llu and %llu slabs adopted\n",
	       (unsigned long long)in, (unsigned long long)moved[0],
	       (unsigned long long)moved[1]);
	CHECK(in == out && in > 1000);
	CHECK(hak_stats.slots_active == 0 && hak_pool_check());
}

int main(void)
{
	u_start();
	CHECK(hak_inbox_register(TAG, &inbox));
	check_one();
	check_order();
	check_owners();
	check_refused();
	check_outbox();
	CHECK(hak_stats.slots_active == 0);
	DIES(own_and_remote, "double free of 0x");
	DIES(never_handed_out, "double free of 0x");
	check_hammer();
	check_threads();
	return 0;
}
