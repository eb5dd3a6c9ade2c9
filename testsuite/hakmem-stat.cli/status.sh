#!/bin/bash
# SPDX-License-Identifier: MIT
# One clear line and the right exit status when there is nothing to show.

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

compile target

expect 1 'unrecognized option' "$stat" --no-such-option
expect 1 'not an interval' "$stat" $$ x
expect 1 'not an interval' "$stat" $$ 0
expect 1 'not an interval' "$stat" $$ nan
expect 1 'not a count' "$stat" $$ 1 0
expect 1 'not a count' "$stat" $$ 1 99999999999999999999999
expect 1 'too many arguments' "$stat" $$ 1 1 1
expect 1 'no column FOO' "$stat" -o LIVE,FOO $$
expect 2 'no such process' "$stat" 4194305
expect 4 'libhakmem is not in it' "$stat" $$
# Process 2 is another one in a container.
if grep -qx kthreadd /proc/2/comm 2>/dev/null; then
	expect 4 'kernel thread' "$stat" 2
fi
expect 0 '^Usage:' "$stat" --help
expect 0 '^hakmem-stat .*[0-9]' "$stat" --version
expect 0 '^LIVE ' "$stat" --list-columns

# A zombie: the shell that becomes sleep never waits for it.
sh -c 'sleep 0.1 & echo $!; exec sleep 20' >zombie &
targets="$targets $!"
until [ -s zombie ] && grep -q '^State:.Z' "/proc/$(cat zombie)/status"; do
	sleep 0.02
done
expect 4 'zombie' "$stat" "$(cat zombie)"

start env LD_PRELOAD="$lib" ./target
expect 0 '^ *PID +NAME' "$stat" "$pid"

# A reader that goes away: a write error, neither death by a signal nor silence.
{ "$stat" "$pid" 0.02; echo "$?" >status; } 2>err | head -n 1 >first
same "status after a closed pipe" "$(cat status)" 1
grep -q 'cannot write' err || fail "closed pipe: $(cat err)"
expect 1 'cannot write' sh -c "'$stat' $pid >/dev/full"
expect 1 'cannot write' sh -c "'$stat' --json $pid >/dev/full"

# Interval and count: so many lines.
"$stat" -n "$pid" 0.05 4 >lines || fail "interval"
same "lines" "$(wc -l <lines)" 4

# The process ends between two lines.
rm lines
"$stat" -n "$pid" 0.05 >lines 2>err &
watcher=$!
until [ -s lines ]; do sleep 0.02; done
stop
wait "$watcher"
same "status when the process ends" "$?" 7
grep -q 'ended while it was read' err || fail "end: $(cat err)"

# A process that has the library, none of whose allocations came to it.
cat >asleep.c <<'END'
#include <unistd.h>
int main(void)
{
	char c;
	return read(0, &c, 1) < 0;
}
END
$CC asleep.c -o asleep || exit 1
mkfifo wake
env LD_PRELOAD="$lib" ./asleep <wake &
asleep=$!
exec 8>wake
targets="$targets $asleep"
sleep 0.2
"$stat" "$asleep" >out 2>&1
got=$?
[ "$got" = 0 ] || grep -q 'no allocation has reached it' out ||
	fail "asleep: $got $(cat out)"
exec 8>&-

# Not permitted: another user's process, seen by nobody.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
	start env LD_PRELOAD="$lib" ./target
	chmod 755 .
	cp "$stat" ./stat-copy
	if $nobody ./stat-copy --version >/dev/null 2>&1; then
		# shellcheck disable=SC2086 # words
		expect 3 'CAP_SYS_PTRACE' $nobody ./stat-copy "$pid"
		# Yama's figure comes from a fixture: this kernel may lack it.
		mkdir -p fixture/sys/kernel/yama
		echo 1 >fixture/sys/kernel/yama/ptrace_scope
		ln -s "/proc/$pid" "fixture/$pid"
		# shellcheck disable=SC2086 # words
		expect 3 'kernel.yama.ptrace_scope is 1' $nobody ./stat-copy \
			--procfs fixture "$pid"
		echo "the fixture stood in for kernel.yama.ptrace_scope"
	else
		echo "not permitted: not tested, nobody cannot come here"
	fi
	stop
else
	echo "not permitted: not tested, needs root and setpriv"
fi
finish
