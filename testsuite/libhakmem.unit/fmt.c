/* SPDX-License-Identifier: MIT */
/*
 * Text building: the numbers agree with the C library's, what does not fit is
 * dropped, and the buffer is terminated and never overrun.
 */
#include "fmt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(x)                                                       \
	do {                                                           \
		if (!(x)) {                                            \
			printf("%s:%d: %s\n", __FILE__, __LINE__, #x); \
			exit(1);                                       \
		}                                                      \
	} while (0)

static const uint64_t numbers[] = {
	0, 1, 9, 10, 99, 100, 1023, 1024, 65535, 999999, INT32_MAX,
	UINT32_MAX, (uint64_t)UINT32_MAX + 1, INT64_MAX,
	(uint64_t)INT64_MAX + 1, UINT64_MAX,
};

#define SAME(format, ...)                                             \
	do {                                                          \
		char want_[200], have_[200];                          \
		struct hak_fmt f_;                                    \
		hak_fmt_init(&f_, have_, sizeof(have_));              \
		hak_fmt(&f_, format, __VA_ARGS__);                    \
		snprintf(want_, sizeof(want_), format, __VA_ARGS__);  \
		if (strcmp(have_, want_))                             \
			printf("\"%s\", not \"%s\"\n", have_, want_); \
		CHECK(strcmp(have_, want_) == 0);                     \
		CHECK(f_.len == strlen(want_));                       \
	} while (0)

static void check_printf(void)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint64_t n = numbers[i];

		SAME("%d|%5d|%-5d|%05d", (int)n, (int)n, (int)n, (int)n);
		SAME("%u|%12u|%x|%08x", (unsigned)n, (unsigned)n, (unsigned)n,
		     (unsigned)n);
		SAME("%lu|%zu|%ld|%lx", (unsigned long)n, (size_t)n, (long)n,
		     (unsigned long)n);
		SAME("%" PRIu64 "|%" PRId64 "|%" PRIx64, n, (int64_t)n, n);
		SAME("%llu|%lld|%24llu|%-24llu|", (unsigned long long)n,
		     (long long)n, (unsigned long long)n,
		     (unsigned long long)n);
	}
	SAME("%s|%6s|%-6s|%2s", "abc", "abc", "abc", "abc");
	SAME("%%|%c%c|%p", 'x', 'y', (void *)&numbers);
	/* arguments of different widths are taken in step */
	SAME("%d %llu %s %u %zu %c", -1, 1ULL << 40, "s", 7u, (size_t)9, 'z');
}

static void check_pieces(void)
{
	char text[100];
	struct hak_fmt f;

	hak_fmt_init(&f, text, sizeof(text));
	hak_fmt_str(&f, "a");
	hak_fmt_ch(&f, 'b');
	hak_fmt_mem(&f, "cdef", 2);
	hak_fmt_pad(&f, 2);
	hak_fmt_u64(&f, UINT64_MAX);
	hak_fmt_ch(&f, ' ');
	hak_fmt_i64(&f, INT64_MIN);
	hak_fmt_ch(&f, ' ');
	hak_fmt_hex(&f, UINT64_C(0xfeedbeef01234567));
	hak_fmt_u64_right(&f, 42, 5);
	CHECK(strcmp(text, "abcd  18446744073709551615 "
			   "-9223372036854775808 feedbeef01234567   42") ==
	      0);
	hak_fmt_clear(&f);
	CHECK(f.len == 0 && text[0] == 0);
	hak_fmt_u64_right(&f, 123456, 3);
	CHECK(strcmp(text, "123456") == 0);
}

static void check_size(uint64_t bytes, const char *want)
{
	char text[30];
	struct hak_fmt f;

	hak_fmt_init(&f, text, sizeof(text));
	hak_fmt_size(&f, bytes);
	if (strcmp(text, want))
		printf("%" PRIu64 ": \"%s\", not \"%s\"\n", bytes, text, want);
	CHECK(strcmp(text, want) == 0);
	hak_fmt_clear(&f);
	hak_fmt_size_right(&f, bytes, 12);
	CHECK(f.len == 12);
	CHECK(strcmp(text + 12 - strlen(want), want) == 0);
	CHECK(text[0] == ' ');
}

static void check_sizes(void)
{
	check_size(0, "0 B");
	check_size(1023, "1023 B");
	check_size(1024, "1.0 KiB");
	check_size(1536, "1.5 KiB");
	check_size(12902, "12.6 KiB");
	check_size(1048575, "1.0 MiB");
	check_size(1048576 - 52, "1023.9 KiB");
	check_size(12897485, "12.3 MiB");
	check_size(UINT64_C(1) << 30, "1.0 GiB");
	check_size(UINT64_C(1) << 40, "1.0 TiB");
	check_size(UINT64_C(3) << 49, "1.5 PiB");
	check_size(UINT64_MAX, "16.0 EiB");
}

static void check_bounds(void)
{
	static const char whole[] = "value 12345 of abcdef (0x1f)";

	for (size_t cap = 1; cap <= sizeof(whole) + 2; cap++) {
		char text[64];
		struct hak_fmt f;
		size_t fits = cap - 1 < sizeof(whole) - 1 ? cap - 1 :
							    sizeof(whole) - 1;

		memset(text, '#', sizeof(text));
		hak_fmt_init(&f, text, cap);
		hak_fmt(&f, "value %d of %s (%p)", 12345, "abcdef",
			(void *)(uintptr_t)0x1f);
		CHECK(f.len == fits);
		CHECK(memcmp(text, whole, fits) == 0);
		CHECK(text[fits] == 0);
		CHECK(text[cap] == '#');
	}
}

/* Formats the compiler would refuse: taken as text, without a read past the
 * end. */
static void check_odd(void)
{
	char text[40];
	struct hak_fmt f;
	const char *volatile trailing = "end %";
	const char *volatile unknown = "%y %5";
	const char *volatile null = NULL;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security"
	hak_fmt_init(&f, text, sizeof(text));
	hak_fmt(&f, trailing);
	CHECK(strcmp(text, "end %") == 0);
	hak_fmt_clear(&f);
	hak_fmt(&f, unknown);
	CHECK(strcmp(text, "%y %5") == 0);
#pragma GCC diagnostic pop
	hak_fmt_clear(&f);
	hak_fmt(&f, "%s", null);
	CHECK(strcmp(text, "(null)") == 0);
}

int main(void)
{
	check_printf();
	check_pieces();
	check_sizes();
	check_bounds();
	check_odd();
	return 0;
}
