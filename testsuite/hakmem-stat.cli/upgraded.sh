#!/bin/sh
# SPDX-License-Identifier: MIT
# A process whose library's file has been replaced by another, where the exported
# object has another place, or removed: it shows what it showed before.

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

compile target
cat >more.c <<'END'
int more_data[5000] = { 1 };
END
# shellcheck disable=SC2086 # words
$CC $CFLAGS -fPIC -shared -o other.so more.c -Wl,-soname,libhakmem.so.0 \
	-Wl,--whole-archive "$top_builddir/.libs/libhakmem-core.a" \
	-Wl,--no-whole-archive || exit 1
# place FILE - of the exported object
place()
{
	nm -D "$1" | awk '$3 ~ /^hakmem_stats(@|$)/ { print $1 }'
}
[ "$(place "$lib")" != "$(place other.so)" ] ||
	fail "both libraries have the object at $(place other.so)"

mkdir installed
chmod 755 .
cp "$lib" installed/libhakmem.so.0
start env LD_PRELOAD="$PWD/installed/libhakmem.so.0" ./target
order threads 2 1000 100
order alloc 3000 500

# look WHAT COMMAND... - the figures, and the report in words
look()
{
	what=$1
	shift
	"$@" "$stat" --json "$pid" >look.json 2>err || fail "$what: $(cat err)"
	[ ! -s err ] || fail "$what: $(cat err)"
	for name in pid live_bytes mallocs frees heaps_live; do
		figure look.json $name
	done >"figures.$what"
	"$@" "$stat" "$pid" >look.text 2>err || fail "$what: $(cat err)"
	if [ "$what" != before ]; then
		cmp -s figures.before "figures.$what" ||
			fail "$what: $(diff figures.before "figures.$what")"
	fi
}

look before
[ "$(figure look.json live_bytes)" -ge 1700000 ] ||
	fail "$(figure look.json live_bytes) bytes live"
cp other.so installed/new
mv -f installed/new installed/libhakmem.so.0
look replaced
rm installed/libhakmem.so.0
look removed
order alloc 100 10
"$stat" --json "$pid" >look.json || fail "after more blocks"
[ "$(figure look.json mallocs)" -ge $(($(sed -n 3p figures.before) + 10)) ] ||
	fail "the figures stand still"
stop
finish
