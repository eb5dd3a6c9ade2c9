#!/bin/sh
# SPDX-License-Identifier: MIT
# What stands in debian/ and rpm/ a second time agrees with where it comes from.
set -u
: "${srcdir:?}" "${top_srcdir:?}"
export LC_ALL=C
wrong=0

fail()
{
	echo "FAIL: $*"
	wrong=1
}

version=$(sh "$top_srcdir/build-aux/version")
[ -n "$version" ] || fail "no version"
first=$(sed -n '1s/^libhakmem (\([^)]*\)) .*/\1/p' "$top_srcdir/debian/changelog")
case $first in
"$version" | "$version"[+~]*) ;;
*) fail "debian/changelog is of $first, the library of $version" ;;
esac
grep -q -- " - $version-1\$" "$top_srcdir/rpm/libhakmem.spec.in" ||
	fail "the change log of the spec is not of $version"

# The symbols of the package are those that the library may export.
sed -n 's/^ \([^ ]*\) .*/\1/p' "$top_srcdir/debian/libhakmem0.symbols" |
	sed 's/@Base$//; s/^HAKMEM_0@HAKMEM_0$/HAKMEM_0/' | sort >packaged
sed '/^#/d; /^$/d; s/@@/@/' "$srcdir/exports.list" | sort >exported
[ "$(grep -c . exported)" -gt 30 ] || fail "exports.list was not understood"
diff packaged exported || fail "debian/libhakmem0.symbols and exports.list"

# A file that make dist leaves out is missing in every release.
for file in "$top_srcdir"/debian/* "$top_srcdir"/debian/*/* \
	"$top_srcdir"/rpm/*; do
	name=${file#"$top_srcdir/"}
	case $name in
	debian/build* | debian/tmp* | debian/*.debhelper* | debian/files | \
		debian/*.substvars | debian/autoreconf.* | \
		debian/debhelper-build-stamp | debian/libhakmem/* | \
		debian/libhakmem-dev/* | debian/libhakmem0/* | \
		rpm/libhakmem.spec)
		continue
		;;
	esac
	[ -f "$file" ] || continue
	grep -q "^	$name\\( \\\\\\)\\{0,1\\}\$" "$top_srcdir/Makefile.am" ||
		fail "$name is not in EXTRA_DIST"
done

exit "$wrong"
