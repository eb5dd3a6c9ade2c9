#!/bin/sh
# SPDX-License-Identifier: MIT
# doc/RELIABILITY.md: each row of its tables names a test and has a result, and
# each test that the page names exists.
: "${top_srcdir:?}" "${srcdir:?}" "${tmpdir:?}"

# wrong PAGE TESTS - what is wrong with the page, one a line
wrong() {
	# A table is a head, a line of dashes, and rows.  Which cell holds the
	# tests stands in the head.
	awk -F ' *[|] *' '
		!/^\|/ { rows = 0; next }
		/^\|[-|]*$/ { rows = 1; next }
		!rows {
			cell = 0
			for (i = 2; i < NF; i++)
				if ($i == "test")
					cell = i
			next
		}
		cell && $cell !~ /`[a-z.-]+\/[a-z0-9_]+\.(c|sh)`/ {
			print "no test: " $2
		}
		cell && $(NF - 1) == "" { print "no result: " $2 }
		{ n++ }
		END { if (n < 1) print "no rows" }' "$1"
	# shellcheck disable=SC2016 # of Markdown
	grep -o '`[a-z.-]*/[a-z0-9_]*\.\(c\|sh\)`' "$1" | tr -d '`' |
		sort -u | while read -r name; do
		[ -f "$2/$name" ] || [ -f "$2/libhakmem.$name" ] ||
			echo "no such test: $name"
	done
}

# Would it be seen?
mkdir -p "$tmpdir/libhakmem.x" || exit 1
touch "$tmpdir/libhakmem.x/a.c"
cat >"$tmpdir/page" <<'P'
| what | test | result |
|---|---|---|
| one | `x/a.c` | pass |
| two | `x/b.sh` | pass |
| three | none | pass |
| four | `x/a.c` | |
P
wrong "$tmpdir/page" "$tmpdir" >"$tmpdir/seen"
cat >"$tmpdir/expected" <<'E'
no test: three
no result: four
no such test: x/b.sh
E
diff "$tmpdir/expected" "$tmpdir/seen" || {
	echo "a row without a test is not seen"
	exit 1
}

found=$(wrong "$top_srcdir/doc/RELIABILITY.md" "$srcdir")
[ -z "$found" ] || {
	echo "$found"
	exit 1
}
