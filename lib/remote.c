/* SPDX-License-Identifier: MIT */
#include "remote.h"

#include "assert.h"
#include "bits.h"
#include "fault.h"
#include "fmt.h"
#include "meta.h"
#include "options.h"
#include "pool.h"
#include "sizeclass.h"

#define INBOX_CHUNK 256u

/* Inboxes by tag, in chunks that appear when a tag of theirs does. */
static HAK_SPARSE struct hak_inbox **inbox_chunk[65536 / INBOX_CHUNK];

uint32_t hak_outbox_used;

static uint32_t remote_said; /* atomic relaxed; kinds of event printed */

static void remote_debug(const char *what, const struct hak_slab *slab,
			 uint64_t bits, unsigned bit)
{
	char line[160];
	struct hak_fmt f;

	if (hak_likely(!hak_opt.remote_debug) ||
	    (__atomic_fetch_or(&remote_said, 1u << bit, __ATOMIC_RELAXED) &
	     (1u << bit)))
		return;
	hak_fmt_init(&f, line, sizeof(line));
	hak_fmt(&f, "remote: %s %u of %p (%u-byte class), owner %u", what,
		hak_popcount64(bits), (void *)slab->base,
		(unsigned)hak_class_size(slab->cls),
		(unsigned)hak_rstate_owner(hak_slab_remote(slab)->rstate));
	hak_warn(line);
}

