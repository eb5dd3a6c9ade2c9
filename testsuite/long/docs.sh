#!/bin/sh
# SPDX-License-Identifier: MIT
# Every block of commands in doc/DEPLOYMENT.md and doc/TUNING.md, run in their
# order in a fresh Debian with the packages installed.
. "${srcdir:?}/lib/debian_root.sh"

build_packages
lay_root
repack "$version"
offer "$version"
inside apt-get -y install --no-install-recommends libhakmem python3-minimal \
	time >apt.out 2>&1 || {
	cat apt.out
	fail "the packages are installed"
	exit 1
}

blocks=0
for guide in DEPLOYMENT TUNING; do
	rm -f block-*
	awk '
	/^#/ { title = $0; sub(/^#+ */, "", title) }
	/^```sh$/ { number++; file = sprintf("block-%02d", number)
		print title >(file ".title"); inside = 1; next }
	/^```/ { inside = 0 }
	inside { print >file }
	' "$top_srcdir/doc/$guide.md"
	for block in block-??; do
		[ -f "$block" ] || continue
		blocks=$((blocks + 1))
		cp "$block" "$system/tmp/block"
		check "$guide.md, $(cat "$block.title") (${block#block-})" \
			inside sh -e /tmp/block
	done
done
check "there were blocks" [ "$blocks" -ge 15 ]
grep -c '^\[exe:' "$system/etc/hakmem.conf" >count
check "the options are in hakmem.conf" [ "$(cat count)" -eq 3 ]
