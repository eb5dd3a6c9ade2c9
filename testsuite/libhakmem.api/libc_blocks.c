/* SPDX-License-Identifier: MIT */
/*
 * Blocks that functions of the C library hand out are freed, grown and
 * measured with the standard names.
 */
#include "t.h"

#include <argz.h>
#include <dirent.h>
#include <fcntl.h>
#include <locale.h>
#include <regex.h>
#include <search.h>
#include <wchar.h>

static void check_strings(void)
{
	char *p = strdup("some text");
	char *q = strndup("some other text", 10);
	wchar_t *w = wcsdup(L"wide");

	CHECK(p && q && w);
	CHECK(malloc_usable_size(p) >= 10);
	p = realloc(p, 1000);
	CHECK(p && strcmp(p, "some text") == 0);
	CHECK(strcmp(q, "some other") == 0);
	free(p);
	free(q);
	free(w);
	CHECK(asprintf(&p, "%0200d", 7) == 200);
	CHECK(malloc_usable_size(p) >= 201);
	free(p);
	p = realpath("/proc/self/../self/status", NULL);
	CHECK(p);
	free(p);
	p = getcwd(NULL, 0);
	CHECK(p);
	free(p);
}

static void check_lines(void)
{
	char *line = malloc(1);
	size_t size = 1;
	int lines = 0;
	FILE *f = tmpfile();

	CHECK(f && line);
	for (int i = 1; i < 200; i++)
		fprintf(f, "%0*d\n", i * 17, i);
	rewind(f);
	while (getline(&line, &size, f) > 0) {
		lines++;
		CHECK(atoi(line) == lines);
		CHECK(malloc_usable_size(line) >= size);
	}
	CHECK(lines == 199);
	free(line);
	line = NULL;
	size = 0;
	rewind(f);
	CHECK(getdelim(&line, &size, 0, f) > 199 * 17);
	free(line);
	fclose(f);
	f = fopen("/proc/self/cmdline", "r");
	CHECK(f);
	CHECK(setvbuf(f, NULL, _IOFBF, 70000) == 0);
	CHECK(fgetc(f) != EOF);
	fclose(f);
}

static void check_streams(void)
{
	char *buf = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&buf, &size);

	CHECK(f);
	for (int i = 0; i < 30000; i++)
		fprintf(f, "%d ", i);
	CHECK(fclose(f) == 0);
	CHECK(size > 100000 && malloc_usable_size(buf) > size);
	buf = realloc(buf, size * 2);
	CHECK(buf && strncmp(buf, "0 1 2 ", 6) == 0);
	free(buf);
	CHECK(scanf("%*d") <= 0);
	CHECK(sscanf("word", "%ms", &buf) == 1);
	CHECK(strcmp(buf, "word") == 0);
	free(buf);
}

static void check_others(void)
{
	struct dirent **names;
	char *argz = NULL;
	size_t len = 0;
	regex_t re;
	int n = scandir("/proc/self", &names, NULL, alphasort);

	CHECK(n > 5);
	while (n--)
		free(names[n]);
	free(names);
	for (int i = 0; i < 100; i++)
		CHECK(argz_add(&argz, &len, "an argument") == 0);
	CHECK(len == 1200);
	free(argz);
	CHECK(regcomp(&re, "^(a|b)*c{2,5}$", REG_EXTENDED) == 0);
	CHECK(regexec(&re, "ababccc", 0, NULL, 0) == 0);
	regfree(&re);
	CHECK(setenv("T_NAME", "value", 1) == 0);
	CHECK(setenv("T_NAME", "a longer value", 1) == 0);
	CHECK(unsetenv("T_NAME") == 0);
	CHECK(hcreate(100));
	hdestroy();
}

int main(void)
{
	for (int i = 0; i < 50; i++) {
		check_strings();
		check_lines();
		check_streams();
		check_others();
	}
	return 0;
}
