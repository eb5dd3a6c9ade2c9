/* SPDX-License-Identifier: MIT */
#include "report.h"

#include "fmt.h"
#include "sys.h"

/* Lines are gathered here until the next might not fit. */
#define REPORT_BUFFER 384
#define REPORT_LINE 200 /* no piece of the report is longer */

struct report {
	struct hak_fmt f;
	int fd;
	int err; /* first failure; nothing is written after it */
	char buf[REPORT_BUFFER];
};

/*
 * The counters of struct hakmem_stats from slots_active on, in order.  The
 * name alone stands here: position i is byte 8 * i behind the first.
 */
/* clang-format off */
#define REPORT_COUNTERS(X) \
	X(slots_active) X(slots_empty) X(slots_unused) X(superslabs_mapped) \
	X(superslabs_peak) X(superslabs_map_total) \
	X(superslabs_unmap_total) X(lru_length) X(acquires) X(releases) \
	X(adoptions) X(dissolutions) X(pool_drains) X(shared_fail) \
	X(shared_fail_fallback) X(registry_slots) X(registry_peak) \
	X(registry_leaves) X(registry_tombstones) X(mapped_bytes) \
	X(meta_bytes) X(empty_bytes) X(purged_bytes) X(purges) \
	X(refaulted_bytes) X(hole_bytes) X(boot_mallocs) X(boot_frees) \
	X(boot_live_bytes) X(large_mallocs) X(large_frees) \
	X(large_live_bytes) X(huge_mallocs) X(huge_frees) \
	X(huge_live_bytes) X(huge_cached_bytes) X(nested_mallocs) \
	X(nested_live) X(heaps_live) X(heaps_orphan) X(heaps_total) \
	X(heaps_unhooked) X(forks_repaired) X(limit_hard) X(os_errors) \
	X(foreign_ignored) X(foreign_forwarded) X(mallocs) X(frees) \
	X(live_bytes) X(cached_bytes) X(pending_bytes)
/* clang-format on */

/* Characters, not pointers: a pointer would be a relocation. */
#define REPORT_NAME(name) #name,
static const char report_names[][24] = { REPORT_COUNTERS(REPORT_NAME) };

#define REPORT_COUNT (sizeof(report_names) / sizeof(report_names[0]))
#define REPORT_FIRST offsetof(struct hakmem_stats, slots_active)

#define REPORT_INDEX(name) REPORT_AT_##name,
enum { REPORT_COUNTERS(REPORT_INDEX) };

