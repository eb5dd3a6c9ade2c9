#!/bin/bash
# SPDX-License-Identifier: MIT
# What hakmem-stat costs: a heap of 1 GiB with 64 threads, 200 processes, the
# full screen over 50 processes.

srcdir=${srcdir:?}
# shellcheck source=testsuite/lib/stat.sh
. "$srcdir/lib/stat.sh"

skip()
{
	echo "SKIP: $1: $2"
	[ "$wrong" = 0 ] || finish
	exit 0
}

[ -x "$stat" ] || skip "figures" "built without hakmem-stat"
command -v python3 >/dev/null || skip "figures" "needs python3"

# cost COMMAND... - the best of ten: microseconds elapsed in $us
cost()
{
	us=$(python3 - "$@" <<'END'
import os
import sys
import time

best = 10**9
for _ in range(10):
    null = os.open("/dev/null", os.O_WRONLY)
    begin = time.monotonic()
    pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ,
                         file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
    if os.waitpid(pid, 0)[1]:
        sys.exit("it fails")
    best = min(best, time.monotonic() - begin)
print(int(best * 1e6))
END
	)
}

# memory COMMAND... - KiB resident at most after two looks, in $kib
memory()
{
	"$@" 0.1 1000 >/dev/null &
	looker=$!
	sleep 0.5
	kib=$(awk '/^VmHWM:/ { print $2 }' "/proc/$looker/status")
	kill "$looker"
	wait "$looker" 2>/dev/null
}

# bound WHAT HAVE MOST UNIT
bound()
{
	if [ "$2" -le "$3" ]; then
		echo "PASS: $1: $2 $4 (at most $3)"
	else
		fail "$1: $2 $4, more than $3"
	fi
}

compile target
start env LD_PRELOAD="$lib" ./target
order threads 64 2000 7000
order alloc 1000 50000
order alloc 30000 2000
"$stat" --json "$pid" >look.json
[ "$(figure look.json live_bytes)" -gt 900000000 ] ||
	fail "the heap is only $(figure look.json live_bytes) bytes"
[ "$(figure look.json live)" -ge 64 ] || fail "too few heaps"
for view in "" -c -t -p -m --json; do
	# shellcheck disable=SC2086 # none or one
	cost "$stat" $view "$pid"
	bound "1 GiB, 64 heaps, one look ${view:-(default)}" "$us" 20000 us
	# shellcheck disable=SC2086
	memory "$stat" $view "$pid"
	bound "its memory" "$kib" 8192 KiB
done
stop

# Processes, each with a heap.
cat >many.c <<'END'
#include <stdlib.h>
#include <unistd.h>
void *kept[1000];

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1;

	for (int i = 1; i < n; i++)
		if (fork() == 0)
			break;
	for (int i = 0; i < 1000; i++)
		kept[i] = malloc(100 + i);
	pause();
	return 0;
}
END
# shellcheck disable=SC2086 # words
$CC $CFLAGS many.c -o "many$$" || exit 1
env LD_PRELOAD="$lib" setsid "./many$$" 200 &
group=$!
stop_group()
{
	kill -KILL "-$group" 2>/dev/null
	wait "$group" 2>/dev/null
}
trap 'stop_group; stop_all' EXIT
sleep 2
same "processes" "$("$stat" -n -o PID "many$$" | wc -l)" 200
cost "$stat" --all
bound "200 processes" "$us" 1000000 us
cost "$stat" --all --prometheus
bound "200 processes, for Prometheus" "$us" 1000000 us
stop_group

command -v tmux >/dev/null || skip "full screen" "needs tmux"
env LD_PRELOAD="$lib" setsid "./many$$" 50 &
group=$!
sleep 1
cat >top.py <<'END'
import os
import sys

pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
with open("top.cost", "w") as f:
    print(status, int((usage.ru_utime + usage.ru_stime) * 1e6), file=f)
END
tmux -L "hs$$" -f /dev/null new-session -d -x 120 -y 40 \
	"python3 top.py '$stat' --top 'many$$' 1 20"
sleep 23
tmux -L "hs$$" kill-server 2>/dev/null
if [ -s top.cost ]; then
	read -r status us <top.cost
	same "status of --top" "$status" 0
	bound "--top over 50 processes for 20 s, CPU time" "$us" 600000 us
else
	fail "--top did not end"
fi
finish
