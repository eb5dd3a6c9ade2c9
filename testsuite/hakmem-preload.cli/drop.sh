#!/bin/sh
# SPDX-License-Identifier: MIT
# drop-preload, which the package of the library runs before its removal, with a
# real /etc/ld.so.preload in a mount namespace.
. "${srcdir:?}/lib/preload_tool.sh"
need_root

mkdir "$system/etc" && cp -a /etc/. "$system/etc/" 2>/dev/null
rm -f "$system/etc/ld.so.preload"
mount --bind "$system/etc" /etc || unsupported "no mount namespaces"
file=/etc/ld.so.preload
drop=$top_srcdir/tools/hakmem-preload/drop-preload
lib=/usr/lib/libhakmem.so.0

# What ld.so says of these files is not the subject.
exec 2>/dev/null

# becomes BEFORE AFTER
becomes()
{
	printf '%s' "$1" | tr '|' '\n' >"$file"
	sh "$drop" >out 2>&1 || fail "$1: $(cat out)"
	expect_file "$2"
	[ "$1" = "$2" ] || grep -q "^libhakmem: taken out of $file" out ||
		fail "$1: $(cat out)"
}

rm -f "$file"
sh "$drop" >out 2>&1 || fail "without a file: $(cat out)"
[ ! -s out ] || fail "without a file: $(cat out)"
becomes "$lib|" none
becomes "$lib" none
# shellcheck disable=SC2016 # as it stands in the file
becomes '/usr/$LIB/libhakmem.so.0|' none
becomes "$lib|libhakmem.so|/x/libhakmem.so.0.0.0 $lib|" none
becomes "# a|$lib|" "# a|"
becomes "|$lib||" "||"
becomes "$lib # why|" " # why|"
becomes "# $lib|" "# $lib|"
becomes "/libhakmem.so.0/x.so|" "/libhakmem.so.0/x.so|"
becomes "/libhakmem.sox|" "/libhakmem.sox|"
printf '%s\n' "/x.so:$lib" >"$file"
sh "$drop" >/dev/null
expect_file "/x.so:|"
rm "$file"

ln -s /nowhere "$file"
sh "$drop" >out 2>&1 || fail "a dangling link is no entry: $(cat out)"
rm "$file"
echo "$lib" >"$system/etc/real"
ln -s real "$file"
sh "$drop" >out 2>&1 && fail "a link was followed"
grep -q 'symbolic link' out || fail "a link: $(cat out)"
[ -L "$file" ] || fail "the link was replaced"
rm "$file"

finish
