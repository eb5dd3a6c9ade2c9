/* SPDX-License-Identifier: MIT */
/*
 * report.h - the statistics as a report
 *
 * Responsibility: the wording and layout of the report, as text and as JSON.
 * Computes nothing beyond sums of what it is given and takes no snapshot.
 *
 * Contract: s and classes (HAKMEM_STATS_CLASSES entries) do not change during
 * the call; fd is open for writing.  Called without a lock held: writing to a
 * full pipe waits, and under the pool lock every other thread would wait with
 * it.  Returns 0 or the negative errno of the first failed write(2); after
 * one nothing more is written.
 *
 * Observable: the report.  JSON keys are the field names of stats.h, those of
 * classes[] the ones of struct hak_report_class; they only ever grow.
 *
 * Composable: write(2) only, at most 1 KiB of stack; no allocation, no lock,
 * no libc call.  Safe at exit, in handlers and after fork.
 */
#ifndef HAK_REPORT_H
#define HAK_REPORT_H

#include "base.h"

#include "hakmem/stats.h"

/* One class summed over all heaps; all in blocks but for slabs, refills and
 * flushes. */
struct hak_report_class {
	uint32_t block_size; /* bytes; 0: the entry is unused */
	uint64_t filled;
	uint64_t flushed;
	uint64_t drained;
	uint64_t remote_freed;
	uint64_t cached;
	uint64_t live;
	uint64_t slabs;
	uint64_t refills;
	uint64_t flushes;
};

int hak_report_text(const struct hakmem_stats *s,
		    const struct hak_report_class *classes, int fd);
int hak_report_json(const struct hakmem_stats *s,
		    const struct hak_report_class *classes, int fd);

#endif /* HAK_REPORT_H */
