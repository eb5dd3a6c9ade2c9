/* SPDX-License-Identifier: MIT */
/*
 * The known gaps of doc/SECURITY.md at level 1 are as it says: what is not
 * found, or is wrongly found.  Whoever closes one changes the page and this.
 */
#include "t.h"

#include <dlfcn.h>
#include <sys/resource.h>

enum { SIZE = 2000, CLASS = 2048, SLAB = 65536 };

static void *take(size_t n)
{
	char *p = malloc(n);

	CHECK(p);
	memset(p, 1, n);
	return p;
}

/* A block of the thread's own slab that was never handed out. */
static void never_used(void)
{
	char *p;

	for (int i = 0; i < 200; i++)
		free(take(100));
	p = take(SIZE);
	/* the last block of the slab, which is far from being used up */
	p += (SLAB - (uintptr_t)p % SLAB) / CLASS * CLASS - CLASS;
	free(T_HIDE(p));
}

/* Smaller than what the block was allocated with. */
static void sized(void)
{
	void (*fn)(void *, size_t);

	*(void **)&fn = dlsym(RTLD_DEFAULT, "free_sized");
	CHECK(fn);
	fn(take(8), 2);
	fn(take(4096), 4000);
}

/* A block that the C library of another namespace has handed out. */
static void other_namespace(void)
{
	void *libc = dlmopen(LM_ID_NEWLM, "libc.so.6", RTLD_NOW);
	void *(*fn)(size_t);

	if (!libc)
		unsupported("no second C library in a namespace of its own");
	*(void **)&fn = dlsym(libc, "malloc");
	CHECK(fn);
	free(fn(100));
}

/* Data of a block that is free can be read and written. */
static void use_after_free(void)
{
	char *p = take(1000);

	free(p);
	p = T_HIDE(p);
	CHECK(p[500] == 1);
	p[500] = 2;
	for (int i = 0; i < 100; i++)
		free(take(1000));
}

/* The mark of a free block is written over: the second free is found late. */
static void mark_lost(void)
{
	char *p;

	for (int i = 0; i < 200; i++)
		free(take(100));
	p = take(100);
	free(p);
	memset(T_HIDE(p), 1, 16);
	free(T_HIDE(p));
	_exit(0);
}

int main(void)
{
	const struct rlimit none = { 0, 0 };
	int status;

	setrlimit(RLIMIT_CORE, &none);
	CHECK(t_child(never_used) == 0);
	CHECK(t_child(sized) == 0);
	CHECK(t_child(use_after_free) == 0);
	CHECK(t_child(mark_lost) == 0);
	/* found, although it is right */
	status = t_child(other_namespace);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		return 77;
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	return 0;
}
