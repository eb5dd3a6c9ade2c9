/* SPDX-License-Identifier: MIT */
#include "json.h"

#include "slots.h"
#include "views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(json_t *o, const char *key, uint64_t value)
{
	json_object_set_new(o, key, json_integer((json_int_t)value));
}

/* Names of processes and threads may hold any bytes. */
static void put_text(json_t *o, const char *key, const char *text)
{
	json_t *value = json_string(text);
	char clean[64];

	if (!value) {
		snprintf(clean, sizeof(clean), "%s", text);
		for (char *p = clean; *p; p++)
			if (*p & 0x80)
				*p = '?';
		value = json_string(clean);
	}
	json_object_set_new(o, key, value);
}

#define PUT(o, s, field) put((o), #field, (s)->field)

static json_t *json_figures(const struct snapshot *snap)
{
	struct figures f;
	json_t *o = json_object();

	snapshot_figures(snap, &f);
	put(o, "live_bytes", f.live);
	put(o, "cached_bytes", snap->s.cached_bytes);
	put(o, "pending_bytes", snap->s.pending_bytes);
	put(o, "reclaimable_bytes", f.reclaim);
	put(o, "fragmentation_bytes", f.frag);
	put(o, "meta_bytes", f.meta);
	put(o, "ours_bytes", f.ours);
	put(o, "rss_bytes", snap->rss);
	put(o, "live_objects", f.objects);
	put(o, "mallocs", f.mallocs);
	put(o, "frees", f.frees);
	put(o, "refills", f.refills);
	put(o, "flushes", f.flushes);
	put(o, "remote_frees", f.remote);
	put(o, "purged_bytes", f.purged);
	return o;
}

static json_t *json_pool(const struct hakmem_stats *s)
{
	json_t *o = json_object();

	put(o, "slot_bytes", s->slot_size);
	PUT(o, s, slots_active);
	PUT(o, s, slots_empty);
	PUT(o, s, slots_unused);
	PUT(o, s, superslabs_mapped);
	PUT(o, s, superslabs_peak);
	PUT(o, s, superslabs_map_total);
	PUT(o, s, superslabs_unmap_total);
	PUT(o, s, lru_length);
	PUT(o, s, acquires);
	PUT(o, s, releases);
	PUT(o, s, adoptions);
	PUT(o, s, dissolutions);
	PUT(o, s, pool_drains);
	PUT(o, s, shared_fail);
	PUT(o, s, shared_fail_fallback);
	PUT(o, s, registry_slots);
	PUT(o, s, registry_peak);
	PUT(o, s, registry_leaves);
	PUT(o, s, registry_tombstones);
	return o;
}

static json_t *json_memory(const struct hakmem_stats *s)
{
	json_t *o = json_object();

	PUT(o, s, mapped_bytes);
	PUT(o, s, meta_bytes);
	PUT(o, s, empty_bytes);
	PUT(o, s, purged_bytes);
	PUT(o, s, purges);
	PUT(o, s, refaulted_bytes);
	PUT(o, s, hole_bytes);
	PUT(o, s, limit_hard);
	PUT(o, s, os_errors);
	PUT(o, s, foreign_ignored);
	PUT(o, s, foreign_forwarded);
	return o;
}

static json_t *json_tiers(const struct hakmem_stats *s)
{
	json_t *o = json_object();

	PUT(o, s, boot_mallocs);
	PUT(o, s, boot_frees);
	PUT(o, s, boot_live_bytes);
	PUT(o, s, large_mallocs);
	PUT(o, s, large_frees);
	PUT(o, s, large_live_bytes);
	PUT(o, s, huge_mallocs);
	PUT(o, s, huge_frees);
	PUT(o, s, huge_live_bytes);
	PUT(o, s, huge_cached_bytes);
	PUT(o, s, nested_mallocs);
	PUT(o, s, nested_live);
	return o;
}

static json_t *json_class(const struct snapshot *snap, unsigned cls)
{
	const struct sums *c = &snap->class[cls];
	json_t *o = json_object();

	put(o, "class", cls);
	put(o, "size", snap->info[cls].block_size);
	put(o, "live_objects", c->live);
	put(o, "live_bytes", c->live * snap->info[cls].block_size);
	put(o, "cached_objects", c->cached);
	put(o, "pending_objects", c->pending);
	PUT(o, c, slabs);
	put(o, "slab_bytes", snapshot_slab_bytes(snap, cls, c->slabs));
	PUT(o, c, filled);
	PUT(o, c, flushed);
	PUT(o, c, drained);
	PUT(o, c, remote_freed);
	PUT(o, c, refills);
	PUT(o, c, flushes);
	return o;
}

static json_t *json_classes(const struct snapshot *snap)
{
	json_t *list = json_array();

	for (unsigned cls = 1; cls < snap->classes; cls++)
		if (snap->class[cls].filled || snap->class[cls].slabs)
			json_array_append_new(list, json_class(snap, cls));
	return list;
}

