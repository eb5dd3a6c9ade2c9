/* SPDX-License-Identifier: MIT */
/*
 * slots.pml - the states of slots, and a fork in the middle of a change
 *
 * Two threads acquire, resize and release runs of one or two slots of a
 * SuperSlab and purge what is EMPTY, one store at a time; a Large run that a
 * thread frees it may also keep, join with what it keeps beside it, take again
 * later, whole or its front, or give back: when there are too many, and all when
 * it ends.  At any of these steps one of them may fork, also from a handler in
 * the middle of its own; its child mends what the other left, and looks for what
 * that had kept some time later.  In brackets stands the function in lib/ that
 * each step is taken from.
 *
 * Properties
 *   one state    no slot is ACTIVE and EMPTY, and it is ACTIVE if and only if
 *                the registry knows it, whenever the lock is free
 *   one owner    memory that is handed out belongs to nobody else and is never
 *                discarded, in the child too; a run that is kept is kept by one
 *                thread, also when two threads free it at once, of which the
 *                other one reports a double free
 *   zero         what is marked as reading zero does
 *   nothing lost memory that is UNUSED is not resident; a run is ACTIVE as a
 *                whole; whatever is ACTIVE belongs to the program, is kept, or is
 *                under way, so that all is given back when the program has freed
 *                everything and its threads have ended; the child gets what the
 *                other thread kept and loses what was under way at most: one run
 *
 * The lock is a real one here: steps of the holder are seen by a fork only.
 * Variable BUG of the environment, 1 to BUGS, makes the model commit a mistake
 * that one of the properties has to find.
 */
