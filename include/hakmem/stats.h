/* SPDX-License-Identifier: MIT */
/*
 * stats.h - layout of the exported object hakmem_stats
 *
 * The library exports one object, hakmem_stats, that another process may read
 * from a running program (process_vm_readv(2)), a debugger from a core file,
 * and the program itself through hakmem_stats_get().  Rules of the layout:
 *
 *   - append-only: a field never moves, changes meaning or disappears within
 *     a major version; a reader uses the *_size fields to step over what it
 *     does not know;
 *   - fixed-width fields, natural alignment, no padding left to the compiler:
 *     the layout is the same in 32- and 64-bit programs;
 *   - addresses are 64 bits, of the program that is looked at; 0 ends a list;
 *   - heaps and SuperSlab records are linked once and never freed, so a list
 *     may be walked while the program runs;
 *   - each counter has a single writer at a time (a heap's owner, or the
 *     holder of the pool lock) and is written with one 8-byte store;
 *   - figures that span several words are changed between two increments of
 *     seq: odd means a change is under way.
 *
 * Bytes are usable bytes (block sizes), not requested bytes.
 *
 * Error bound: at rest all figures are exact.  While threads run, a class's
 * live objects may be off by what one cache fill moves, in each heap.
 */
#ifndef HAKMEM_STATS_H
#define HAKMEM_STATS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * 64 bits at a multiple of 8, also where the compiler would be content with 4
 * (i386): within one cache line, so that the processor writes them in one go.
 */
typedef uint64_t hakmem_u64 __attribute__((__aligned__(8)));

#define HAKMEM_STATS_MAGIC UINT64_C(0x31544154534b4148) /* "HAKSTAT1" */
#define HAKMEM_STATS_MAJOR 1
#define HAKMEM_STATS_MINOR 0

#define HAKMEM_STATS_CLASSES 73 /* class 0 is never used */
#define HAKMEM_STATS_SLOTS 32 /* slots of a SuperSlab */

/*
 * State of a slot; the Shared Pool alone changes it.
 */
enum hakmem_slot_state {
	HAKMEM_SLOT_UNUSED = 0, /* never handed out, or returned to the OS */
	HAKMEM_SLOT_ACTIVE = 1, /* part of a slab or of a large run */
	HAKMEM_SLOT_EMPTY = 2, /* no live block, memory still resident */
};

enum hakmem_heap_state {
	HAKMEM_HEAP_FREE = 0,
	HAKMEM_HEAP_LIVE = 1,
	HAKMEM_HEAP_ORPHAN = 2,
	HAKMEM_HEAP_DISSOLVING = 3,
};

/*
 * One size class, constant after start-up.
 */
struct hakmem_stats_class {
	uint32_t block_size; /* usable bytes */
	uint32_t slots; /* slots of one slab */
	uint32_t blocks; /* blocks of one slab */
	uint32_t cache_blocks; /* most blocks a thread's cache holds */
};

/*
 * One heap's figures for one class.  Written by the heap's owner.
 *
 *   blocks out of slabs = filled - flushed - drained
 *   live blocks         = that sum over all heaps
 *                         - cached (from the cache headers)
 *                         - (remote_freed - drained), already freed
 */
struct hakmem_stats_bin {
	hakmem_u64 filled; /* blocks moved from slabs into the cache */
	hakmem_u64 flushed; /* blocks moved from the cache into slabs */
	hakmem_u64 drained; /* remotely freed blocks taken back */
	hakmem_u64 remote_freed; /* blocks of other heaps freed here */
	hakmem_u64 refills; /* times the cache was filled */
	hakmem_u64 flushes; /* times the cache was flushed */
	hakmem_u64 slabs; /* slabs owned now */
	hakmem_u64 _spare;
};

/*
 * The head of a cache of one class, as the fast paths use it: the cache holds
 * (top - base) / pointer size blocks.  These are native pointers; the stride
 * and the offsets stand in struct hakmem_stats.
 */

/*
 * One per-thread heap.
 */
