#!/bin/bash
# SPDX-License-Identifier: MIT
# strace makes the n-th mmap, munmap, mprotect, madvise or mremap of real
# programs fail with ENOMEM, alone and with all that follow.  A program may end
# for want of memory, and by a signal of its own making: the loader and perl
# use NULL, python3 aborts.  When it succeeds its output is what it was, and
# the library neither crashes nor takes a block for what it is not.
# { dg-hakmem-timeout "120" }
set -u

# Set by the test suite; STEP, from one n to the next, by long/inject.sh.
: "${HAKMEM_LIB:?}"
lib=$HAKMEM_LIB
unset HAKMEM_LIB
step=${STEP:-11}
export LC_ALL=C

unsupported()
{
	echo "UNSUPPORTED: $*"
	exit 77
}

command -v strace >/dev/null || unsupported "no program strace"
strace -f -qq -o /dev/null -e trace=getpid -e inject=getpid:error=EPERM true ||
	unsupported "strace cannot inject here"

cat >program.c <<'END2'
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
	return argc > 1 && strlen(argv[1]) ? printf("%s\n", argv[1]) : 0;
}
END2
seq 30000 | sort -R --random-source=program.c >numbers

# The programs that follow expand these themselves.
# shellcheck disable=SC2016
commands=(
	'sort -n --parallel=2 numbers | cksum'
	'bash -c '\''for ((i = 0; i < 2000; i++)); do a[i]=$i$i; done; echo "${a[*]}"'\'' | cksum'
	'perl -e '\''my %h; $h{$_ % 997} .= "x$_" for 1..20000; print length join "", values %h'\'''
	'/usr/bin/python3 -S -c '\''d = {i: str(i) * 30 for i in range(20000)}; print(len("".join(d.values())))'\'''
	'sqlite3 :memory: "with recursive n(i) as (values(1) union all select i + 1 from n where i < 5000) select sum(i), length(group_concat(hex(i))) from n"'
	'${CC:-cc} -O1 -S -o - program.c | grep -v ident | cksum'
)

# run TRACE... -- INDEX PRELOAD - a command under strace, a minute at most
run()
{
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	# in a shell of its own, which says nothing of signals
	(ulimit -S -s 1024
	timeout -s KILL 60 strace -f -qq "${options[@]}" \
		${3:+-E LD_PRELOAD="$3"} \
		bash -o pipefail -c "${commands[$2]}" >out 2>err </dev/null
	exit $?) 2>/dev/null
}

# blamed TRACE - with stacks: did a signal find the library at work, and not
# at the end of a recursion that the program has run into?
blamed()
{
	awk '
		!/^ > / {
			if (place ~ /libhakmem\.so/)
				found = place
			place = ""
			look = /--- SIG(SEGV|BUS|ABRT|ILL|FPE) /
			next
		}
		/^ > too many stack frames/ { place = "" }
		look && $2 !~ /\/libc\.so|\/ld-linux/ {
			place = $2
			look = 0
		}
		END { print found; exit !found }' "$1"
}

fail=0
runs=0
ended=0
for index in "${!commands[@]}"; do
	program=${commands[index]%% *}
	case $program in \$*) program=${CC:-cc} ;; esac
	command -v "${program##*/}" >/dev/null || continue
	run -e trace=none -o /dev/null -- "$index" ""
	cp out expected
	for call in mmap munmap mprotect madvise mremap; do
		run -e trace=$call -o calls -- "$index" "$lib"
		cmp -s out expected || {
			echo "${commands[index]}: differs with the library"
			exit 1
		}
		# as many as any of its processes makes
		made=$(awk '{ print $1 }' calls | sort | uniq -c |
			awk '$1 > m { m = $1 } END { print m + 0 }')
		[ "$made" -le 200 ] || made=200
		[ "$step" -gt 1 ] ||
			echo "${program##*/}: $call 1..$made, each, and each with all that follow"
		for ((n = step; n <= made; n += step)); do
			for when in "$n" "$n+"; do
				inject=$call:error=ENOMEM:when=$when
				run -e trace=$call -e "inject=$inject" \
					-o /dev/null -- "$index" "$lib"
				status=$?
				runs=$((runs + 1))
				[ "$status" = 0 ] || ended=$((ended + 1))
				why=
				if grep -aq '^hakmem: fatal' err out; then
					why="a report of misuse"
				elif [ "$status" = 0 ] && ! cmp -s out expected; then
					why="success with other output"
				elif [ "$status" = 137 ]; then
					why="no end within a minute"
				elif [ "$status" -gt 128 ]; then
					run -k -e trace=$call -e "inject=$inject" \
						-o trace -- "$index" "$lib"
					place=$(blamed trace) &&
						why="signal in $place"
				fi
				[ -n "$why" ] || continue
				echo "$program, $inject: $why"
				head -c 300 err
				fail=1
			done
		done
	done
done
echo "$runs runs, of which $ended ended for want of memory"
[ "$runs" -gt 30 ] || fail=1
exit $fail
