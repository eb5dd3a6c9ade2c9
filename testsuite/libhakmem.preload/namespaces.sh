#!/bin/sh
# SPDX-License-Identifier: MIT
# Libraries in link-map namespaces of their own, with a C library of their own
# there: plugins that come and go, and one that brings a second copy of this
# library.  Each is served by what is in its namespace, from all threads, in a
# fork's child, and at the end of threads, where the C libraries' numbers of
# thread-specific keys collide.

set -eu

# Set by the test suite.
: "${HAKMEM_LIB:?}" "${srcdir:?}" "${CC:?}"
lib=$HAKMEM_LIB
unset HAKMEM_LIB

cat >plugin.c <<'END'
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* Where this library is linked with ours. */
extern int hakmem_is_ours(const void *p) __attribute__((weak));

static void *kept;

__attribute__((constructor)) static void begin(void)
{
	kept = malloc(3000);
}

__attribute__((destructor)) static void end(void)
{
	free(kept);
}

int plugin_is_ours(const void *p)
{
	return hakmem_is_ours && hakmem_is_ours(p);
}

void *plugin_malloc(size_t size)
{
	return malloc(size);
}

void plugin_free(void *p)
{
	free(p);
}

/* Every tier; what is not as it was is counted. */
int plugin_work(int rounds)
{
	int wrong = 0;
	char *p, *q;

	for (int i = 0; i < rounds; i++) {
		size_t size = (size_t)i * 37 % 5000 * (i % 50 ? 1 : 700) + 1;

		p = malloc(size);
		q = calloc(1, size);
		wrong += !p || !q || q[size - 1];
		memset(p, 'p', size);
		memset(q, 'q', size);
		p = realloc(p, size * 2);
		wrong += !p || p[0] != 'p' || p[size - 1] != 'p';
		wrong += malloc_usable_size(q) < size;
		free(q);
		q = strdup("of the namespace");
		wrong += strcmp(q, "of the namespace") != 0;
		free(q);
		free(p);
	}
	return wrong;
}
END

cat >program.c <<'END'
#include "t.h"
#include <dlfcn.h>
#include <hakmem/stats.h>
#include <pthread.h>

struct plugin {
	void *handle;
	int (*is_ours)(const void *p);
	void *(*malloc)(size_t size);
	void (*free)(void *p);
	int (*work)(int rounds);
};

static int (*is_ours)(const void *p);
static struct plugin second;

static void find(void *handle, void *fn, const char *name)
{
	*(void **)fn = dlsym(handle, name);
	if (!*(void **)fn)
		FAIL("%s", dlerror());
}

static int plugin_open(struct plugin *p, const char *file)
{
	p->handle = dlmopen(LM_ID_NEWLM, file, RTLD_NOW | RTLD_LOCAL);
	if (!p->handle)
		return 0;
	find(p->handle, &p->is_ours, "plugin_is_ours");
	find(p->handle, &p->malloc, "plugin_malloc");
	find(p->handle, &p->free, "plugin_free");
	find(p->handle, &p->work, "plugin_work");
	return 1;
}

static void both(int rounds)
{
	for (int i = 0; i < rounds; i++) {
		void *p = malloc(100), *q = second.malloc(100);

		CHECK(p && is_ours(p) && !second.is_ours(p));
		CHECK(q && !is_ours(q) && second.is_ours(q));
		free(p);
		second.free(q);
		p = malloc(60000);
		CHECK(p && is_ours(p));
		free(p);
	}
	CHECK(second.work(rounds) == 0);
}

static void *thread(void *arg)
{
	both(2000);
	return arg;
}

static void child(void)
{
	both(300);
}

static void come_and_go(void)
{
	for (int i = 0; i < 60; i++) {
		struct plugin p;
		void *q;

		if (!plugin_open(&p, "./plugin.so")) {
			if (!i)
				unsupported("no namespaces of dlmopen here");
			FAIL("the %dth: %s", i, dlerror());
		}
		CHECK(p.work(100) == 0);
		q = p.malloc(100);
		CHECK(q && !is_ours(q));
		p.free(q);
		q = malloc(100);
		CHECK(is_ours(q));
		free(q);
		CHECK(dlclose(p.handle) == 0);
	}
}

int main(void)
{
	int (*stats_get)(struct hakmem_stats *, size_t);
	struct hakmem_stats s;
	pthread_t t[4];

	setvbuf(stdout, NULL, _IONBF, 0);
	find(RTLD_DEFAULT, &stats_get, "hakmem_stats_get");
	find(RTLD_DEFAULT, &is_ours, "hakmem_is_ours");
	come_and_go();
	if (!plugin_open(&second, "./plugin_ours.so"))
		FAIL("%s", dlerror());
	both(300);
	for (int generation = 0; generation < 10; generation++) {
		for (int i = 0; i < 4; i++)
			CHECK(pthread_create(&t[i], NULL, thread, NULL) == 0);
		if (generation % 3 == 0)
			CHECK(t_child(child) == 0);
		for (int i = 0; i < 4; i++)
			CHECK(pthread_join(t[i], NULL) == 0);
	}
	both(300);
	come_and_go();
	CHECK(stats_get(&s, sizeof(s)) == 0);
	printf("%llu heaps, %llu live\n", (unsigned long long)s.heaps_total,
	       (unsigned long long)s.heaps_live);
	/* nobody's heap is left behind */
	CHECK(s.heaps_total <= 10 && s.heaps_live <= 2);
	puts("whole");
	return 0;
}
END
# CC and CFLAGS may hold several words.
# shellcheck disable=SC2086
{
	$CC ${CFLAGS-} -fno-builtin -shared -fPIC -o plugin.so plugin.c
	$CC ${CFLAGS-} -fno-builtin -shared -fPIC -o plugin_ours.so plugin.c \
		"$lib" -Wl,-rpath,"$(dirname "$lib")"
	$CC ${CFLAGS-} -std=gnu11 -D_GNU_SOURCE -fno-builtin -I"$srcdir/lib" \
		-I"$srcdir/../include" -o program program.c -ldl -pthread
}
status=0
env LD_PRELOAD="$lib" ./program || status=$?
exit $status
