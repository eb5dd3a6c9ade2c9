# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# preload.sh - run real programs without and with the library
#
# Sourced by the tests of libhakmem.preload/:
#
#	. "$srcdir/lib/preload.sh"
#	need sort awk			skips the test when one is missing
#	lines=$(pick 1000 1000000)	the second when run from long/
#	job() { sort "$work/in" >out; }	any commands; the current directory is
#					empty or what setup() puts there
#	same sort job			runs job twice and compares
#	succeeded sort			equal failures prove nothing
#	ours sort 1000			sort's mallocs were the library's
#	finish
#
# The job of same runs in a subshell, first as the machine runs it, then with
# the library preloaded into every program that it starts.  Standard output,
# standard error, exit status and the files left behind have to be equal; both
# runs work in a directory of the same name.
#
# ours looks at the reports that the programs wrote at their exit.  A program
# that leaves by _exit(2), like dash, or by a signal writes none.
#
# Each step prints "PASS: what" or "FAIL: what: why", as long/ wants it: a test
# of long/ is the one of libhakmem.preload/ at another size, and sources it.

: "${HAKMEM_LIB:?is set by make check}" "${srcdir:?}"
lib=$HAKMEM_LIB
# The library warns of variables that it does not know.
unset HAKMEM_LIB LD_PRELOAD
export LC_ALL=C TZ=UTC
unset LANGUAGE

work=${tmpdir:-$PWD}/work
reports=$work/reports
# What the run without the library has in LD_PRELOAD: for programs that link
# an allocator of their own, the C library.
baseline=
failed=0
mkdir -p "$work" || exit 1

# elsewhere NAME - work in /tmp, where users get who cannot get at the build
elsewhere() {
	rm -rf "${work:?}"
	work=$(mktemp -d "/tmp/hakmem-$1.XXXXXX") || exit 1
	reports=$work/reports
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
	chmod 755 "$work"
}

missing() {
	for program; do
		command -v "$program" >/dev/null || {
			echo "no program $program"
			return
		}
	done
}

long=
[ "$(basename "$(dirname "$0")")" != long ] || long=1

# need PROGRAM... - or the test is skipped, as its folder wants it to be said
need() {
	reason=$(missing "$@")
	[ -n "$reason" ] || return 0
	if [ "$long" ]; then
		echo "SKIP: $*: $reason"
		exit 0
	fi
	echo "UNSUPPORTED: $reason"
	exit 77
}

# pick QUICK LONG
pick() {
	if [ "$long" ]; then
		echo "$2"
	else
		echo "$1"
	fi
}

pass() {
	echo "PASS: $1"
}

# fail WHAT WHY
fail() {
	echo "FAIL: $1: $2"
	failed=1
}

finish() {
	rm -rf "$work"
	exit "$failed"
}

# Tests that need files to work on define their own.
setup() {
	:
}

# run_job LABEL PRELOAD JOB... - in $work/run, then renamed to $work/LABEL
run_job() {
	label=$1
	preload=$2
	shift 2
	rm -rf "${work:?}/run" "${work:?}/$label"
	mkdir "$work/run" || return 1
	(cd "$work/run" && setup) || return 1
	(
		cd "$work/run" || exit 1
		[ -z "$preload" ] || export LD_PRELOAD="$preload"
		if [ "$preload" = "$lib" ]; then
			export HAKMEM_STATS=exit HAKMEM_STATS_FORMAT=json
			export HAKMEM_STATS_FILE="$reports/%e.%p.json"
		fi
		"$@"
	) >"$work/$label.out" 2>"$work/$label.err" </dev/null
	echo $? >"$work/$label.status"
	mv "$work/run" "$work/$label"
}

# The observation switches of hakmem(7) write to standard error; what they
# write is not the program's.  Git passes on what its children say.
without_debug() {
	case ${HAKMEM_SS_DEBUG:-0}${HAKMEM_POOL_DEBUG:-0}${HAKMEM_REMOTE_DEBUG:-0} in
	000) return ;;
	esac
	for stream in out err; do
		sed -E '/^(remote: )?hakmem: (superslab|pool|remote): /d' \
			"$work/ours.$stream" >"$work/filtered"
		mv "$work/filtered" "$work/ours.$stream"
	done
}

