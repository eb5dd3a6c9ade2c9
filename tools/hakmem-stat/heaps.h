/* SPDX-License-Identifier: MIT */
/*
 * heaps.h - the per-thread heaps and their figures by class
 */
#ifndef HEAPS_H
#define HEAPS_H

#include "snapshot.h"

/* The figures of snap->heap, which slots_read has listed, and the counters of
 * snap->class. */
enum status heaps_read(struct snapshot *snap, struct target *t,
		       struct error *e);

#endif /* HEAPS_H */
