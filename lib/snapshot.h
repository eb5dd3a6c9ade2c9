/* SPDX-License-Identifier: MIT */
/*
 * snapshot.h - hakmem_stats with its sums
 *
 * Responsibility: the constant header of the exported object and a copy of it
 * with the sums over all heaps and classes.  Decides nothing.
 *
 * Contract: hak_stats_init() once, at start; hak_stats_collect() any time
 * after.  Takes no lock: figures of running threads may be a cache fill off.
 *
 * Observable: what hakmem_stats_get() and the reports show.
 *
 * Composable: reads heap.h, sizeclass.h and report.h; safe in handlers.
 */
#ifndef HAK_SNAPSHOT_H
#define HAK_SNAPSHOT_H

#include "base.h"
#include "report.h"

#include "hakmem/stats.h"

/* Constant fields; once, at start, pool lock held. */
void hak_stats_init(void);

/*
 * A copy of the object with the sums over all heaps filled in, and, if
 * classes is not NULL (HAKMEM_STATS_CLASSES entries), the classes' figures.
 * Takes no lock; see the error bound in hakmem/stats.h.
 */
void hak_stats_collect(struct hakmem_stats *out,
		       struct hak_report_class *classes);

#endif /* HAK_SNAPSHOT_H */
