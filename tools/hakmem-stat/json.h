/* SPDX-License-Identifier: MIT */
/*
 * json.h - a snapshot as JSON; the schema is in hakmem-stat(1)
 */
#ifndef JSON_H
#define JSON_H

#include "history.h"
#include "options.h"

#include <jansson.h>

#define JSON_SCHEMA "hakmem-stat 1"

/* New references.  Lists of classes, heaps and SuperSlabs hold those that are
 * in use. */
json_t *json_look(const struct look *look);

/* To stdout; false: write error. */
bool json_print(const json_t *o, const struct options *opt);

#endif /* JSON_H */
