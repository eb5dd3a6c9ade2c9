/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "fault.h"
#include "fmt.h"

#include <errno.h>

enum option_type {
	OPTION_BOOL,
	OPTION_INT,
	OPTION_ENUM,
	OPTION_SIZE,
	OPTION_TIME,
	OPTION_TEXT,
};

enum { OPTION_ST, OPTION_RT };

/* No pointer in here: a pointer would be a relocation of the library. */
struct option_row {
	char name[24]; /* without HAKMEM_ */
	char words[24]; /* ENUM: separated by commas */
	uint8_t type; /* enum option_type */
	uint8_t when;
	uint16_t offset; /* in struct hak_options */
	int64_t low;
	int64_t high; /* SIZE: 0 is no bound */
};

#define OPTION_WORDS_BOOL(field) ""
#define OPTION_WORDS_INT(field) ""
#define OPTION_WORDS_ENUM(field) HAK_ENUM_##field
#define OPTION_WORDS_SIZE(field) ""
#define OPTION_WORDS_TIME(field) ""
#define OPTION_WORDS_TEXT(field) ""

#define HAK_OPTION(NAME, field_, TYPE, def, low_, high_, when_, meaning) \
	{                                                                \
		.name = #NAME,                                           \
		.words = OPTION_WORDS_##TYPE(field_),                    \
		.type = OPTION_##TYPE,                                   \
		.when = OPTION_##when_,                                  \
		.offset = offsetof(struct hak_options, field_),          \
		.low = low_,                                             \
		.high = high_,                                           \
	},
static const struct option_row option_rows[] = {
#include "options.def"
	HAK_OPTIONS_BENCH
};
#undef HAK_OPTION

#define OPTION_COUNT (sizeof(option_rows) / sizeof(option_rows[0]))

/* A name or a word list that fills its array would lose its terminator. */
#define HAK_OPTION(NAME, field, TYPE, def, low, high, when, meaning)   \
	_Static_assert(sizeof(#NAME) <= sizeof(option_rows[0].name) && \
			       sizeof(OPTION_WORDS_##TYPE(field)) <=   \
				       sizeof(option_rows[0].words),   \
		       #NAME " fits its row");
#include "options.def"
HAK_OPTIONS_BENCH
#undef HAK_OPTION

#define HAK_OPTION(NAME, field_, TYPE, def, low, high, when, meaning) \
	.field_ = def,
struct hak_options hak_opt = {
#include "options.def"
	HAK_OPTIONS_BENCH
};
#undef HAK_OPTION

static char option_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Does name, of n bytes, spell upper?  upper is terminated. */
static bool option_is(const char *name, size_t n, const char *upper)
{
	for (size_t i = 0; i < n; i++) {
		if (!upper[i] || option_upper(name[i]) != upper[i])
			return false;
	}
	return upper[n] == 0;
}

/* s behind prefix, or NULL */
static const char *option_after(const char *s, const char *prefix)
{
	while (*prefix) {
		if (*s++ != *prefix++)
			return NULL;
	}
	return s;
}

static size_t option_length(const char *s, char end)
{
	const char *p = s;

	while (*p && *p != end)
		p++;
	return (size_t)(p - s);
}

static const struct option_row *option_find(const char *name, size_t n)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (option_is(name, n, option_rows[i].name))
			return &option_rows[i];
	}
	return NULL;
}

static void *option_field(const struct option_row *row)
{
	return (char *)&hak_opt + row->offset;
}

/* Digits at *s, at least one; moves *s behind them. */
static int option_digits(const char **s, uint64_t *value)
{
	const char *p = *s;
	uint64_t v = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return -EINVAL;
	}
	if (p == *s)
		return -EINVAL;
	*s = p;
	*value = v;
	return 0;
}

/* "", K, M, G, each also with B or iB, in any case: always powers of 1024. */
static int option_parse_size(const char *s, uint64_t *bytes)
{
	static const char units[] = "KMG";
	unsigned shift = 0;

	if (option_digits(&s, bytes))
		return -EINVAL;
	for (unsigned i = 0; units[i]; i++) {
		if (option_upper(*s) == units[i])
			shift = (i + 1) * 10;
	}
	if (shift) {
		s++;
		if (*s && !option_is(s, option_length(s, 0), "B") &&
		    !option_is(s, option_length(s, 0), "IB"))
			return -EINVAL;
	} else if (*s) {
		return -EINVAL;
	}
	if (*bytes > UINT64_MAX >> shift)
		return -EINVAL;
	*bytes <<= shift;
	return 0;
}