# same WHAT JOB... - the job twice, compared
same() {
	what=$1
	shift
	rm -rf "$reports"
	mkdir "$reports"
	run_job plain "$baseline" "$@" || {
		fail "$what" "cannot set up the run without the library"
		return
	}
	run_job ours "$lib" "$@" || {
		fail "$what" "cannot set up the run with the library"
		return
	}
	without_debug
	compare "$what"
}

compare() {
	for part in status err out; do
		cmp -s "$work/plain.$part" "$work/ours.$part" && continue
		diff -a "$work/plain.$part" "$work/ours.$part" |
			head -n 20 | cut -c 1-200
		fail "$1" "standard $part differs (< without the library)"
		return
	done
	if ! diff -r "$work/plain" "$work/ours" >"$work/differences" 2>&1; then
		head -n 20 "$work/differences" | cut -c 1-200
		fail "$1" "the files left behind differ"
		return
	fi
	pass "$1: equal, exit status $(cat "$work/ours.status")"
}

# succeeded WHAT [STATUS [OUTPUT]] - equal failures prove nothing: the job of
# the last same ended with the status, default 0, and printed a line that
# matches the expression
succeeded() {
	status=$(cat "$work/plain.status")
	[ "$status" = "${2:-0}" ] || {
		tail -n 5 "$work/plain.err" | cut -c 1-200
		fail "$1" "exit status $status without the library"
	}
	[ $# -lt 3 ] || grep -aqE -e "$3" "$work/plain.out" || {
		tail -n 5 "$work/plain.out" | cut -c 1-200
		fail "$1" "did not print $3 without the library"
	}
}

# served PROGRAM - "N M S": N processes of this program wrote a report; the
# busiest one made M allocations with the library; S counts what all of them
# did without it: requests that failed or went to the C library, and blocks
# that did not come from this one.  PROGRAM is a pattern as in sh
served() {
	# shellcheck disable=SC2086 # a pattern
	cat "$reports"/$1.[0-9]*.json 2>/dev/null |
		awk -v guard="${HAKMEM_TINY_USE_SUPERSLAB:-1}" '
		# the first line of a report
		/^\{/ { n++; fallback = 0 }
		$1 == "\"shared_fail\":" { stray += $2 }
		# The guard sends small requests there on purpose.
		$1 == "\"shared_fail_fallback\":" {
			fallback = guard ? 0 : $2
			stray += guard ? $2 : 0
		}
		/"foreign_(ignored|forwarded)":/ { stray += guard ? $2 : 0 }
		# comes after the others
		$1 == "\"mallocs\":" && $2 + fallback > most {
			most = $2 + fallback
		}
		END { printf "%.0f %.0f %.0f\n", n, most, stray }'
}

# ours PROGRAM FLOOR - in the last same, the processes of this program made
# all their allocations with the library, one of them at least FLOOR
ours() {
	program=$1
	floor=$2
	# shellcheck disable=SC2046 # three numbers
	set -- $(served "$program")
	if [ "$1" -eq 0 ]; then
		fail "$program ran on the library" "it wrote no report"
	elif [ "$2" -lt "$floor" ]; then
		fail "$program ran on the library" "$2 mallocs, not $floor"
	elif [ "$3" -ne 0 ]; then
		fail "$program ran on the library" "$3 requests elsewhere"
	else
		pass "$program ran on the library: $2 mallocs"
	fi
}

# numbers COUNT [SEED] - that many lines of repeatable data
numbers() {
	awk -v n="$1" -v x="${2:-1}" 'BEGIN {
		for (i = 0; i < n; i++) {
			# exact in a double
			x = (x * 16807) % 2147483647
			printf "%d key%d %08d\n", x, x % 7919, i
		}
	}'
}

# tree COUNT - folders with that many text files, in the current directory
tree() {
	for d in 0 1 2 3 4 5 6; do
		mkdir -p d$d/e0 d$d/e1 d$d/e2
	done
	numbers $(($1 * 120)) | awk '
		NR % 120 == 1 {
			close(file)
			file = "d" n % 7 "/e" n % 3 "/file" n ".txt"
			n++
		}
		{ print > file }'
}
