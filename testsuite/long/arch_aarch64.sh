#!/bin/sh
# SPDX-License-Identifier: MIT
# The library for aarch64 under qemu's emulation of it: weaker memory order,
# addresses of 48 bits.  What the emulator itself changes is excepted in
# guards.list.
# shellcheck source=testsuite/lib/arch.sh
. "${srcdir:?}/lib/arch.sh"

root=${AARCH64_ROOT:-/usr/aarch64-linux-gnu}
need runtest make qemu-aarch64
for compiler in aarch64-linux-gnu-gcc aarch64-linux-gnu-gcc-12; do
	compiles $compiler && break
	compiler=
done
[ -n "$compiler" ] || skip "no program aarch64-linux-gnu-gcc"
qemu-aarch64 -L "$root" ./a.out ||
	skip "no C library for aarch64 in $root"
HAK_EMULATOR="qemu-aarch64 -L $root"
CXX="no-c++"
export HAK_EMULATOR CXX

build aarch64 --host=aarch64-linux-gnu CC="$compiler"
suite aarch64 aarch64 EMULATOR=qemu unit api threads
# Larger pages, as far as the emulator goes: it tells the program of them and
# maps by them.
HAK_EMULATOR="qemu-aarch64 -p 65536 -L $root"
suite aarch64 "aarch64, pages of 65536" "EMULATOR=qemu PAGES=large" unit api
finish
