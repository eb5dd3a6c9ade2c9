/* SPDX-License-Identifier: MIT */
/*
 * slots.pml - the states of slots, and a fork in the middle of a change
 *
 * Two threads acquire, resize and release runs of one or two slots of a
 * SuperSlab and purge what is EMPTY, one store at a time; at any of these steps
 * one of them may fork, and its child mends what the other left.  In brackets
 * stands the function in lib/ that each step is taken from.
 *
 * Properties
 *   one state    no slot is ACTIVE and EMPTY, and it is ACTIVE if and only if
 *                the registry knows it, whenever the lock is free
 *   one owner    memory that is handed out belongs to nobody else and is never
 *                discarded, in the child too
 *   zero         what is marked as reading zero does
 *   nothing lost memory that is UNUSED is not resident; a run is ACTIVE as a
 *                whole; the child loses the one run under way at most
 *
 * The lock is a real one here: steps of the holder are seen by a fork only.
 * Variable BUG of the environment, 1 to BUGS, makes the model commit a mistake
 * that one of the properties has to find.
 */
c_decl { \#include <stdlib.h> }

#define SLOTS 2
#define BUGS 9

#define FIRST 1
#define TAIL 2

byte bug;
bool started;
byte lock; /* thread that holds it, 0: free */
byte vanished; /* thread that a fork left behind */

/* masks, bit i for slot i [pub.active and so on of struct hak_superslab] */
byte act;
byte emp;
byte zero;

byte word[SLOTS]; /* the registry's: 0, FIRST or TAIL */
byte length[SLOTS]; /* [pub.run] */

/* what really is */
byte holder[SLOTS]; /* thread that the memory was given to */
byte busy[SLOTS]; /* thread that is acquiring or releasing it */
byte dirty; /* mask: contents other than zero */
byte resident; /* mask */

#define bits(slot, n) (((1 << (n)) - 1) << (slot))
#define has(mask, slot) (((mask) >> (slot)) & 1)

/* A fork may find a run that is being made shorter without its tail's word:
 * it stays whole, and is freed as a whole. */
#define torn_tail \
	(vanished && length[0] == 2 && \
	 holder[0] == vanished && busy[0] == vanished)

inline check()
{
	d_step {
		i = 0;
		do
		:: i < SLOTS ->
			assert(!(has(act, i) && has(emp, i)));
			assert(has(act, i) == (word[i] != 0 ||
					       (i == 1 && torn_tail)));
			assert(!holder[i] || has(act, i));
			assert(!has(zero, i) ||
			       !has(act | emp | dirty, i));
			assert(has(act | emp, i) || !has(resident, i));
			assert(word[i] != TAIL || (i > 0 && length[i - 1] == 2));
			i++
		:: else -> break
		od;
		assert(length[0] != 2 ||
		       (word[0] == FIRST && has(act, 1) &&
			(word[1] == TAIL || torn_tail)));
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
			word[slot] = FIRST
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
		/* [hak_registry_set_run] the first one last */
		if
		:: n == 2 && bug == 4 ->
			word[slot] = FIRST;
			word[slot + 1] = TAIL
		:: n == 2 && bug != 4 ->
			word[slot + 1] = TAIL;
			word[slot] = FIRST
		:: n == 1 ->
			word[slot] = FIRST
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

/* hak_large_free, hak_pool_slab_retire */
inline release()
{
	d_step {
		holder[slot] = 0;
		busy[slot] = me;
		if
		:: n == 2 -> holder[slot + 1] = 0
		:: else
		fi
	}
	take_lock();
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
	n = 0;
	drop_lock()
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
		word[1] = TAIL;
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
	word[1] = 0;
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

active [2] proctype Thread() provided (started && vanished != _pid + 1)
{
	byte me = _pid + 1;
	byte slot, n, was_zero, i;

	do
	:: n == 0 -> acquire()
	:: n == 0 -> purge()
	:: n == 1 && slot == 0 -> grow()
	:: n == 2 -> shrink()
	:: n > 0 -> release()
	od
}

/*
 * fork by survivor, which is not inside the pool; the other thread is gone.
 * Its child mends before it takes the lock [fork_repair]; nothing else of ours
 * runs before that.
 */
active proctype Fork()
{
	byte i, committed, lost, survivor;

	atomic {
		if
		:: survivor = 1
		:: survivor = 2
		fi;
		(started && lock != survivor && bug != 1);
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
					:: has(act, i) && word[i] == FIRST ->
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
			/* ACTIVE with nobody to free it: only what was under way */
			i = 0;
			do
			:: i < SLOTS ->
				if
				:: word[i] == FIRST && !holder[i] ->
					assert(busy[i]);
					lost = lost + (busy[i] == vanished)
				:: else
				fi;
				i++
			:: else -> break
			od;
			assert(lost <= 1);
			lost = 0;
			committed = 0
		};
		check()
	}
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
