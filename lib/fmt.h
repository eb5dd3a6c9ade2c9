/* SPDX-License-Identifier: MIT */
/*
 * fmt.h - bounded text in a caller's buffer
 *
 * Responsibility: turn numbers and strings into text without the C library.
 * Decides nothing about where the text goes.
 *
 * Contract: buf has cap >= 1 bytes.  Text that does not fit is dropped in
 * silence; the buffer is terminated after every call (invariant: len < cap
 * and buf[len] == 0).  A cap of 0 breaks the invariant at once: the
 * terminator is then written before the buffer.
 *
 * Observable: nothing.
 *
 * Composable: no state of its own, no call outside this file, no allocation,
 * no errno; safe before libc is ready, after fork and in handlers.
 */
#ifndef HAK_FMT_H
#define HAK_FMT_H

#include "base.h"

struct hak_fmt {
	char *buf;
	size_t cap;
	size_t len;
};

void hak_fmt_init(struct hak_fmt *f, char *buf, size_t cap);

/* Empty the text, keep the buffer. */
void hak_fmt_clear(struct hak_fmt *f);

void hak_fmt_ch(struct hak_fmt *f, char c);
void hak_fmt_mem(struct hak_fmt *f, const char *s, size_t n);
void hak_fmt_str(struct hak_fmt *f, const char *s);
void hak_fmt_u64(struct hak_fmt *f, uint64_t value);
void hak_fmt_i64(struct hak_fmt *f, int64_t value);

/* Lower-case digits without a prefix. */
void hak_fmt_hex(struct hak_fmt *f, uint64_t value);

/* n spaces. */
void hak_fmt_pad(struct hak_fmt *f, unsigned n);

/* A decimal number or a size, right-aligned in width columns; wider ones are
 * written whole. */
void hak_fmt_u64_right(struct hak_fmt *f, uint64_t value, unsigned width);
void hak_fmt_size_right(struct hak_fmt *f, uint64_t bytes, unsigned width);

/* "512 B", "12.3 MiB": one decimal, rounded to nearest. */
void hak_fmt_size(struct hak_fmt *f, uint64_t bytes);

/*
 * A small printf: %s %c %d %i %u %x %p %%, with the lengths l, ll and z for
 * d, i, u and x, and an optional width with the flags '-' (left) and '0'.
 * Anything else after % is copied as it stands.  A null string is "(null)".
 */
void hak_fmt(struct hak_fmt *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* HAK_FMT_H */
