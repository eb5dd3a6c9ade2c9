/* SPDX-License-Identifier: MIT */
/*
 * conf.h: which files are used, which lines count, and that there is one line
 * of warning at most.
 */
#include "t.h"

#include "conf.h"
#include "options.h"

#include <fcntl.h>
#include <sys/stat.h>

static char path[] = "conf.test";
static char exe[300];

static void put(const char *text, size_t n)
{
	int fd;

	unlink(path);
	fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
	CHECK(fd >= 0 && write(fd, text, n) == (ssize_t)n);
	CHECK(fchmod(fd, 0644) == 0);
	close(fd);
}

/* What reading the file writes to standard error. */
static const char *said(unsigned owner)
{
	static char text[1000];
	int ends[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	CHECK(pipe(ends) == 0 && saved >= 0);
	CHECK(dup2(ends[1], STDERR_FILENO) >= 0);
	hak_conf_read(path, owner);
	CHECK(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	close(ends[1]);
	n = read(ends[0], text, sizeof(text) - 1);
	close(ends[0]);
	text[n > 0 ? n : 0] = 0;
	return text;
}

static void expect(const char *file, const char *words, const char *name,
		   const char *value)
{
	char got[HAK_OPTION_TEXT_SIZE];
	const char *text;

	put(file, strlen(file));
	hak_options_set("CACHE_MAX", "111K", true);
	hak_options_set("PURGE_DELAY", "77", true);
	text = said(getuid());
	if (words ? !strstr(text, words) : *text)
		FAIL("\"%s\": said \"%s\", not \"%s\"", file, text,
		     words ? words : "");
	if (words && strchr(text, '\n') != text + strlen(text) - 1)
		FAIL("\"%s\": more than one line: %s", file, text);
	CHECK(hak_options_get(name, got, sizeof(got)) >= 0);
	if (strcmp(got, value) != 0)
		FAIL("\"%s\": %s is %s, not %s", file, name, got, value);
}

static void check_lines(void)
{
	expect("CACHE_MAX=1M\n", NULL, "CACHE_MAX", "1048576");
	expect("  CACHE_MAX =  2M  \r\n", NULL, "CACHE_MAX", "2097152");
	expect("# CACHE_MAX=1M\n\n", NULL, "CACHE_MAX", "113664");
	expect("CACHE_MAX=1M", NULL, "CACHE_MAX", "1048576");
	expect("CACHE_MAX=1M\nCACHE_MAX=2M\n", NULL, "CACHE_MAX", "2097152");
	expect("", NULL, "CACHE_MAX", "113664");
	expect("nonsense\nCACHE_MAX=1M\n", ":1: not NAME=VALUE: \"nonsense\"",
	       "CACHE_MAX", "1048576");
	expect("\nCASH=1\nCACHE_MAX=1M\n", ":2: no option \"CASH\"",
	       "CACHE_MAX", "1048576");
	expect("CACHE_MAX=lots\n", ":1: not understood: \"lots\"", "CACHE_MAX",
	       "113664");
	expect("A=1\nB=2\nC=3\n", ":1: no option \"A\"", "CACHE_MAX", "113664");
	expect("\x1b[31m\n", "\"?[31m\"", "CACHE_MAX", "113664");
}

static void check_sections(void)
{
	char text[1000];
	const char *last = strrchr(exe, '/') + 1;

	snprintf(text, sizeof(text), "[exe:%s]\nCACHE_MAX=1M\n", exe);
	expect(text, NULL, "CACHE_MAX", "1048576");
	snprintf(text, sizeof(text), "[exe:%s]\nCACHE_MAX=1M\n", last);
	expect(text, NULL, "CACHE_MAX", "1048576");
	snprintf(text, sizeof(text), "[exe:/nowhere/%s]\nCACHE_MAX=1M\n", last);
	expect(text, NULL, "CACHE_MAX", "113664");
	expect("[exe:other]\nCACHE_MAX=1M\n[*]\nPURGE_DELAY=5\n", NULL,
	       "CACHE_MAX", "113664");
	expect("[exe:other]\nCACHE_MAX=1M\n[*]\nPURGE_DELAY=5\n", NULL,
	       "PURGE_DELAY", "5ms");
	/* nothing in a section that is not understood counts */
	expect("[program:x]\nCACHE_MAX=1M\n", ":1: no section", "CACHE_MAX",
	       "113664");
	expect("[exe:", ":1: no section", "CACHE_MAX", "113664");
}

static void check_trust(void)
{
	static char large[HAK_CONF_MAX + 1];

	expect("CACHE_MAX=1M\n", NULL, "CACHE_MAX", "1048576");
	CHECK(strstr(said(getuid() + 1), "others than root"));
	CHECK(chmod(path, 0664) == 0);
	CHECK(strstr(said(getuid()), "others than root"));
	CHECK(chmod(path, 0646) == 0);
	CHECK(strstr(said(getuid()), "others than root"));
	put("a\0b", 3);
	CHECK(strstr(said(getuid()), "not text"));
	memset(large, '#', sizeof(large));
	put(large, sizeof(large));
	CHECK(strstr(said(getuid()), "larger than 16 KiB"));
	put(large, sizeof(large) - 1);
	CHECK(!*said(getuid()));
	unlink(path);
	CHECK(!*said(getuid()));
	CHECK(mkfifo(path, 0644) == 0);
	CHECK(strstr(said(getuid()), "not a regular file"));
	unlink(path);
	CHECK(mkdir(path, 0755) == 0);
	CHECK(strstr(said(getuid()), "not a regular file"));
	rmdir(path);
}

int main(void)
{
	alarm(20);
	CHECK(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	check_lines();
	check_sections();
	check_trust();
	return 0;
}
