#!/bin/sh
# SPDX-License-Identifier: MIT
# Each module of the library has a unit test of its name; none is excepted.
: "${top_srcdir:?}" "${srcdir:?}" "${tmpdir:?}"

# missing LIB TESTS - the modules of LIB without a test in TESTS
missing() {
	for file in "$1"/*.c; do
		module=$(basename "$file" .c)
		[ -f "$2/$module.c" ] || echo "$module"
	done
}

# Would it be seen?
mkdir "$tmpdir/lib" "$tmpdir/unit" || exit 1
touch "$tmpdir/lib/with.c" "$tmpdir/lib/without.c" "$tmpdir/unit/with.c"
if [ "$(missing "$tmpdir/lib" "$tmpdir/unit")" != without ]; then
	echo "a module without a test is not seen"
	exit 1
fi

without=$(missing "$top_srcdir/lib" "$srcdir/libhakmem.unit")
[ -z "$without" ] || {
	echo "no unit test of" "$without"
	exit 1
}
