#!/bin/sh
# SPDX-License-Identifier: MIT
# Blocks taken before there is a program: in DT_PREINIT_ARRAY and DT_INIT, in
# static constructors of 20 C++ libraries, and by resolvers of IFUNC symbols
# while the loader still relocates, lazily and with BIND_NOW.
#
# A resolver in a library that is not linked with this one runs before this one
# is relocated; no preloaded allocator survives it.  That, too, is shown:
# whoever changes it changes doc/RELIABILITY.md.

set -eu

# Set by the test suite.
: "${HAKMEM_LIB:?}" "${srcdir:?}" "${CC:?}"
lib=$HAKMEM_LIB
unset HAKMEM_LIB

cat >take.h <<'END'
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C"
#endif
int hakmem_is_ours(const void *p) __attribute__((weak));

/* A block of each tier; the first is kept. */
static char *take(void)
{
	char *p = (char *)malloc(100), *q;

	if (!p)
		abort();
	strcpy(p, "kept");
	q = (char *)calloc(3, 5000);
	if (!q || q[14999])
		abort();
	q = (char *)realloc(q, 300000);
	if (!q || q[0])
		abort();
	free(q);
	free(malloc(3000000));
	return p;
}
END
cat >early.c <<'END'
#include "take.h"
#include <stdio.h>

static char *kept[4];

static void preinit(int argc, char **argv, char **envp)
{
	(void)argc, (void)argv, (void)envp;
	kept[0] = take();
}
__attribute__((section(".preinit_array"), used)) static void (*const first)(
	int, char **, char **) = preinit;

/* DT_INIT, by -Wl,-init */
void begin(void);
void begin(void)
{
	kept[1] = take();
}

__attribute__((constructor)) static void construct(void)
{
	kept[2] = take();
}

int main(void)
{
	kept[3] = take();
	for (int i = 0; i < 4; i++) {
		if (!kept[i] || strcmp(kept[i], "kept") ||
		    !hakmem_is_ours(kept[i])) {
			printf("block %d\n", i);
			return 1;
		}
		free(kept[i]);
	}
	return 0;
}
END

cat >resolver.c <<'END'
#include "take.h"

static char *kept;

static int right(void)
{
	return kept && !strcmp(kept, "kept") && hakmem_is_ours(kept);
}

static int (*resolve(void))(void)
{
	kept = take();
	return right;
}
/* hidden: the loader does it after all other relocations of the object */
int chosen(void) __attribute__((ifunc("resolve"), visibility("hidden")));

int use(void);
int use(void)
{
	int ok = chosen();

	free(kept);
	return ok;
}
END
cat >resolved.c <<'END'
int use(void);

int main(void)
{
	return use() ? 0 : 1;
}
END

# CC and CFLAGS may hold several words.
# shellcheck disable=SC2086
cc()
{
	$CC ${CFLAGS-} -D_GNU_SOURCE -fno-builtin -I. "$@"
}

fail=0
# try WHAT STATUS COMMAND... - with the library preloaded
try()
{
	what=$1
	want=$2
	shift 2
	status=0
	env LD_PRELOAD="$lib" "$@" 2>said || status=$?
	[ $status = "$want" ] || {
		echo "$what: exit status $status, not $want"
		cat said
		fail=1
	}
}

cc -o early early.c -Wl,-init,begin
try "preinit, init, constructor" 0 ./early
try "the same, bound at once" 0 env LD_BIND_NOW=1 ./early

if cc -c -o resolver.o resolver.c 2>resolver.err; then
	for bind in lazy now; do
		cc -o own-$bind resolved.c resolver.c -Wl,-z,$bind
		try "a program's resolver, $bind" 0 ./own-$bind
		cc -shared -fPIC -o needs-$bind.so resolver.c "$lib" \
			-Wl,-z,$bind
		cc -o linked-$bind resolved.c ./needs-$bind.so -Wl,-z,$bind \
			-Wl,-rpath,"$(dirname "$lib")" \
			-Wl,-rpath-link,"$(dirname "$lib")"
		try "of a library linked with ours, $bind" 0 ./linked-$bind
		cc -shared -fPIC -o not-$bind.so resolver.c -Wl,-z,$bind
		cc -o before-$bind resolved.c ./not-$bind.so -Wl,-z,$bind
		try "of a library not linked with ours, $bind" 139 \
			./before-$bind
	done
else
	grep -q ifunc resolver.err || fail=1
fi

if command -v "${CXX:-c++}" >/dev/null; then
	cat >static.cc <<'END'
#include "take.h"
#include <map>
#include <string>

extern "C" int early_libraries;

namespace {
struct Early {
	std::map<std::string, std::string> map;
	char *block;
	Early() : block(take())
	{
		for (int i = 0; i < 200; i++)
			map[std::to_string(i)] = std::string(i * 10, 'x');
		early_libraries += hakmem_is_ours(block);
	}
	~Early()
	{
		if (strcmp(block, "kept") || map.size() != 200)
			abort();
		free(block);
	}
} early;
}
END
	echo 'int early_libraries; int main(void)
		{ return early_libraries != 20; }' >twenty.c
	"${CXX:-c++}" -I. -fPIC -c -o static.o static.cc
	set --
	for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		"${CXX:-c++}" -shared -o libstatic$n.so static.o
		set -- "$@" ./libstatic$n.so
	done
	cc -rdynamic -Wl,--no-as-needed -o twenty twenty.c "$@"
	try "20 C++ libraries" 0 ./twenty
	try "the same, bound at once" 0 env LD_BIND_NOW=1 ./twenty
fi
exit $fail
