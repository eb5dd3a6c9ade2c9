/* SPDX-License-Identifier: MIT */
/*
 * pages.h - which of a process's pages are resident, and whose they are
 *
 * smaps gives sums over whole mappings, and neighbouring mappings of different
 * purpose are one there; pagemap tells page by page.
 */
#ifndef PAGES_H
#define PAGES_H

#include "snapshot.h"

/* Resident bytes by purpose; they add up to rss. */
struct residence {
	uint64_t rss; /* by smaps */
	uint64_t swap;
	uint64_t huge_pages; /* of rss in transparent huge pages */
	uint64_t live; /* blocks of slabs, runs and the Huge tier */
	uint64_t cached; /* in threads' caches, freed remotely */
	uint64_t frag; /* the rest of slots in use */
	uint64_t reclaim; /* EMPTY slots and cached mappings */
	uint64_t padding; /* UNUSED slots made resident by huge pages */
	uint64_t meta;
	uint64_t others; /* not ours */
};

/* The snapshot has WANT_SLOTS and WANT_MAPPINGS. */
enum status pages_read(const struct snapshot *snap, struct target *t,
		       struct residence *r, struct error *e);

#endif /* PAGES_H */
