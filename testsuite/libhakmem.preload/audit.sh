#!/bin/sh
# SPDX-License-Identifier: MIT
# Under an LD_AUDIT library, which the loader opens before everything else and
# in a namespace of its own, and which sees, counts and passes on each symbol
# that is bound: programs say the same and are served by us, the audit library
# by the C library of its namespace, or by a second copy of ours.
# shellcheck disable=SC1091,SC2154,SC2034 # what is sourced is not followed
# shellcheck disable=SC2016,SC2317 # programs of perl, functions of same

. "${srcdir:?}/lib/preload.sh"

need perl sort
: "${CC:?}"

cat >"$work/audit.c" <<'END'
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where this library is linked with ours. */
extern int hakmem_is_ours(const void *p) __attribute__((weak));

static char **names;
static size_t objects, bound;
static int whole = 1;

unsigned la_version(unsigned version)
{
	return version;
}

/* Allocates before, between and after everything that is loaded. */
unsigned la_objopen(struct link_map *map, Lmid_t id, uintptr_t *cookie)
{
	(void)id;
	names = realloc(names, (objects + 1) * sizeof(*names));
	if (!names)
		abort();
	names[objects++] = strdup(map->l_name);
	*cookie = (uintptr_t)map;
	return LA_FLG_BINDTO | LA_FLG_BINDFROM;
}

#if UINTPTR_MAX == UINT32_MAX
uintptr_t la_symbind32(Elf32_Sym *sym, unsigned index, uintptr_t *from,
		       uintptr_t *to, unsigned *flags, const char *name)
#else
uintptr_t la_symbind64(Elf64_Sym *sym, unsigned index, uintptr_t *from,
		       uintptr_t *to, unsigned *flags, const char *name)
#endif
{
	char *copy = malloc(strlen(name) + 1000 * (bound % 5) + 1);

	(void)index, (void)from, (void)to, (void)flags;
	if (!copy)
		abort();
	strcpy(copy, name);
	whole &= !strcmp(copy, name);
	free(copy);
	bound++;
	return sym->st_value;
}

void la_preinit(uintptr_t *cookie)
{
	(void)cookie;
	for (size_t i = 0; i < objects; i++)
		whole &= !!memchr(names[i], 0, 4096);
	if (getenv("AUDIT_SHOWS"))
		dprintf(STDERR_FILENO, "audit: %s, %s, by %s\n",
			whole ? "whole" : "torn",
			bound ? "symbols seen" : "no symbol",
			hakmem_is_ours && hakmem_is_ours(names) ? "ours"
								: "libc");
}
END
# CC and CFLAGS may hold several words.
# shellcheck disable=SC2086
{
	$CC ${CFLAGS-} -D_GNU_SOURCE -fno-builtin -Wall -shared -fPIC \
		-o "$work/audit.so" "$work/audit.c" &&
		$CC ${CFLAGS-} -D_GNU_SOURCE -fno-builtin -shared -fPIC \
			-o "$work/audit_ours.so" "$work/audit.c" "$lib" \
			-Wl,-rpath,"$(dirname "$lib")" &&
		$CC ${CFLAGS-} -std=gnu11 -D_GNU_SOURCE -fno-builtin \
			-I"$srcdir/lib" -o "$work/calls" "$srcdir/lib/calls.c" \
			-pthread &&
		$CC ${CFLAGS-} -std=gnu11 -D_GNU_SOURCE -fno-builtin \
			-I"$top_srcdir/include" -I"$srcdir/lib" \
			-o "$work/probe" "$srcdir/lib/probe.c" -ldl -pthread
} || {
	fail "audit.c" "does not compile"
	finish
}
numbers 2000 >"$work/in"

job() {
	export LD_AUDIT="$audit" AUDIT_SHOWS=1
	sort --parallel=2 -S 100k -T . -k2 "$work/in" | cksum &&
		perl -e 'my %h; $h{$_ * 7} = "x" x ($_ % 90) for 1..5000;
			print join(",", (sort keys %h)[0..20]), "\n"' &&
		LD_BIND_NOW=1 sort -S 100k -T . "$work/in" | cksum &&
		"$work/calls" 2>/dev/null
}

# served_by LIBRARY WHO
served_by() {
	audit=$work/$1
	same "$1" job
	succeeded "$1"
	grep -q "^audit: whole, symbols seen, by $2\$" "$work/ours.err" ||
		fail "$1" "the audit library said something else"
	# a report of a second copy has the same name as the first's
	env LD_AUDIT="$audit" LD_PRELOAD="$lib" "$work/probe" ||
		fail "$1" "the program is not served by the library"
}

served_by audit.so libc
ours sort 30
ours perl 3000
ours calls 5000
served_by audit_ours.so ours
finish
