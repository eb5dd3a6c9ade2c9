#!/bin/sh
# SPDX-License-Identifier: MIT
# A full disk, a read-only /etc: one clear line, and everything as before.
. "${srcdir:?}/lib/preload_tool.sh"
need_root

make_root "$system/root"
mount -t tmpfs -o size=64k,mode=755 none "$root/etc" ||
	unsupported "no memory file system"

# as_before COMMAND PATTERN
as_before()
{
	before=$(contents)
	expect 1 "hakmem-preload: $2" --root "$root" "$1"
	case $out in
	*'
'*) fail "more than one line: $out" ;;
	esac
	[ "$(contents)" = "$before" ] || fail "$1: now $(contents)"
	expect_file "$before"
	[ ! -e "$root/var/lib/libhakmem" ] || fail "$1: the state was left"
}

fill()
{
	cat /dev/zero >"$root/etc/fill" 2>/dev/null
}

fill
as_before enable "*cannot be written (no space left); it is as it was"
rm "$root/etc/fill"
printf '# x\n' >"$file"
fill
as_before enable "*cannot be written (no space left); it is as it was"
rm "$root/etc/fill"
expect 0 enabled --root "$root" enable
fill
as_before disable "*cannot be written (no space left); it is as it was"
as_before suspend "*cannot be written (no space left); it is as it was"
rm "$root/etc/fill" "$file"
expect 0 enabled --root "$root" enable
fill
# The last line goes without space.
expect 0 disabled --root "$root" disable
expect_file none
rm "$root/etc/fill"

expect 0 enabled --root "$root" enable
mount -o remount,ro "$root/etc"
as_before disable "*cannot be written (Read-only file system); *"
as_before suspend "*cannot be written (Read-only file system); *"
mount -o remount,rw "$root/etc"
expect 0 disabled --root "$root" disable
mount -o remount,ro "$root/etc"
as_before enable "*cannot be written (Read-only file system); *"
mount -o remount,rw "$root/etc"

# No room for what suspend has to remember.
expect 0 enabled --root "$root" enable
mkdir -p "$root/var/lib"
mount -t tmpfs -o size=16k,mode=755 none "$root/var/lib"
cat /dev/zero >"$root/var/lib/fill" 2>/dev/null
expect 1 "*/var/lib/libhakmem/preload cannot be written; *" \
	--root "$root" suspend
expect_file "$entry|"
umount "$root/var/lib"
expect 0 "" --root "$root" suspend

finish
