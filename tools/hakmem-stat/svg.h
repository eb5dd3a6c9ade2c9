/* SPDX-License-Identifier: MIT */
/*
 * svg.h - pictures
 */
#ifndef SVG_H
#define SVG_H

#include "slots.h"

#include <stdio.h>

/* Text with the five characters of XML replaced, and control bytes by ?. */
void svg_text(FILE *f, const char *text);

/* An <svg> element: the slots of all SuperSlabs; title: NULL, or written above
 * it with the subtitle. */
void svg_map(FILE *f, const struct slot_row *row, size_t rows,
	     const char *title, const char *subtitle);

/* The same as a file of its own, which appears when it is complete. */
enum status svg_map_file(const struct snapshot *snap,
			 const struct slot_row *row, const char *path,
			 struct error *e);

#endif /* SVG_H */
