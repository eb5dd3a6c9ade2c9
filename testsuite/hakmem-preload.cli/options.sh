#!/bin/sh
# SPDX-License-Identifier: MIT
# The command line: usage, help and the manual page agree.
. "${srcdir:?}/lib/preload_tool.sh"

make_root "$system/root"

expect 2 "hakmem-preload: no command?Try *"
expect 2 "hakmem-preload: unknown command: turn?Try *" turn
expect 2 "hakmem-preload: too many words: status?Try *" status status
expect 2 "hakmem-preload: unknown option: --frob?Try *" --frob status
expect 2 "hakmem-preload: --root needs a value?Try *" status --root
expect 2 "hakmem-preload: --timeout takes *" --timeout=x status
expect 2 "hakmem-preload: --timeout takes *" --timeout 0 status
expect 1 "hakmem-preload: /nowhere is not a folder" --root /nowhere status
expect 0 "hakmem-preload (libhakmem) 1.2.3" --version
expect 0 "Usage: hakmem-preload *" --help
expect 3 "disabled*" status --root="$root"
expect 3 "disabled*" --root "$root/" status
cd "$system" || exit 1
expect 3 "disabled*" status --root root
expect 0 enabled --root root enable
expect_file "$entry|"

# Every command and option of --help, no others, in the manual page.
"$tool" --help >"$tmpdir/help"
page=$top_srcdir/man/hakmem-preload.8
[ -f "$page" ] || { fail "$page is missing"; finish; }
sed -n 's/^  \(--\)\{0,1\}\([a-z-][a-z-]*\)  *[A-Za-z].*/\2/p' "$tmpdir/help" |
	sort >"$tmpdir/in-help"
sed -n 's/^\.It Cm \([a-z]*\)$/\1/p; s/^\.It Fl -\([a-z-]*\).*/\1/p' \
	"$page" | sort >"$tmpdir/in-page"
[ "$(grep -c . "$tmpdir/in-help")" -eq 12 ] ||
	fail "--help lists $(grep -c . "$tmpdir/in-help") words only"
cmp "$tmpdir/in-help" "$tmpdir/in-page" || {
	diff "$tmpdir/in-help" "$tmpdir/in-page"
	fail "--help and the manual page differ"
}

finish
