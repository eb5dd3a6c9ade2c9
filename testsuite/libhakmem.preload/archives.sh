#!/bin/sh
# SPDX-License-Identifier: MIT
# tar, xz with two threads, gzip, bzip2: the same archives, and back.
# { dg-hakmem-timeout "120" }
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed

. "${srcdir:?}/lib/preload.sh"

need tar xz gzip bzip2 cmp
mkdir "$work/in" && (cd "$work/in" && tree "$(pick 200 10000)")
level=$(pick 1 6)

archive() {
	tar -C "$work" --sort=name --mtime=@1700000000 --owner=0 --group=0 \
		--mode=a+rX -cf "$1.tar" in
}

# compressed PROGRAM OPTION...
compressed() {
	archive "$1" &&
		"$@" <"$1.tar" >"$1.packed" &&
		cksum "$1.packed" &&
		"$1" -t <"$1.packed" &&
		"$1" -dc <"$1.packed" | cmp - "$1.tar" &&
		mkdir out && "$1" -dc <"$1.packed" | tar -C out -xf - &&
		diff -r "$work/in" out/in
}

same "tar and xz -T2" compressed xz -T2 "-$level" --block-size=256KiB
succeeded "tar and xz -T2"
ours tar 300
ours xz 30
same "tar and gzip" compressed gzip -9n
succeeded "tar and gzip"
ours tar 300
ours gzip 1
same "tar and bzip2" compressed bzip2 -9
succeeded "tar and bzip2"
ours tar 300
ours bzip2 5
finish
