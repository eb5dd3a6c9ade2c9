#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs start under each limit on address space, and on data, under which
# they start with the C library's allocator, and say the same.  ROOM is for the
# library itself, its tables and the first SuperSlab.

set -eu

# Set by the test suite.
: "${HAKMEM_LIB:?}"
lib=$HAKMEM_LIB
unset HAKMEM_LIB

# The programs that follow expand these themselves.
# shellcheck disable=SC2016
awk='{ s += $1; t[$1] = s } END { print s }'
# shellcheck disable=SC2016
bash='x=$(echo a b); echo "${x// /_}"'
# shellcheck disable=SC2016
perl='my %h = map { $_ => 1 } 1..500; print scalar keys %h'
python='print(sum(len(str(i)) for i in range(1000)))'
sqlite='create table t(a); insert into t values(7); select a * 6 from t'

ROOM=8192 # KiB
fail=0
compared=0

# try KIND KIB COMMAND... - with and without the library
try()
{
	kind=$1
	kib=$2
	shift 2
	status=0
	(ulimit -S "-$kind" "$kib" && exec "$@") >theirs 2>&1 || status=$?
	test "$status" = 0 || return 0
	compared=$((compared + 1))
	(ulimit -S "-$kind" $((kib + ROOM)) && exec env LD_PRELOAD="$lib" "$@") \
		>ours 2>&1 || status=$?
	# what the _DEBUG guards say
	sed -i '/^hakmem: \(superslab\|pool\|remote\): /d' ours
	if test "$status" != 0 || ! cmp -s theirs ours; then
		echo "ulimit -$kind $kib: exit status $status: $*"
		head -n 3 ours
		fail=1
	fi
}

seq 2000 | tac >numbers
echo 'int main(void) { return 0; }' >program.c
for kib in 4096 8192 16384 24576 32768 49152 65536 131072 1048576 8388608; do
	for kind in v d; do
		try "$kind" "$kib" true
		try "$kind" "$kib" echo a word
		try "$kind" "$kib" sort -n numbers
		try "$kind" "$kib" awk "$awk" numbers
		try "$kind" "$kib" bash -c "$bash"
		try "$kind" "$kib" sed -n '1,3s/9/nine/p' numbers
		if command -v perl >/dev/null; then
			try "$kind" "$kib" perl -e "$perl"
		fi
		if command -v /usr/bin/python3 >/dev/null; then
			try "$kind" "$kib" /usr/bin/python3 -S -c "$python"
		fi
		if command -v sqlite3 >/dev/null; then
			try "$kind" "$kib" sqlite3 :memory: "$sqlite"
		fi
		# shellcheck disable=SC2086
		try "$kind" "$kib" ${CC:-cc} -O1 -S -o - program.c
	done
done
echo "$compared runs compared"
test "$compared" -gt 60 || fail=1
exit $fail
