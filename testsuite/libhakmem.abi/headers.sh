#!/bin/sh
# SPDX-License-Identifier: MIT
# The public headers, each alone, twice and in both orders, are C since C99
# and C++ since C++11, without a warning, and name nothing but hakmem_ and
# HAKMEM_.

set -eu

# Set by the test suite.
: "${top_srcdir:?}" "${CC:?}"
include=$top_srcdir/include
fail=0
tried=0

cat >use.c <<'END'
#include <hakmem/hakmem.h>

int use(void);
int use(void)
{
	struct hakmem_stats stats;
	struct hakmem_walk_entry entry;
	hakmem_walk_fn fn = 0;

	entry.kind = HAKMEM_WALK_CLASS;
	stats.magic = HAKMEM_STATS_MAGIC;
	hakmem_free(hakmem_malloc(1));
	return stats.magic == 0 && entry.kind == HAKMEM_WALK_HUGE && !fn &&
	       sizeof(HAKMEM_VERSION_STRING) > 1;
}
END

# compile COMMAND FILE - no output is the only success
compile()
{
	tried=$((tried + 1))
	# CC may hold several words.
	# shellcheck disable=SC2086
	$1 -Wall -Wextra -pedantic -Werror -I"$include" -fsyntax-only \
		"$2" >out 2>&1 || status=$?
	if test "${status:-0}" != 0 || test -s out; then
		echo "$1 $2:"
		cat "$2" out
		fail=1
	fi
	status=0
}

try()
{
	suffix=$2
	for order in hakmem stats "hakmem hakmem" "stats stats" \
		"hakmem stats" "stats hakmem"; do
		file=$(echo "$order" | tr ' ' -).$suffix
		for header in $order; do
			echo "#include <hakmem/$header.h>"
		done >"$file"
		# a declaration: an empty unit is not allowed
		echo "extern int declared;" >>"$file"
		compile "$1" "$file"
	done
	{
		echo "#include <hakmem/stats.h>"
		cat use.c
	} >"use-$suffix.$suffix"
	compile "$1" "use-$suffix.$suffix"
}

echo 'extern int declared;' >empty.c
cp empty.c empty.cc
for cc in gcc clang; do
	for std in c99 c2x; do
		$cc -std=$std -fsyntax-only empty.c 2>/dev/null || continue
		try "$cc -std=$std" c
	done
done
for cxx in g++ clang++; do
	for std in c++11 c++20; do
		$cxx -std=$std -fsyntax-only empty.cc 2>/dev/null || continue
		try "$cxx -std=$std" cc
	done
done

# Names: macros and declarations.
# shellcheck disable=SC2086
{
	echo '#include <stddef.h>'
	echo '#include <stdint.h>'
} | $CC -E -dM - | sort >system
# shellcheck disable=SC2086
{
	echo '#include <hakmem/hakmem.h>'
	echo '#include <hakmem/stats.h>'
} | $CC -I"$include" -E -dM - | sort >all
if comm -13 system all | grep -v '^#define _*HAKMEM_'; then
	echo "macros that are not ours to define"
	fail=1
fi
# shellcheck disable=SC2086
{
	echo '#include <hakmem/hakmem.h>'
	echo '#include <hakmem/stats.h>'
} | $CC -I"$include" -E -P - | grep -o '[a-z_0-9]*(' |
	grep -v '^hakmem_\|^(\|^__\|^fn(' | sort -u >names
# parameter lists and attributes of ours have no other function name
if grep -v '^\(alloc_size\|malloc\|typedef\)(' names; then
	echo "functions that are not ours to declare"
	fail=1
fi
echo "$tried compilations"
test $tried -ge 14 || fail=1
exit $fail
