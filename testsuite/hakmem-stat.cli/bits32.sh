#!/bin/sh
# SPDX-License-Identifier: MIT
# A 32-bit process looked at by a 64-bit hakmem-stat.

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

echo 'int main(void) { return sizeof(void *) != 4; }' >small.c
# shellcheck disable=SC2086 # words
if ! $CC $CFLAGS -m32 small.c -o small 2>/dev/null || ! ./small; then
	unsupported "no 32-bit programs here"
fi
# One set of objects for the library and a static program.
# shellcheck disable=SC2086
$CC $CFLAGS -O1 -m32 -std=gnu11 -D_GNU_SOURCE -DHAVE_CONFIG_H -c \
	-I"$top_builddir" -I"$top_srcdir/include" -fvisibility=hidden \
	-ftls-model=initial-exec -fno-builtin-malloc -fno-builtin-calloc \
	-fno-builtin-realloc -fno-builtin-free -fPIC "$top_srcdir"/lib/*.c ||
	exit 1
$CC -m32 -shared -o lib32.so ./*.o -Wl,-z,now,-z,defs \
	-Wl,--version-script="$top_srcdir/lib/libhakmem.map" || exit 1
compile target -m32
start env LD_PRELOAD="$PWD/lib32.so" ./target
order alloc 1000 100
order threads 2 500 100
"$stat" --json "$pid" >before.json || fail "no snapshot"
same "size of a pointer" "$(figure before.json pointer_bytes)" 4
same "threads" "$(grep -c '"thread": "worker-[12]"' before.json)" 2
order alloc 3000 1000
"$stat" --json "$pid" >after.json || fail "no snapshot"
same "live bytes" $(($(figure after.json live_bytes) - \
	$(figure before.json live_bytes))) "${answer% *}"
same "mallocs" $(($(figure after.json mallocs) - \
	$(figure before.json mallocs))) 1000
for view in -c -t -p -m -r --prometheus; do
	"$stat" "$view" "$pid" >out || fail "$view"
	[ -s out ] || fail "$view says nothing"
done
stop

# By its note: a static program without any names.
compile target -m32 -s -static ./*.o
start ./target
order alloc 1000 100
"$stat" --json "$pid" >static.json || fail "static: no snapshot"
[ "$(figure static.json live_bytes)" -ge 100000 ] || fail "static: live"
finish