static json_t *json_heap(const struct heap *h)
{
	json_t *o = json_object();

	put(o, "tag", h->pub.tag);
	put_text(o, "state", heap_state(h));
	if (h->tid) {
		put(o, "tid", (uint64_t)h->tid);
		put_text(o, "thread", h->name);
	}
	put(o, "generation", h->pub.generation);
	put(o, "mallocs", h->mallocs);
	put(o, "slabs", h->sum.slabs);
	put(o, "slab_bytes", h->slab_bytes);
	put(o, "cached_objects", h->sum.cached);
	put(o, "cached_bytes", h->cached_bytes);
	put(o, "filled", h->sum.filled);
	put(o, "flushed", h->sum.flushed);
	put(o, "drained", h->sum.drained);
	put(o, "remote_freed", h->sum.remote_freed);
	put(o, "refills", h->sum.refills);
	put(o, "flushes", h->sum.flushes);
	put(o, "drains", h->pub.drains);
	put(o, "outbox", h->pub.remote_out);
	put(o, "slow_mallocs", h->pub.slow_mallocs);
	put(o, "slow_frees", h->pub.slow_frees);
	put(o, "large_served", h->pub.large_served);
	put(o, "large_kept", h->pub.large_kept);
	put(o, "large_kept_bytes", h->pub.large_kept_bytes);
	return o;
}

static json_t *json_heaps(const struct snapshot *snap)
{
	const struct hakmem_stats *s = &snap->s;
	json_t *o = json_object(), *list = json_array();

	put(o, "live", s->heaps_live);
	put(o, "orphan", s->heaps_orphan);
	put(o, "total", s->heaps_total);
	put(o, "unhooked", s->heaps_unhooked);
	for (size_t i = 0; i < snap->heaps; i++)
		json_array_append_new(list, json_heap(&snap->heap[i]));
	json_object_set_new(o, "heap", list);
	return o;
}

/* The cells of the map. */
static void put_look(json_t *o, const struct slot_row *row)
{
	char text[HAKMEM_STATS_SLOTS + 1];

	for (unsigned i = 0; i < row->n; i++)
		text[i] = slot_signs[row->look[i]].sign;
	text[row->n] = 0;
	put_text(o, "look", text);
}

static json_t *json_superslabs(const struct snapshot *snap)
{
	json_t *list = json_array();
	struct slot_row *row = snap->have_slabs ? slots_rows(snap) : NULL;

	for (size_t i = 0; i < snap->superslabs; i++) {
		const struct hakmem_stats_superslab *p = &snap->ss[i].pub;
		json_t *o = json_object();
		char base[32];

		snprintf(base, sizeof(base), "0x%llx",
			 (unsigned long long)p->base);
		put_text(o, "base", base);
		PUT(o, p, slots);
		PUT(o, p, active);
		PUT(o, p, empty);
		PUT(o, p, purged);
		if (row)
			put_look(o, &row[i]);
		json_array_append_new(list, o);
	}
	free(row);
	return list;
}

static json_t *json_options(const struct snapshot *snap)
{
	json_t *o = json_object();
	char *text = xstrdup(snap->options ? snap->options : "");
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, '=');

		if (!value)
			continue;
		*value++ = 0;
		put_text(o, line, value);
	}
	free(text);
	return o;
}

static json_t *json_snapshot(const struct snapshot *snap)
{
	const struct hakmem_stats *s = &snap->s;
	json_t *o = json_object(), *look = json_object();

	put_text(o, "schema", JSON_SCHEMA);
	put(o, "pid", (uint64_t)snap->pid);
	put_text(o, "name", snap->name);
	put_text(o, "version", s->version);
	put(o, "time_ns", snap->time);
	put(o, "start_time_ns", s->start_time);
	put(look, "major", s->major);
	put(look, "minor", s->minor);
	put(look, "pointer_bytes", s->pointer_size);
	put(look, "page_bytes", s->page_size);
	put(look, "seq", s->seq);
	put(look, "retries", snap->retries);
	put(look, "moved_objects", snap->moved);
	json_object_set_new(o, "layout", look);
	json_object_set_new(o, "figures", json_figures(snap));
	json_object_set_new(o, "tiers", json_tiers(s));
	json_object_set_new(o, "pool", json_pool(s));
	json_object_set_new(o, "memory", json_memory(s));
	json_object_set_new(o, "heaps", json_heaps(snap));
	json_object_set_new(o, "classes", json_classes(snap));
	json_object_set_new(o, "superslabs", json_superslabs(snap));
	json_object_set_new(o, "options", json_options(snap));
	return o;
}

static json_t *json_residence(const struct residence *r)
{
	json_t *o = json_object();

	put(o, "rss_bytes", r->rss);
	put(o, "live_bytes", r->live);
	put(o, "fragmentation_bytes", r->frag);
	put(o, "cached_bytes", r->cached);
	put(o, "reclaimable_bytes", r->reclaim);
	put(o, "meta_bytes", r->meta);
	put(o, "thp_padding_bytes", r->padding);
	put(o, "others_bytes", r->others);
	put(o, "huge_page_bytes", r->huge_pages);
	put(o, "swap_bytes", r->swap);
	return o;
}

json_t *json_look(const struct look *look)
{
	json_t *o = json_snapshot(look->now);

	if (look->residence)
		json_object_set_new(o, "residence",
				    json_residence(look->residence));
	return o;
}

/* With an interval a line each, so that a reader can follow. */
bool json_print(FILE *f, const json_t *o, const struct options *opt)
{
	size_t flags = opt->interval > 0 ? JSON_COMPACT : JSON_INDENT(2);

	return json_dumpf(o, f, flags) == 0 && putc('\n', f) != EOF;
}

static enum status print(FILE *f, const struct look *look,
			 const struct options *opt, struct error *e)
{
	json_t *o = json_look(look);
	bool ok = json_print(f, o, opt);

	json_decref(o);
	return ok ? STATUS_OK : write_error(e);
}

const struct view_def view_json = {
	.want = WANT_SLABS | WANT_THREADS | WANT_OPTIONS,
	.print = print,
};
