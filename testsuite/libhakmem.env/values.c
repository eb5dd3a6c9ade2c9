/* SPDX-License-Identifier: MIT */
/*
 * Every option as a variable: each form of a good value takes effect in
 * silence; each bad one, malformed, out of range, too large for a number or
 * empty, gives one line on standard error and leaves the default.  The
 * program's exit status never changes.
 *
 * { dg-hakmem-options "-ldl" }
 */
#include "rerun.h"

#include <hakmem/stats.h>

enum { STATUS = 7 };

enum type { BOOL, INT, LEVEL, SIZE, TIME, WORD, TEXT };

static const struct option {
	const char *name;
	enum type type;
	const char *words; /* WORD */
	const char *above; /* the next value beyond the range, or NULL */
} options[] = {
	{ "ENABLE", BOOL, NULL, NULL },
	{ "VERBOSE", INT, NULL, "3" },
	{ "STATS", WORD, "off,exit", NULL },
	{ "STATS_FORMAT", WORD, "text,json", NULL },
	{ "STATS_FILE", TEXT, NULL, NULL },
	{ "PURGE_DELAY", TIME, NULL, "3600001" },
	{ "PURGE_METHOD", WORD, "dontneed,free", NULL },
	{ "LIMIT_HARD", SIZE, NULL, NULL },
	{ "THP", WORD, "default,never,always", NULL },
	{ "CACHE_MAX", SIZE, NULL, "16777217" },
	{ "ZERO_REALLOC", WORD, "free,alloc,abort", NULL },
	{ "DLOPEN_DEEPBIND", WORD, "strip,keep", NULL },
	{ "FOREIGN_FREE", WORD, "auto,forward,abort", NULL },
	{ "SECURITY", LEVEL, NULL, "4" },
	{ "TINY_USE_SUPERSLAB", BOOL, NULL, NULL },
	{ "TINY_SS_SHARED", BOOL, NULL, NULL },
	{ "FOREIGN_REUSE", BOOL, NULL, NULL },
	{ "SS_DEBUG", BOOL, NULL, NULL },
	{ "POOL_DEBUG", BOOL, NULL, NULL },
	{ "REMOTE_DEBUG", BOOL, NULL, NULL },
};
enum { OPTIONS = sizeof(options) / sizeof(options[0]) };

struct form {
	const char *value;
	const char *then; /* NULL: refused */
};

static const struct form bools[] = {
	{ "0", "0" },		{ "1", "1" },
	{ "", NULL },		{ "2", NULL },
	{ "-1", NULL },		{ "yes", NULL },
	{ "on", NULL },		{ " 1", NULL },
	{ "1 ", NULL },		{ "0x1", NULL },
	{ "1.0", NULL },	{ "+1", NULL },
	{ "1K", NULL },		{ "4294967296", NULL },
	{ "4294967297", NULL }, { "18446744073709551617", NULL },
	{ NULL, NULL },
};

static const struct form ints[] = {
	{ "0", "0" },
	{ "1", "1" },
	{ "2", "2" },
	{ "", NULL },
	{ "-1", NULL },
	{ "-", NULL },
	{ "--1", NULL },
	{ "two", NULL },
	{ "1 ", NULL },
	{ "0x1", NULL },
	{ "4294967297", NULL },
	{ "-4294967295", NULL },
	{ "18446744073709551617", NULL },
	{ NULL, NULL },
};

/* Nothing so small that the program itself would not run. */
static const struct form sizes[] = {
	{ "0", "0" },
	{ "1000003", "1000003" },
	{ "7340032", "7340032" },
	{ "9000K", "9216000" },
	{ "9000k", "9216000" },
	{ "9000KB", "9216000" },
	{ "9000kb", "9216000" },
	{ "9000KiB", "9216000" },
	{ "16M", "16777216" },
	{ "16MiB", "16777216" },
	{ "", NULL },
	{ "-1", NULL },
	{ "K", NULL },
	{ "1X", NULL },
	{ "1KX", NULL },
	{ "1KBB", NULL },
	{ "1 K", NULL },
	{ " 1", NULL },
	{ "1.5M", NULL },
	{ "0x100000", NULL },
	{ "1e9", NULL },
	{ "18446744073709551616", NULL },
	{ "99999999999999999999999", NULL },
	{ "18014398509481984K", NULL },
	{ "17179869184G", NULL },
	{ NULL, NULL },
};

