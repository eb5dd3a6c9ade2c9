/* SPDX-License-Identifier: MIT */
/*
 * slots.h - what the pool lock covers: the object, records of SuperSlabs and
 * mappings, the list of heaps and their states
 */
#ifndef SLOTS_H
#define SLOTS_H

#include "snapshot.h"

/* snap->s, snap->heap without its figures, and what is wanted of snap->ss and
 * snap->mapping, between two even values of the sequence counter; STATUS_TORN
 * when that does not come about in a second. */
enum status slots_read(struct snapshot *snap, struct target *t, unsigned want,
		       struct error *e);

enum slot_look {
	LOOK_UNUSED,
	LOOK_PURGED, /* UNUSED: was given back */
	LOOK_EMPTY,
	LOOK_SPARSE, /* a slab less than half used */
	LOOK_FULL, /* a slab more than half used, or no slab of classes */
	LOOK_N,
};

/* A SuperSlab as the map shows it. */
struct slot_row {
	uint64_t base;
	unsigned n;
	enum slot_look look[HAKMEM_STATS_SLOTS];
};

/* Needs WANT_SLABS. */
void slots_look(const struct snapshot *snap, const struct superslab *ss,
		struct slot_row *row);
/* All of them; to be freed. */
struct slot_row *slots_rows(const struct snapshot *snap);

/* One sign each, as in the map, with a word. */
extern const struct slot_sign {
	char sign;
	const char *word;
} slot_signs[LOOK_N];

#endif /* SLOTS_H */
