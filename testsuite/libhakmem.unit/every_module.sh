#!/bin/sh
# SPDX-License-Identifier: MIT
# Each module of the library has a unit test of its name.  malloc.c and
# hakmem.c are entry points without state; libhakmem.api/ is their test.
: "${top_srcdir:?}" "${srcdir:?}"
status=0
for file in "$top_srcdir"/lib/*.c; do
	module=$(basename "$file" .c)
	case $module in
	malloc | hakmem) continue ;;
	esac
	[ -f "$srcdir/libhakmem.unit/$module.c" ] || {
		echo "no unit test of $module"
		status=1
	}
done
exit "$status"
