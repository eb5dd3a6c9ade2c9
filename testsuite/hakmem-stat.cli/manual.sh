#!/bin/sh
# SPDX-License-Identifier: MIT
# hakmem-stat(1) says what --help, --list-columns and --json say, and no more.

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

page=$top_srcdir/man/hakmem-stat.1

agree()
{
	if ! diff "$1" "$2" >diff.out; then
		fail "$1 and $2 differ: $(cat diff.out)"
	fi
}

# Options: "-x, --long", or only the long one.
"$stat" --help >help
sed -n 's/^  *\(-[a-zA-Z]\), --\([a-z-]*\).*/\1 --\2/p
	s/^  *--\([a-z-]*\).*/--\1/p' help | sort >options.help
sed -n 's/^\.It Fl \([a-zA-Z]\) , Fl -\([a-z-]*\).*/-\1 --\2/p
	s/^\.It Fl -\([a-z-]*\).*/--\1/p' "$page" | sort >options.page
[ "$(wc -l <options.help)" -gt 15 ] || fail "no options in --help"
agree options.help options.page

# Exit statuses.
sed -n '/^Exit status/,$p' help | tr '\n,' '  ' | tr ' ' '\n' |
	grep -x '[0-9]' | sort >status.help
sed -n '/^\.Sh EXIT STATUS/,/^\.El/s/^\.It \([0-9]\)$/\1/p' "$page" |
	sort >status.page
agree status.help status.page

# Columns, view by view, in order.
for view in "" -c -t -p -r; do
	# shellcheck disable=SC2086 # none or one
	"$stat" $view --list-columns | cut -d' ' -f1
done >columns.help
sed -n '/^\.Ss Views/,/^\.Ss Output/s/^\.It Li //p' "$page" >columns.page
agree columns.help columns.page

# Each view, form and way to choose has its example.
sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$page" >examples
for word in ' -c' ' -t' ' -p' ' -m' ' --svg' ' -r' ' --json' ' --prometheus' \
	' -R' ' -u' ' --top' ' record' ' report' ' -c ./core'; do
	grep -Eq "^hakmem-stat.*$word( |\$)" examples || fail "no example of$word"
done

# Every member of the JSON is in the page.
compile target
start env LD_PRELOAD="$lib" ./target
order alloc 100 100
"$stat" --json -r "$pid" | sed '/"options"/,/}/d' |
	sed -n 's/^ *"\([a-z_]*\)":.*/\1/p' | sort -u >members.json
[ "$(wc -l <members.json)" -gt 80 ] || fail "few members"
sed -n '/^\.Sh JSON/,/^\.Sh PROM/p' "$page" | tr -c 'a-z_' '\n' |
	sort -u >members.page
comm -23 members.json members.page >missing
[ ! -s missing ] || fail "not in the page: $(cat missing)"
# Every metric that the page names is there.
"$stat" --prometheus --all >metrics
sed -n '/^\.Sh PROM/,/^\.Sh ENV/p' "$page" | tr -c 'a-z_' '\n' |
	grep '^hakmem_' | sort -u >metrics.page
[ -s metrics.page ] || fail "no metric in the page"
while read -r name; do
	grep -q "^# TYPE $name " metrics || fail "no metric $name"
done <metrics.page

if command -v mandoc >/dev/null; then
	mandoc -T lint -W warning "$page" || fail "mandoc"
fi
finish
