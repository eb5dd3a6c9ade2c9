#!/bin/sh
# SPDX-License-Identifier: MIT
# Two builds of the Debian packages, in folders of other names, at other times,
# in another time zone, language and umask, are the same to the last byte.
. "${srcdir:?}/lib/debian_root.sh"

build_packages
make -C "$top_builddir" -s apt-source \
	apt_source="$PWD/a-folder-of-another-name-and-length" >build.out 2>&1
(
	umask 002
	export TZ=Pacific/Kiritimati LANG=C.UTF-8 LC_ALL=C.UTF-8 HOME=/nowhere
	DEB_BUILD_OPTIONS="nocheck parallel=1" sh "$top_srcdir/build-aux/apt-repo" \
		a-folder-of-another-name-and-length/* again
) >>build.out 2>&1 || {
	cat build.out
	fail "the packages are built again"
	exit 1
}

for deb in "$packages"/*.deb; do
	name=${deb##*/}
	if cmp "$deb" "again/$name"; then
		pass "$name"
		continue
	fi
	dpkg-deb -R "$deb" one
	dpkg-deb -R "again/$name" two
	diff -r one two
	rm -rf one two
	fail "$name"
done

if command -v lintian >/dev/null; then
	check "lintian has no errors and no warnings" lintian --allow-root \
		--fail-on error,warning "$packages"/*.changes
else
	echo "SKIP: reproducible.sh: no program lintian"
fi
