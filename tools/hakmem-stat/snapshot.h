/* SPDX-License-Identifier: MIT */
/*
 * snapshot.h - one consistent look at a process's heap
 *
 * The process runs on while it is read.  What its pool lock covers is read
 * between two equal even values of the sequence counter and checked: slots by
 * state in the SuperSlab records add up to the totals.  What threads count for
 * themselves is read until two readings agree in every slow-path counter, or
 * the best of several is taken; "moved" then says by how many blocks two
 * readings differed at least.
 *
 * Everything read is bounded: lists by a number and against cycles, strides,
 * counts and texts by limits; what exceeds them is STATUS_TORN.
 */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include "stat.h"
#include "target.h"

#include "hakmem/stats.h"

#define CLASSES_MAX 256u
#define HEAPS_MAX 65537u /* owner tags have 16 bits */
#define SUPERSLABS_MAX (1u << 20) /* 2 TiB */
#define MAPPINGS_MAX (1u << 20)
#define OPTIONS_MAX 65536u

/* Sums over heaps for one class, or over classes for one heap. */
struct sums {
	uint64_t filled;
	uint64_t flushed;
	uint64_t drained;
	uint64_t remote_freed;
	uint64_t refills;
	uint64_t flushes;
	uint64_t slabs;
	uint64_t cached; /* blocks */
	uint64_t live; /* blocks; per class only */
	uint64_t pending; /* blocks freed remotely; per class only */
};

struct heap {
	uint64_t addr;
	struct hakmem_stats_heap pub;
	uint64_t mallocs; /* by its countdown */
	struct sums sum;
	uint64_t cached_bytes;
	uint64_t slab_bytes;
	pid_t tid; /* 0: unknown, or no thread */
	char name[32]; /* of the thread */
};

struct superslab {
	uint64_t addr;
	struct hakmem_stats_superslab pub;
	uint32_t nfree[HAKMEM_STATS_SLOTS]; /* of slabs that start there */
};

struct mapping {
	uint64_t addr;
	struct hakmem_stats_mapping pub;
};

struct snapshot {
	pid_t pid;
	char name[32];
	uint64_t time; /* CLOCK_REALTIME, ns */
	uint64_t rss; /* 0: unknown */
	unsigned retries; /* readings that were thrown away */
	uint64_t moved; /* blocks, see above */

	struct hakmem_stats s; /* sums at its end filled in here */
	unsigned classes;
	struct hakmem_stats_class info[CLASSES_MAX];
	struct sums class[CLASSES_MAX];
	struct sums total;
	struct heap *heap; /* newest first, the pool's own last */
	size_t heaps;
	struct superslab *ss; /* by address */
	size_t superslabs;
	bool have_slabs; /* nfree is filled in */
	struct mapping *mapping; /* those in use */
	size_t mappings;
	char *options; /* "NAME=value\n"... */
};

enum {
	WANT_SLOTS = 1, /* SuperSlab records */
	WANT_SLABS = 2, /* and the slabs' free counts */
	WANT_THREADS = 4, /* thread ids and names */
	WANT_OPTIONS = 8,
	WANT_MAPPINGS = 16, /* mappings that are no SuperSlab */
	WANT_RESIDENCE = 32, /* see pages.h */
};

/* t->stats is known.  The memory of an earlier look is used again; begin with
 * an all-zero struct. */
enum status snapshot_take(struct snapshot *snap, struct target *t,
			  unsigned want, struct error *e);
void snapshot_free(struct snapshot *snap);

/* Bytes by purpose, from the counters alone. */
struct figures {
	uint64_t live;
	uint64_t cached; /* in thread caches, and freed remotely */
	uint64_t reclaim; /* resident and free */
	uint64_t frag; /* free blocks and tails in slots in use */
	uint64_t meta;
	uint64_t ours; /* at most resident, all of it */
	uint64_t objects; /* live */
	uint64_t mallocs;
	uint64_t frees;
	uint64_t refills;
	uint64_t flushes;
	uint64_t remote;
	uint64_t purged;
};
void snapshot_figures(const struct snapshot *snap, struct figures *f);

/* Memory of class cls: bytes in slabs owned. */
uint64_t snapshot_slab_bytes(const struct snapshot *snap, unsigned cls,
			     uint64_t slabs);

#endif /* SNAPSHOT_H */
