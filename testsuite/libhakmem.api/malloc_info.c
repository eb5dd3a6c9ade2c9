/* SPDX-License-Identifier: MIT */
/*
 * malloc_info writes well-formed XML with the figures of this process, and
 * refuses options.
 */
#include "t.h"

static char text[1 << 16];

static void get(void)
{
	FILE *f = tmpfile();
	size_t n;

	CHECK(f);
	CHECK(malloc_info(0, f) == 0);
	CHECK(fflush(f) == 0);
	rewind(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	CHECK(n > 0 && n < sizeof(text) - 1);
	text[n] = 0;
	fclose(f);
}

/* Tags nest, attributes are quoted, one root. */
static void check_form(void)
{
	static char open[20][32];
	int depth = 0, roots = 0;

	for (char *s = text; *s;) {
		char name[32];
		char *end;
		int quotes = 0;

		if (*s != '<') {
			CHECK(*s == '\n' || *s == ' ' || depth > 0);
			s++;
			continue;
		}
		end = strchr(s, '>');
		CHECK(end);
		for (char *q = s; q < end; q++)
			quotes += *q == '"';
		CHECK(quotes % 2 == 0);
		CHECK(sscanf(s + 1 + (s[1] == '/'), "%31[a-z]", name) == 1);
		if (s[1] == '/') {
			CHECK(depth > 0);
			CHECK(strcmp(open[--depth], name) == 0);
		} else if (end[-1] != '/') {
			roots += depth == 0;
			CHECK(depth < 20);
			strcpy(open[depth++], name);
		}
		s = end + 1;
	}
	CHECK(depth == 0);
	CHECK(roots == 1);
	CHECK(strncmp(text, "<malloc version=\"1\">", 20) == 0);
}

/* The last figure of this kind is the total. */
static size_t figure(const char *tag)
{
	const char *at = NULL, *next = text;
	size_t size = 0;

	while ((next = strstr(next, tag)))
		at = next++;
	CHECK(at);
	at = strstr(at, "size=\"");
	CHECK(at && sscanf(at, "size=\"%zu\"", &size) == 1);
	return size;
}

int main(void)
{
	enum { N = 1000 };
	static void *p[N];
	size_t before, with;

	get();
	check_form();
	before = figure("<system type=\"current\"");
	for (int i = 0; i < N; i++) {
		p[i] = malloc(50000);
		CHECK(p[i]);
		memset(p[i], 1, 50000);
	}
	get();
	check_form();
	with = figure("<system type=\"current\"");
	printf("%zu, then %zu\n", before, with);
	CHECK(with - before > 45000000 && with - before < 80000000);
	for (int i = 0; i < N; i++)
		free(p[i]);
	errno = 0;
	CHECK(malloc_info(1, stdout) != 0);
	return 0;
}
