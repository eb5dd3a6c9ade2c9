#!/bin/sh
# SPDX-License-Identifier: MIT
# Enable, look, enable again, disable: in a root of its own, by chroot.
. "${srcdir:?}/lib/preload_tool.sh"

make_root "$system/root"

expect 3 "disabled*" --root "$root" status
expect 0 "works with LD_PRELOAD=*" --root "$root" verify
expect 0 "would leave in $file:?  $entry" --root "$root" --dry-run enable
expect_file none
expect 0 enabled --root "$root" enable
expect_file "$entry|"
expect 0 "already enabled" --root "$root" enable
expect_file "$entry|"
expect 0 "enabled*entry: $entry*library: $libdir/libhakmem.so.0" \
	--root "$root" status
expect 0 "works as $file says*" --root "$root" verify
expect 0 "would remove $file" --root "$root" --dry-run disable
expect_file "$entry|"
expect 0 disabled --root="$root" disable
expect_file none
expect 0 "not enabled" --root="$root" disable
expect_file none

# What is there stays, and so does what is wrong with it.
printf '# one\n\n  /lib/other.so:/lib/more.so\n# two, in no line' >"$file"
chmod 600 "$file"
cp "$file" before
expect 1 "*self-test*/lib/other.so*" --root "$root" enable
cmp -s "$file" before || fail "a failed enable changed the file"
make_library other.so </dev/null
mkdir -p "$root/lib"
cp other.so "$root/lib/other.so"
cp other.so "$root/lib/more.so"
printf '# one\n\n  /lib/other.so:/lib/more.so' >"$file"
expect 0 enabled --root "$root" enable
expect_file "# one||  /lib/other.so:/lib/more.so|$entry|"
expect 0 disabled --root "$root" disable
expect_file "# one||  /lib/other.so:/lib/more.so|"

# The script's own copy of the environment must not reach the tests.
rm "$file"
out=$(HAKMEM_ENABLE=0 HAKMEM_STATS=exit "$tool" --root "$root" enable 2>&1)
[ "$out" = enabled ] || fail "with variables of the library: $out"

# Suspended and resumed, as by a package.
expect 0 "" --root "$root" suspend
expect_file none
expect 3 "suspended*entry: $entry*" --root "$root" status
expect 0 "" --root "$root" suspend
expect 0 enabled --root "$root" resume
expect_file "$entry|"
[ ! -e "$root/var/lib/libhakmem" ] || fail "the state was left behind"
expect 0 "" --root "$root" resume
expect_file "$entry|"
expect 0 "" --root "$root" suspend
expect 0 "not enabled" --root "$root" disable
expect 0 "" --root "$root" resume
expect_file none

finish
