/* SPDX-License-Identifier: MIT */
/*
 * remote.h - frees by threads that do not own the slab
 *
 * Responsibility: the protocol between freers and owner, the owners' inboxes,
 * and the outbox that groups a thread's remote frees by slab and word.
 *
 * Protocol.  Freer: OR the block's bit (set already: double free), OR the
 * summary, then look at rstate: queued set, or no owner (the block has been
 * collected and the slab retired) = done; else CAS queued in and push the
 * slab to the inbox of the owner named in that same word.  Owner: clear
 * queued first, then exchange summary and bits.  Changing or dropping the
 * owner is a CAS that requires queued = 0.  So a bit that is set is either
 * seen by the exchange, or its freer finds queued = 0 afterwards and queues
 * the slab again; and a slab in an inbox keeps its owner.  A slab cannot be
 * retired before all its blocks' bits were collected, and records are
 * type-stable, so a late look at rstate meets at worst another life of the
 * slab: a spurious queueing, which is harmless.
 *
 * Contract: hak_remote_free and the outbox functions are called by any
 * thread, without the pool lock; hak_remote_collect by the owner.  Collecting
 * before queued is cleared would lose a block for good.
 *
 * Observable: remote_freed, drained, drains; HAKMEM_REMOTE_DEBUG prints each
 * kind of transition once.
 *
 * Composable: needs superslab.h, slab.h, pool.h (the pool's inbox).
 */
#ifndef HAK_REMOTE_H
#define HAK_REMOTE_H

#include "base.h"
#include "slab.h"
#include "superslab.h"

/* An outbox entry is the free bits of one bitmap word of one slab. */
#define HAK_OUTBOX_ENTRIES 32u

struct hak_outbox_entry {
	struct hak_slab *slab; /* NULL: unused */
	uint64_t bits;
	uint32_t w;
};

struct hak_outbox {
	uint32_t blocks; /* waiting */
	struct hak_outbox_entry entry[HAK_OUTBOX_ENTRIES];
};

/* Blocks of word w are free.  One that was freed before is reported. */
void hak_remote_free(struct hak_slab *slab, unsigned w, uint64_t bits);

/* The same through the outbox. */
void hak_outbox_free(struct hak_outbox *box, struct hak_slab *slab, unsigned w,
		     uint64_t bit);
void hak_outbox_flush(struct hak_outbox *box);
bool hak_outbox_has(const struct hak_outbox *box, const struct hak_slab *slab,
		    unsigned w, uint64_t bit);

/* Outboxes that hold blocks; atomic. */
extern uint32_t hak_outbox_used HAK_HIDDEN;

/* May a block of the slab have been freed by another thread, and not be in the
 * slab's own bitmap yet?  Exact for frees that this thread knows of. */
static inline bool hak_remote_waits(const struct hak_slab *slab)
{
	return __atomic_load_n(&hak_outbox_used, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&hak_slab_remote(slab)->summary,
			       __ATOMIC_RELAXED);
}

/* Move remote bits into the slab's own bitmap; the number moved. */
unsigned hak_remote_collect(struct hak_slab *slab);

/* Everything queued for this inbox, as a list through the remote records. */
struct hak_slab *hak_inbox_take(struct hak_inbox *inbox);

/* Clear queued; the next slab of the taken list. */
struct hak_slab *hak_remote_dequeue(struct hak_slab *slab);

/* Name an inbox by its owner's tag; pool lock held.  false: no memory. */
bool hak_inbox_register(uint32_t tag, struct hak_inbox *inbox);

#endif /* HAK_REMOTE_H */