#define REPORT_IN_PLACE(name)                                                 \
	_Static_assert(offsetof(struct hakmem_stats, name) ==                 \
				       REPORT_FIRST + 8 * REPORT_AT_##name && \
			       sizeof(#name) <= sizeof(report_names[0]),      \
		       #name " stands where stats.h has it");
REPORT_COUNTERS(REPORT_IN_PLACE)
_Static_assert(sizeof(struct hakmem_stats) == REPORT_FIRST + 8 * REPORT_COUNT,
	       "every counter of stats.h is reported");

static void report_init(struct report *r, int fd)
{
	hak_fmt_init(&r->f, r->buf, sizeof(r->buf));
	r->fd = fd;
	r->err = 0;
}

static void report_flush(struct report *r)
{
	size_t done = 0;

	while (done < r->f.len && !r->err) {
		long n = hak_sys_write(r->fd, r->buf + done, r->f.len - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0)
			r->err = -EIO;
		else if (n != -EINTR)
			r->err = (int)n;
	}
	hak_fmt_clear(&r->f);
}

/* The buffer, with room for a line. */
static struct hak_fmt *report_room(struct report *r)
{
	if (r->f.len + REPORT_LINE >= r->f.cap)
		report_flush(r);
	return &r->f;
}

static int report_end(struct report *r)
{
	report_flush(r);
	return r->err;
}

static void report_heading(struct report *r, const char *text)
{
	hak_fmt(report_room(r), "\n%s\n", text);
}

static void report_number(struct report *r, const char *what, uint64_t n)
{
	struct hak_fmt *f = report_room(r);

	hak_fmt(f, "  %-32s", what);
	hak_fmt_u64_right(f, n, 14);
	hak_fmt_ch(f, '\n');
}

static void report_size(struct report *r, const char *what, uint64_t bytes)
{
	struct hak_fmt *f = report_room(r);

	hak_fmt(f, "  %-32s", what);
	hak_fmt_size_right(f, bytes, 14);
	hak_fmt_ch(f, '\n');
}

static void report_totals(struct report *r, const struct hakmem_stats *s)
{
	struct hak_fmt *f = report_room(r);

	hak_fmt_str(f, "hakmem ");
	for (size_t i = 0; i < sizeof(s->version) && s->version[i]; i++)
		hak_fmt_ch(f, s->version[i]);
	hak_fmt_str(f, ": report of the heap");
	if (s->pid)
		hak_fmt(f, " [pid %u]", s->pid);
	hak_fmt_ch(f, '\n');

	report_heading(r, "Memory");
	report_size(r, "live", s->live_bytes);
	report_size(r, "cached by threads", s->cached_bytes);
	report_size(r, "freed remotely, not taken back", s->pending_bytes);
	report_size(r, "empty, resident", s->empty_bytes);
	report_size(r, "allocator's own structures", s->meta_bytes);
	report_size(r, "mapped", s->mapped_bytes);
	report_number(r, "mallocs", s->mallocs);
	report_number(r, "frees", s->frees);
}

/* mallocs and frees: NULL where a tier has no count of its own */
static void report_tier(struct report *r, const char *name, uint64_t bytes,
			const uint64_t *mallocs, const uint64_t *frees)
{
	struct hak_fmt *f = report_room(r);

	hak_fmt(f, "  %-8s", name);
	hak_fmt_size_right(f, bytes, 14);
	if (mallocs)
		hak_fmt_u64_right(f, *mallocs, 14);
	else
		hak_fmt(f, "%14s", "-");
	if (frees)
		hak_fmt_u64_right(f, *frees, 14);
	else
		hak_fmt(f, "%14s", "-");
	hak_fmt_ch(f, '\n');
}

static void report_tiers(struct report *r, const struct hakmem_stats *s,
			 const struct hak_report_class *classes)
{
	uint64_t tiny = 0;
	uint64_t mid = 0;

	for (unsigned i = 1; i < HAKMEM_STATS_CLASSES; i++) {
		uint64_t bytes = classes[i].live * classes[i].block_size;

		if (classes[i].block_size <= HAK_TINY_MAX)
			tiny += bytes;
		else
			mid += bytes;
	}
	report_heading(r, "Tiers");
	hak_fmt(report_room(r), "  %-8s%14s%14s%14s\n", "tier", "live",
		"mallocs", "frees");
	report_tier(r, "tiny", tiny, NULL, NULL);
	report_tier(r, "mid", mid, NULL, NULL);
	report_tier(r, "large", s->large_live_bytes, &s->large_mallocs,
		    &s->large_frees);
	report_tier(r, "huge", s->huge_live_bytes, &s->huge_mallocs,
		    &s->huge_frees);
	report_tier(r, "boot", s->boot_live_bytes, &s->boot_mallocs,
		    &s->boot_frees);
	report_size(r, "huge mappings cached", s->huge_cached_bytes);
	report_number(r, "mallocs in nested handlers", s->nested_mallocs);
	report_number(r, "of them live", s->nested_live);
}

static void report_class(struct report *r, const struct hak_report_class *c)
{
	const uint64_t columns[] = {
		c->live,    c->cached,	     c->slabs,	 c->filled,  c->flushed,
		c->drained, c->remote_freed, c->refills, c->flushes,
	};
	struct hak_fmt *f = report_room(r);

	hak_fmt_u64_right(f, c->block_size, 7);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		/* wide figures push the column, never run together */
		hak_fmt_ch(f, ' ');
		hak_fmt_u64_right(f, columns[i], i == 2 ? 7 : 10);
	}
	hak_fmt_ch(f, '\n');
}

static bool report_is_used(const struct hak_report_class *c)
{
	return c->filled || c->slabs || c->remote_freed;
}

static void report_classes(struct report *r,
			   const struct hak_report_class *classes)
{
	struct hak_fmt *f;

	report_heading(r, "Size classes in use (blocks)");
	f = report_room(r);
	hak_fmt(f, "%7s %10s %10s %7s %10s %10s", "size", "live", "cached",
		"slabs", "filled", "flushed");
	hak_fmt(f, " %10s %10s %10s %10s\n", "drained", "remote", "refills",
		"flushes");
	for (unsigned i = 1; i < HAKMEM_STATS_CLASSES; i++) {
		if (report_is_used(&classes[i]))
			report_class(r, &classes[i]);
	}
}

static void report_pool(struct report *r, const struct hakmem_stats *s)
{
	report_heading(r, "Shared Pool");
	report_number(r, "slots active", s->slots_active);
	report_number(r, "slots empty", s->slots_empty);
	report_number(r, "slots unused", s->slots_unused);
	report_number(r, "SuperSlabs mapped", s->superslabs_mapped);
	report_number(r, "SuperSlabs at most", s->superslabs_peak);
	report_number(r, "SuperSlabs mapped since start",
		      s->superslabs_map_total);
	report_number(r, "SuperSlabs unmapped since start",
		      s->superslabs_unmap_total);
	report_number(r, "SuperSlabs in the LRU", s->lru_length);
	report_number(r, "slots acquired", s->acquires);
	report_number(r, "slots released", s->releases);
	report_number(r, "adoptions", s->adoptions);
	report_number(r, "dissolutions", s->dissolutions);
	report_number(r, "pending slabs drained", s->pool_drains);
	report_number(r, "shared_fail", s->shared_fail);
	report_number(r, "shared_fail_fallback", s->shared_fail_fallback);

	report_heading(r, "Registry");
	report_number(r, "entries in use", s->registry_slots);
	report_number(r, "entries at most", s->registry_peak);
	report_number(r, "leaves", s->registry_leaves);
	report_number(r, "tombstones", s->registry_tombstones);
}

static void report_remote(struct report *r,
			  const struct hak_report_class *classes)
{
	uint64_t freed = 0;
	uint64_t drained = 0;

	for (unsigned i = 1; i < HAKMEM_STATS_CLASSES; i++) {
		freed += classes[i].remote_freed;
		drained += classes[i].drained;
	}
	report_heading(r, "Remote frees");
	report_number(r, "blocks freed by other threads", freed);
	report_number(r, "blocks taken back", drained);
}

static void report_rest(struct report *r, const struct hakmem_stats *s)
{
	report_heading(r, "Returned to the system");
	report_size(r, "since start", s->purged_bytes);
	report_number(r, "system calls", s->purges);
	report_size(r, "used again soon after", s->refaulted_bytes);
	report_size(r, "holes in slabs now", s->hole_bytes);

	report_heading(r, "Threads");
	report_number(r, "heaps live", s->heaps_live);
	report_number(r, "heaps orphaned", s->heaps_orphan);
	report_number(r, "heaps made since start", s->heaps_total);
	report_number(r, "heaps without an exit hook", s->heaps_unhooked);
	report_number(r, "forks repaired", s->forks_repaired);

	report_heading(r, "Limits and errors");
	if (s->limit_hard)
		report_size(r, "hard limit", s->limit_hard);
	else
		hak_fmt(report_room(r), "  %-32s%14s\n", "hard limit", "none");
	report_number(r, "system call errors survived", s->os_errors);
	report_number(r, "foreign pointers ignored", s->foreign_ignored);
	report_number(r, "foreign pointers forwarded", s->foreign_forwarded);
}

int hak_report_text(const struct hakmem_stats *s,
		    const struct hak_report_class *classes, int fd)
{
	struct report r;

	report_init(&r, fd);
	report_totals(&r, s);
	report_tiers(&r, s, classes);
	report_classes(&r, classes);
	report_remote(&r, classes);
	report_pool(&r, s);
	report_rest(&r, s);
	return report_end(&r);
}

static void json_number(struct report *r, const char *key, uint64_t n)
{
	struct hak_fmt *f = report_room(r);

	hak_fmt(f, "  \"%s\": ", key);
	hak_fmt_u64(f, n);
	hak_fmt_str(f, ",\n");
}

static void json_head(struct report *r, const struct hakmem_stats *s)
{
	struct hak_fmt *f = report_room(r);

	hak_fmt_str(f, "{\n  \"version\": \"");
	for (size_t i = 0; i < sizeof(s->version) && s->version[i]; i++) {
		char c = s->version[i];

		/* nothing that would have to be escaped */
		hak_fmt_ch(f, c < ' ' || c == '"' || c == '\\' ? '?' : c);
	}
	hak_fmt_str(f, "\",\n");
	json_number(r, "major", s->major);
	json_number(r, "minor", s->minor);
	json_number(r, "pid", s->pid);
	json_number(r, "pointer_size", s->pointer_size);
	json_number(r, "page_size", s->page_size);
	json_number(r, "slot_size", s->slot_size);
	json_number(r, "start_time", s->start_time);
}

static void json_field(struct report *r, const char *key, uint64_t n,
		       char after)
{
	struct hak_fmt *f = report_room(r);

	hak_fmt(f, "\"%s\": ", key);
	hak_fmt_u64(f, n);
	hak_fmt_ch(f, after);
}

static void json_class(struct report *r, const struct hak_report_class *c,
		       bool first)
{
	hak_fmt_str(report_room(r), first ? "\n    {" : ",\n    {");
	json_field(r, "block_size", c->block_size, ',');
	json_field(r, "filled", c->filled, ',');
	json_field(r, "flushed", c->flushed, ',');
	json_field(r, "drained", c->drained, ',');
	json_field(r, "remote_freed", c->remote_freed, ',');
	json_field(r, "cached", c->cached, ',');
	json_field(r, "live", c->live, ',');
	json_field(r, "slabs", c->slabs, ',');
	json_field(r, "refills", c->refills, ',');
	json_field(r, "flushes", c->flushes, '}');
}

int hak_report_json(const struct hakmem_stats *s,
		    const struct hak_report_class *classes, int fd)
{
	const uint64_t *counters =
		(const void *)((const char *)s + REPORT_FIRST);
	struct report r;
	bool first = true;

	report_init(&r, fd);
	json_head(&r, s);
	for (size_t i = 0; i < REPORT_COUNT; i++)
		json_number(&r, report_names[i], counters[i]);
	hak_fmt_str(report_room(&r), "  \"classes\": [");
	for (unsigned i = 1; i < HAKMEM_STATS_CLASSES; i++) {
		if (!report_is_used(&classes[i]))
			continue;
		json_class(&r, &classes[i], first);
		first = false;
	}
	hak_fmt_str(report_room(&r), first ? "]\n}\n" : "\n  ]\n}\n");
	return report_end(&r);
}
