/* SPDX-License-Identifier: MIT */
#include "layout.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define STRIDE_MAX 4096u
#define OBJECT_MAX 65536u

/* The structures of layout 1.0: nobody ever wrote fewer bytes.  Later minors
 * have longer ones; what a program lacks of those known here reads as 0. */
#define CLASS_MIN 16u
#define BIN_MIN 64u
#define HEAP_MIN 96u
#define SUPERSLAB_MIN 112u
#define MAPPING_MIN 32u
#define OBJECT_MIN 568u

enum status layout_hostile(struct target *t, struct error *e, const char *what)
{
	return error_set(e, STATUS_TORN, "%d (%s): torn or hostile data: %s",
			 (int)t->pid, t->name, what);
}

static bool stride_ok(uint32_t have, size_t least)
{
	return have >= least && have <= STRIDE_MAX;
}

static const char *layout_wrong(const struct hakmem_stats *s)
{
	if (!stride_ok(s->class_size, CLASS_MIN) ||
	    !stride_ok(s->bin_size, BIN_MIN) ||
	    !stride_ok(s->heap_size, HEAP_MIN) ||
	    !stride_ok(s->superslab_size, SUPERSLAB_MIN) ||
	    !stride_ok(s->mapping_size, MAPPING_MIN))
		return "impossible structure size";
	if (s->pointer_size != 4 && s->pointer_size != 8)
		return "impossible pointer size";
	if (s->classes < 2 || s->classes > CLASSES_MAX)
		return "impossible number of classes";
	if (!stride_ok(s->cache_stride, 2 * s->pointer_size) ||
	    s->cache_top > s->cache_stride - s->pointer_size ||
	    s->cache_base > s->cache_stride - s->pointer_size)
		return "impossible cache header";
	if (!stride_ok(s->slab_stride, 4) || s->slab_nfree > s->slab_stride - 4)
		return "impossible slab record";
	if (s->page_size < 4096 || s->page_size > (1u << 24) ||
	    (s->page_size & (s->page_size - 1)))
		return "impossible page size";
	if (s->slot_size < 4096 || s->slot_size > (1u << 24) ||
	    (s->slot_size & (s->slot_size - 1)))
		return "impossible slot size";
	return NULL;
}

enum status layout_header(struct snapshot *snap, struct target *t,
			  struct error *e)
{
	struct hakmem_stats *s = &snap->s;
	const char *wrong;
	enum status status;

	memset(s, 0, sizeof(*s));
	status = target_read(t, t->stats, s, offsetof(struct hakmem_stats, seq),
			     e);
	if (status != STATUS_OK)
		return status;
	s->version[sizeof(s->version) - 1] = 0;
	if (s->magic != HAKMEM_STATS_MAGIC)
		return layout_hostile(t, e, "no magic number");
	if (s->major > HAKMEM_STATS_MAJOR)
		return error_set(e, STATUS_NEWER,
				 "%d (%s): libhakmem %s has statistics of "
				 "layout %u.%u, this program knows %u.%u",
				 (int)t->pid, t->name, s->version, s->major,
				 s->minor, HAKMEM_STATS_MAJOR,
				 HAKMEM_STATS_MINOR);
	if (s->major < 1 || s->size < OBJECT_MIN || s->size > OBJECT_MAX)
		return layout_hostile(t, e, "impossible header");
	wrong = layout_wrong(s);
	return wrong ? layout_hostile(t, e, wrong) : STATUS_OK;
}

enum status layout_classes(struct snapshot *snap, struct target *t,
			   struct error *e)
{
	const struct hakmem_stats *s = &snap->s;
	struct piece piece[CLASSES_MAX];
	enum status status;

	snap->classes = s->classes;
	for (unsigned i = 0; i < s->classes; i++)
		piece[i] = (struct piece){
			s->class_info + (uint64_t)i * s->class_size,
			&snap->info[i],
			min_u64(sizeof(snap->info[i]), s->class_size)
		};
	status = target_readv(t, piece, s->classes, e);
	if (status != STATUS_OK)
		return status;
	for (unsigned i = 1; i < s->classes; i++) {
		const struct hakmem_stats_class *c = &snap->info[i];

		if (!c->block_size || !c->slots || !c->blocks ||
		    c->slots > HAKMEM_STATS_SLOTS || c->blocks > s->slot_size ||
		    c->block_size > s->slot_size * c->slots)
			return layout_hostile(t, e, "impossible size class");
	}
	return STATUS_OK;
}

enum status layout_options(struct snapshot *snap, struct target *t,
			   struct error *e)
{
	size_t n = 0;
	char c = 1;

	free(snap->options);
	snap->options = xcalloc(OPTIONS_MAX + 1, 1);
	if (!snap->s.options)
		return STATUS_OK;
	/* by small blocks: the text may end where its mapping does */
	while (n < OPTIONS_MAX && c) {
		uint64_t at = snap->s.options + n;
		size_t len = 256 - (size_t)(at % 256);
		enum status status;

		if (len > OPTIONS_MAX - n)
			len = OPTIONS_MAX - n;
		status = target_read(t, at, snap->options + n, len, e);
		if (status != STATUS_OK)
			return status;
		if (memchr(snap->options + n, 0, len))
			c = 0;
		n += len;
	}
	if (c)
		return layout_hostile(t, e, "text of options without an end");
	for (char *p = snap->options; *p; p++)
		if (*p != '\n' && (*p < ' ' || *p > '~'))
			*p = '?';
	return STATUS_OK;
}

/* A cycle is found when the walk meets a record that it noted at a power of
 * two of steps (Brent). */
enum status layout_walk(struct target *t, uint64_t first, size_t max,
			const char *what, struct list *list, struct error *e)
{
	uint64_t mark = 0;
	size_t next_mark = 1;

	list->n = 0;
	for (uint64_t at = first; at;) {
		enum status status;

		if (at == mark || list->n >= max)
			return layout_hostile(t, e, what);
		if (list->n == next_mark) {
			mark = at;
			next_mark *= 2;
		}
		GROW(list->addr, list->n, list->cap);
		list->addr[list->n++] = at;
		status = target_read(t, at, &at, sizeof(at), e);
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}
