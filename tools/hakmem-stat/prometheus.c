/* SPDX-License-Identifier: MIT */
#include "prometheus.h"

#include "term.h"
#include "views.h"

#include <inttypes.h>
#include <stddef.h>

enum source { STATS, FIGURES, SNAPSHOT };

struct metric {
	const char *family;
	bool counter;
	const char *label; /* NULL, or NAME="VALUE" */
	enum source source;
	size_t offset; /* of a uint64_t */
	const char *help; /* of the family; NULL: as the one before */
};

#define S(field) STATS, offsetof(struct hakmem_stats, field)
#define F(field) FIGURES, offsetof(struct figures, field)

/*
 * Frees are no counter here: they are derived from what lives, and may go back
 * by a few, which would look like a new start.
 */
static const struct metric metrics[] = {
	{ "hakmem_live_bytes", false, NULL, F(live),
	  "Bytes in blocks the program holds." },
	{ "hakmem_live_objects", false, NULL, F(objects),
	  "Blocks the program holds." },
	{ "hakmem_cached_bytes", false, NULL, S(cached_bytes),
	  "Bytes in the caches of threads." },
	{ "hakmem_pending_bytes", false, NULL, S(pending_bytes),
	  "Bytes freed by other threads and not yet taken back." },
	{ "hakmem_reclaimable_bytes", false, NULL, F(reclaim),
	  "Bytes that are resident, free and will be given back." },
	{ "hakmem_fragmentation_bytes", false, NULL, F(frag),
	  "Free bytes between live blocks, and tails of slabs." },
	{ "hakmem_meta_bytes", false, NULL, F(meta),
	  "Bytes of the library's own records." },
	{ "hakmem_heap_bytes", false, NULL, F(ours),
	  "Bytes of the heap, all together: at most this much is resident." },
	{ "hakmem_mapped_bytes", false, NULL, S(mapped_bytes),
	  "Address space obtained from the system." },
	{ "hakmem_process_resident_bytes", false, NULL, SNAPSHOT,
	  offsetof(struct snapshot, rss), "Resident bytes of the process." },
	{ "hakmem_limit_bytes", false, NULL, S(limit_hard),
	  "HAKMEM_LIMIT_HARD, 0 for none." },
	{ "hakmem_mallocs_total", true, NULL, F(mallocs), "Allocations." },
	{ "hakmem_refills_total", true, NULL, F(refills),
	  "Times a cache was filled from slabs." },
	{ "hakmem_flushes_total", true, NULL, F(flushes),
	  "Times a cache was emptied into slabs." },
	{ "hakmem_remote_frees_total", true, NULL, F(remote),
	  "Blocks freed by a thread that did not own them." },
	{ "hakmem_purged_bytes_total", true, NULL, F(purged),
	  "Bytes given back to the system." },
	{ "hakmem_refaulted_bytes_total", true, NULL, S(refaulted_bytes),
	  "Bytes given back and soon used again." },
	{ "hakmem_slots", false, "state=\"active\"", S(slots_active),
	  "Slots of 64 KiB by state." },
	{ "hakmem_slots", false, "state=\"empty\"", S(slots_empty), NULL },
	{ "hakmem_slots", false, "state=\"unused\"", S(slots_unused), NULL },
	{ "hakmem_superslabs", false, NULL, S(superslabs_mapped),
	  "SuperSlabs mapped." },
	{ "hakmem_lru_superslabs", false, NULL, S(lru_length),
	  "SuperSlabs without an active slot." },
	{ "hakmem_registry_slots", false, NULL, S(registry_slots),
	  "Entries of the registry in use." },
	{ "hakmem_acquired_slots_total", true, NULL, S(acquires),
	  "Slots that became active." },
	{ "hakmem_released_slots_total", true, NULL, S(releases),
	  "Slots that became empty." },
	{ "hakmem_adoptions_total", true, NULL, S(adoptions),
	  "Slabs or heaps taken over." },
	{ "hakmem_dissolutions_total", true, NULL, S(dissolutions),
	  "Heaps taken apart." },
	{ "hakmem_drains_total", true, NULL, S(pool_drains),
	  "Pending slabs collected by the pool." },
	{ "hakmem_shared_fail_total", true, NULL, S(shared_fail),
	  "Requests that the pool could not serve." },
	{ "hakmem_shared_fail_fallback_total", true, NULL,
	  S(shared_fail_fallback), "Requests sent to libc instead." },
	{ "hakmem_os_errors_total", true, NULL, S(os_errors),
	  "Memory system calls that failed and were survived." },
	{ "hakmem_heaps", false, "state=\"live\"", S(heaps_live),
	  "Heaps of threads by state." },
	{ "hakmem_heaps", false, "state=\"orphan\"", S(heaps_orphan), NULL },
};

