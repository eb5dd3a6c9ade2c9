/* SPDX-License-Identifier: MIT */
/*
 * json.h - a snapshot as JSON; the schema is in hakmem-stat(1)
 */
#ifndef JSON_H
#define JSON_H

#include "history.h"
#include "options.h"

#include <jansson.h>
#include <stdio.h>

#define JSON_SCHEMA "hakmem-stat 1"

/* New references.  Lists of classes, heaps and SuperSlabs hold those that are
 * in use. */
json_t *json_look(const struct look *look);

/* false: write error. */
bool json_print(FILE *f, const json_t *o, const struct options *opt);

#endif /* JSON_H */
