/* SPDX-License-Identifier: MIT */
/*
 * unit.h - what the unit tests share
 *
 * The lower half of the library started by hand, without malloc; children
 * that have to be stopped by a report; and what a piece of code writes to
 * standard error.
 */
#ifndef UNIT_H
#define UNIT_H

#include "t.h"

#include "heap.h"
#include "options.h"
#include "os.h"
#include "pool.h"
#include "remote.h"
#include "sizeclass.h"
#include "superslab.h"

#include "hakmem/stats.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define U_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define U_SANITIZER 1
#endif
#endif
#ifndef U_SANITIZER
#define U_SANITIZER 0
#endif

/* From os.h to pool.h, with the options of the environment. */
__attribute__((unused)) static struct hak_superslab *u_start(void)
{
	struct hak_superslab *first;

	hak_options_from_environ(environ);
	hak_os_init();
	hak_sizeclass_init();
	first = hak_ss_first();
	CHECK(first);
	hak_pool_init(first);
	hak_pool_collect = hak_remote_collect;
	return first;
}

/* Run fn in a child with standard error in text; its wait status. */
__attribute__((unused)) static int u_child(void (*fn)(void), char *text,
					   size_t size, pid_t *child)
{
	size_t len = 0;
	int ends[2];
	int status;
	ssize_t n;
	pid_t pid;

	CHECK(pipe(ends) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		alarm(30);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		fn();
		_exit(0);
	}
	close(ends[1]);
	while (len < size - 1 &&
	       (n = read(ends[0], text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = 0;
	close(ends[0]);
	CHECK(waitpid(pid, &status, 0) == pid);
	if (child)
		*child = pid;
	return status;
}

/* fn has to end in a report with these words, and SIGABRT. */
#define DIES(fn, words) u_dies(fn, #fn, words, __FILE__, __LINE__)

__attribute__((unused)) static void u_dies(void (*fn)(void), const char *name,
					   const char *words, const char *file,
					   int line)
{
	char text[2000];
	int status = u_child(fn, text, sizeof(text), NULL);

	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
		t_fail(file, line, "%s: no abort, status %x: %s", name, status,
		       text);
	if (!strstr(text, "hakmem: fatal: ") || !strstr(text, words))
		t_fail(file, line, "%s: \"%s\", not \"%s\"", name, text, words);
}

/* fn has to succeed in a child, which starts from the present state. */
#define LIVES(fn) u_lives(fn, #fn, __FILE__, __LINE__)

__attribute__((unused)) static void u_lives(void (*fn)(void), const char *name,
					    const char *file, int line)
{
	char text[2000];
	int status = u_child(fn, text, sizeof(text), NULL);

	if (status)
		t_fail(file, line, "%s: status %x: %s", name, status, text);
}

/* A block from a heap's cache, as the entry points take it. */
static inline char *u_take(struct hak_heap *h, unsigned cls)
{
	struct hak_cache *c = &h->cache[cls];
	uintptr_t *p;

	if (c->top == c->base)
		return hak_heap_refill(h, cls);
	p = *--c->top;
	p[1] = 0;
	if (--h->countdown < 0)
		hak_heap_tick(h);
	return (char *)p;
}

#endif /* UNIT_H */
