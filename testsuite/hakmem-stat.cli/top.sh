#!/bin/bash
# SPDX-License-Identifier: MIT
# The full-screen mode in a real terminal: list, order, filter, drill-down,
# help, new sizes, small screens, leaving.
# { dg-hakmem-timeout "120" }

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

command -v tmux >/dev/null || unsupported "needs tmux"
! "$stat" --top 2>&1 | grep -q 'built without ncurses' ||
	unsupported "built without ncurses"
socket=hakmem-stat-$$
terminal()
{
	tmux -L "$socket" -f /dev/null "$@"
}

# shellcheck disable=SC2317 # called by the trap
close_terminal()
{
	terminal kill-server 2>/dev/null
	stop_all
}
trap close_terminal EXIT

# open WIDTH HEIGHT COMMAND - its status goes to the file "status"
open()
{
	terminal kill-server 2>/dev/null
	rm -f status
	# a server that is just ending takes no new session
	for _ in 1 2 3 4 5; do
		terminal new-session -d -x "$1" -y "$2" \
			"$3 2>errors; echo \$? >status; sleep 20" \
			2>tmux.err && return 0
		sleep 0.2
	done
	echo "tmux: $(cat tmux.err)"
	unsupported "tmux cannot run here"
}

# shows PATTERN - before long
shows()
{
	for _ in $(seq 100); do
		terminal capture-pane -p >screen 2>/dev/null
		grep -Eq -- "$1" screen && return 0
		sleep 0.05
	done
	fail "no '$1' on the screen:"
	cat screen errors
	finish
}

key()
{
	terminal send-keys "$@"
}

# The test programs: a large one with threads, a small one.
compile target
name=hst$$
cp target "$name-b"
cp target "$name-a"
start env LD_PRELOAD="$lib" "./$name-a"
order alloc 1000 200
small=$pid
exec 7>&9
start env LD_PRELOAD="$lib" "./$name-b"
order alloc 1000 30000
order threads 2 500 100
order churn 1
large=$pid
targets="$targets $small $large"

# order_is FIRST SECOND - the two processes stand so, before long
order_is()
{
	for _ in $(seq 100); do
		terminal capture-pane -p >screen
		have=$(grep -Eo "^($small|$large) " screen | tr -d '\n')
		[ "$have" = "$1 $2 " ] && return 0
		sleep 0.05
	done
	fail "the order is $have, not $1 $2:"
	cat screen
	finish
}

open 80 24 "$stat --top 0.5"
shows "^hakmem-stat .* processes"
shows "^PID +NAME +LIVE +CACHED +RECLAIM +FRAG +RSS +MALLOC/s +REMOTE/s *$"
key / "$name" Enter
shows "2 processes with $name by LIVE"
order_is "$large" "$small"
shows "^$large +$name-b +(2[89]|3[0-9])M"
[ "$(awk '{ print length }' screen | sort -n | tail -n 1)" -le 80 ] ||
	fail "a line is wider than the screen"

key n
shows "by NAME"
order_is "$small" "$large"
key R
shows "by NAME, reverse"
order_is "$large" "$small"
key a
shows "by MALLOC/s"
order_is "$large" "$small"
key p
order_is "$(printf '%s\n' "$small" "$large" | sort -n | head -n 1)" \
	"$(printf '%s\n' "$small" "$large" | sort -n | tail -n 1)"

# The help, and back.
key h
shows "choose a process"
key x
shows "^PID"

# Into the large one: the selection starts at the top.
key l
order_is "$large" "$small"
key Home Enter
shows "^$name-b \($large\)"
shows "^ *SIZE +LIVE"
shows "^ *96 +"
key t
shows "worker-2 +live"
key p
shows "^shared_fail_fallback +0"
key m
shows "^ *[0-9a-f]+ [#+o~.]{20,32}$"
key r
shows "^not ours +"
key c
shows "^ *SIZE"
key End
shows "^ *all +"
key Escape
shows "^PID"

# The second of the list.
key Down Enter
shows "^$name-a \($small\)"
key Escape
shows "^PID"

# A wide screen has more columns; a new size is taken up at once.
terminal resize-window -x 200 -y 60 2>/dev/null
shows "PURGED/s +META +FREE/s +HEAPS"
terminal resize-window -x 30 -y 10 2>/dev/null
shows "^PID +LIVE +RSS *$"
terminal resize-window -x 15 -y 4 2>/dev/null
shows "too small"
terminal resize-window -x 80 -y 24 2>/dev/null
shows "^PID +NAME"
key +
shows "every 1s"

# The process that is looked into ends.
key n
order_is "$small" "$large"
key Home Enter
shows "^$name-a \($small\)"
kill -KILL "$small"
shows "ended while it was read|no such process"
shows "1 processes"

key q
for _ in $(seq 100); do [ -s status ] && break; sleep 0.05; done
same "status of q" "$(cat status)" 0
terminal capture-pane -p >screen
! grep -q MALLOC screen || fail "the screen was not given back: $(cat screen)"

# Colours: the map has some, NO_COLOR takes them away.
for no in "" "NO_COLOR=1"; do
	open 120 30 "env $no $stat --top $name-b 0.5"
	shows "1 processes"
	key Enter
	shows "^$name-b"
	key m
	shows "[#+o]{20,32}$"
	terminal capture-pane -e -p >screen
	if [ -n "$no" ]; then
		! grep -q "$(printf '\033\\[3[2346]m')" screen ||
			fail "colour with NO_COLOR"
	else
		grep -q "$(printf '\033\\[3[2346]m')" screen ||
			fail "no colour"
	fi
	key q
done

# A count of looks.
open 80 24 "$stat --top $name-b 0.1 3"
for _ in $(seq 100); do [ -s status ] && break; sleep 0.05; done
same "status after three looks" "$(cat status)" 0

# Terminals that cannot.
open 80 24 "env TERM=dumb $stat --top"
for _ in $(seq 100); do [ -s status ] && break; sleep 0.05; done
same "status with TERM=dumb" "$(cat status)" 1
grep -q 'needs a terminal.*dumb' errors || fail "dumb: $(cat errors)"
expect 1 'needs a terminal' "$stat" --top
expect 1 'for the screen' "$stat" --top --json
finish
