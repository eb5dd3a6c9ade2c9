#!/bin/sh
# SPDX-License-Identifier: MIT
# Core files say what the process said while it lived; cut and other files get
# one line.
# { dg-hakmem-timeout "120" }

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

command -v gcore >/dev/null || unsupported "needs gcore of gdb"

# The figures that the core file must have, too.
essence()
{
	grep -v '"time_ns"\|"rss_bytes"\|"ours_bytes"\|"retries"\|"thread"' "$1"
}

# dump NAME FILTER - a look at the process, then its core file
dump()
{
	order threads 2 2000 100
	order alloc 700 5000
	echo "$2" >"/proc/$pid/coredump_filter"
	"$stat" --json "$pid" >alive.json || fail "$1: alive"
	same "$1: worker" "$(grep -c '"thread": "worker-[12]"' alive.json)" 2
	if ! gcore -o core "$pid" >gcore.out 2>&1; then
		echo "gcore: $(tail -n 3 gcore.out)"
		exit 1
	fi
	mv "core.$pid" dump.core
	stop
	"$stat" --json dump.core >dead.json || fail "$1: core"
	essence alive.json >alive
	essence dead.json >dead
	diff alive dead >diff.out || fail "$1: $(head -n 20 diff.out)"
	[ "$(figure dead.json live_bytes || echo 0)" -gt 3700000 ] || fail "$1: live"
	# numbers of the threads, of which the core file knows no names
	same "$1: threads" "$(grep -c '"tid"' dead.json)" 3
}

compile target
cp "$lib" here.so
start env LD_PRELOAD="$PWD/here.so" ./target
dump preloaded 0x33
expect 0 "^$pid +target " "$stat" ./dump.core
for view in -c -t -p -m; do
	"$stat" "$view" dump.core >out || fail "$view"
	[ -s out ] || fail "$view says nothing"
done
"$stat" -m dump.core | grep -q '###' || fail "no map"
"$stat" --prometheus dump.core | grep -q "^hakmem_live_bytes{pid=\"$pid\"" ||
	fail "no metrics"
expect 1 'does not tell what was resident' "$stat" -r dump.core
expect 1 'does not change' "$stat" dump.core 1
expect 1 'not a core file' "$stat" ./target
expect 1 'not a core file' "$stat" "$top_srcdir/configure.ac"

# The library's file is gone: its first page is in the core file.
mv here.so gone.so
"$stat" --json dump.core >dead.json || fail "without the library's file"
mv gone.so here.so

# Every length of a cut file: a line and a status, or the figures.
size=$(wc -c <dump.core)
for part in 1 3 10 40 70 95 99; do
	head -c "$((size * part / 100))" dump.core >cut.core
	got=0
	timeout 10 "$stat" cut.core >out 2>err || got=$?
	case $got in
	0 | 1 | 4 | 6) ;;
	*) fail "cut at $part %: $got $(cat err)" ;;
	esac
	[ "$got" = 0 ] || same "cut at $part %: lines" "$(wc -l <err)" 1
done
rm -f ./*.core

# Without the first pages of files in the core file they are read from there.
start env LD_PRELOAD="$PWD/here.so" ./target
dump "anonymous memory only" 0x3
rm -f ./*.core

# A stripped static program has no name of anything.
compile target -s -static "$top_builddir/.libs/libhakmem.a"
start ./target
dump static 0x33
rm -f ./*.core
finish