struct hakmem_stats_heap {
	hakmem_u64 next; /* struct hakmem_stats_heap, 0 = last */
	hakmem_u64 caches; /* cache headers, cache_stride bytes each */
	hakmem_u64 bins; /* struct hakmem_stats_bin [classes] */
	hakmem_u64 countdown; /* address of the int32_t countdown */
	hakmem_u64 armed; /* mallocs = armed - countdown */
	hakmem_u64 thread; /* thread pointer (pthread_t) of the owner */
	hakmem_u64 generation; /* grows with each new owner */
	hakmem_u64 drains; /* times the remote queue was emptied */
	hakmem_u64 remote_out; /* blocks waiting in the outbox */
	uint32_t state; /* enum hakmem_heap_state */
	uint32_t tag; /* owner tag in the registry */
	hakmem_u64 slow_mallocs; /* mallocs that took a slow path */
	hakmem_u64 slow_frees; /* frees that took a slow path */
	hakmem_u64 large_served; /* Large blocks that came from kept runs */
	hakmem_u64 large_kept; /* runs of freed Large blocks, kept for the next
				  ones */
	hakmem_u64 large_kept_bytes; /* of them */
	hakmem_u64 large_freed; /* Large blocks that went to kept runs */
	hakmem_u64 large_bytes; /* to be added to large_live_bytes, modulo
				   2^64: of those served less those freed */
	hakmem_u64 registry_slots; /* to be added to the object's, likewise */
};

/*
 * One SuperSlab.  base == 0: the record is free for reuse.
 */
struct hakmem_stats_superslab {
	hakmem_u64 next; /* struct hakmem_stats_superslab, 0 = last */
	hakmem_u64 base; /* first byte */
	uint32_t slots; /* slots it has, <= HAKMEM_STATS_SLOTS */
	uint32_t generation; /* grows with each mapping */
	uint32_t active; /* bit n: slot n is ACTIVE */
	uint32_t empty; /* bit n: slot n is EMPTY; neither: UNUSED */
	uint8_t size_class[HAKMEM_STATS_SLOTS]; /* of slabs; 0 = other */
	uint8_t run[HAKMEM_STATS_SLOTS]; /* slots of the run that starts
						   here, else 0 */
	hakmem_u64 slabs; /* slab records, slab_stride bytes each */
	uint32_t purged; /* bit n: slot n is UNUSED because it was given
			    back to the OS */
	uint32_t _spare;
};

enum hakmem_mapping_kind {
	HAKMEM_MAPPING_FREE = 0, /* the record is free for reuse */
	HAKMEM_MAPPING_HUGE = 1, /* a live block of the Huge tier */
	HAKMEM_MAPPING_CACHED = 2, /* a freed one, kept for the next */
	HAKMEM_MAPPING_META = 3, /* the allocator's own structures */
};

/*
 * One mapping that is no SuperSlab.
 */
struct hakmem_stats_mapping {
	hakmem_u64 next; /* struct hakmem_stats_mapping, 0 = last */
	hakmem_u64 base; /* first byte */
	hakmem_u64 size; /* bytes */
	uint32_t kind; /* enum hakmem_mapping_kind */
	uint32_t stamp; /* CLOCK_MONOTONIC ms, 32 bits: became CACHED */
};

/*
 * The exported object.
 */
struct hakmem_stats {
	hakmem_u64 magic; /* HAKMEM_STATS_MAGIC; 0 = not started */
	uint16_t major;
	uint16_t minor;
	uint32_t size; /* bytes of this structure */
	char version[16]; /* of the library, terminated */

	uint32_t class_size; /* sizeof (struct hakmem_stats_class) */
	uint32_t bin_size; /* sizeof (struct hakmem_stats_bin) */
	uint32_t heap_size; /* sizeof (struct hakmem_stats_heap) */
	uint32_t superslab_size; /* sizeof (struct hakmem_stats_superslab) */
	uint32_t classes; /* HAKMEM_STATS_CLASSES */
	uint32_t pointer_size; /* 4 or 8 */
	uint32_t cache_stride; /* bytes from cache header to header */
	uint32_t cache_top; /* offset of top in a cache header */
	uint32_t cache_base; /* offset of base in a cache header */
	uint32_t slab_stride; /* bytes from slab record to record */
	uint32_t slab_nfree; /* offset of the uint32_t free count */
	uint32_t page_size; /* of the program's kernel */
	uint32_t slot_size; /* bytes of a slot */
	uint32_t pid; /* of the process that filled this in, or 0 */
	uint32_t mapping_size; /* sizeof (struct hakmem_stats_mapping) */
	uint32_t _spare;

