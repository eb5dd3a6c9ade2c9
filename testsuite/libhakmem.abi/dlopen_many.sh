#!/bin/sh
# SPDX-License-Identifier: MIT
# Opened and closed a thousand times, the library stays where it is, costs
# nothing more, and takes nothing over from the allocator that serves the
# program.  It loads beside eight libraries that take static TLS.  Plugins that
# come and go in a program of ours leave nothing behind.

set -eu

# Set by the test suite.
: "${HAKMEM_LIB:?}" "${srcdir:?}" "${CC:?}"
lib=$HAKMEM_LIB
unset HAKMEM_LIB

cat >opener.c <<'END'
#include "t.h"
#include <dlfcn.h>
#include <pthread.h>

static int ended; /* atomic */

static void *churn(void *arg)
{
	while (!__atomic_load_n(&ended, __ATOMIC_RELAXED)) {
		char *p = malloc(100), *q = calloc(1, 5000);

		CHECK(p && q && q[4999] == 0);
		p = realloc(p, 100000);
		CHECK(p);
		free(p);
		free(q);
	}
	return arg;
}

int main(int argc, char **argv)
{
	int (*is_ours)(const void *);
	void *(*our_malloc)(size_t);
	void (*our_free)(void *);
	void *first = NULL, *h, *p;
	pthread_t t[3];
	long size = 0, rss = 0;

	CHECK(argc == 2);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_create(&t[i], NULL, churn, NULL) == 0);
	for (int i = 0; i < 1100; i++) {
		h = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
		if (!h)
			FAIL("%s", dlerror());
		*(void **)&is_ours = dlsym(h, "hakmem_is_ours");
		CHECK(is_ours && (!first || first == (void *)is_ours));
		first = (void *)is_ours;
		p = malloc(1000);
		CHECK(p && !is_ours(p));
		free(p);
		CHECK(dlclose(h) == 0);
		if (i == 100) {
			size = t_status_kib("VmSize:");
			rss = t_status_kib("VmRSS:");
		}
	}
	/* closed, and still there */
	CHECK(!is_ours(&ended));
	size = t_status_kib("VmSize:") - size;
	rss = t_status_kib("VmRSS:") - rss;
	printf("1000 times: %ld KiB of address space, %ld KiB resident\n",
	       size, rss);
	/* the C library's arenas grow as they like, by their threads */
	CHECK(rss < 2048);
	h = dlopen(argv[1], RTLD_NOW);
	*(void **)&our_malloc = dlsym(h, "hakmem_malloc");
	*(void **)&our_free = dlsym(h, "hakmem_free");
	CHECK(our_malloc && our_free);
	for (int i = 0; i < 1000; i++) {
		p = our_malloc((size_t)i * 100);
		CHECK(p && malloc_usable_size(p) >= (size_t)i * 100);
		our_free(p);
	}
	__atomic_store_n(&ended, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < 3; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	return 0;
}
END

cat >tls.c <<'END'
__thread char room[48] __attribute__((tls_model("initial-exec")));
char *NAME(void) { return room; }
END

cat >beside.c <<'END'
#include "t.h"
#include <dlfcn.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!dlopen(argv[i], RTLD_NOW))
			FAIL("%s", dlerror());
	return 0;
}
END

cat >plugin.c <<'END'
#include <stdlib.h>
static void *kept;
__attribute__((constructor)) static void begin(void) { kept = malloc(3000); }
__attribute__((destructor)) static void end(void) { free(kept); }
void *plugin_take(void) { return malloc(200); }
END

cat >host.c <<'END'
#include "t.h"
#include <dlfcn.h>
#include <hakmem/stats.h>

static uint64_t live(void)
{
	int (*get)(struct hakmem_stats *, size_t);
	struct hakmem_stats s;

	*(void **)&get = dlsym(RTLD_DEFAULT, "hakmem_stats_get");
	CHECK(get && get(&s, sizeof(s)) == 0);
	return s.live_bytes;
}

int main(void)
{
	uint64_t before = 0;
	long rss = 0;

	setvbuf(stdout, NULL, _IONBF, 0);
	for (int i = 0; i < 1010; i++) {
		void *h = dlopen("./plugin.so", RTLD_NOW | RTLD_DEEPBIND);
		void *(*take)(void);

		if (!h)
			FAIL("%s", dlerror());
		*(void **)&take = dlsym(h, "plugin_take");
		CHECK(take);
		free(take());
		CHECK(dlclose(h) == 0);
		if (i == 10) {
			before = live();
			rss = t_status_kib("VmRSS:");
		}
	}
	printf("plugin: %lld bytes live, %ld KiB resident\n",
	       (long long)(live() - before), t_status_kib("VmRSS:") - rss);
	CHECK(live() == before);
	CHECK(t_status_kib("VmRSS:") - rss < 512);
	return 0;
}
END

# CC and CFLAGS may hold several words.
# shellcheck disable=SC2086
build()
{
	$CC ${CFLAGS:-} -D_GNU_SOURCE -fno-builtin -I"$srcdir/lib" \
		-I"$srcdir/../include" "$@" -ldl -pthread
}
build -o opener opener.c
build -o beside beside.c
build -o host host.c
build -shared -fPIC -o plugin.so plugin.c
set --
for n in 1 2 3 4 5 6 7 8; do
	build -shared -fPIC -DNAME=room$n -o tls$n.so tls.c
	set -- "$@" "./tls$n.so"
done

fail=0
env ./opener "$lib" || fail=1
env ./beside "$@" "$lib" || fail=1
env LD_PRELOAD="$lib" ./beside "$@" || fail=1
env LD_PRELOAD="$lib" ./host || fail=1
exit $fail
