#!/bin/sh
# SPDX-License-Identifier: MIT
# What becomes of the text of the file: every form in which ld.so accepts
# entries, and everything that is none of ours.
. "${srcdir:?}/lib/preload_tool.sh"

make_root "$system/root"
make_library other.so </dev/null
cp other.so "$root/lib/a.so"
cp other.so "$root/lib/b.so"
tab=$(printf '\t')

# becomes BEFORE AFTER - BEFORE with our entries taken out
becomes()
{
	printf '%s' "$1" | tr '|' '\n' >"$file"
	expect 0 "*disabled" --root "$root" disable
	expect_file "$2"
}

# untouched TEXT
untouched()
{
	printf '%s' "$1" | tr '|' '\n' >"$file"
	before=$(contents)
	expect 0 "not enabled" --root "$root" disable
	[ "$(contents)" = "$before" ] || fail "changed: $1"
}

ours=/usr/lib/libhakmem.so.0
becomes "$entry|" none
becomes "$ours" none
becomes "$ours|/lib/a.so" "/lib/a.so|"
becomes "/lib/a.so|$ours|" "/lib/a.so|"
becomes "/lib/a.so:$ours:/lib/b.so|" "/lib/a.so /lib/b.so|"
becomes "$ours /lib/b.so # why|" "/lib/b.so # why|"
becomes "  $ours$tab# why|" "# why|"
becomes "||$ours||" "|||"
becomes "$ours|$entry|libhakmem.so|/x/libhakmem.so.0.0.0|" none
becomes "/lib/a.so  $tab /lib/b.so|$ours|" "/lib/a.so  $tab /lib/b.so|"
becomes "* ? [a]|$ours|" "* ? [a]|"
# shellcheck disable=SC2016 # as they stand
becomes '\n \\ %s $HOME `x`'"|$ours|" '\n \\ %s $HOME `x`|'
untouched "# $ours|"
untouched "/lib/a.so # $ours"
untouched "/lib/libhakmem.sox /lib/notlibhakmem.so.0|"
untouched "/libhakmem.so.0/a.so|"
untouched "/lib/a.so"
untouched ""

# puts BEFORE AFTER - enabled from BEFORE
puts()
{
	printf '%s' "$1" | tr '|' '\n' >"$file"
	expect 0 "enabled" --root "$root" enable
	expect_file "$2"
}

puts "" "$entry|"
puts "/lib/a.so" "/lib/a.so|$entry|"
puts "# why|/lib/a.so|" "# why|/lib/a.so|$entry|"
# An older entry makes room; a word of it that is elsewhere stays.
puts "$libdir/libhakmem.so.0|/lib/a.so|" "/lib/a.so|$entry|"
puts "$entry|$entry|" "$entry|"
# An entry at another place is good where it is.
printf '%s\n/lib/a.so\n' "$entry" >"$file"
expect 0 "already enabled" --root "$root" enable
expect_file "$entry|/lib/a.so|"

# Of a second comment ld.so may take the words for libraries.  Where it does,
# programs complain, and that is not accepted.
printf '# a comment\n/lib/a.so\n# b c\n' >"$file"
chatter=$(chroot "$root" /bin/true 2>&1)
if [ -n "$chatter" ]; then
	expect 1 "*self-test*ERROR: ld.so: *" --root "$root" enable
	expect_file "# a comment|/lib/a.so|# b c|"
else
	expect 0 enabled --root "$root" enable
	expect_file "# a comment|/lib/a.so|# b c|$entry|"
fi

finish
