#!/bin/sh
# SPDX-License-Identifier: MIT
# The library for i386: 4-byte pointers, 4 GiB of address space, long long that
# the ABI aligns to 4.  Programs run natively.
# shellcheck source=testsuite/lib/arch.sh
. "${srcdir:?}/lib/arch.sh"

need runtest make
for compiler in "gcc -m32" i686-linux-gnu-gcc; do
	# shellcheck disable=SC2086 # words
	compiles $compiler -include errno.h && ./a.out && break
	compiler=
done
[ -n "$compiler" ] || skip "no 32-bit programs here"
# For cxx.sh; without the C++ library for i386 it is skipped.
CXX="${compiler%gcc*}g++${compiler#*gcc}"
# shellcheck disable=SC2086
echo '#include <string>' | $CXX -x c++ -o b.out - 2>/dev/null || CXX="no-c++"
export CXX

build i386 --build=x86_64-pc-linux-gnu --host=i686-linux-gnu CC="$compiler"
suite i386 i386 ARCH=i386 unit api threads abi

# clang warns of 64-bit atomics that are aligned to 4 only.
if command -v clang >/dev/null && compiles clang -m32; then
	build i386-clang --build=x86_64-pc-linux-gnu --host=i686-linux-gnu \
		CC="clang -m32"
	suite i386-clang i386-clang ARCH=i386 unit
fi
finish
