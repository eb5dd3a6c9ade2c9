#!/bin/sh
# SPDX-License-Identifier: MIT
# The library with musl.  Tests of what only glibc has are excepted in
# guards.list.
# shellcheck source=testsuite/lib/arch.sh
. "${srcdir:?}/lib/arch.sh"

need runtest make musl-gcc
# The kernel's headers, which musl's compiler does not find by itself.
kernel=$PWD/kernel
mkdir "$kernel"
for header in linux asm-generic asm; do
	for place in /usr/include /usr/include/"$(gcc -print-multiarch)"; do
		if [ -d "$place/$header" ]; then
			ln -sfn "$place/$header" "$kernel/$header"
		fi
	done
done
compiles musl-gcc -idirafter "$kernel" -include linux/stat.h ||
	skip "no headers of the kernel"
CXX="no-c++"
export CXX

build musl CC="musl-gcc -idirafter $kernel"
suite musl musl LIBC=musl unit api
finish
