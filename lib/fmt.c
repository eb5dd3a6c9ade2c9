/* SPDX-License-Identifier: MIT */
#include "fmt.h"

#include <stdarg.h>

/* 64 bits in decimal have 20 digits */
#define FMT_DIGITS 20

struct fmt_spec {
	unsigned width;
	unsigned longs; /* number of l; z counts as the width of size_t */
	bool left;
	bool zeroes;
};

void hak_fmt_init(struct hak_fmt *f, char *buf, size_t cap)
{
	f->buf = buf;
	f->cap = cap;
	hak_fmt_clear(f);
}

void hak_fmt_clear(struct hak_fmt *f)
{
	f->len = 0;
	f->buf[0] = 0;
}

/* One character a call also keeps the compiler from making the loops below
 * into calls of memcpy, memset or strlen, which may not be bound yet. */
HAK_NOINLINE void hak_fmt_ch(struct hak_fmt *f, char c)
{
	if (f->len + 1 >= f->cap)
		return;
	f->buf[f->len++] = c;
	f->buf[f->len] = 0;
}

void hak_fmt_mem(struct hak_fmt *f, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hak_fmt_ch(f, s[i]);
}

void hak_fmt_str(struct hak_fmt *f, const char *s)
{
	for (; *s; s++)
		hak_fmt_ch(f, *s);
}

static void fmt_fill(struct hak_fmt *f, char c, unsigned n)
{
	while (n--)
		hak_fmt_ch(f, c);
}

void hak_fmt_pad(struct hak_fmt *f, unsigned n)
{
	fmt_fill(f, ' ', n);
}

