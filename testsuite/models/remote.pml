/* SPDX-License-Identifier: MIT */
/*
 * remote.pml - frees by threads that do not own the slab
 *
 * Two freers and two owners, one of which works for the pool as well, share
 * two slabs that are made, filled, emptied, handed on and retired for ever.
 * One of them has in every other life a second bitmap word, with two blocks,
 * which an outbox may send together.  In brackets stands the function in lib/
 * that each step is taken from.
 *
 * Properties
 *   nothing lost  when no freer is under way, a set bit belongs to a slab that
 *                 is queued: somebody will look
 *   one at a time blocks are handed out when they are free, once; a slab's own
 *                 words are touched by its owner alone
 *   inboxes       a slab is in one inbox at most, that of its owner, and a
 *                 taken list holds together
 *   retired       a slab that goes back to the pool has no block elsewhere
 *
 * Sequentially consistent, as the atomics are that matter: each is a locked
 * instruction or SEQ_CST where the order between two of them counts.  rstate
 * has no generation here: what holds when a CAS may meet a word of another
 * life holds when it may not.
 *
 * SIZE in the environment has three digits, the number of slabs, freers and
 * owners.  BUG, 1 to BUGS, makes the model commit a mistake that one of the
 * properties has to find.
 */
c_decl { \#include <stdlib.h> }

#define BUGS 8

#define SLABS 2
#define NONE 0 /* HAK_TAG_NONE */
#define POOL 1 /* HAK_TAG_POOL */
#define NIL 255

byte bug;
bool started;
byte slabs, freers, owners; /* how many take part */
byte pool_lock; /* 0: free */

/* A slab.  Block 0 is in word 0, blocks 1 and 2 are in word 1. */
typedef slab {
	byte bits; /* own: 1 = free */
	byte words; /* of this life: 1, or 2 with blocks in word 1 alone */
	/* struct hak_remote */
	byte owner; /* rstate: owner, queued */
	bool queued;
	byte summary;
	byte rbits;
	byte next;
	/* what really is */
	byte live; /* blocks the program has */
	byte freers; /* that are inside hak_remote_free, by OR of rbits */
	byte keeper; /* who may touch bits */
	bool alive;
	bool collecting;
	byte in; /* 1 + tag of the inbox that it is in, or was taken from */
};
slab s[SLABS];
byte inbox[4]; /* by tag: first slab, or NIL */

#define all(x) (s[x].words == 2 -> 6 : 1)
#define word(w) ((w) == 1 -> 6 : 1) /* mask of its blocks */

/* No bit may stay behind. */
inline nothing_lost(x)
{
	assert(s[x].freers || !s[x].rbits || s[x].queued || s[x].collecting)
}

/* ---- freers: [hak_remote_free, remote_queue] ----------------------------- */

inline or_bits(x)
{
	atomic {
		assert(!(s[x].rbits & m));
		assert(w < s[x].words);
		s[x].rbits = s[x].rbits | m
	}
}

inline queue(x)
{
	/* load of rstate */
	atomic { old = s[x].owner; oldq = s[x].queued };
	do
	:: oldq || old == NONE -> break
	:: else ->
		/* CAS */
		atomic {
			if
			:: s[x].owner == old && !s[x].queued ->
				s[x].queued = 1;
				if
				:: bug == 5 && tag != NONE -> old = tag
				:: else
				fi;
				pushing = 1
			:: else ->
				old = s[x].owner;
				oldq = s[x].queued
			fi
		};
		if
		:: pushing ->
			head = inbox[old];
			do
			:: pushing ->
				s[x].next = head;
				atomic {
					if
					:: inbox[old] == head ->
						assert(s[x].alive);
						assert(!s[x].in);
						s[x].in = old + 1;
						inbox[old] = x;
						pushing = 0
					:: else -> head = inbox[old]
					fi
				}
			:: else -> break
			od;
			break
		:: else
		fi
	od
}

active [2] proctype Freer()
{
	byte x, w, m, old, head, tag;
	bool oldq, pushing;

	(started && _pid < freers);
	do
	:: atomic {
		if
		:: s[0].live & 1 -> x = 0; m = 1
		:: s[0].live & 2 -> x = 0; m = 2
		:: s[0].live & 4 -> x = 0; m = 4
		:: s[0].live == 6 -> x = 0; m = 6
		:: s[1].live & 1 -> x = 1; m = 1
		fi;
		w = m > 1;
		s[x].live = s[x].live & ~m;
		tag = s[x].owner;
		s[x].freers++
	   };
	   if
	   :: bug == 3 -> /* looks before it has set anything */
		queue(x);
		or_bits(x);
		s[x].summary = s[x].summary | (1 << w)
	   :: bug == 4 -> /* queues what cannot be seen yet */
		or_bits(x);
		queue(x);
		s[x].summary = s[x].summary | (1 << w)
	   :: else ->
		or_bits(x);
		s[x].summary = s[x].summary | (1 << w);
		queue(x)
	   fi;
	   atomic {
		s[x].freers--;
		nothing_lost(x);
		old = 0; oldq = 0; head = 0; tag = 0; m = 0; w = 0; x = 0
	   }
	od
}

/* ---- owners -------------------------------------------------------------- */

/* [hak_remote_collect], by who */
inline collect(x, who)
{
	atomic {
		assert(s[x].keeper == who && s[x].alive);
		sum = s[x].summary;
		s[x].summary = 0;
		if
		:: bug == 6 /* a bit of another life */
		:: else -> sum = sum & ((1 << s[x].words) - 1)
		fi
	};
	w = 0;
	do
	:: w < 2 && (sum & (1 << w)) ->
		atomic {
			assert(w < s[x].words);
			assert(!(s[x].bits & s[x].rbits & word(w)));
			s[x].bits = s[x].bits | (s[x].rbits & word(w));
			s[x].rbits = s[x].rbits & ~word(w)
		};
		w++
	:: w < 2 && !(sum & (1 << w)) -> w++
	:: else -> break
	od;
	atomic {
		s[x].collecting = 0;
		nothing_lost(x);
		sum = 0;
		w = 0
	}
}

/* [hak_remote_dequeue], and the exchange that takes it from the taken list */
inline dequeue(x, who)
{
	atomic {
		assert(s[x].queued && s[x].in == who + 1 &&
		       s[x].owner == who);
		if
		:: bug == 7 -> /* next is read when others may write it */
			skip
		:: else -> next = s[x].next
		fi
	};
	atomic {
		s[x].queued = 0;
		s[x].in = 0;
		s[x].next = (bug == 7 -> s[x].next : NIL);
		s[x].collecting = 1
	};
	if
	:: bug == 7 -> next = s[x].next
	:: else
	fi
}

/* [pool_set_owner], what succeeds when ok; the keeper changes with it */
inline set_owner(x, tag)
{
	atomic {
		ok = !s[x].queued || bug == 2;
		if
		:: ok ->
			s[x].owner = tag;
			if
			:: tag != NONE -> s[x].keeper = tag
			:: else
			fi
		:: else
		fi
	}
}

/* [hak_pool_slab_retire], pool lock held */
inline retire(x)
{
	if
	:: bug == 8 -> /* as nobody is expected to be under way */
		atomic { s[x].owner = NONE; ok = 1 }
	:: else -> set_owner(x, NONE)
	fi;
	if
	:: ok ->
		atomic {
			assert(s[x].bits == all(x) && !s[x].live);
			assert(!(s[x].rbits & all(x)));
			s[x].alive = 0;
			s[x].keeper = NONE;
			s[x].bits = 0
		}
	:: else
	fi
}

inline lock()
{
	atomic { pool_lock == 0 -> pool_lock = me }
}

inline unlock()
{
	pool_lock = 0
}

/* [hak_heap_drain, heap_settle], by a heap; [hak_pool_drain, pool_settle] */
inline drain(who)
{
	atomic { x = inbox[who]; inbox[who] = NIL };
	do
	:: x == NIL -> break
	:: else ->
		if
		:: bug == 1 -> /* bits first, then queued */
			s[x].collecting = 1;
			collect(x, who);
			dequeue(x, who);
			atomic { s[x].collecting = 0; nothing_lost(x) }
		:: else ->
			dequeue(x, who);
			collect(x, who)
		fi;
		if
		:: s[x].bits == all(x) && who == POOL -> retire(x)
		:: s[x].bits == all(x) && who != POOL ->
			lock();
			retire(x);
			unlock()
		:: else
		fi;
		atomic { x = next; next = NIL; ok = 0 }
	od;
	x = 0
}

/* [hak_pool_slab_new] for me, pool lock held */
inline slab_new(y)
{
	atomic {
		s[y].alive = 1;
		s[y].words = (y == 0 && !two -> 2 : 1);
		two = (y == 0 -> !two : two);
		s[y].bits = 0 /* nothing carved: all are handed out at once */
	};
	s[y].rbits = 0;
	s[y].summary = 0;
	set_owner(y, me);
	assert(ok);
	s[y].live = all(y);
	ok = 0
}

bool two; /* slab 0 had two words in its last life */

active [2] proctype Owner()
{
	byte me = _pid; /* tags 2 and 3 */
	byte x, w, sum, next;
	bool ok;

	(started && _pid - 2 < owners);
	next = NIL;
	do
	:: drain(me)
	:: /* [hak_slab_take] */
	   atomic {
		if
		:: s[0].alive && s[0].keeper == me && s[0].bits -> x = 0
		:: s[1].alive && s[1].keeper == me && s[1].bits -> x = 1
		fi;
		assert(!(s[x].live & s[x].bits));
		s[x].live = s[x].live | s[x].bits;
		s[x].bits = 0;
		x = 0
	   }
	:: /* [heap_more] */
	   lock();
	   drain(POOL);
	   /* [hak_pool_adopt] */
	   if
	   :: s[0].alive && s[0].keeper == POOL && s[0].bits -> x = 0
	   :: s[1].alive && s[1].keeper == POOL && s[1].bits -> x = 1
	   :: else -> x = NIL
	   fi;
	   if
	   :: x != NIL ->
		set_owner(x, me);
		if
		:: ok -> collect(x, me)
		:: else
		fi
	   :: x == NIL && !s[0].alive -> slab_new(0)
	   :: x == NIL && slabs > 1 && !s[1].alive ->
		slab_new(1)
	   :: else
	   fi;
	   atomic { x = 0; ok = 0 };
	   unlock()
	:: /* [hak_heap_dissolve, hak_pool_give] */
	   lock();
	   if
	   :: s[0].alive && s[0].keeper == me -> x = 0
	   :: s[1].alive && s[1].keeper == me -> x = 1
	   :: else -> x = NIL
	   fi;
	   if
	   :: x != NIL ->
		set_owner(x, POOL);
		if
		:: ok ->
			collect(x, POOL);
			if
			:: s[x].bits == all(x) -> retire(x)
			:: else
			fi
		:: else
		fi
	   :: else
	   fi;
	   atomic { x = 0; ok = 0 };
	   unlock()
	od
}

init
{
	atomic {
		c_code {
			char *b = getenv("BUG");
			int size = atoi(getenv("SIZE"));
			now.bug = b ? atoi(b) : 0;
			now.slabs = size / 100;
			now.freers = size / 10 % 10;
			now.owners = size % 10;
		};
		inbox[1] = NIL;
		inbox[2] = NIL;
		inbox[3] = NIL;
		started = true
	}
}
