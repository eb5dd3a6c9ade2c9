/* SPDX-License-Identifier: MIT */
/*
 * find.h - where a process keeps hakmem_stats
 *
 * In order: the dynamic symbol of every image mapped into the process, those
 * whose name speaks of hakmem first; the hakmem note of an image (static
 * programs); the symbol table of the executable's file.
 */
#ifndef FIND_H
#define FIND_H

#include "target.h"

/* Fills in t->stats. */
enum status find_stats(struct target *t, struct error *e);

#endif /* FIND_H */