/* -1 alone, or digits with ms (also without a unit) or s */
static int option_parse_time(const char *s, int64_t *ms)
{
	uint64_t value;
	uint64_t unit = 1;

	if (option_is(s, option_length(s, 0), "-1")) {
		*ms = -1;
		return 0;
	}
	if (option_digits(&s, &value))
		return -EINVAL;
	if (option_is(s, option_length(s, 0), "S"))
		unit = 1000;
	else if (*s && !option_is(s, option_length(s, 0), "MS"))
		return -EINVAL;
	if (value > INT64_MAX / 1000)
		return -EINVAL;
	*ms = (int64_t)(value * unit);
	return 0;
}

static int option_parse_int(const char *s, int64_t *value)
{
	bool negative = *s == '-';
	uint64_t v;

	s += negative;
	if (option_digits(&s, &v) || *s || v > INT32_MAX)
		return -EINVAL;
	*value = negative ? -(int64_t)v : (int64_t)v;
	return 0;
}

/* The first byte of word number index of a list. */
static const char *option_word(const char *words, int index)
{
	while (index-- > 0)
		words += option_length(words, ',') + 1;
	return words;
}

static bool option_same_word(const char *s, const char *word)
{
	size_t n = option_length(word, ',');

	if (option_length(s, 0) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (option_upper(s[i]) != option_upper(word[i]))
			return false;
	}
	return true;
}

static int option_parse_word(const struct option_row *row, const char *s,
			     int64_t *value)
{
	for (int i = 0; i <= (int)row->high; i++) {
		if (option_same_word(s, option_word(row->words, i))) {
			*value = i;
			return 0;
		}
	}
	return -EINVAL;
}

/* Control characters would tear the line that shows the value. */
static int option_set_text(char *field, const char *s)
{
	size_t n = 0;

	for (; s[n]; n++) {
		if (n + 1 >= HAK_OPTION_TEXT_SIZE ||
		    (unsigned char)s[n] < 0x20 || s[n] == 0x7f)
			return -EINVAL;
	}
	for (size_t i = 0; i <= n; i++)
		__atomic_store_n(&field[i], s[i], __ATOMIC_RELAXED);
	return 0;
}

static int option_set_size(const struct option_row *row, const char *s)
{
	uint64_t bytes;
	int err = option_parse_size(s, &bytes);

	if (err)
		return err;
	if (bytes < (uint64_t)row->low ||
	    (row->high && bytes > (uint64_t)row->high))
		return -EINVAL;
	__atomic_store_n((hak_option_size *)option_field(row), bytes,
			 __ATOMIC_RELAXED);
	return 0;
}

static int option_set_number(const struct option_row *row, const char *s)
{
	int64_t value;
	int err;

	if (row->type == OPTION_ENUM)
		err = option_parse_word(row, s, &value);
	else if (row->type == OPTION_TIME)
		err = option_parse_time(s, &value);
	else
		err = option_parse_int(s, &value);
	if (err)
		return err;
	if (value < row->low || value > row->high)
		return -EINVAL;
	if (row->type == OPTION_TIME)
		__atomic_store_n((hak_option_time *)option_field(row), value,
				 __ATOMIC_RELAXED);
	else
		__atomic_store_n((int *)option_field(row), (int)value,
				 __ATOMIC_RELAXED);
	return 0;
}

static int option_set(const struct option_row *row, const char *value)
{
	if (row->type == OPTION_TEXT)
		return option_set_text(option_field(row), value);
	if (row->type == OPTION_SIZE)
		return option_set_size(row, value);
	return option_set_number(row, value);
}

static void option_put(struct hak_fmt *f, const struct option_row *row)
{
	const void *field = option_field(row);
	const char *word;
	int64_t ms;
	int value;

	switch (row->type) {
	case OPTION_TEXT:
		hak_fmt_str(f, field);
		return;
	case OPTION_SIZE:
		hak_fmt_u64(f, __atomic_load_n((const hak_option_size *)field,
					       __ATOMIC_RELAXED));
		return;
	case OPTION_TIME:
		ms = __atomic_load_n((const hak_option_time *)field,
				     __ATOMIC_RELAXED);
		hak_fmt_i64(f, ms);
		if (ms > 0)
			hak_fmt_str(f, "ms");
		return;
	default:
		break;
	}
	value = __atomic_load_n((const int *)field, __ATOMIC_RELAXED);
	if (row->type != OPTION_ENUM) {
		hak_fmt_i64(f, value);
		return;
	}
	word = option_word(row->words, value);
	hak_fmt_mem(f, word, option_length(word, ','));
}