/* A label's value: backslash, quote and line end are escaped; other bytes
 * that are not printable ASCII would have to be valid UTF-8. */
static void put_value(FILE *f, const char *text)
{
	putc('"', f);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '\\' || c == '"')
			putc('\\', f);
		putc(c < ' ' || c > '~' ? '?' : c, f);
	}
	putc('"', f);
}

static void put_labels(FILE *f, const struct snapshot *snap, const char *more)
{
	fprintf(f, "{pid=\"%d\",name=", (int)snap->pid);
	put_value(f, snap->name);
	if (more)
		fprintf(f, ",%s", more);
	putc('}', f);
}

static void head(FILE *f, const char *family, const char *type,
		 const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", family, help, family, type);
}

static uint64_t value(const struct look *look, const struct metric *m)
{
	const void *base = m->source == STATS	  ? (const void *)&look->now->s
			   : m->source == FIGURES ? (const void *)look->figures
						  : (const void *)look->now;

	return *(const uint64_t *)(const void *)((const char *)base +
						 m->offset);
}

static void put_metric(FILE *f, const struct look *look, size_t n,
		       const struct metric *m)
{
	if (m->help)
		head(f, m->family, m->counter ? "counter" : "gauge", m->help);
	for (size_t i = 0; i < n; i++) {
		fputs(m->family, f);
		put_labels(f, look[i].now, m->label);
		fprintf(f, " %" PRIu64 "\n", value(&look[i], m));
	}
}

static void put_info(FILE *f, const struct look *look, size_t n)
{
	head(f, "hakmem_info", "gauge", "The library's version, always 1.");
	for (size_t i = 0; i < n; i++) {
		char version[40];

		/* the library's own: digits, dots and letters */
		snprintf(version, sizeof(version), "version=\"%.16s\"",
			 term_clean(look[i].now->s.version));
		fputs("hakmem_info", f);
		put_labels(f, look[i].now, version);
		fputs(" 1\n", f);
	}
	head(f, "hakmem_start_time_seconds", "gauge",
	     "When the process first used the library, since the epoch.");
	for (size_t i = 0; i < n; i++) {
		fputs("hakmem_start_time_seconds", f);
		put_labels(f, look[i].now, NULL);
		fprintf(f, " %.3f\n", (double)look[i].now->s.start_time * 1e-9);
	}
}

static void put_counts(FILE *f, const struct fleet *fleet)
{
	head(f, "hakmem_stat_processes", "gauge",
	     "Processes by what hakmem-stat found.");
	fprintf(f,
		"hakmem_stat_processes{result=\"shown\"} %zu\n"
		"hakmem_stat_processes{result=\"denied\"} %zu\n"
		"hakmem_stat_processes{result=\"torn\"} %zu\n",
		fleet->shown, fleet->denied, fleet->torn);
}

void prometheus_print(FILE *f, const struct look *look, size_t n,
		      const struct fleet *fleet)
{
	put_info(f, look, n);
	for (size_t i = 0; i < ARRAY_SIZE(metrics); i++)
		put_metric(f, look, n, &metrics[i]);
	if (fleet)
		put_counts(f, fleet);
}

static enum status print(FILE *f, const struct look *look,
			 const struct options *opt, struct error *e)
{
	(void)opt;
	(void)e;
	prometheus_print(f, look, 1, NULL);
	return STATUS_OK;
}

const struct view_def view_prometheus = {
	.print = print,
};
