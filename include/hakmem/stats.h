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
 *   - addresses are uint64_t, of the program that is looked at; 0 ends a list;
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
	uint64_t filled; /* blocks moved from slabs into the cache */
	uint64_t flushed; /* blocks moved from the cache into slabs */
	uint64_t drained; /* remotely freed blocks taken back */
	uint64_t remote_freed; /* blocks of other heaps freed here */
	uint64_t refills; /* times the cache was filled */
	uint64_t flushes; /* times the cache was flushed */
	uint64_t slabs; /* slabs owned now */
	uint64_t _spare;
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
	uint64_t next; /* struct hakmem_stats_heap, 0 = last */
	uint64_t caches; /* cache headers, cache_stride bytes each */
	uint64_t bins; /* struct hakmem_stats_bin [classes] */
	uint64_t countdown; /* address of the int32_t countdown */
	uint64_t armed; /* mallocs = armed - countdown */
	uint64_t thread; /* thread pointer (pthread_t) of the owner */
	uint64_t generation; /* grows with each new owner */
	uint64_t drains; /* times the remote queue was emptied */
	uint64_t remote_out; /* blocks waiting in the outbox */
	uint32_t state; /* enum hakmem_heap_state */
	uint32_t tag; /* owner tag in the registry */
	uint64_t slow_mallocs; /* mallocs that took a slow path */
	uint64_t slow_frees; /* frees that took a slow path */
	uint64_t large_served; /* Large blocks that came from those kept;
				  each was freed once more, too */
	uint64_t large_kept; /* freed Large blocks, kept for the next ones */
	uint64_t large_kept_bytes; /* of them */
};

/*
 * One SuperSlab.  base == 0: the record is free for reuse.
 */
struct hakmem_stats_superslab {
	uint64_t next; /* struct hakmem_stats_superslab, 0 = last */
	uint64_t base; /* first byte */
	uint32_t slots; /* slots it has, <= HAKMEM_STATS_SLOTS */
	uint32_t generation; /* grows with each mapping */
	uint32_t active; /* bit n: slot n is ACTIVE */
	uint32_t empty; /* bit n: slot n is EMPTY; neither: UNUSED */
	uint8_t size_class[HAKMEM_STATS_SLOTS]; /* of slabs; 0 = other */
	uint8_t run[HAKMEM_STATS_SLOTS]; /* slots of the run that starts
						   here, else 0 */
	uint64_t slabs; /* slab records, slab_stride bytes each */
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
	uint64_t next; /* struct hakmem_stats_mapping, 0 = last */
	uint64_t base; /* first byte */
	uint64_t size; /* bytes */
	uint32_t kind; /* enum hakmem_mapping_kind */
	uint32_t stamp; /* CLOCK_MONOTONIC ms, 32 bits: became CACHED */
};

/*
 * The exported object.
 */
struct hakmem_stats {
	uint64_t magic; /* HAKMEM_STATS_MAGIC; 0 = not started */
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

	uint64_t seq; /* odd: a change is under way */
	uint64_t start_time; /* CLOCK_REALTIME at first use, ns */
	uint64_t class_info; /* struct hakmem_stats_class [classes] */
	uint64_t heaps; /* first struct hakmem_stats_heap */
	uint64_t superslabs; /* first struct hakmem_stats_superslab */
	uint64_t mappings; /* first struct hakmem_stats_mapping */
	uint64_t options; /* text "NAME=value\n"..., terminated */

	/* Shared Pool */
	uint64_t slots_active; /* slots by state; unused counts mapped */
	uint64_t slots_empty;
	uint64_t slots_unused;
	uint64_t superslabs_mapped;
	uint64_t superslabs_peak;
	uint64_t superslabs_map_total; /* mmap'ed since start */
	uint64_t superslabs_unmap_total;
	uint64_t lru_length; /* SuperSlabs without an ACTIVE slot */
	uint64_t acquires; /* -> ACTIVE, in slots */
	uint64_t releases; /* ACTIVE -> EMPTY, in slots */
	uint64_t adoptions; /* slabs or heaps taken over */
	uint64_t dissolutions; /* heaps taken apart */
	uint64_t pool_drains; /* pending slabs collected by the pool */
	uint64_t shared_fail; /* requests that the pool could not serve */
	uint64_t shared_fail_fallback; /* requests sent to libc instead */

	/* registry */
	uint64_t registry_slots; /* entries in use */
	uint64_t registry_peak;
	uint64_t registry_leaves;
	uint64_t registry_tombstones;

	/* memory */
	uint64_t mapped_bytes; /* address space obtained, all purposes */
	uint64_t meta_bytes; /* of it for our own structures, handed out */
	uint64_t empty_bytes; /* resident and free: EMPTY slots and the
				   cached mappings */
	uint64_t purged_bytes; /* returned to the OS since start */
	uint64_t purges; /* system calls that did so */
	uint64_t refaulted_bytes; /* purged and used again soon after */
	uint64_t hole_bytes; /* purged inside partly used slabs, now */

	/* tiers that are not in the bins */
	uint64_t boot_mallocs; /* mixed slot: see doc/DESIGN.md */
	uint64_t boot_frees;
	uint64_t boot_live_bytes;
	uint64_t large_mallocs;
	uint64_t large_frees;
	uint64_t large_live_bytes;
	uint64_t huge_mallocs;
	uint64_t huge_frees;
	uint64_t huge_live_bytes;
	uint64_t huge_cached_bytes;
	uint64_t nested_mallocs; /* from handlers inside slow paths */
	uint64_t nested_live;

	/* threads */
	uint64_t heaps_live;
	uint64_t heaps_orphan;
	uint64_t heaps_total; /* made since start */
	uint64_t heaps_unhooked; /* without an exit hook */
	uint64_t forks_repaired; /* 1 in a child that repaired */

	/* limits and errors */
	uint64_t limit_hard; /* bytes, 0 = none */
	uint64_t os_errors; /* failed memory system calls survived */
	uint64_t foreign_ignored; /* ld.so's start-up data */
	uint64_t foreign_forwarded; /* given to libc */

	/* sums over the bins, filled in by hakmem_stats_get() */
	uint64_t mallocs;
	uint64_t frees;
	uint64_t live_bytes; /* all tiers */
	uint64_t cached_bytes; /* in thread caches */
	uint64_t pending_bytes; /* freed remotely, not yet taken back */
};

#ifdef __cplusplus
}
#endif

#endif /* HAKMEM_STATS_H */
