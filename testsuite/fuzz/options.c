/* SPDX-License-Identifier: MIT */
/*
 * The parser of options: the input is a list of environment variables, ended
 * by line ends or NULs.  Whatever it holds, the options in force can be read
 * back, and what is read back is taken again and means the same.  Sizes are
 * compared with another parser's.
 */
#include "fuzz.h"

#include "options.h"

#include <strings.h>

#define WORDS 64u

static void again(char *line)
{
	char *value = strchr(line, '='), text[HAK_OPTION_TEXT_SIZE];
	int n;

	REQUIRE(value);
	*value++ = 0;
	REQUIRE(hak_options_set(line, value, true) == 0);
	n = hak_options_get(line, text, sizeof(text));
	REQUIRE(n == (int)strlen(value) && strcmp(text, value) == 0);
	/* a short buffer is never overrun, always terminated */
	n = hak_options_get(line, text, 4);
	REQUIRE(n == (int)strlen(value) && strlen(text) < 4);
}

static void read_back(void)
{
	char text[HAK_OPTIONS_TEXT_MAX], *line = text;
	size_t n = hak_options_text(text, sizeof(text));

	REQUIRE(n < sizeof(text) && strlen(text) == n);
	while (*line) {
		char *end = strchr(line, '\n');

		REQUIRE(end);
		*end = 0;
		again(line);
		line = end + 1;
	}
}

/* Bytes that text means, or -1. */
static __int128 size_of(const char *text)
{
	static const char *const unit[] = { "",	  "k",	 "kb", "kib", "m",
					    "mb", "mib", "g",  "gb",  "gib" };
	size_t n = strspn(text, "0123456789");
	__int128 v = 0;

	if (!n || n > 30)
		return -1;
	for (size_t i = 0; i < n; i++)
		v = v * 10 + (text[i] - '0');
	if (v > UINT64_MAX)
		return -1;
	for (unsigned i = 0; i < sizeof(unit) / sizeof(*unit); i++)
		if (strcasecmp(text + n, unit[i]) == 0) {
			v <<= (i + 2) / 3 * 10;
			return v > UINT64_MAX ? -1 : v;
		}
	return -1;
}

static void compare_size(const char *value)
{
	size_t digits = strspn(value, "0123456789");
	__int128 v = size_of(value);
	int got = hak_options_set("LIMIT_HARD", value, true);

	if (digits > 30)
		return;
	REQUIRE((got == 0) == (v >= 0));
	if (got == 0)
		REQUIRE(hak_opt.limit_hard == (uint64_t)v);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	static struct hak_options first;
	static int known;
	char *text = malloc(size + 1), *envp[WORDS + 1], *s = text;
	unsigned n = 0;

	if (!known++)
		first = hak_opt;
	memcpy(text, in, size);
	text[size] = 0;
	while (n < WORDS && s < text + size) {
		envp[n++] = s;
		s += strcspn(s, "\n");
		*s++ = 0;
	}
	envp[n] = NULL;
	hak_options_from_environ(envp);
	for (unsigned i = 0; i < n; i++) {
		char *value = strchr(envp[i], '=');

		if (value) {
			*value++ = 0;
			hak_options_set(envp[i], value, i & 1);
			compare_size(value);
		}
	}
	/* what a value may not hold is a line end, and here is none */
	read_back();
	hak_opt = first;
	free(text);
	return 0;
}