bool hak_inbox_register(uint32_t tag, struct hak_inbox *inbox)
{
	struct hak_inbox ***chunk = &inbox_chunk[tag / INBOX_CHUNK];

	if (!*chunk) {
		struct hak_inbox **c = hak_meta_alloc(INBOX_CHUNK * sizeof(*c),
						      HAK_CACHE_LINE);

		if (!c)
			return false;
		/* release: a freer that reads the tag finds the chunk */
		__atomic_store_n(chunk, c, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&(*chunk)[tag % INBOX_CHUNK], inbox, __ATOMIC_RELEASE);
	return true;
}

static struct hak_inbox *inbox_of(uint32_t tag)
{
	struct hak_inbox **chunk;

	if (tag == HAK_TAG_POOL)
		return &hak_pool_inbox;
	chunk = __atomic_load_n(&inbox_chunk[tag / INBOX_CHUNK],
				__ATOMIC_ACQUIRE);
	return __atomic_load_n(&chunk[tag % INBOX_CHUNK], __ATOMIC_ACQUIRE);
}

static void remote_queue(struct hak_slab *slab, struct hak_remote *r)
{
	/* seq_cst: after the OR of the summary, partner is the owner's clear
	 * of queued before its exchange */
	uint64_t old = __atomic_load_n(&r->rstate, __ATOMIC_SEQ_CST);
	struct hak_inbox *inbox;
	struct hak_slab *head;

	do {
		if ((old & HAK_RSTATE_QUEUED) ||
		    hak_rstate_owner(old) == HAK_TAG_NONE)
			return;
	} while (!__atomic_compare_exchange_n(
		&r->rstate, &old, old | HAK_RSTATE_QUEUED, true,
		__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	inbox = inbox_of(hak_rstate_owner(old));
	head = __atomic_load_n(&inbox->head, __ATOMIC_RELAXED);
	do {
		r->next = head;
		/* release: publishes next; partner is hak_inbox_take */
	} while (!__atomic_compare_exchange_n(&inbox->head, &head, slab, true,
					      __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
}

void hak_remote_free(struct hak_slab *slab, unsigned w, uint64_t bits)
{
	struct hak_remote *r = hak_slab_remote(slab);
	/* acq_rel: the freer's last writes to the blocks come before their
	 * reuse by the owner */
	uint64_t twice =
		__atomic_fetch_or(&r->bits[w], bits, __ATOMIC_ACQ_REL) & bits;

	if (hak_unlikely(twice))
		hak_slab_twice(slab, w, twice);
	__atomic_fetch_or(&r->summary, UINT64_C(1) << w, __ATOMIC_SEQ_CST);
	remote_queue(slab, r);
	remote_debug("free", slab, bits, 0);
}

unsigned hak_remote_collect(struct hak_slab *slab)
{
	struct hak_remote *r = hak_slab_remote(slab);
	uint64_t words = __atomic_exchange_n(&r->summary, 0, __ATOMIC_SEQ_CST) &
			 hak_low64(hak_class[slab->cls].words);
	unsigned moved = 0;

	for (; words; words &= words - 1) {
		unsigned w = hak_ctz64(words);
		uint64_t bits =
			__atomic_exchange_n(&r->bits[w], 0, __ATOMIC_ACQ_REL);
		uint64_t twice = bits ? hak_slab_put(slab, w, bits) : 0;

		if (hak_unlikely(twice))
			hak_slab_twice(slab, w, twice & bits);
		moved += hak_popcount64(bits);
	}
	remote_debug("collect", slab, moved ? 1 : 0, 1);
	return moved;
}

struct hak_slab *hak_inbox_take(struct hak_inbox *inbox)
{
	if (!__atomic_load_n(&inbox->head, __ATOMIC_RELAXED))
		return NULL;
	/* acquire: partner is the release push in remote_queue */
	return __atomic_exchange_n(&inbox->head, NULL, __ATOMIC_ACQUIRE);
}

struct hak_slab *hak_remote_dequeue(struct hak_slab *slab)
{
	struct hak_remote *r = hak_slab_remote(slab);
	struct hak_slab *next = r->next;

	__atomic_fetch_and(&r->rstate, ~HAK_RSTATE_QUEUED, __ATOMIC_SEQ_CST);
	return next;
}

/* ---- outbox ------------------------------------------------------------ */

static struct hak_outbox_entry *
outbox_entry(struct hak_outbox *box, const struct hak_slab *slab, unsigned w)
{
	size_t h = ((uintptr_t)slab / HAK_CACHE_LINE) ^
		   ((uintptr_t)slab / HAK_SS_RECORD) ^ w;

	return &box->entry[h % HAK_OUTBOX_ENTRIES];
}

static void outbox_send(struct hak_outbox *box, struct hak_outbox_entry *e)
{
	struct hak_slab *slab = e->slab;
	uint64_t bits = e->bits;

	/* emptied first: a fork's child that finds both would free twice */
	e->slab = NULL;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	box->blocks -= hak_popcount64(bits);
	hak_remote_free(slab, e->w, bits);
	if (!box->blocks)
		__atomic_fetch_sub(&hak_outbox_used, 1, __ATOMIC_RELEASE);
}

void hak_outbox_free(struct hak_outbox *box, struct hak_slab *slab, unsigned w,
		     uint64_t bit)
{
	struct hak_outbox_entry *e = outbox_entry(box, slab, w);

	/* counted first: a fork's child that finds one too many looks at keys
	 * in vain, one too few would miss them */
	if (!box->blocks)
		__atomic_fetch_add(&hak_outbox_used, 1, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	box->blocks++;
	if (e->slab == slab && e->w == w) {
		if (hak_unlikely(e->bits & bit))
			hak_slab_twice(slab, w, bit);
		e->bits |= bit;
	} else {
		if (e->slab)
			outbox_send(box, e);
		e->bits = bit;
		e->w = w;
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		e->slab = slab;
	}
}

void hak_outbox_flush(struct hak_outbox *box)
{
	for (unsigned i = 0; i < HAK_OUTBOX_ENTRIES && box->blocks; i++)
		if (box->entry[i].slab)
			outbox_send(box, &box->entry[i]);
}

bool hak_outbox_has(const struct hak_outbox *box, const struct hak_slab *slab,
		    unsigned w, uint64_t bit)
{
	const struct hak_outbox_entry *e =
		outbox_entry((struct hak_outbox *)(uintptr_t)box, slab, w);

	return e->slab == slab && e->w == w && (e->bits & bit);
}