c_decl { \#include <stdlib.h> }

#define SLOTS 2
#define BUGS 17

/* registry words: of a slab's slots, of a Large run's first slot */
#define FIRST 1
#define TAIL 2
#define LARGE 3
#define KEPT(t) (3 + (t)) /* of a kept run's first slot; its thread */
#define END(t) (5 + (t)) /* of its second one */
#define is_kept(word) ((word) == KEPT(1) || (word) == KEPT(2))

byte bug;
bool started;
byte lock; /* thread that holds it, 0: free */
byte vanished; /* thread that a fork left behind */
byte fault; /* a double free was reported: the process ends */
byte twice; /* 1 + slot of a run that its holder and another thread free */

/* masks, bit i for slot i [pub.active and so on of struct hak_superslab] */
byte act;
byte emp;
byte zero;

byte word[SLOTS];
byte length[SLOTS]; /* [pub.run]; of a slab, its class's */

byte kept[3]; /* by thread, mask of first slots [struct hak_large_cache] */

/* what really is */
byte holder[SLOTS]; /* thread that the memory was given to */
byte busy[SLOTS]; /* thread that is taking it or giving it away */
byte dirty; /* mask: contents other than zero */
byte resident; /* mask */

#define bits(slot, n) (((1 << (n)) - 1) << (slot))
#define has(mask, slot) (((mask) >> (slot)) & 1)

/* A Large run has a word for its first slot only; a kept one may have one for the
 * second, also of its own while it is split or joined. */
#define large_tail(i) \
	((i) == 1 && word[0] >= LARGE && length[0] == 2)

inline check()
{
	d_step {
		i = 0;
		do
		:: i < SLOTS ->
			assert(!(has(act, i) && has(emp, i)));
			assert(has(act, i) == (word[i] != 0 || large_tail(i)));
			assert(!holder[i] || has(act, i));
			assert(!has(zero, i) ||
			       !has(act | emp | dirty, i));
			assert(has(act | emp, i) || !has(resident, i));
			assert(word[i] != TAIL ||
			       (i > 0 && word[0] == FIRST && length[0] == 2));
			assert(!is_kept(word[i]) || !holder[i]);
			assert(!has(kept[1], i) || word[i] == KEPT(1));
			assert(!has(kept[2], i) || vanished == 2 ||
			       word[i] == KEPT(2));
			assert(word[i] == 0 || word[i] == TAIL || holder[i] ||
			       busy[i] || is_kept(word[i]) ||
			       (i > 0 && is_kept(word[0])));
			i++
		:: else -> break
		od;
		assert(length[0] != 2 || word[0] != FIRST ||
		       (has(act, 1) && word[1] == TAIL));
		assert(!large_tail(1) || has(act, 1));
		assert(word[0] != LARGE || length[0] == 1 || !word[1]);
		assert(word[1] <= END(0) ||
		       (word[0] + 2 == word[1] && length[0] == 2));
		i = 0
	}
}

inline take_lock()
{
	if
	:: bug == 1 /* no lock */
	:: bug != 1 -> atomic { lock == 0 -> lock = me }
	fi
}

inline drop_lock()
{
	check();
	if
	:: bug == 1
	:: else -> lock = 0
	fi
}

/* hak_pool_acquire, then its callers in large.c and pool.c */
inline acquire()
{
	take_lock();
	/* [pool_find] a run of n that is free */
	if
	:: !(act & bits(0, 1)) -> slot = 0; n = 1
	:: !(act & bits(1, 1)) -> slot = 1; n = 1
	:: !(act & bits(0, 2)) -> slot = 0; n = 2
	:: else -> n = 0
	fi;
	if
	:: n == 0
	:: n > 0 ->
		busy[slot] = me;
		/* [pool_activate] */
		was_zero = zero & bits(slot, n);
		zero = zero & ~bits(slot, n);
		if
		:: bug == 2 -> /* committed before it is ACTIVE */
			length[slot] = n;
			word[slot] = LARGE
		:: else
		fi;
		/* [pool_set] */
		if
		:: bug == 3 -> /* EMPTY ends before ACTIVE begins */
			emp = emp & ~bits(slot, n);
			act = act | bits(slot, n)
		:: else ->
			act = act | bits(slot, n);
			emp = emp & ~bits(slot, n)
		fi;
		length[slot] = n;
		/* [hak_registry_set_run] of a slab: the first one last */
		if
		:: n == 2 && bug == 4 ->
			word[slot] = FIRST;
			word[slot + 1] = TAIL
		:: n == 2 && bug != 4 ->
			word[slot + 1] = TAIL;
			word[slot] = FIRST
		:: /* [large_register] */
			word[slot] = LARGE
		fi
	fi;
	drop_lock();
	if
	:: n > 0 ->
		d_step {
			assert(!(was_zero & dirty));
			assert(!holder[slot]);
			holder[slot] = me;
			busy[slot] = 0;
			if
			:: n == 2 ->
				assert(!holder[slot + 1]);
				holder[slot + 1] = me
			:: else
			fi
		}
		/* the program writes to it */
		d_step {
			dirty = dirty | bits(slot, n);
			resident = resident | bits(slot, n)
		}
	:: else
	fi;
	was_zero = 0
}

/* The program frees its run; another thread may do so at the same time. */
inline give_up()
{
	d_step {
		holder[slot] = 0;
		busy[slot] = me;
		if
		:: n == 2 -> holder[slot + 1] = 0
		:: else
		fi
	}
	if
	:: word[slot] == LARGE && vanished == 0 && !twice -> twice = slot + 1
	:: skip
	fi
}

/* [large_release, hak_pool_slab_retire] lock held */
inline give_back()
{
	if
	:: bug == 5 -> /* EMPTY before the commit record is gone */
		emp = emp | bits(slot, n);
		act = act & ~bits(slot, n)
	:: else
	fi;
	/* [hak_registry_set_run] the first one first */
	word[slot] = 0;
	if
	:: n == 2 -> word[slot + 1] = 0
	:: else
	fi;
	length[slot] = 0;
	/* [pool_set] */
	if
	:: bug == 5
	:: bug == 6 -> /* ACTIVE ends before EMPTY begins */
		act = act & ~bits(slot, n);
		emp = emp | bits(slot, n)
	:: else ->
		emp = emp | bits(slot, n);
		act = act & ~bits(slot, n)
	fi;
	busy[slot] = 0;
	n = 0
}

/* [hak_large_free], a slab's end */
inline release()
{
	give_up();
	take_lock();
	if
	:: word[slot] != LARGE && word[slot] != FIRST -> fault = 1
	:: else ->
		if
		:: twice == slot + 1 -> twice = 0
		:: else
		fi;
		give_back()
	fi;
	drop_lock()
}

/* One of those that the thread keeps, which stays in slot. */
inline pick()
{
	if
	:: has(kept[me], 0) -> slot = 0
	:: has(kept[me], 1) -> slot = 1
	fi;
	busy[slot] = me;
	n = length[slot];
	if
	:: bug == 14 /* used, and still kept */
	:: else -> kept[me] = kept[me] & ~bits(slot, 1)
	fi
}

/* [large_drop] lock held */
inline drop()
{
	do
	:: kept[me] && bug != 14 ->
		pick();
		if
		:: n == 2 -> word[1] = 0
		:: else
		fi;
		give_back()
	:: else -> break
	od
}

/* [hak_large_drop] when a thread ends, and what it has kept unused */
inline drop_all()
{
	if
	:: bug == 11 -> kept[me] = 0 /* as if it went with the heap */
	:: else
	fi;
	take_lock();
	drop();
	drop_lock();
	d_step {
		assert(kept[me] == 0 || bug == 14);
		slot = 0
	}
}

/* [large_claim] of a run that is being freed; was_kept: it was already */
inline claim()
{
	atomic {
		was_kept = word[slot] != LARGE;
		if
		:: was_kept || bug == 12 /* no compare and exchange */
		:: else -> word[slot] = KEPT(me); twice = 0
		fi
	}
	if
	:: bug == 12 && !was_kept -> atomic { word[slot] = KEPT(me); twice = 0 }
	:: else
	fi
}

/* [large_file, large_join] both slots become one run */
inline join()
{
	d_step { busy[0] = me; busy[1] = me; kept[me] = 0 }
	if
	:: bug == 13 -> /* no longer known before it is part of the other */
		word[1] = 0;
		length[0] = 2
	:: else ->
		length[0] = 2;
		word[1] = 0
	fi;
	length[1] = 0;
	word[1] = END(me);
	d_step { kept[me] = bits(0, 1); busy[0] = 0; busy[1] = 0 }
}

/* [hak_large_keep] of what was claimed */
inline keep()
{
	if
	:: was_kept -> fault = 1
	:: else ->
		d_step { kept[me] = kept[me] | bits(slot, 1); busy[slot] = 0 };
		if
		:: n == 2 -> word[1] = END(me)
		:: kept[me] == 3 -> join()
		:: skip /* not looked at yet */
		fi;
		if
		:: take_lock(); drop(); drop_lock() /* too many */
		:: skip
		fi;
		d_step { n = 0; slot = 0 }
	fi;
	was_kept = 0
}

/* [large_split] slot 0 from slot 1, which stays */
inline split()
{
	busy[1] = me;
	if
	:: bug == 10 -> /* short before the rest is known */
		length[0] = 1;
		length[1] = 1;
		word[1] = KEPT(me)
	:: bug == 16 -> /* a block before it is short */
		length[1] = 1;
		word[1] = KEPT(me);
		word[0] = LARGE;
		length[0] = 1
	:: else ->
		length[1] = 1;
		word[1] = KEPT(me);
		length[0] = 1
	fi;
	d_step { kept[me] = kept[me] | bits(1, 1); busy[1] = 0; n = 1 }
}

/* [hak_large_take, large_search] */
inline take()
{
	pick();
	if
	:: n == 2 -> split()
	:: n == 2 -> word[1] = 0
	:: n == 1
	fi;
	word[slot] = LARGE;
	d_step {
		assert(!holder[slot] && has(act, slot));
		holder[slot] = me;
		busy[slot] = 0;
		dirty = dirty | bits(slot, n);
		if
		:: n == 2 ->
			assert(!holder[1] && has(act, 1));
			holder[1] = me
		:: else
		fi
	}
}

/* [hak_large_resize, large_grow, hak_pool_extend] slot 1 joins slot 0 */
inline grow()
{
	take_lock();
	if
	:: has(act, 1)
	:: else ->
		busy[0] = me;
		/* [pool_activate] */
		zero = zero & ~bits(1, 1);
		act = act | bits(1, 1);
		emp = emp & ~bits(1, 1);
		length[0] = 2;
		d_step {
			assert(!holder[1]);
			holder[1] = me;
			busy[0] = 0;
			dirty = dirty | bits(1, 1);
			resident = resident | bits(1, 1);
			n = 2
		}
	fi;
	drop_lock()
}

/* [hak_large_resize, large_shrink] */
inline shrink()
{
	take_lock();
	d_step {
		holder[1] = 0;
		busy[0] = me
	}
	if
	:: bug == 9 -> /* released before the run is short */
		emp = emp | bits(1, 1);
		act = act & ~bits(1, 1);
		length[0] = 1
	:: else ->
		length[0] = 1;
		emp = emp | bits(1, 1);
		act = act & ~bits(1, 1)
	fi;
	busy[0] = 0;
	n = 1;
	drop_lock()
}

/* [hak_pool_purge, pool_purge_run] of one EMPTY slot */
inline purge()
{
	take_lock();
	if
	:: has(emp, 0) -> slot = 0; n = 1
	:: has(emp, 1) -> slot = 1; n = 1
	:: bug == 7 && word[0] -> slot = 0; n = 1 /* whatever its state */
	:: else -> n = 0
	fi;
	if
	:: n == 0
	:: n > 0 && bug == 8 -> /* said before it is so */
		emp = emp & ~bits(slot, n);
		zero = zero | bits(slot, n);
		atomic {
			dirty = dirty & ~bits(slot, n);
			resident = resident & ~bits(slot, n)
		}
	:: n > 0 && bug != 8 -> /* MADV_DONTNEED */
		d_step {
			assert(!holder[slot]);
			dirty = dirty & ~bits(slot, n);
			resident = resident & ~bits(slot, n)
		}
		emp = emp & ~bits(slot, n);
		zero = zero | bits(slot, n)
	:: n > 0 && bug != 8 -> /* MADV_FREE: contents are anything */
		d_step {
			assert(!holder[slot]);
			resident = resident & ~bits(slot, n)
		}
		emp = emp & ~bits(slot, n)
	:: n > 0 && bug != 8 /* the call failed */
	fi;
	n = 0;
	drop_lock()
}

/* What the thread that forks does under the lock nobody sees half done: it is
 * not inside when it forks. */
#define whole(call)                     \
	if                              \
	:: me == 1 -> atomic { call }   \
	:: me != 1 -> call              \
	fi

active [2] proctype Thread() provided (started && !fault && vanished != _pid + 1)
{
	byte me = _pid + 1;
	byte slot, n, was_zero, i;
	bool was_kept;

	do
	:: n == 0 -> whole(acquire())
	:: n == 0 -> whole(purge())
	:: n == 0 && kept[me] -> take()
	:: n == 0 && kept[me] == 3 -> join()
	:: n == 0 && (kept[me] || bug == 11) -> whole(drop_all())
	:: /* the other one frees it too: the holder will report that */
	   atomic {
		n == 0 && twice ->
		slot = twice - 1;
		n = length[slot];
		claim();
		fault = bug != 12
	   };
	   keep()
	:: n == 1 && slot == 0 && word[0] == LARGE -> whole(grow())
	:: n == 2 && word[0] == LARGE -> whole(shrink())
	:: n > 0 && word[slot] == LARGE ->
	   whole(give_up());
	   claim();
	   keep()
	:: n > 0 -> whole(release())
	od
}

/*
 * fork by thread 1, which is not inside the pool; the other thread is gone.
 * Its child mends before it takes the lock [fork_repair]; nothing else of ours
 * runs before that.
 */
active proctype Fork()
{
	byte i, committed, lost, survivor, at;

	atomic {
		survivor = 1;
		(started && !fault && !twice && lock != survivor && bug != 1);
		vanished = 3 - survivor;
		d_step {
			if
			:: lock == vanished ->
				lock = 0;
				/* [pool_mend_states, pool_committed] */
				i = 0;
				do
				:: i < SLOTS ->
					if
					:: has(act, i) && word[i] && word[i] != TAIL ->
						committed = committed | bits(i, length[i])
					:: else
					fi;
					i++
				:: else -> break
				od;
				i = 0;
				do
				:: i < SLOTS ->
					if
					:: has(act & ~committed, i) ->
						word[i] = 0;
						length[i] = 0
					:: else
					fi;
					i++
				:: else -> break
				od;
				emp = emp | (act & ~committed);
				act = act & committed;
				emp = emp & ~act;
				zero = zero & ~(act | emp)
			:: else
			fi;
			i = 0;
			committed = 0
		};
		check()
	}
	/* when a thread of the child takes the heap */
	atomic {
		lock == 0 && !fault;
		/* [hak_large_recover] */
		i = 0;
		do
		:: i < SLOTS && (word[i] == KEPT(vanished) ||
				 (bug == 17 && is_kept(word[i]))) ->
			at = length[i];
			assert(at && !holder[i]);
			assert((act & bits(i, at)) == bits(i, at));
			if
			:: at == 2 && bug != 15 -> /* whatever it says */
				word[1] = 0;
				length[1] = 0
			:: else
			fi;
			word[i] = 0;
			length[i] = 0;
			busy[i] = 0;
			emp = emp | bits(i, at);
			act = act & ~bits(i, at);
			i = i + at
		:: i < SLOTS && word[i] != KEPT(vanished) &&
		   !(bug == 17 && is_kept(word[i])) ->
			i++
		:: i >= SLOTS -> break
		od;
		kept[vanished] = 0;
		at = 0;
		/* ACTIVE with nobody to free it: only what was under way */
		i = 0;
		do
		:: i < SLOTS ->
			if
			:: word[i] && word[i] != TAIL && word[i] < END(0) &&
			   !holder[i] && !has(kept[survivor], i) ->
				assert(busy[i]);
				lost = lost + (busy[i] == vanished)
			:: else
			fi;
			i++
		:: else -> break
		od;
		assert(lost <= 1);
		lost = 0;
		check()
	}
}

/* After a report nothing else happens, and that is no deadlock. */
active proctype Reported()
{
	fault;
	do
	:: fault = 3 - fault
	od
}

init
{
	atomic {
		c_code {
			char *s = getenv("BUG");
			now.bug = s ? atoi(s) : 0;
		};
		zero = bits(0, SLOTS);
		started = true
	}
}