	hakmem_u64 seq; /* odd: a change is under way */
	hakmem_u64 start_time; /* CLOCK_REALTIME at first use, ns */
	hakmem_u64 class_info; /* struct hakmem_stats_class [classes] */
	hakmem_u64 heaps; /* first struct hakmem_stats_heap */
	hakmem_u64 superslabs; /* first struct hakmem_stats_superslab */
	hakmem_u64 mappings; /* first struct hakmem_stats_mapping */
	hakmem_u64 options; /* text "NAME=value\n"..., terminated */

	/* Shared Pool */
	hakmem_u64 slots_active; /* slots by state; unused counts mapped */
	hakmem_u64 slots_empty;
	hakmem_u64 slots_unused;
	hakmem_u64 superslabs_mapped;
	hakmem_u64 superslabs_peak;
	hakmem_u64 superslabs_map_total; /* mmap'ed since start */
	hakmem_u64 superslabs_unmap_total;
	hakmem_u64 lru_length; /* SuperSlabs without an ACTIVE slot */
	hakmem_u64 acquires; /* -> ACTIVE, in slots */
	hakmem_u64 releases; /* ACTIVE -> EMPTY, in slots */
	hakmem_u64 adoptions; /* slabs or heaps taken over */
	hakmem_u64 dissolutions; /* heaps taken apart */
	hakmem_u64 pool_drains; /* pending slabs collected by the pool */
	hakmem_u64 shared_fail; /* requests that the pool could not serve */
	hakmem_u64 shared_fail_fallback; /* requests sent to libc instead */

	/* registry */
	hakmem_u64 registry_slots; /* entries in use */
	hakmem_u64 registry_peak;
	hakmem_u64 registry_leaves;
	hakmem_u64 registry_tombstones;

	/* memory */
	hakmem_u64 mapped_bytes; /* address space obtained, all purposes */
	hakmem_u64 meta_bytes; /* of it for our own structures, handed out */
	hakmem_u64 empty_bytes; /* resident and free: EMPTY slots and the
				   cached mappings */
	hakmem_u64 purged_bytes; /* returned to the OS since start */
	hakmem_u64 purges; /* system calls that did so */
	hakmem_u64 refaulted_bytes; /* purged and used again soon after */
	hakmem_u64 hole_bytes; /* purged inside partly used slabs, now */

	/* tiers that are not in the bins */
	hakmem_u64 boot_mallocs; /* mixed slot: see doc/DESIGN.md */
	hakmem_u64 boot_frees;
	hakmem_u64 boot_live_bytes;
	hakmem_u64 large_mallocs;
	hakmem_u64 large_frees;
	hakmem_u64 large_live_bytes;
	hakmem_u64 huge_mallocs;
	hakmem_u64 huge_frees;
	hakmem_u64 huge_live_bytes;
	hakmem_u64 huge_cached_bytes;
	hakmem_u64 nested_mallocs; /* from handlers inside slow paths */
	hakmem_u64 nested_live;

	/* threads */
	hakmem_u64 heaps_live;
	hakmem_u64 heaps_orphan;
	hakmem_u64 heaps_total; /* made since start */
	hakmem_u64 heaps_unhooked; /* without an exit hook */
	hakmem_u64 forks_repaired; /* 1 in a child that repaired */

	/* limits and errors */
	hakmem_u64 limit_hard; /* bytes, 0 = none */
	hakmem_u64 os_errors; /* failed memory system calls survived */
	hakmem_u64 foreign_ignored; /* ld.so's start-up data */
	hakmem_u64 foreign_forwarded; /* given to libc */

	/* sums over the bins, filled in by hakmem_stats_get() */
	hakmem_u64 mallocs;
	hakmem_u64 frees;
	hakmem_u64 live_bytes; /* all tiers */
	hakmem_u64 cached_bytes; /* in thread caches */
	hakmem_u64 pending_bytes; /* freed remotely, not yet taken back */
};

#ifdef __cplusplus
}
#endif

#endif /* HAKMEM_STATS_H */
