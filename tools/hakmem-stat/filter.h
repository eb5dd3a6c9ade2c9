/* SPDX-License-Identifier: MIT */
/*
 * filter.h - which processes are meant
 */
#ifndef FILTER_H
#define FILTER_H

#include "options.h"
#include "procfs.h"

/* Resolve opt->user; false: no such user. */
bool filter_user(struct options *opt);

/* Is the process, whose directory this is, one that the options ask for: by
 * name (of the process or of its program's file), user, and control group
 * (that one, or one below it)? */
bool filter_passes(const struct options *opt, int dir,
		   const struct proc_stat *st);

#endif /* FILTER_H */
