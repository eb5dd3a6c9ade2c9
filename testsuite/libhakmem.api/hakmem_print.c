/* SPDX-License-Identifier: MIT */
/*
 * hakmem_stats_print: text and JSON to any descriptor, with the figures of
 * hakmem_stats_get; errors.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <fcntl.h>
#include <hakmem/hakmem.h>
#include <hakmem/stats.h>

static char text[200000];

static void get(const char *format)
{
	char name[] = "/tmp/hakmem-print-XXXXXX";
	int fd = mkstemp(name);
	ssize_t n;

	CHECK(fd >= 0);
	CHECK(unlink(name) == 0);
	CHECK(hakmem_stats_print(fd, format) == 0);
	n = pread(fd, text, sizeof(text) - 1, 0);
	CHECK(n > 500 && n < (ssize_t)sizeof(text) - 1);
	text[n] = 0;
	CHECK(text[n - 1] == '\n');
	close(fd);
}

static unsigned long long key(const char *name)
{
	char pattern[60];
	char *at;

	snprintf(pattern, sizeof(pattern), "\"%s\":", name);
	at = strstr(text, pattern);
	if (!at)
		FAIL("no %s in the JSON report", name);
	return strtoull(at + strlen(pattern), NULL, 10);
}

/* Is it JSON?  A parser of the structure alone. */
static const char *value(const char *s);

static const char *space(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

static const char *string(const char *s)
{
	CHECK(*s == '"');
	for (s++; *s != '"'; s++) {
		CHECK((unsigned char)*s >= 0x20);
		s += *s == '\\';
	}
	return s + 1;
}

static const char *list(const char *s, char end)
{
	s = space(s + 1);
	if (*s == end)
		return s + 1;
	for (;; s = space(s + 1)) {
		if (end == '}') {
			s = space(string(s));
			CHECK(*s == ':');
			s = space(s + 1);
		}
		s = space(value(s));
		if (*s == end)
			return s + 1;
		CHECK(*s == ',');
	}
}

static const char *value(const char *s)
{
	size_t n;

	if (*s == '{')
		return list(s, '}');
	if (*s == '[')
		return list(s, ']');
	if (*s == '"')
		return string(s);
	n = strspn(s, "-+.eE0123456789");
	if (!n && strncmp(s, "true", 4) == 0)
		n = 4;
	if (!n && strncmp(s, "false", 5) == 0)
		n = 5;
	if (!n && strncmp(s, "null", 4) == 0)
		n = 4;
	CHECK(n);
	return s + n;
}

int main(void)
{
	struct hakmem_stats s;
	void *p = malloc(5000000);
	int fd;

	CHECK(p);
	get("json");
	CHECK(*space(value(space(text))) == 0);
	CHECK(hakmem_stats_get(&s, sizeof(s)) == 0);
	CHECK(key("mallocs") == s.mallocs);
	CHECK(key("frees") == s.frees);
	CHECK(key("live_bytes") == s.live_bytes);
	CHECK(key("huge_live_bytes") == s.huge_live_bytes);
	CHECK(key("huge_live_bytes") >= 5000000);
	CHECK(key("mapped_bytes") == s.mapped_bytes);
	get("text");
	CHECK(strstr(text, "SuperSlabs"));
	CHECK(!strchr(text, '\t') && !strchr(text, '{'));
	free(p);

	errno = 0;
	CHECK(hakmem_stats_print(1, "xml") == -1 && errno == EINVAL);
	errno = 0;
	CHECK(hakmem_stats_print(1, NULL) == -1 && errno == EINVAL);
	errno = 0;
	CHECK(hakmem_stats_print(-1, "text") == -1 && errno == EBADF);
	fd = open("/dev/full", O_WRONLY);
	if (fd >= 0) {
		errno = 0;
		CHECK(hakmem_stats_print(fd, "json") == -1);
		CHECK(errno == ENOSPC);
	}
	return 0;
}
