/* SPDX-License-Identifier: MIT */
/*
 * Built with _FORTIFY_SOURCE=3, where the compiler knows how long each block is:
 * what fits passes, a byte more ends the program before it is written, and a
 * program that asks for the usable size and takes it by realloc, which stays
 * where it is, may write all of it.
 *
 * { dg-hakmem-options "-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -O2 -fbuiltin" }
 */
#include "t.h"

#include <fcntl.h>
#include <sys/resource.h>

/* Not known when this is compiled, but to the program's checks. */
static volatile size_t more;

static const char text[] = "0123456789012345678901234567890123456789";

static void fits(size_t size)
{
	char *p = malloc(size), *q = calloc(2, size), *r = NULL, *s;
	size_t usable;

	CHECK(p && q);
	memset(p, 1, size + more);
	memset(q, 2, 2 * size + more);
	memcpy(q + size, p, size + more);
	memmove(q + 1, q, 2 * size - 1 + more);
	CHECK(q[size + 1 - (size == 1)] == (size == 1 ? 2 : 1));
	r = realloc(p, size + sizeof(text));
	CHECK(r && r[size - 1] == 1);
	strcpy(r + size, text);
	CHECK(snprintf(r, size + sizeof(text), "%s", text) > 0);
	s = aligned_alloc(64, size);
	CHECK(s);
	memset(s, 3, size + more);

	/* the idiom of those who want all that there is */
	usable = malloc_usable_size(r);
	CHECK(usable >= size + sizeof(text));
	p = realloc(r, usable);
	CHECK(p == T_HIDE(r));
	memset(p, 4, usable + more);
	CHECK(malloc_usable_size(p) == usable);
	free(p);
	free(q);
	free(s);
}

/* ---- a byte more ------------------------------------------------------------- */

static void by_memset(void)
{
	char *p = malloc(100 + more);

	memset(p, 1, 101 + more);
	free(T_HIDE(p));
}

static void by_memcpy(void)
{
	char *p = calloc(4, 10 + more);

	memcpy(p, text, 41 + more);
	free(T_HIDE(p));
}

static void by_strcpy(void)
{
	char *p = realloc(NULL, 40 + more);

	strcpy(p, T_HIDE(&text[0]));
	free(T_HIDE(p));
}

static void by_read(void)
{
	char *p = aligned_alloc(32, 3000 + more);
	int fd = open("/dev/zero", O_RDONLY);

	CHECK(read(fd, p, 3001 + more) >= 0);
	free(T_HIDE(p));
}

/* What the block could hold is not what was asked for. */
static void by_usable_size(void)
{
	char *p = malloc(1000 + more);
	size_t usable = malloc_usable_size(p);

	/* where it is no more, no check can find anything */
	memset(p, 1, usable > 1000 ? usable : 1001);
	free(T_HIDE(p));
}

static void ends(void (*fn)(void), const char *name)
{
	int status = t_child(fn);

	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
		FAIL("%s: status %#x", name, (unsigned)status);
}

int main(void)
{
#if !defined(__USE_FORTIFY_LEVEL) || __USE_FORTIFY_LEVEL < 3
	unsupported("no _FORTIFY_SOURCE=3");
#endif
	const struct rlimit no_core = { 0, 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	for (size_t i = 0; i < T_SIZES; i++)
		fits(t_sizes[i]);
	ends(by_memset, "memset");
	ends(by_memcpy, "memcpy");
	ends(by_strcpy, "strcpy");
	ends(by_read, "read");
	ends(by_usable_size, "malloc_usable_size");
	return 0;
}
