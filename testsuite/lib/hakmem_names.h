/* SPDX-License-Identifier: MIT */
/*
 * hakmem_names.h - a program of the suite with hakmem_malloc for malloc
 *
 * Included before the program (-include) where malloc is a sanitizer's: the
 * library is built with --disable-interpose there.
 */
#ifndef HAKMEM_NAMES_H
#define HAKMEM_NAMES_H

#include <malloc.h>
#include <stdlib.h>

#include <hakmem/hakmem.h>

#define malloc hakmem_malloc
#define calloc hakmem_calloc
#define realloc hakmem_realloc
#define free hakmem_free
#define memalign hakmem_aligned_alloc
#define malloc_usable_size hakmem_usable_size

#endif /* HAKMEM_NAMES_H */