static const struct form times[] = {
	{ "0", "0" },
	{ "-1", "-1" },
	{ "1", "1ms" },
	{ "250", "250ms" },
	{ "250ms", "250ms" },
	{ "250MS", "250ms" },
	{ "2s", "2000ms" },
	{ "2S", "2000ms" },
	{ "3600000", "3600000ms" },
	{ "3600s", "3600000ms" },
	{ "", NULL },
	{ "-2", NULL },
	{ "-1s", NULL },
	{ "-1ms", NULL },
	{ "3601s", NULL },
	{ "ms", NULL },
	{ "s", NULL },
	{ "1m", NULL },
	{ "1 s", NULL },
	{ "1.5s", NULL },
	{ "1ss", NULL },
	{ "9223372036854775807", NULL },
	{ "9223372036854775807s", NULL },
	{ "18446744073709551615", NULL },
	{ "18446744073709551616", NULL },
	{ NULL, NULL },
};

static const struct form levels[] = {
	{ "1", "1" },	  { "2", "2" },	   { "3", "3" },   { "0", NULL },
	{ "", NULL },	  { "-1", NULL },  { "2 ", NULL }, { "0x2", NULL },
	{ "high", NULL }, { "257", NULL }, { NULL, NULL },
};

static const struct form bad_words[] = {
	{ "", NULL },
	{ "0", NULL },
	{ "1", NULL },
	{ ",", NULL },
	{ "no-such-word", NULL },
	{ NULL, NULL },
};

static const struct form texts[] = {
	{ "", "" },
	{ "name", "name" },
	{ "/a/%p/%e.%%", "/a/%p/%e.%%" },
	{ "with space=and=more", "with space=and=more" },
	{ "tab\there", NULL },
	{ "line\nbreak", NULL },
	{ "del\177", NULL },
	{ NULL, NULL },
};

static int failed;

/* ---- in the second run ------------------------------------------------------ */

static void show(const char *name)
{
	int (*get)(const char *, char *, size_t) =
		(int (*)(const char *, char *, size_t))(uintptr_t)rerun_find(
			"hakmem_option_get");
	char text[300];
	void *p;

	/* the program works, whatever the options */
	for (int i = 0; i < 300; i++) {
		p = realloc(malloc(10 + (size_t)i), 5000);
		CHECK(p);
		free(p);
	}
	CHECK(get(name, text, sizeof(text)) == (int)strlen(text));
	dprintf(STDOUT_FILENO, "%s\n", text);
	exit(STATUS);
}

static void show_all(void)
{
	int (*get)(struct hakmem_stats *, size_t) =
		(int (*)(struct hakmem_stats *, size_t))(uintptr_t)rerun_find(
			"hakmem_stats_get");
	struct hakmem_stats s;

	free(malloc(1));
	CHECK(get(&s, sizeof(s)) == 0);
	dprintf(STDOUT_FILENO, "%s", (const char *)(uintptr_t)s.options);
	exit(STATUS);
}

/* ---- in the first ------------------------------------------------------------ */

static struct rerun r;

static void wrong(const char *name, const char *value, const char *why)
{
	printf("HAKMEM_%s=\"%.60s\": %s; status %#x, stdout \"%.300s\", "
	       "stderr \"%.300s\"\n",
	       name, value ? value : "(unset)", why, (unsigned)r.status, r.out,
	       r.err);
	failed = 1;
}

/* The value that the option has with this variable. */
static const char *value_with(const char *name, const char *value)
{
	char variable[400];
	const char *set[] = { value ? variable : NULL, NULL };

	snprintf(variable, sizeof(variable), "HAKMEM_%s=%s", name,
		 value ? value : "");
	rerun(&r, "show", name, set);
	if (!WIFEXITED(r.status) || WEXITSTATUS(r.status) != STATUS)
		wrong(name, value, "exit status");
	r.out[strcspn(r.out, "\n")] = 0;
	return r.out;
}

