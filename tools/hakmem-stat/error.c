/* SPDX-License-Identifier: MIT */
#include "stat.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status error_set(struct error *e, enum status status, const char *fmt, ...)
{
	va_list ap;

	e->status = status;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return status;
}

void error_print(const struct error *e)
{
	fprintf(stderr, PROGRAM ": %s\n", e->text);
}

static void *checked(void *p)
{
	if (p)
		return p;
	fputs(PROGRAM ": out of memory\n", stderr);
	exit(STATUS_USAGE);
}

void *xrealloc(void *p, size_t n, size_t size)
{
	return checked(reallocarray(p, n ? n : 1, size));
}

void *xcalloc(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size));
}

char *xstrdup(const char *s)
{
	return checked(strdup(s));
}
