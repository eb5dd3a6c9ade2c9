/* SPDX-License-Identifier: MIT */
/*
 * json.h - a snapshot as JSON; the schema is in hakmem-stat(1)
 */
#ifndef JSON_H
#define JSON_H

#include "snapshot.h"

#include <jansson.h>

#define JSON_SCHEMA "hakmem-stat 1"

/* A new reference.  Lists of classes, heaps and SuperSlabs hold those that
 * are in use. */
json_t *json_snapshot(const struct snapshot *snap);

#endif /* JSON_H */
