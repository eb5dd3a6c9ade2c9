/* SPDX-License-Identifier: MIT */
/*
 * term.h - what the terminal can do
 */
#ifndef TERM_H
#define TERM_H

#include "options.h"

/* Colour: as --color says; by itself only on a terminal that is not dumb, and
 * not with NO_COLOR in the environment. */
bool term_colour(const struct options *opt);

/* A name of a process or thread without bytes that could move the cursor; valid
 * until the next call. */
const char *term_clean(const char *name);

#endif /* TERM_H */
