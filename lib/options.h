/* SPDX-License-Identifier: MIT */
/*
 * options.h - the options in force
 *
 * Responsibility: the values of every option, their parser and their text
 * form, all made from options.def.  Decides what a well-formed value is; not
 * whether the environment may be used (a set-user-ID program's caller leaves
 * hak_options_from_environ() out), and not what an option does.
 *
 * Contract: hak_opt has its defaults from the start of the process.  Before
 * the first allocation one thread fills it; after that only fields marked RT
 * change, each by one store.  Errors are -ENOENT (no such option), -EINVAL
 * (malformed or out of range), -EPERM (fixed at start-up); the option then
 * keeps its value.  Setting with at_start true later on would change, for
 * example, CACHE_MAX under heaps already laid out by it.
 *
 * Observable: one line "hakmem: warning: ..." for each variable that was not
 * understood; hak_options_text().
 *
 * Composable: write(2) only; no libc call, no lock, no relocation to wait
 * for (tables hold characters and offsets, not pointers): safe before libc is
 * ready.
 */
#ifndef HAK_OPTIONS_H
#define HAK_OPTIONS_H

#include "base.h"

#define HAK_OPTION_TEXT_SIZE 256

/* The words of each ENUM, and their values in the same order. */
#define HAK_ENUM_stats "off,exit"
#define HAK_ENUM_stats_format "text,json"
#define HAK_ENUM_purge_method "dontneed,free"
#define HAK_ENUM_thp "default,never,always"
#define HAK_ENUM_zero_realloc "free,alloc,abort"
#define HAK_ENUM_dlopen_deepbind "strip,keep"
#define HAK_ENUM_foreign_free "auto,forward,abort"

enum { HAK_STATS_OFF, HAK_STATS_EXIT };
enum { HAK_STATS_TEXT, HAK_STATS_JSON };
enum { HAK_PURGE_DONTNEED, HAK_PURGE_FREE };
enum { HAK_THP_DEFAULT, HAK_THP_NEVER, HAK_THP_ALWAYS };
enum { HAK_ZERO_REALLOC_FREE, HAK_ZERO_REALLOC_ALLOC, HAK_ZERO_REALLOC_ABORT };
enum { HAK_DEEPBIND_STRIP, HAK_DEEPBIND_KEEP };
enum { HAK_FOREIGN_AUTO, HAK_FOREIGN_FORWARD, HAK_FOREIGN_ABORT };

/* Options of the bench-only library; hakmem(7) does not have them. */
#ifdef HAK_BENCH_FAST
#define HAK_OPTIONS_BENCH                                                   \
	HAK_OPTION(BENCH_FAST, bench_fast, BOOL, 1, 0, 1, ST, "")           \
	HAK_OPTION(BENCH_FAST_PREALLOC, bench_fast_prealloc, INT, 10000, 0, \
		   10000000, ST, "")
#else
#define HAK_OPTIONS_BENCH
#endif

/* 8-byte alignment keeps the 64-bit stores single in 32-bit programs. */
typedef uint64_t hak_option_size __attribute__((aligned(8)));
typedef int64_t hak_option_time __attribute__((aligned(8)));

#define HAK_FIELD_BOOL(field) int field;
#define HAK_FIELD_INT(field) int field;
#define HAK_FIELD_ENUM(field) int field;
#define HAK_FIELD_SIZE(field) hak_option_size field;
#define HAK_FIELD_TIME(field) hak_option_time field;
#define HAK_FIELD_TEXT(field) char field[HAK_OPTION_TEXT_SIZE];

struct hak_options {
#define HAK_OPTION(NAME, field, TYPE, def, low, high, when, meaning) \
	HAK_FIELD_##TYPE(field)
#include "options.def"
	HAK_OPTIONS_BENCH
#undef HAK_OPTION
};

/* One writer at start; RT fields: relaxed stores afterwards. */
extern struct hak_options hak_opt;

/* Enough for hak_options_text(), whatever the values. */
enum {
	HAK_OPTION_WIDTH_BOOL = 1,
	HAK_OPTION_WIDTH_INT = 11,
	HAK_OPTION_WIDTH_ENUM = 16,
	HAK_OPTION_WIDTH_SIZE = 20,
	HAK_OPTION_WIDTH_TIME = 22,
	HAK_OPTION_WIDTH_TEXT = HAK_OPTION_TEXT_SIZE,
	HAK_OPTIONS_TEXT_MAX = 1
#define HAK_OPTION(NAME, field, TYPE, def, low, high, when, meaning) \
	+(int)sizeof(#NAME "=") + HAK_OPTION_WIDTH_##TYPE
#include "options.def"
	HAK_OPTIONS_BENCH
#undef HAK_OPTION
};

/*
 * Apply every HAKMEM_NAME=value of envp (may be NULL).  HAKMEM_LIB and
 * HAKMEM_TEST_* belong to the test suite and are passed over.
 */
void hak_options_from_environ(char *const *envp);

/* name is without HAKMEM_, in any case.  0 or a negative errno. */
int hak_options_set(const char *name, const char *value, bool at_start);

/* The value as hak_options_set() takes it, always terminated when size > 0.
 * Its whole length, or -ENOENT. */
int hak_options_get(const char *name, char *buf, size_t size);

/* Every option as "NAME=value\n" into buf (cap >= 1), terminated; the length
 * written. */
size_t hak_options_text(char *buf, size_t cap);

#endif /* HAK_OPTIONS_H */
