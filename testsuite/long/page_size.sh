#!/bin/sh
# SPDX-License-Identifier: MIT
# Pages of 16 and 64 KiB, with lib/pages.c in the kernel's place: it refuses
# and rounds as a kernel with such pages does.
# shellcheck source=testsuite/lib/arch.sh
. "${srcdir:?}/lib/arch.sh"

need runtest make
[ "$(uname -m)" = x86_64 ] || skip "no program for this machine"
objects=$PWD/pages.o

build pages CPPFLAGS=-DHAK_SYS_LIBC # for syscall in lib/pages.c
for page in 16384 65536; do
	# shellcheck disable=SC2086 # words
	$CC ${CFLAGS-} -O2 -Wall -DPAGE=$page -c -o "$objects" \
		"$srcdir/lib/pages.c" || {
		fail "lib/pages.c is compiled"
		exit 1
	}
	suite pages "pages of $page" PAGES=large unit api threads
done
finish