static void good(const char *name, const char *value, const char *then)
{
	if (strcmp(value_with(name, value), then))
		wrong(name, value, "not taken");
	if (strstr(r.err, "warning"))
		wrong(name, value, "a warning");
}

/* Harmless on a terminal, and never so long that the end is lost. */
static void quote(char *to, const char *value)
{
	size_t n = strlen(value);

	if (n > 48)
		n = 48;
	for (size_t i = 0; i < n; i++)
		to[i] = value[i] < 0x20 || value[i] == 0x7f ? '?' : value[i];
	to[n] = 0;
}

static void bad(const char *name, const char *value, const char *kept)
{
	char shown[64], line[300];

	if (strcmp(value_with(name, value), kept))
		wrong(name, value, "default not kept");
	quote(shown, value);
	snprintf(line, sizeof(line),
		 "hakmem: warning: HAKMEM_%s=\"%s\": not understood, "
		 "default %s kept\n",
		 name, shown, *kept ? kept : "\"\"");
	if (strcmp(r.err, line))
		wrong(name, value, "not the one line");
}

static void forms(const struct option *o, const struct form *f,
		  const char *kept)
{
	for (; f->value; f++) {
		if (f->then)
			good(o->name, f->value, f->then);
		else
			bad(o->name, f->value, kept);
	}
}

/* Each word, in any case; not its beginning, nor with more behind it. */
static void words(const struct option *o, const char *kept)
{
	char list[100], *next = list, *word;

	forms(o, bad_words, kept);
	snprintf(list, sizeof(list), "%s", o->words);
	bad(o->name, o->words, kept);
	while ((word = strsep(&next, ","))) {
		char form[40];

		good(o->name, word, word);
		snprintf(form, sizeof(form), "%s", word);
		form[0] = (char)(form[0] - 'a' + 'A');
		good(o->name, form, word);
		snprintf(form, sizeof(form), "%s ", word);
		bad(o->name, form, kept);
		snprintf(form, sizeof(form), "%sx", word);
		bad(o->name, form, kept);
		form[strlen(word) - 1] = 0;
		bad(o->name, form, kept);
	}
}

static void text(const struct option *o, const char *kept)
{
	char longest[257];

	forms(o, texts, kept);
	memset(longest, 'x', sizeof(longest));
	longest[255] = 0;
	good(o->name, longest, longest);
	longest[255] = 'x';
	longest[256] = 0;
	bad(o->name, longest, kept);
}

static void option(const struct option *o)
{
	char kept[300];

	snprintf(kept, sizeof(kept), "%s", value_with(o->name, NULL));
	if (*r.err)
		wrong(o->name, NULL, "output without a variable");
	if (o->above)
		bad(o->name, o->above, kept);
	switch (o->type) {
	case BOOL:
		forms(o, bools, kept);
		break;
	case INT:
		forms(o, ints, kept);
		break;
	case LEVEL:
		forms(o, levels, kept);
		break;
	case SIZE:
		forms(o, sizes, kept);
		break;
	case TIME:
		forms(o, times, kept);
		break;
	case WORD:
		words(o, kept);
		break;
	case TEXT:
		text(o, kept);
		break;
	}
}

/* The table above has what the library has. */
static void complete(void)
{
	const char *const none[] = { NULL };
	char *line, *next = r.out;
	int n = 0;

	rerun(&r, "all", NULL, none);
	while ((line = strsep(&next, "\n")) && *line) {
		line[strcspn(line, "=")] = 0;
		if (n >= OPTIONS || strcmp(line, options[n].name))
			FAIL("option %s is not tested here", line);
		n++;
	}
	CHECK(n == OPTIONS);
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "show") == 0)
		show(argv[2]);
	if (argc > 1)
		show_all();
	setvbuf(stdout, NULL, _IONBF, 0);
	complete();
	for (int i = 0; i < OPTIONS; i++)
		option(&options[i]);
	return failed;
}
