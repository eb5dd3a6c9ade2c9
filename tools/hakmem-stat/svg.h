/* SPDX-License-Identifier: MIT */
/*
 * svg.h - pictures
 */
#ifndef SVG_H
#define SVG_H

#include "snapshot.h"

#include <stdio.h>

/* Text with the five characters of XML replaced, and control bytes by ?. */
void svg_text(FILE *f, const char *text);

/* An <svg> element: the slots of all SuperSlabs; needs WANT_SLABS.  with_title:
 * the process's name above it. */
void svg_map(FILE *f, const struct snapshot *snap, bool with_title);

/* The same as a file of its own, which appears when it is complete. */
enum status svg_map_file(const struct snapshot *snap, const char *path,
			 struct error *e);

#endif /* SVG_H */
