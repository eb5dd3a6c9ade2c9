#!/bin/sh
# SPDX-License-Identifier: MIT
# Statistics that lie, loop, lead nowhere or change all the time: one line, the
# right status, in bounded time; never a crash.
# { dg-hakmem-timeout "120" }

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

compile hostile -rdynamic

# hostile HOW STATUS PATTERN ARGUMENT...
hostile()
{
	how=$1
	want_status=$2
	want_words=$3
	shift 3
	start ./hostile "$how"
	got=0
	timeout 10 "$stat" "$@" "$pid" >out 2>err </dev/null || got=$?
	same "status of '$how' ($*)" "$got" "$want_status"
	lines=$(wc -l <err)
	if [ "$want_status" != 0 ]; then
		same "lines about '$how'" "$lines" 1
		grep -Eq "$want_words" err || fail "'$how': $(cat err)"
		[ ! -s out ] || fail "'$how': output: $(cat out)"
	else
		same "lines about '$how'" "$lines" 0
		grep -Eq "$want_words" out || fail "'$how': $(cat out)"
	fi
	stop
}

hostile right 0 'hostile' -o NAME,LIVE
hostile right 0 '"live_bytes": 6400' --json
hostile minor 0 '"minor": 999' --json
hostile asleep 4 'no allocation has reached it'
hostile magic 5 'unknown kind'
hostile newer 5 'libhakmem 0.1.0 has statistics of layout 2\.[0-9]+, this'
hostile size-0 6 'impossible header'
hostile size-huge 6 'impossible header'
hostile class-size 6 'structure size'
hostile bin-size 6 'structure size'
hostile pointer-size 6 'pointer size'
hostile classes-0 6 'number of classes'
hostile classes-huge 6 'number of classes'
hostile cache-top 6 'cache header'
hostile slab-nfree 6 'slab record'
hostile slot-size 6 'slot size'
hostile page-size 6 'page size'
hostile block-size 6 'size class'
hostile odd 6 'torn: its pool'
hostile heap-loop 6 'endless list of heaps'
hostile heap-cycle 6 'endless list of heaps'
hostile heap-many 6 'endless list of heaps'
hostile heap-wild 6 '0x1000, where no memory'
hostile bins-wild 6 'where no memory'
hostile caches-wild 6 'where no memory'
hostile countdown-wild 6 '0x1000, where no memory'
hostile thread-wild 0 'TID' -t
hostile heaps-live 6 'torn: its pool'
hostile counts 0 'hostile'
hostile counts 0 'all' -c
hostile cache-counts 0 'hostile'
hostile classes-wild 6 'where no memory'
hostile ss-cycle 6 'endless list of SuperSlabs' -m
hostile ss-sum 6 'torn' -p
hostile ss-wild 6 'where no memory' -m
hostile ss-class 0 'full' -m
hostile ss-run 0 'full' -m
hostile mapping-cycle 6 'endless list of mappings' -r
hostile mapping-huge 0 'metadata' -r
hostile options-wild 6 'where no memory' --json
hostile options-endless 6 'without an end' --json
hostile options-cut 6 'where no memory' --json
hostile options-bytes 0 '"A": "\?\[2J"' --json

# Everything changes all the time: any answer but a crash or a hang.
start ./hostile spoil
n=0
answers=
while [ "$n" -lt 15 ]; do
	for view in -c -t -p -m -r --json --prometheus; do
		got=0
		timeout 10 "$stat" "$view" "$pid" >out 2>err || got=$?
		case $got in
		0 | 4 | 5 | 6) answers="$answers $got" ;;
		*) fail "spoiled: $view ends with $got: $(cat err)" ;;
		esac
	done
	n=$((n + 1))
done
# both kinds must have been met for the loop to mean anything
case $answers in *0*6* | *6*0*) ;; *) fail "answers: $answers" ;; esac
finish
