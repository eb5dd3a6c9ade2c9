/* SPDX-License-Identifier: MIT */
/*
 * Options: defaults, every form a value may have, what is refused and leaves
 * the value alone, and the warnings.
 */
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(x)                                                       \
	do {                                                           \
		if (!(x)) {                                            \
			printf("%s:%d: %s\n", __FILE__, __LINE__, #x); \
			exit(1);                                       \
		}                                                      \
	} while (0)

static const char *get(const char *name)
{
	static char text[300];

	memset(text, '#', sizeof(text));
	CHECK(hak_options_get(name, text, sizeof(text)) ==
	      (int)strlen(text));
	return text;
}

#define HAS(name, value) CHECK(strcmp(get(name), value) == 0)

static void set(const char *name, const char *value, int result,
		const char *then)
{
	int err = hak_options_set(name, value, true);

	if (err != result || strcmp(get(name), then))
		printf("%s=\"%s\": %d, now \"%s\"\n", name, value, err,
		       get(name));
	CHECK(err == result);
	HAS(name, then);
}

static void check_defaults(void)
{
	CHECK(hak_opt.enable == 1);
	CHECK(hak_opt.stats == HAK_STATS_OFF);
	CHECK(hak_opt.stats_file[0] == 0);
	CHECK(hak_opt.purge_delay == 500);
	CHECK(hak_opt.cache_max == 4 * 1024 * 1024);
	CHECK(hak_opt.limit_hard == 0);
	CHECK(hak_opt.foreign_free == HAK_FOREIGN_AUTO);
	HAS("ENABLE", "1");
	HAS("STATS", "off");
	HAS("STATS_FILE", "");
	HAS("PURGE_DELAY", "500ms");
	HAS("CACHE_MAX", "4194304");
	HAS("THP", "default");
}

static void check_numbers(void)
{
	set("VERBOSE", "2", 0, "2");
	CHECK(hak_opt.verbose == 2);
	set("VERBOSE", "3", -EINVAL, "2");
	set("VERBOSE", "-1", -EINVAL, "2");
	set("VERBOSE", "", -EINVAL, "2");
	set("VERBOSE", "1x", -EINVAL, "2");
	set("VERBOSE", " 1", -EINVAL, "2");
	set("VERBOSE", "4294967297", -EINVAL, "2");
	set("VERBOSE", "0", 0, "0");
	set("SS_DEBUG", "1", 0, "1");
	set("SS_DEBUG", "2", -EINVAL, "1");
	set("SS_DEBUG", "0", 0, "0");
}

static void check_sizes(void)
{
	set("LIMIT_HARD", "1", 0, "1");
	set("LIMIT_HARD", "3k", 0, "3072");
	set("LIMIT_HARD", "3KB", 0, "3072");
	set("LIMIT_HARD", "3kib", 0, "3072");
	set("LIMIT_HARD", "2M", 0, "2097152");
	set("LIMIT_HARD", "2G", 0, "2147483648");
	CHECK(hak_opt.limit_hard == UINT64_C(1) << 31);
	set("LIMIT_HARD", "18446744073709551615", 0, "18446744073709551615");
	set("LIMIT_HARD", "18446744073709551616", -EINVAL,
	    "18446744073709551615");
	set("LIMIT_HARD", "99999999999999999999999", -EINVAL,
	    "18446744073709551615");
	set("LIMIT_HARD", "17179869183G", 0, "18446744072635809792");
	set("LIMIT_HARD", "17179869184G", -EINVAL, "18446744072635809792");
	set("LIMIT_HARD", "0", 0, "0");
	set("LIMIT_HARD", "-1", -EINVAL, "0");
	set("LIMIT_HARD", "K", -EINVAL, "0");
	set("LIMIT_HARD", "1T", -EINVAL, "0");
	set("LIMIT_HARD", "1KK", -EINVAL, "0");
	set("LIMIT_HARD", "1Kibb", -EINVAL, "0");
	set("LIMIT_HARD", "1.5M", -EINVAL, "0");
	set("CACHE_MAX", "16M", 0, "16777216");
	set("CACHE_MAX", "16777217", -EINVAL, "16777216");
}

static void check_times(void)
{
	set("PURGE_DELAY", "0", 0, "0");
	set("PURGE_DELAY", "-1", 0, "-1");
	CHECK(hak_opt.purge_delay == -1);
	set("PURGE_DELAY", "-2", -EINVAL, "-1");
	set("PURGE_DELAY", "-1s", -EINVAL, "-1");
	set("PURGE_DELAY", "250", 0, "250ms");
	set("PURGE_DELAY", "251ms", 0, "251ms");
	set("PURGE_DELAY", "2s", 0, "2000ms");
	set("PURGE_DELAY", "3S", 0, "3000ms");
	set("PURGE_DELAY", "3600s", 0, "3600000ms");
	set("PURGE_DELAY", "3601s", -EINVAL, "3600000ms");
	set("PURGE_DELAY", "18446744073709551615s", -EINVAL, "3600000ms");
	/* 384 ms modulo 2^64 */
	set("PURGE_DELAY", "18446744073709552s", -EINVAL, "3600000ms");
	set("PURGE_DELAY", "s", -EINVAL, "3600000ms");
	set("PURGE_DELAY", "1m", -EINVAL, "3600000ms");
	set("PURGE_DELAY", "500ms", 0, "500ms");
}

static void check_words(void)
{
	set("STATS", "exit", 0, "exit");
	CHECK(hak_opt.stats == HAK_STATS_EXIT);
	set("STATS", "OFF", 0, "off");
	set("STATS", "of", -EINVAL, "off");
	set("STATS", "off,", -EINVAL, "off");
	set("STATS", "off,exit", -EINVAL, "off");
	set("STATS", "", -EINVAL, "off");
	set("STATS", "1", -EINVAL, "off");
	set("THP", "always", 0, "always");
	CHECK(hak_opt.thp == HAK_THP_ALWAYS);
	set("THP", "never", 0, "never");
	set("STATS_FORMAT", "json", 0, "json");
	CHECK(hak_opt.stats_format == HAK_STATS_JSON);
	set("PURGE_METHOD", "free", 0, "free");
	CHECK(hak_opt.purge_method == HAK_PURGE_FREE);
	set("ZERO_REALLOC", "alloc", 0, "alloc");
	CHECK(hak_opt.zero_realloc == HAK_ZERO_REALLOC_ALLOC);
	set("ZERO_REALLOC", "abort", 0, "abort");
	CHECK(hak_opt.zero_realloc == HAK_ZERO_REALLOC_ABORT);
	set("DLOPEN_DEEPBIND", "keep", 0, "keep");
	CHECK(hak_opt.dlopen_deepbind == HAK_DEEPBIND_KEEP);
	set("FOREIGN_FREE", "forward", 0, "forward");
	CHECK(hak_opt.foreign_free == HAK_FOREIGN_FORWARD);
	set("FOREIGN_FREE", "abort", 0, "abort");
	CHECK(hak_opt.foreign_free == HAK_FOREIGN_ABORT);
}

static void check_text(void)
{
	char longest[HAK_OPTION_TEXT_SIZE + 1];
	char small[5];

	memset(longest, 'f', sizeof(longest));
	longest[HAK_OPTION_TEXT_SIZE] = 0;
	set("STATS_FILE", "/tmp/%e.%p", 0, "/tmp/%e.%p");
	set("STATS_FILE", longest, -EINVAL, "/tmp/%e.%p");
	set("STATS_FILE", "a\nENABLE=0", -EINVAL, "/tmp/%e.%p");
	longest[HAK_OPTION_TEXT_SIZE - 1] = 0;
	set("STATS_FILE", longest, 0, longest);
	set("STATS_FILE", "", 0, "");
	set("STATS_FILE", "abcdefgh", 0, "abcdefgh");

	/* as snprintf: cut, terminated, and the whole length returned */
	memset(small, '#', sizeof(small));
	CHECK(hak_options_get("stats_file", small, 4) == 8);
	CHECK(memcmp(small, "abc\0#", 5) == 0);
	CHECK(hak_options_get("stats_file", NULL, 0) == 8);
}

static void check_names(void)
{
	char text[10];

	CHECK(hak_options_set("verbose", "1", false) == 0);
	HAS("Verbose", "1");
	CHECK(hak_options_set("VERBOSE", "0", false) == 0);
	CHECK(hak_options_set("HAKMEM_VERBOSE", "1", false) == -ENOENT);
	CHECK(hak_options_set("VERBOS", "1", false) == -ENOENT);
	CHECK(hak_options_set("VERBOSEX", "1", false) == -ENOENT);
	CHECK(hak_options_set("", "1", false) == -ENOENT);
	CHECK(hak_options_get("NONE", text, sizeof(text)) == -ENOENT);
	CHECK(hak_options_set("ENABLE", "0", false) == -EPERM);
	CHECK(hak_options_set("ENABLE", "bad", false) == -EPERM);
	CHECK(hak_options_set("VERBOSE", "bad", false) == -EINVAL);
	HAS("ENABLE", "1");
	HAS("VERBOSE", "0");
}

/* Every option is there, and what the text says can be set again. */
static void check_whole_text(void)
{
	static char text[HAK_OPTIONS_TEXT_MAX];
	static char again[HAK_OPTIONS_TEXT_MAX];
	unsigned lines = 0;
	unsigned rows = 0;

#define HAK_OPTION(NAME, ...)                                   \
	rows++;                                                 \
	CHECK(strstr(text, "\n" #NAME "=") ||                   \
	      strncmp(text, #NAME "=", sizeof(#NAME "=") - 1) == 0);
	CHECK(hak_options_text(text, sizeof(text)) == strlen(text));
#include "options.def"
#undef HAK_OPTION
	for (char *line = strtok(text, "\n"); line;
	     line = strtok(NULL, "\n")) {
		char *value = strchr(line, '=');

		*value++ = 0;
		CHECK(hak_options_set(line, value, true) == 0);
		HAS(line, value);
		lines++;
	}
	CHECK(lines == rows && rows > 0);
	hak_options_text(text, sizeof(text));
	hak_options_text(again, sizeof(again));
	CHECK(strcmp(text, again) == 0);

	/* cut where the buffer ends */
	memset(again, '#', sizeof(again));
	CHECK(hak_options_text(again, 20) == 19);
	CHECK(memcmp(text, again, 19) == 0 && again[19] == 0);
	CHECK(again[20] == '#');
}

/* The longest values there are fit HAK_OPTIONS_TEXT_MAX. */
static void check_widest(void)
{
	static char text[2 * HAK_OPTIONS_TEXT_MAX];
	char longest[HAK_OPTION_TEXT_SIZE];

	memset(longest, 'f', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	CHECK(hak_options_set("STATS_FILE", longest, true) == 0);
	CHECK(hak_options_set("LIMIT_HARD", "18446744073709551615", true) ==
	      0);
	CHECK(hak_options_set("PURGE_DELAY", "3600000", true) == 0);
	CHECK(hak_options_text(text, sizeof(text)) < HAK_OPTIONS_TEXT_MAX);
}

/* What hak_options_from_environ writes to standard error. */
static const char *warnings(char *const *envp)
{
	static char text[4096];
	int saved = dup(STDERR_FILENO);
	int ends[2];
	ssize_t n;

	CHECK(saved >= 0 && pipe(ends) == 0);
	CHECK(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
	hak_options_from_environ(envp);
	CHECK(dup2(saved, STDERR_FILENO) == STDERR_FILENO);
	close(ends[1]);
	n = read(ends[0], text, sizeof(text) - 1);
	CHECK(n >= 0);
	text[n] = 0;
	close(ends[0]);
	close(saved);
	return text;
}

#define WARNS(variable, want)                                          \
	do {                                                           \
		char *envp_[] = { (char *)"PATH=/bin",                 \
				  (char *)(variable), NULL };          \
		const char *have_ = warnings(envp_);                   \
		if (strcmp(have_, want))                               \
			printf("%s: \"%s\"\n", variable, have_);       \
		CHECK(strcmp(have_, want) == 0);                       \
	} while (0)

static void check_warnings(void)
{
	WARNS("HAKMEM_STATS=maybe",
	      "hakmem: warning: HAKMEM_STATS=\"maybe\": not understood, "
	      "default off kept\n");
	WARNS("HAKMEM_PURGE_DELAY=5 min",
	      "hakmem: warning: HAKMEM_PURGE_DELAY=\"5 min\": not "
	      "understood, default 500ms kept\n");
	WARNS("HAKMEM_FOO=secret",
	      "hakmem: warning: unknown variable HAKMEM_FOO\n");
	/* the environment's names have one spelling */
	WARNS("HAKMEM_stats=exit",
	      "hakmem: warning: unknown variable HAKMEM_stats\n");
	WARNS("HAKMEM_=1", "hakmem: warning: unknown variable HAKMEM_\n");
	WARNS("HAKMEM_STATS=\033[2J",
	      "hakmem: warning: HAKMEM_STATS=\"?[2J\": not understood, "
	      "default off kept\n");
	WARNS("HAKMEM_BENCH_FAST=1",
	      "hakmem: warning: BenchFast is a bench-only library; this one "
	      "ignores HAKMEM_BENCH_FAST\n");
	/* not ours, or not a variable */
	WARNS("HAKMEM_LIB=/x", "");
	WARNS("HAKMEM_TEST_ENV=A=1", "");
	WARNS("HAKMEM_VERBOSE", "");
	WARNS("HAKMEMORY=1", "");
	WARNS("XHAKMEM_FOO=1", "");
}

static void check_long_lines(void)
{
	static char variable[3000] = "HAKMEM_STATS=";
	char *envp[] = { variable, NULL };
	const char *text;
	size_t start = strlen(variable);

	memset(variable + start, 'v', sizeof(variable) - start - 1);
	text = warnings(envp);
	CHECK(strlen(text) < 240 && strchr(text, '\n'));
	CHECK(strstr(text, "vvvv\": not understood, default off kept\n"));
	memset(variable + 7, 'N', 2000);
	variable[2007] = '=';
	text = warnings(envp);
	CHECK(strlen(text) < 240 && strchr(text, '\n'));
	CHECK(strstr(text, "unknown variable HAKMEM_NNNN"));
}

static void check_environ(void)
{
	char *envp[] = {
		(char *)"HOME=/", (char *)"HAKMEM_STATS=exit",
		(char *)"HAKMEM_CACHE_MAX=1M", (char *)"HAKMEM_ENABLE=0",
		(char *)"HAKMEM_STATS_FILE=/tmp/a=b", NULL,
	};

	CHECK(warnings(envp)[0] == 0);
	HAS("STATS", "exit");
	HAS("CACHE_MAX", "1048576");
	HAS("ENABLE", "0");
	HAS("STATS_FILE", "/tmp/a=b");
	hak_options_from_environ(NULL);
}

int main(void)
{
	check_defaults();
	check_warnings();
	check_long_lines();
	check_defaults();
	check_numbers();
	check_sizes();
	check_times();
	check_words();
	check_text();
	check_names();
	check_whole_text();
	check_widest();
	check_environ();
	return 0;
}
