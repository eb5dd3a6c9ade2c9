/* SPDX-License-Identifier: MIT */
/*
 * HAKMEM_VERBOSE=1: one line with every option in force, before anything else.
 *
 * { dg-hakmem-options "-ldl" }
 */
#include "rerun.h"

static struct rerun r;

int main(int argc, char **argv)
{
	const char *set[] = { "HAKMEM_VERBOSE=1", "HAKMEM_PURGE_DELAY=3s",
			      NULL };
	const char *name[] = { "HAKMEM_VERBOSE=1", NULL, NULL };
	char longest[300] = "HAKMEM_STATS_FILE=";

	(void)argv;
	if (argc > 1) {
		free(malloc(1));
		return 0;
	}
	rerun(&r, "second", NULL, set);
	CHECK(strncmp(r.err, "hakmem: version ", 16) == 0);
	CHECK(strstr(r.err, " PURGE_DELAY=3000ms "));
	CHECK(strstr(r.err, " REMOTE_DEBUG=0"));
	CHECK(strchr(r.err, '\n') == r.err + strlen(r.err) - 1);
	/* with the longest value there may be */
	memset(longest + 18, 'x', 255);
	name[1] = longest;
	rerun(&r, "second", NULL, name);
	CHECK(strstr(r.err, " REMOTE_DEBUG=0"));
	CHECK(strchr(r.err, '\n') == r.err + strlen(r.err) - 1);
	return 0;
}
