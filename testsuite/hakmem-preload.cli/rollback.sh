#!/bin/sh
# SPDX-License-Identifier: MIT
# { dg-hakmem-timeout "90" }
# A real /etc/ld.so.preload, in a mount namespace: a library that passes the
# self-test under LD_PRELOAD and then keeps every program from starting, or
# never lets one get past its start, is taken out again.
. "${srcdir:?}/lib/preload_tool.sh"
need_root

mkdir "$system/etc" && cp -a /etc/. "$system/etc/" 2>/dev/null
rm -f "$system/etc/ld.so.preload"
{ mount --bind "$system/etc" /etc && mount -t tmpfs none /var/lib; } ||
	unsupported "no mount namespaces"
# Not the folder itself: that it can be removed is part of the test.
file=/etc/ld.so.preload
configure_tool /mnt/system/usr
install_library "$lib"
# Programs of this machine's other word sizes are not the subject here.
force=--force

# enabled - does a program that asks for nothing have it?
mapped()
{
	grep -q "$libdir/libhakmem.so.0" /proc/self/maps
}

out=$("$tool" $force enable 2>&1) || fail "enable: $out"
case $out in *enabled) ;; *) fail "enable: $out" ;; esac
expect_file "$entry|"
mapped || fail "enabled, but not mapped"
out=$("$tool" verify 2>&1) || fail "verify: $out"
expect 0 "disabled" disable
expect_file none
mapped && fail "disabled, but mapped"

# In LD_PRELOAD good, in the file bad.
make_library crash.so <<'F'
#include <stdlib.h>
__attribute__((constructor)) static void crash(void)
{
	if (!getenv("LD_PRELOAD"))
		__builtin_trap();
}
F
make_library hang.so <<'F'
#include <stdlib.h>
__attribute__((constructor)) static void hang(void)
{
	while (!getenv("LD_PRELOAD"))
		;
}
F
make_library talk.so <<'F'
#include <stdlib.h>
#include <unistd.h>
__attribute__((constructor)) static void talk(void)
{
	if (!getenv("LD_PRELOAD") && write(2, "hello\n", 6) != 6)
		_exit(1);
}
F
for bad in crash hang talk; do
	install_library "$bad.so"
	for text in none '# only a comment' '# two||' 'no end'; do
		rm -f "$file"
		case $text in
		none) ;;
		'no end') printf '# no end' >"$file" ;;
		*) echo "$text" | tr '|' '\n' >"$file" ;;
		esac
		before=$(contents)
		out=$("$tool" $force --timeout 2 enable 2>&1) &&
			fail "$bad with $text: $out"
		case $out in
		*"taken out again: "*) ;;
		*) fail "$bad with $text: $out" ;;
		esac
		[ "$(contents)" = "$before" ] ||
			fail "$bad with $text: the file is $(contents)"
		[ "$bad" = crash ] || break
	done
done
rm -f "$file"

# Killed in the middle: the watchdog puts the file back.
install_library hang.so
"$tool" $force --timeout 2 enable >/dev/null 2>&1 &
victim=$!
# Nothing but built-ins from the moment the file is there.
until [ -s "$file" ] || ! kill -0 "$victim" 2>/dev/null; do
	:
done
[ -s "$file" ] || fail "the file was never written"
read -r children <"/proc/$victim/task/$victim/children"
kill -KILL "$victim"
rounds=0
while [ -s "$file" ] && [ "$rounds" -lt 20000000 ]; do
	rounds=$((rounds + 1))
done
[ ! -s "$file" ] || { : >"$file"; fail "the watchdog did nothing"; }
# shellcheck disable=SC2086 # numbers
kill -KILL $children 2>/dev/null

finish
