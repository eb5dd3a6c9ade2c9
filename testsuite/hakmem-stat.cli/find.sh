#!/bin/sh
# SPDX-License-Identifier: MIT
# hakmem_stats is found however the library came into the process.

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

libdir=$top_builddir/.libs

# look NAME - the process shows what it holds
look()
{
	order alloc 1000 50
	"$stat" --json "$pid" >look.json 2>look.err ||
		fail "$1: $(cat look.err)"
	same "$1: pid" "$(figure look.json pid)" "$pid"
	[ "$(figure look.json live_bytes)" -ge "${answer% *}" ] ||
		fail "$1: $(figure look.json live_bytes) bytes live"
	stop
}

compile target
cp target plain

start env LD_PRELOAD="$lib" ./plain
look "preloaded"

compile target -L"$libdir" -Wl,-rpath,"$libdir" -Wl,--no-as-needed -lhakmem
start ./target
look "linked"

compile target -Wl,--hash-style=sysv "$libdir/libhakmem.a"
start ./target
look "archive"

compile target -static "$libdir/libhakmem.a"
start ./target
look "static"

compile target -static-pie "$libdir/libhakmem.a"
start ./target
look "static-pie"

# Without a symbol table the note is all there is.
compile target -s -static "$libdir/libhakmem.a"
start ./target
look "static, stripped"
compile target -s -static-pie "$libdir/libhakmem.a"
start ./target
look "static-pie, stripped"
compile target -s "$libdir/libhakmem.a"
start ./target
look "archive, stripped"

# A name that does not speak of us, deleted while in use.
cp "$lib" ./other.so
start env LD_PRELOAD="$PWD/other.so" ./plain
rm other.so
look "deleted"

# Replaced by a file of another kind, as an upgrade may do.
cp "$lib" ./libhakmem.so.0
start env LD_PRELOAD="$PWD/libhakmem.so.0" ./plain
echo "not a library" >new
mv new libhakmem.so.0
look "replaced"

# The executable deleted: its own file is still reached.
compile target -static "$libdir/libhakmem.a"
start ./target
rm target
look "executable deleted"
finish
