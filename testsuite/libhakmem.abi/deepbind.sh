#!/bin/sh
# SPDX-License-Identifier: MIT
# dlopen clears RTLD_DEEPBIND, so that a plugin's malloc is the program's; with
# HAKMEM_DLOPEN_DEEPBIND=keep it is not, and blocks that cross over are given
# back to whom they belong.  The real dlopen finds its caller as ever: the
# RUNPATH of the calling library counts, and errors are those of dlerror(3).

set -eu

# Set by the test suite.
: "${HAKMEM_LIB:?}" "${srcdir:?}" "${CC:?}"
lib=$HAKMEM_LIB
unset HAKMEM_LIB

cat >plugin.c <<'END'
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void *plugin_malloc(size_t size) { return malloc(size); }
void plugin_free(void *p) { free(p); }
void *plugin_realloc(void *p, size_t size) { return realloc(p, size); }
size_t plugin_usable(void *p) { return malloc_usable_size(p); }
char *plugin_strdup(const char *s) { return strdup(s); }
END

# A library that opens another one by a name that only its RUNPATH leads to.
cat >opener.c <<'END'
#include <dlfcn.h>

int opener_calls;

/* No tail call: the program would be the caller. */
void *opener_open(const char *name, int mode)
{
	void *h = dlopen(name, mode);

	opener_calls++;
	return h;
}
END

cat >program.c <<'END'
#include "t.h"
#include <dlfcn.h>

static int (*is_ours)(const void *p);
static void *(*p_malloc)(size_t size);
static void (*p_free)(void *p);
static void *(*p_realloc)(void *p, size_t size);
static size_t (*p_usable)(void *p);
static char *(*p_strdup)(const char *s);

static void find(void *handle, void *fn, const char *name)
{
	*(void **)fn = dlsym(handle, name);
	if (!*(void **)fn)
		FAIL("%s", dlerror());
}

static void cross(size_t size)
{
	char *p = p_malloc(size), *q, text[2000] = "";

	CHECK(p && malloc_usable_size(p) >= size);
	t_fill(p, size, 3);
	q = realloc(p, size * 3); /* ours of theirs */
	CHECK(q && t_filled(q, size, 3));
	free(q);
	free(p_malloc(size));
	p = malloc(size);
	CHECK(p && p_usable(p) >= size);
	t_fill(p, size, 4);
	q = p_realloc(p, size * 3); /* theirs of ours */
	CHECK(q && t_filled(q, size, 4));
	p_free(q);
	p_free(malloc(size));
	/* strdup is the C library's, its malloc the program's */
	memset(text, 'x', sizeof(text) - 1);
	q = p_strdup(text);
	CHECK(q && is_ours(q) && strcmp(q, text) == 0);
	p_free(q);
	q = strdup(text);
	p_free(q);
}

int main(int argc, char **argv)
{
	int keep = argc > 1 && !strcmp(argv[1], "keep");
	void *opener, *(*open)(const char *, int), *h, *p;

	find(RTLD_DEFAULT, &is_ours, "hakmem_is_ours");
	/* not one block so far: dlopen reads the options as malloc does */
	h = dlopen("./plugin.so", RTLD_NOW | RTLD_DEEPBIND);
	if (!h)
		FAIL("%s", dlerror());
	find(h, &p_malloc, "plugin_malloc");
	find(h, &p_free, "plugin_free");
	find(h, &p_realloc, "plugin_realloc");
	find(h, &p_usable, "plugin_usable");
	find(h, &p_strdup, "plugin_strdup");
	p = p_malloc(5000);
	CHECK(p && is_ours(p) == !keep);
	free(p);
	for (size_t i = 0; i < T_SIZES && !keep; i++)
		cross(t_sizes[i]);
	/* what programs do: free in one what came from the other */
	for (size_t i = 0; i < T_SIZES; i++)
		free(p_malloc(t_sizes[i]));

	/* by a name, from a library with a RUNPATH of its own */
	CHECK(!dlopen("named.so", RTLD_NOW) && dlerror());
	opener = dlopen("./opener.so", RTLD_LAZY);
	if (!opener)
		FAIL("%s", dlerror());
	find(opener, &open, "opener_open");
	h = open("named.so", RTLD_NOW);
	if (!h)
		FAIL("%s", dlerror());
	CHECK(!open("no-such.so", RTLD_NOW | RTLD_DEEPBIND));
	CHECK(strstr(dlerror(), "no-such.so"));
	CHECK(!dlerror());
	h = dlopen(NULL, RTLD_NOW);
	CHECK(h && dlsym(h, "malloc"));
	h = dlopen("./plugin.so", RTLD_NOW | RTLD_NOLOAD | RTLD_DEEPBIND);
	CHECK(h && dlclose(h) == 0);
	CHECK(!dlopen("./plugin.so", 0) && strstr(dlerror(), "mode"));
	return 0;
}
END
mkdir aside
# CC and CFLAGS may hold several words.
# shellcheck disable=SC2086
{
	$CC ${CFLAGS:-} -fno-builtin -shared -fPIC -o plugin.so plugin.c
	$CC ${CFLAGS:-} -shared -fPIC -o aside/named.so plugin.c
	$CC ${CFLAGS:-} -shared -fPIC -o opener.so opener.c -ldl \
		-Wl,-rpath,"$PWD/aside" -Wl,--enable-new-dtags
	$CC ${CFLAGS:-} -D_GNU_SOURCE -fno-builtin -I"$srcdir/lib" \
		-o program program.c -ldl
}
fail=0
for set in X=1 HAKMEM_DLOPEN_DEEPBIND=strip; do
	env LD_PRELOAD="$lib" $set ./program || {
		echo "$set: $?"
		fail=1
	}
done
env LD_PRELOAD="$lib" HAKMEM_DLOPEN_DEEPBIND=keep ./program keep || {
	echo "keep: $?"
	fail=1
}
exit $fail