/* Digits of value at the end of digits[]; the index of the first. */
static unsigned fmt_digits(char digits[FMT_DIGITS], uint64_t value,
			   unsigned base)
{
	unsigned i = FMT_DIGITS;

	do {
		digits[--i] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	return i;
}

/* sign is '-' or 0 */
static void fmt_number(struct hak_fmt *f, const struct fmt_spec *spec,
		       uint64_t value, unsigned base, char sign)
{
	char digits[FMT_DIGITS];
	unsigned first = fmt_digits(digits, value, base);
	unsigned n = FMT_DIGITS - first + (sign ? 1 : 0);
	unsigned fill = spec->width > n ? spec->width - n : 0;

	if (!spec->left && !spec->zeroes)
		hak_fmt_pad(f, fill);
	if (sign)
		hak_fmt_ch(f, sign);
	if (!spec->left && spec->zeroes)
		fmt_fill(f, '0', fill);
	hak_fmt_mem(f, digits + first, FMT_DIGITS - first);
	if (spec->left)
		hak_fmt_pad(f, fill);
}

static void fmt_signed(struct hak_fmt *f, const struct fmt_spec *spec,
		       int64_t value)
{
	if (value < 0)
		fmt_number(f, spec, -(uint64_t)value, 10, '-');
	else
		fmt_number(f, spec, (uint64_t)value, 10, 0);
}

void hak_fmt_u64(struct hak_fmt *f, uint64_t value)
{
	hak_fmt_u64_right(f, value, 0);
}

void hak_fmt_u64_right(struct hak_fmt *f, uint64_t value, unsigned width)
{
	struct fmt_spec spec = { .width = width };

	fmt_number(f, &spec, value, 10, 0);
}

void hak_fmt_i64(struct hak_fmt *f, int64_t value)
{
	struct fmt_spec spec = { .width = 0 };

	fmt_signed(f, &spec, value);
}

void hak_fmt_hex(struct hak_fmt *f, uint64_t value)
{
	struct fmt_spec spec = { .width = 0 };

	fmt_number(f, &spec, value, 16, 0);
}

void hak_fmt_size(struct hak_fmt *f, uint64_t bytes)
{
	unsigned shift = 0;
	uint64_t whole = bytes;
	uint64_t tenths = 0;

	/* the rest is below 2^60, so ten times it fits; a value that rounds
	 * to 1024.0 goes on to the next unit */
	while (whole >= 1024) {
		shift += 10;
		whole = bytes >> shift;
		tenths = (bytes & ((UINT64_C(1) << shift) - 1)) * 10;
		tenths = (tenths + (UINT64_C(1) << (shift - 1))) >> shift;
		if (tenths == 10) {
			tenths = 0;
			whole++;
		}
	}
	hak_fmt_u64(f, whole);
	if (shift == 0) {
		hak_fmt_str(f, " B");
		return;
	}
	hak_fmt_ch(f, '.');
	hak_fmt_u64(f, tenths);
	hak_fmt_ch(f, ' ');
	hak_fmt_ch(f, "KMGTPE"[shift / 10 - 1]);
	hak_fmt_str(f, "iB");
}

void hak_fmt_size_right(struct hak_fmt *f, uint64_t bytes, unsigned width)
{
	char text[24];
	struct hak_fmt t;

	hak_fmt_init(&t, text, sizeof(text));
	hak_fmt_size(&t, bytes);
	if (t.len < width)
		hak_fmt_pad(f, width - (unsigned)t.len);
	hak_fmt_mem(f, text, t.len);
}

static void fmt_string(struct hak_fmt *f, const struct fmt_spec *spec,
		       const char *s)
{
	unsigned n = 0;
	unsigned fill;

	if (!s)
		s = "(null)";
	while (n < spec->width && s[n])
		n++;
	fill = spec->width - n;
	if (!spec->left)
		hak_fmt_pad(f, fill);
	hak_fmt_str(f, s);
	if (spec->left)
		hak_fmt_pad(f, fill);
}

/* Flags, width and length after a %; where the conversion stands. */
static const char *fmt_parse(const char *s, struct fmt_spec *spec)
{
	*spec = (struct fmt_spec){ .width = 0 };
	for (;; s++) {
		if (*s == '-')
			spec->left = true;
		else if (*s == '0')
			spec->zeroes = true;
		else
			break;
	}
	for (; *s >= '0' && *s <= '9'; s++)
		spec->width = spec->width * 10 + (unsigned)(*s - '0');
	for (; *s == 'l' || *s == 'z'; s++)
		spec->longs += *s == 'l' || sizeof(size_t) == sizeof(long);
	return s;
}

#define FMT_ARG(ap, longs, type)                          \
	((longs) == 0	? (uint64_t)va_arg(ap, type)      \
	 : (longs) == 1 ? (uint64_t)va_arg(ap, type long) \
			: (uint64_t)va_arg(ap, type long long))

void hak_fmt(struct hak_fmt *f, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	for (const char *s = format; *s; s++) {
		struct fmt_spec spec;
		const char *start = s;

		if (*s != '%') {
			hak_fmt_ch(f, *s);
			continue;
		}
		s = fmt_parse(s + 1, &spec);
		switch (*s) {
		case 's':
			fmt_string(f, &spec, va_arg(ap, const char *));
			break;
		case 'c':
			hak_fmt_ch(f, (char)va_arg(ap, int));
			break;
		case 'd':
		case 'i':
			fmt_signed(f, &spec,
				   (int64_t)FMT_ARG(ap, spec.longs, int));
			break;
		case 'u':
			fmt_number(f, &spec, FMT_ARG(ap, spec.longs, unsigned),
				   10, 0);
			break;
		case 'x':
			fmt_number(f, &spec, FMT_ARG(ap, spec.longs, unsigned),
				   16, 0);
			break;
		case 'p':
			hak_fmt_str(f, "0x");
			hak_fmt_hex(f, (uintptr_t)va_arg(ap, void *));
			break;
		case '%':
			hak_fmt_ch(f, '%');
			break;
		default:
			hak_fmt_mem(f, start, (size_t)(s - start));
			s--; /* the loop copies *s, or ends at it */
			break;
		}
	}
	va_end(ap);
}