/* Up to n bytes of foreign text, harmless on a terminal. */
static void option_quote(struct hak_fmt *f, const char *s, size_t n)
{
	for (size_t i = 0; i < n && s[i]; i++) {
		unsigned char c = (unsigned char)s[i];

		hak_fmt_ch(f, c < 0x20 || c >= 0x7f ? '?' : s[i]);
	}
}

/* Lengths are bounded so that the end of the line is never what is lost. */
static HAK_COLD void option_warn_value(const struct option_row *row,
				       const char *value)
{
	char line[200];
	char kept[48];
	struct hak_fmt f;
	struct hak_fmt k;

	hak_fmt_init(&k, kept, sizeof(kept));
	option_put(&k, row);
	hak_fmt_init(&f, line, sizeof(line));
	hak_fmt(&f, "warning: HAKMEM_%s=\"", row->name);
	option_quote(&f, value, 48);
	hak_fmt(&f, "\": not understood, default %s kept",
		k.len ? kept : "\"\"");
	hak_warn(line);
}

static HAK_COLD void option_warn_name(const char *name, size_t n)
{
	char line[120];
	struct hak_fmt f;

	hak_fmt_init(&f, line, sizeof(line));
	hak_fmt_str(&f, "warning: unknown variable HAKMEM_");
	option_quote(&f, name, n < 64 ? n : 64);
	hak_warn(line);
}

static bool option_is_reserved(const char *name, size_t n)
{
	return option_is(name, n, "LIB") || option_after(name, "TEST_");
}

/* name is what stands behind HAKMEM_, up to the '=' */
static void option_from_variable(const char *name)
{
	size_t n = option_length(name, '=');
	const struct option_row *row;
	bool lower = false;

	if (name[n] != '=' || option_is_reserved(name, n))
		return;
	for (size_t i = 0; i < n; i++)
		lower |= option_upper(name[i]) != name[i];
	row = lower ? NULL : option_find(name, n);
	if (row) {
		if (option_set(row, name + n + 1))
			option_warn_value(row, name + n + 1);
	} else if (option_is(name, n, "BENCH_FAST") ||
		   option_is(name, n, "BENCH_FAST_PREALLOC")) {
		hak_warn("warning: BenchFast is a bench-only library; "
			 "this one ignores HAKMEM_BENCH_FAST");
	} else {
		option_warn_name(name, n);
	}
}

void hak_options_from_environ(char *const *envp)
{
	if (!envp)
		return;
	for (; *envp; envp++) {
		const char *name = option_after(*envp, "HAKMEM_");

		if (hak_unlikely(name != NULL))
			option_from_variable(name);
	}
}

int hak_options_set(const char *name, const char *value, bool at_start)
{
	const struct option_row *row =
		option_find(name, option_length(name, 0));

	if (!row)
		return -ENOENT;
	if (!at_start && row->when != OPTION_RT)
		return -EPERM;
	return option_set(row, value);
}

int hak_options_get(const char *name, char *buf, size_t size)
{
	const struct option_row *row =
		option_find(name, option_length(name, 0));
	char text[HAK_OPTION_TEXT_SIZE];
	struct hak_fmt f;

	if (!row)
		return -ENOENT;
	hak_fmt_init(&f, text, sizeof(text));
	option_put(&f, row);
	if (size) {
		struct hak_fmt out;

		hak_fmt_init(&out, buf, size);
		hak_fmt_str(&out, text);
	}
	return (int)f.len;
}

size_t hak_options_text(char *buf, size_t cap)
{
	struct hak_fmt f;

	hak_fmt_init(&f, buf, cap);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		hak_fmt_str(&f, option_rows[i].name);
		hak_fmt_ch(&f, '=');
		option_put(&f, &option_rows[i]);
		hak_fmt_ch(&f, '\n');
	}
	return f.len;
}
