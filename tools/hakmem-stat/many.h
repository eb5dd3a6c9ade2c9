/* SPDX-License-Identifier: MIT */
/*
 * many.h - the view of many processes
 */
#ifndef MANY_H
#define MANY_H

#include "options.h"
#include "table.h"

/* A row, an element or a sample for each process that the options ask for;
 * table: of the default view, or NULL. */
enum status many(const struct options *opt, struct table *table,
		 struct error *e);

/* The only process that the options ask for. */
enum status many_one(const struct options *opt, pid_t *pid, struct error *e);

#endif /* MANY_H */
