/* SPDX-License-Identifier: MIT */
/*
 * hakmem_option_get and hakmem_option_set: forms, lengths, errors; a changed
 * option acts.
 *
 * { dg-hakmem-modes "linked" }
 */
#include "t.h"

#include <hakmem/hakmem.h>

static void is(const char *name, const char *value)
{
	char text[100];
	int n = hakmem_option_get(name, text, sizeof(text));

	if (n < 0 || strcmp(text, value) || n != (int)strlen(value))
		FAIL("%s is \"%s\", not \"%s\"", name, n < 0 ? "?" : text,
		     value);
}

static void refused(const char *name, const char *value, int error)
{
	errno = 0;
	if (hakmem_option_set(name, value) != -1 || errno != error)
		FAIL("%s=%s: errno %d, not %d", name, value, errno, error);
}

static void check_get(void)
{
	char text[4] = "###";

	is("PURGE_DELAY", "500ms");
	is("purge_delay", "500ms");
	is("ENABLE", "1");
	is("STATS", "off");
	is("STATS_FILE", "");
	is("CACHE_MAX", "4194304");
	/* cut off and terminated, the length is the whole one's */
	CHECK(hakmem_option_get("PURGE_DELAY", text, 4) == 5);
	CHECK(strcmp(text, "500") == 0);
	CHECK(hakmem_option_get("PURGE_DELAY", text, 1) == 5);
	CHECK(text[0] == 0 && text[1] == '0');
	CHECK(hakmem_option_get("PURGE_DELAY", NULL, 0) == 5);
	errno = 0;
	CHECK(hakmem_option_get("NO_SUCH", text, 4) == -1);
	CHECK(errno == ENOENT);
	errno = 0;
	CHECK(hakmem_option_get("", text, 4) == -1);
	CHECK(errno == ENOENT);
}

static void check_set(void)
{
	errno = 4711;
	CHECK(hakmem_option_set("PURGE_DELAY", "3s") == 0);
	is("PURGE_DELAY", "3000ms");
	CHECK(hakmem_option_set("purge_delay", "-1") == 0);
	is("PURGE_DELAY", "-1");
	CHECK(hakmem_option_set("LIMIT_HARD", "3G") == 0);
	is("LIMIT_HARD", "3221225472");
	CHECK(hakmem_option_set("LIMIT_HARD", "0") == 0);
	CHECK(hakmem_option_set("PURGE_METHOD", "free") == 0);
	is("PURGE_METHOD", "free");
	CHECK(errno == 4711);
	refused("NO_SUCH", "1", ENOENT);
	refused("PURGE_DELAY", "soon", EINVAL);
	refused("PURGE_DELAY", "", EINVAL);
	refused("PURGE_DELAY", "-2", EINVAL);
	refused("PURGE_METHOD", "fre", EINVAL);
	refused("LIMIT_HARD", "1X", EINVAL);
	refused("LIMIT_HARD", "99999999999999999999", EINVAL);
	refused("ENABLE", "0", EPERM);
	refused("CACHE_MAX", "1M", EPERM);
	refused("STATS_FILE", "x", EPERM);
	is("PURGE_DELAY", "-1");
	is("PURGE_METHOD", "free");
}

static void check_acts(void)
{
	void *p;

	CHECK(hakmem_option_set("ZERO_REALLOC", "alloc") == 0);
	p = realloc(malloc(10), 0);
	CHECK(p);
	free(p);
	CHECK(hakmem_option_set("ZERO_REALLOC", "free") == 0);
	CHECK(!realloc(malloc(10), 0));
	CHECK(hakmem_option_set("LIMIT_HARD", "64M") == 0);
	errno = 0;
	CHECK(!malloc(100 << 20) && errno == ENOMEM);
	CHECK(hakmem_option_set("LIMIT_HARD", "0") == 0);
	p = malloc(100 << 20);
	CHECK(p);
	free(p);
}

int main(void)
{
	check_get();
	check_set();
	check_acts();
	return 0;
}
