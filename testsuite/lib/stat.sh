#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# stat.sh - what the tests of hakmem-stat share; sourced
#
# A test program (stat_target.c) is given its orders one a line through a FIFO
# and answers each in a file; so the test knows what it holds and that it rests.
set -u

: "${HAKMEM_LIB:?}" "${srcdir:?}" "${top_srcdir:?}" "${top_builddir:?}"
: "${tmpdir:?}" "${CC:?}" "${CFLAGS=}"
# shellcheck disable=SC2034 # for the tests
lib=$HAKMEM_LIB
unset HAKMEM_LIB
# shellcheck disable=SC2034
stat=$top_builddir/hakmem-stat
here=$srcdir/lib
wrong=0
targets=

fail()
{
	echo "FAIL: $*"
	wrong=1
}

unsupported()
{
	echo "UNSUPPORTED: $*"
	exit 77
}

# At the end of every test.
finish()
{
	stop_all
	exit "$wrong"
}

stop_all()
{
	for pid in $targets; do
		kill -KILL "$pid" 2>/dev/null
	done
	targets=
}
trap stop_all EXIT

# compile NAME FLAGS... - from stat_NAME.c
compile()
{
	name=$1
	shift
	# shellcheck disable=SC2086 # words
	$CC $CFLAGS -std=gnu11 -Wall -Wextra -D_GNU_SOURCE -fno-builtin -pthread \
		-I"$top_srcdir/include" -o "$name" "$here/stat_$name.c" "$@" || {
		echo "cannot compile stat_$name.c"
		exit 1
	}
}

# start COMMAND... - a test program; its number in $pid
start()
{
	rm -f orders answers
	mkfifo orders
	: >answers
	"$@" <orders >>answers &
	started=$!
	exec 9>orders
	answered=0
	order pid
	pid=$answer
	targets="$targets $started"
}

# order WORDS... - done when it has been answered, with $answer
order()
{
	echo "$*" >&9
	answered=$((answered + 1))
	tries=0
	while [ "$(wc -l <answers)" -lt "$answered" ]; do
		tries=$((tries + 1))
		if [ "$tries" -gt 2000 ]; then
			echo "the test program does not answer to: $*"
			exit 1
		fi
		sleep 0.01
	done
	answer=$(sed -n "${answered}p" answers)
}

# End the test program of the last start.
stop()
{
	echo quit >&9
	exec 9>&-
	wait "$started"
}

# figure FILE KEY - the first figure of that name in --json output
figure()
{
	sed -n "s/^ *\"$2\": \([0-9][0-9]*\),*\$/\1/p" "$1" | head -n 1
}

# expect STATUS PATTERN COMMAND... - its exit status, and a line of its output
# and errors that the extended regular expression matches
expect()
{
	want=$1
	pattern=$2
	shift 2
	got=0
	"$@" >out 2>&1 </dev/null || got=$?
	[ "$got" = "$want" ] || fail "$* ends with $got, not $want: $(cat out)"
	grep -Eq -- "$pattern" out || fail "$* says, not '$pattern': $(cat out)"
}

# same WHAT HAVE WANT
same()
{
	[ "$2" = "$3" ] || fail "$1 is $2, not $3"
}

# between WHAT HAVE LEAST MOST
between()
{
	if [ "$2" -lt "$3" ] || [ "$2" -gt "$4" ]; then
		fail "$1 is $2, not between $3 and $4"
	fi
}
