/* SPDX-License-Identifier: MIT */
/*
 * layout.h - the header of hakmem_stats and lists, read and bounded
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include "snapshot.h"

/* Read the object's constant part into snap->s and check it. */
enum status layout_header(struct snapshot *snap, struct target *t,
			  struct error *e);
/* The table of classes. */
enum status layout_classes(struct snapshot *snap, struct target *t,
			   struct error *e);
/* The text of the options in force. */
enum status layout_options(struct snapshot *snap, struct target *t,
			   struct error *e);

/* Addresses of the records of a list whose first word is the next address. */
struct list {
	uint64_t *addr;
	size_t n;
	size_t cap;
};
enum status layout_walk(struct target *t, uint64_t first, size_t max,
			const char *what, struct list *list, struct error *e);

enum status layout_hostile(struct target *t, struct error *e, const char *what);

#endif /* LAYOUT_H */
