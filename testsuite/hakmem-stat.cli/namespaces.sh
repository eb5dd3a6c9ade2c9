#!/bin/sh
# SPDX-License-Identifier: MIT
# Processes in other mount and pid namespaces, and set-uid ones.

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

[ "$(id -u)" = 0 ] || unsupported "needs root"
unshare --mount --pid --fork true 2>/dev/null ||
	unsupported "no namespaces can be made here"
compile target

look()
{
	order threads 2 1000 100
	"$stat" --json "$1" >look.json 2>look.err || fail "$2: $(cat look.err)"
	same "$2: pid" "$(figure look.json pid)" "$1"
	[ "$(figure look.json live_bytes)" -ge 200000 ] ||
		fail "$2: $(figure look.json live_bytes) bytes live"
	grep -q '"thread": "worker-2"' look.json || fail "$2: no thread name"
	stop
}

# The library lies where only the process sees it.
mkdir -p private
# shellcheck disable=SC2016 # for the inner shell
start unshare --mount sh -c 'mount -t tmpfs none private &&
	cp "$1" private/libhakmem.so.0 && exec env \
	LD_PRELOAD="$PWD/private/libhakmem.so.0" ./target' sh "$lib"
[ ! -e private/libhakmem.so.0 ] || fail "the mount is not private"
look "$pid" "mount namespace"

# The process believes to be number 1.
start unshare --pid --fork --kill-child env LD_PRELOAD="$lib" ./target
same "number in its namespace" "$pid" 1
outer=$(cat "/proc/$started/task/$started/children")
outer=${outer% }
look "$outer" "pid namespace"

# Another user's, and not dumpable.
cp target setuid
libdir=$top_builddir/.libs
compile target -L"$libdir" -Wl,-rpath,"$libdir" -Wl,--no-as-needed -lhakmem
mv target setuid
chown 65534 setuid
chmod 4755 setuid
start ./setuid
same "effective user" "$(awk '/^Uid:/ { print $3 }' "/proc/$pid/status")" 65534
look "$pid" "set-uid"
finish
