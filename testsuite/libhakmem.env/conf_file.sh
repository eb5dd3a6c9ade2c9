#!/bin/sh
# SPDX-License-Identifier: MIT
# /etc/hakmem.conf: read by every program, set-user-ID ones included, below the
# environment; not read when others than root may write to it.
lib=$HAKMEM_LIB
unset HAKMEM_LIB

[ "$(id -u)" -eq 0 ] || {
	echo "UNSUPPORTED: needs root for a mount namespace"
	exit 77
}
unshare -m true 2>/dev/null || {
	echo "UNSUPPORTED: no mount namespace"
	exit 77
}
[ ! -e /etc/hakmem.conf ] || {
	echo "UNSUPPORTED: this machine has an /etc/hakmem.conf"
	exit 77
}

cp -a /etc etc
cat >inside <<'EOF'
mount --bind etc /etc || exit 1
fail() { echo "FAIL: $*"; exit 1; }
show() { env LD_PRELOAD="$lib" HAKMEM_VERBOSE=1 "$@" 2>&1; }

echo "CACHE_MAX=123K" >/etc/hakmem.conf
show cat /dev/null | grep -q "CACHE_MAX=125952 " || fail "the file is not read"
show HAKMEM_CACHE_MAX=1M cat /dev/null | grep -q "CACHE_MAX=1048576 " ||
	fail "the environment does not go first"

echo "[exe:$(readlink -f "$(command -v cat)")]
CACHE_MAX=1M" >/etc/hakmem.conf
show cat /dev/null | grep -q "CACHE_MAX=1048576 " || fail "section not used"
show ls /dev/null | grep -q "CACHE_MAX=1048576 " && fail "section of another"

# with a set-user-ID program only the file counts; the loader takes the
# library from a trusted folder only, so the machine's list of preloads
cp "$(command -v cat)" ./suid && chmod 4755 ./suid
echo "VERBOSE=1
CACHE_MAX=123K
SECURITY=3" >/etc/hakmem.conf
cp "$lib" "/etc/hakmem-test.so"
echo "/etc/hakmem-test.so" >/etc/ld.so.preload
chmod 755 . ./suid
as_nobody() { setpriv --reuid 65534 --clear-groups "$@"; }
as_nobody env HAKMEM_CACHE_MAX=1M HAKMEM_SECURITY=1 ./suid /dev/null >suid.out 2>&1
rm /etc/ld.so.preload
grep "CACHE_MAX=1048576 " suid.out | grep -v exe >/dev/null
grep -q "CACHE_MAX=125952 " suid.out || fail "not read by a set-user-ID program"
grep -q "SECURITY=3 " suid.out || fail "not hardened by the file"

chmod 666 /etc/hakmem.conf
show cat /dev/null | grep -q "hakmem.conf: ignored: others than root" ||
	fail "a file that anyone may write is not refused"
show cat /dev/null | grep -q "CACHE_MAX=125952 " && fail "and is used"
exit 0
EOF
lib=$lib unshare -m sh inside
