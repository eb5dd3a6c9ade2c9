#!/bin/sh
# SPDX-License-Identifier: MIT
# gcc compiles, links and runs a program, and compiles sources of this project.
# { dg-hakmem-timeout "180" }
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed

. "${srcdir:?}/lib/preload.sh"

need gcc
: "${top_srcdir:?}" "${top_builddir:?}"

setup() {
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

in_c() {
	gcc -std=gnu11 -O2 -g -Wall -c small.c &&
		gcc -o small small.o &&
		./small a b
	echo "small: $?"
	gcc -c wrong.c
}

project() {
	for file in "$top_srcdir"/lib/*.c; do
		case $long${file##*/} in
		1* | pool.c | heap.c) ;;
		*) continue ;;
		esac
		gcc -std=gnu11 -O2 -g -Wall -fno-builtin -fvisibility=hidden \
			-DHAVE_CONFIG_H -I"$top_builddir" \
			-I"$top_srcdir/include" -c "$file" || return 1
	done
}

same "gcc" in_c
succeeded "gcc" 1 '^small: 7$'
ours gcc 100
ours cc1 1000
ours as 100
ours ld 100
same "gcc of this project" project
succeeded "gcc of this project"
ours cc1 10000
finish
