/* SPDX-License-Identifier: MIT */
/*
 * heaps.pml - heaps whose thread has gone
 *
 * Threads come, allocate, free each other's blocks and go; their heaps become
 * orphans, are adopted whole, are drained in their owner's place, or are
 * dissolved into the pool; a thread whose heap is gone frees on.  There are
 * two heap records and one slab of two blocks.  In brackets stands the
 * function in lib/ that each step is taken from; remote.pml looks closer at
 * the protocol of remote frees, so that here a free takes three steps.
 *
 * Properties
 *   one user      a heap is used by the one thread it belongs to, or by who
 *                 holds the pool lock while it has none
 *   one owner     a slab's own words, and the lists it is on, are touched by
 *                 its owner alone
 *   nothing lost  when no freer is under way, a freed block is in a cache, or
 *                 free in the slab, or its slab is queued; a slab's owner is a
 *                 heap that a thread has, or that the next ones will find
 *
 * SIZE in the environment has two digits: the number of threads, and how many
 * orphans are kept (THREAD_ORPHANS).  BUG, 1 to BUGS, makes the model commit a
 * mistake that one of the properties has to find.
 */
c_decl { \#include <stdlib.h> }

#define BUGS 7

#define ALL 3 /* blocks of the slab */

/* tags; heap h has tag h */
#define NONE 0
#define POOL 3

/* enum hakmem_heap_state */
#define FREE 0
#define LIVE 1
#define ORPHAN 2
#define DISSOLVING 3

#define DEAD 0 /* the sentinel, as a thread's heap */

byte bug;
bool started;
byte threads, keep;
byte pool_lock;

/* heaps, by tag */
byte state[3];
bool known[3]; /* the record exists */
bool spare[3]; /* on thread.spare */
byte cache[3]; /* mask of blocks */
bool inbox[4]; /* the slab is in it */
/* thread.orphans, newest first */
byte orphan[2];

/* the slab */
byte bits;
byte owner; /* rstate */
bool queued;
byte rbits; /* with their summary */
byte tag; /* the registry word's */
bool listed; /* on a list of its owner's, or in its owner's hands */

/* what really is */
byte live;
byte freers;
bool collecting;
byte user[3]; /* thread that has the heap */

/* May the thread me touch heap h? */
#define mine(h) \
	((state[h] == LIVE && user[h] == me) || \
	 (state[h] != LIVE && pool_lock == me))

inline nothing_lost()
{
	assert(freers || !rbits || queued || collecting);
	assert(owner == NONE || owner == POOL || pool_lock ||
	       state[owner] != FREE)
}

inline lock()
{
	atomic { pool_lock == 0 -> pool_lock = me }
}

/* The lists are whole whenever nobody holds the lock. */
inline unlock()
{
	atomic {
		pool_lock = 0;
		if
		:: owner == NONE -> assert(!live && !rbits)
		:: owner == POOL -> assert(listed)
		:: else ->
			assert(state[owner] != FREE);
			assert(state[owner] == LIVE || listed);
			assert(state[owner] == LIVE || spare[owner] ||
			       orphan[0] == owner || orphan[1] == owner)
		fi;
		assert(!(cache[1] && state[1] == FREE));
		assert(!(cache[2] && state[2] == FREE));
		assert(!(bits & live) && !(bits & rbits) && !(live & rbits))
	}
}

/* ---- slab ---------------------------------------------------------------- */

/* [pool_set_owner] */
inline set_owner(t)
{
	atomic {
		ok = !queued;
		if
		:: ok -> owner = t
		:: else
		fi
	}
}

/* [hak_remote_collect] by the owner h; the pool's under the lock */
inline collect(h)
{
	atomic {
		assert(h == POOL -> pool_lock == me : mine(h));
		assert(owner == h && !(bits & rbits));
		bits = bits | rbits;
		rbits = 0;
		collecting = 0;
		nothing_lost()
	}
}

/* [hak_remote_dequeue] of what was taken from h's inbox */
inline dequeue(h)
{
	atomic {
		assert(queued && owner == h);
		queued = 0;
		collecting = 1
	}
}

/* [hak_pool_slab_retire], lock held */
inline retire()
{
	set_owner(NONE);
	if
	:: ok ->
		atomic {
			assert(bits == ALL && !live);
			bits = 0;
			tag = NONE;
			listed = 0
		}
	:: else
	fi
}

/* [hak_pool_drain] */
inline pool_drain()
{
	if
	:: atomic { inbox[POOL] -> inbox[POOL] = 0 };
	   dequeue(POOL);
	   collect(POOL);
	   if
	   :: bits == ALL -> retire()
	   :: else
	   fi
	:: else
	fi
}

/* [hak_heap_drain] */
inline heap_drain(h)
{
	if
	:: atomic { inbox[h] -> inbox[h] = 0 };
	   assert(mine(h));
	   dequeue(h);
	   collect(h);
	   if
	   :: bits == ALL ->
		lock();
		retire();
		unlock()
	   :: else
	   fi
	:: else
	fi
}

/* [hak_heap_drain_orphan], lock held */
inline drain_orphan(h)
{
	if
	:: atomic { inbox[h] -> inbox[h] = 0 };
	   assert(mine(h) || bug == 3);
	   dequeue(h);
	   collect(h);
	   listed = 0;
	   if
	   :: bits == ALL ->
		retire();
		if
		:: ok || bug == 7 /* as if it were always given back */
		:: else -> listed = 1
		fi
	   :: else -> listed = 1
	   fi
	:: else
	fi
}

/* [hak_remote_free] of mask m, as in remote.pml */
inline remote_free()
{
	atomic {
		assert(!(rbits & m));
		rbits = rbits | m
	};
	/* [remote_queue] the CAS */
	atomic {
		if
		:: queued || owner == NONE -> old = NONE
		:: else -> old = owner; queued = 1
		fi
	};
	/* the push */
	atomic {
		if
		:: old != NONE ->
			assert(!inbox[old]);
			inbox[old] = 1
		:: else
		fi;
		freers--;
		nothing_lost();
		old = 0;
		m = 0
	}
}

/* ---- heaps --------------------------------------------------------------- */

/* [hak_heap_dissolve] lock held; ok: every slab was given */
inline heap_dissolve(h)
{
	/* [heap_flush_locked] */
	if
	:: bug == 6 /* what is in the caches stays */
	:: atomic {
		bug != 6 && cache[h] && tag == h ->
		assert(mine(h) && !(bits & cache[h]) && owner == h);
		bits = bits | cache[h];
		cache[h] = 0
	   }
	:: atomic {
		bug != 6 && cache[h] && tag != h ->
		assert(0) /* no FOREIGN_REUSE */
	   }
	:: else
	fi;
	if
	:: atomic { inbox[h] -> inbox[h] = 0 };
	   dequeue(h);
	   collect(h)
	:: else
	fi;
	/* [heap_give_list, hak_pool_give] */
	ok = 1;
	if
	:: listed && tag == h ->
		listed = 0;
		set_owner(POOL);
		if
		:: ok ->
			tag = POOL;
			collect(POOL);
			listed = 1;
			if
			:: bits == ALL -> retire(); ok = 1
			:: else
			fi
		:: !ok && bug == 5 -> /* left behind */
			tag = NONE;
			owner = NONE;
			ok = 1
		:: !ok && bug != 5 -> listed = 1
		fi
	:: else
	fi;
	ok = ok && !inbox[h]
}

/* [thread_dissolve] */
inline dissolve(h)
{
	state[h] = DISSOLVING;
	heap_dissolve(h);
	if
	:: ok || bug == 2 -> state[h] = FREE
	:: else
	fi;
	spare[h] = 1;
	ok = 0
}

/* [hak_thread_attach, thread_take] */
inline attach()
{
	if
	:: bug == 4 /* no lock */
	:: else -> lock()
	fi;
	if
	:: orphan[0] -> /* adopted whole */
		h = orphan[0];
		orphan[0] = orphan[1];
		orphan[1] = 0
	:: else -> /* [thread_take_spare] */
		h = 1;
		do
		:: h <= 2 ->
			if
			:: spare[h] && state[h] == DISSOLVING ->
				heap_dissolve(h);
				if
				:: ok -> state[h] = FREE
				:: else
				fi;
				ok = 0
			:: else
			fi;
			if
			:: spare[h] && state[h] == FREE ->
				spare[h] = 0;
				break
			:: else -> h++
			fi
		:: else -> /* [hak_heap_new] */
			if
			:: !known[1] -> h = 1
			:: known[1] && !known[2] -> h = 2
			:: else -> h = DEAD
			fi;
			break
		od
	fi;
	if
	:: h != DEAD ->
		atomic {
			assert(state[h] != LIVE);
			known[h] = 1;
			user[h] = me;
			state[h] = LIVE
		}
	:: else
	fi;
	if
	:: bug == 4
	:: else -> unlock()
	fi
}

/* [thread_exit]; the outbox is remote_free itself here */
inline thread_exit()
{
	g = h;
	if
	:: bug == 1 /* the thread goes on using what it publishes */
	:: else -> h = DEAD
	fi;
	heap_drain(g);
	lock();
	atomic { state[g] = ORPHAN; user[g] = 0 };
	orphan[1] = orphan[0];
	orphan[0] = g;
	/* [thread_limit_orphans] */
	if
	:: keep == 0 ->
		orphan[0] = 0;
		dissolve(g)
	:: keep == 1 && orphan[1] ->
		g = orphan[1];
		orphan[1] = 0;
		dissolve(g)
	:: else
	fi;
	unlock();
	g = 0
}

/* A block of the program's own or another thread's. */
inline alloc()
{
	if
	:: atomic {
		cache[h] -> assert(mine(h));
		m = (cache[h] & 1 -> 1 : 2);
		cache[h] = cache[h] & ~m;
		assert(!(live & m));
		live = live | m;
		m = 0
	   }
	:: else -> /* [hak_heap_refill, heap_more] */
		assert(mine(h));
		if
		:: tag == h && bits
		:: else ->
			heap_drain(h);
			lock();
			pool_drain();
			if
			:: tag == POOL && bits -> /* [hak_pool_adopt] */
				set_owner(h);
				if
				:: ok -> tag = h; collect(h)
				:: else
				fi
			:: tag == NONE -> /* [hak_pool_slab_new] */
				bits = ALL;
				rbits = 0;
				set_owner(h);
				assert(ok);
				tag = h;
				listed = 1
			:: else /* no memory */
			fi;
			ok = 0;
			unlock()
		fi;
		if
		:: tag == h && bits ->
			atomic {
				assert(mine(h) && owner == h);
				cache[h] = cache[h] | bits;
				bits = 0
			}
		:: else
		fi
	fi
}

/* [hak_free_fast, free_slab]; m is the block */
inline free()
{
	atomic {
		if
		:: live & 1 -> m = 1
		:: live & 2 -> m = 2
		fi;
		live = live & ~m;
		freers++
	};
	if
	:: atomic {
		h != DEAD && tag == h -> assert(mine(h));
		cache[h] = cache[h] | m;
		freers--;
		m = 0
	   }
	:: else ->
		remote_free()
	fi
}

/* [hak_heap_flush], [hak_heap_trim] */
inline flush()
{
	atomic {
		cache[h] -> assert(mine(h) && tag == h && owner == h);
		assert(!(bits & cache[h]));
		bits = bits | cache[h];
		cache[h] = 0
	};
	if
	:: bits == ALL ->
		lock();
		retire();
		unlock()
	:: else
	fi
}

/* [hak_thread_drain_orphans] */
inline drain_orphans()
{
	if
	:: bug == 3
	:: else -> lock()
	fi;
	if
	:: orphan[0] -> drain_orphan(orphan[0])
	:: else
	fi;
	if
	:: orphan[1] -> drain_orphan(orphan[1])
	:: else
	fi;
	if
	:: bug == 3
	:: else ->
		pool_drain();
		unlock()
	fi;
	ok = 0
}

active [3] proctype Thread()
{
	byte me = _pid + 1;
	byte h, g, m, old;
	bool ok;

	(started && _pid < threads);
	do
	:: h == DEAD -> attach()
	:: h != DEAD -> alloc()
	:: h != DEAD && cache[h] -> flush()
	:: h != DEAD -> heap_drain(h)
	:: h != DEAD -> thread_exit()
	:: free()
	:: true -> drain_orphans()
	od
}

init
{
	atomic {
		c_code {
			char *b = getenv("BUG");
			int size = atoi(getenv("SIZE"));
			now.bug = b ? atoi(b) : 0;
			now.threads = size / 10;
			now.keep = size % 10;
		};
		started = true
	}
}
