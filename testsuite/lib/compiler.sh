# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # variables of preload.sh
# What the tests of C compilers under preload share; after preload.sh.
: "${top_srcdir:?}" "${top_builddir:?}"

# A program, and one that is wrong
c_sources() {
	cat >small.c <<-'END'
	#include <stdio.h>
	#include <stdlib.h>

	int main(int argc, char **argv)
	{
		int unused;

		for (int i = 0; i < argc; i++)
			puts(argv[i]);
		return (int)strtol("7", NULL, 10);
	}
	END
	echo 'int f(int x) { return x + y; }' >wrong.c
}

# in_c COMPILER - the one compiled, linked and run, of the other what is wrong
in_c() {
	"$1" -std=gnu11 -O2 -g -Wall -c small.c &&
		"$1" -o small small.o &&
		./small a b
	echo "small: $?"
	"$1" -c wrong.c
}

# project COMPILER - sources of this project; in the long runs, all of lib/
project() {
	for file in "$top_srcdir"/lib/*.c; do
		case $long${file##*/} in
		1* | pool.c | heap.c) ;;
		*) continue ;;
		esac
		"$1" -std=gnu11 -O2 -g -Wall -fno-builtin -fvisibility=hidden \
			-DHAVE_CONFIG_H -I"$top_builddir" \
			-I"$top_srcdir/include" -c "$file" || return 1
	done
}
