#!/bin/sh
# SPDX-License-Identifier: MIT
# --enable-pgo: the library is trained and built by what was counted, is as any
# other build from outside, and nothing of the training is left behind.
set -eu

# Set by the test suite.
: "${top_srcdir:?}" "${CC:?}"
unset HAKMEM_LIB

# result NAME COMMAND... - what the command writes explains a failure
result()
{
	name=$1
	shift
	if "$@" >result.out 2>&1; then
		echo "PASS: $name"
	else
		cat result.out
		echo "FAIL: $name"
	fi
}

if test -f "$top_srcdir/config.status"; then
	echo "SKIP: all: the source tree is configured"
	exit 0
fi
# shellcheck disable=SC2086
if ! echo __clang__ | $CC -E -P - | grep -q __clang__; then
	echo "SKIP: all: needs gcc"
	exit 0
fi
touch start
mkdir build
cd build

configure_and_make()
{
	"$top_srcdir/configure" -q --enable-pgo --disable-hakmem-stat \
		CC="$CC" CFLAGS="-g -O2 -Wmissing-profile" &&
		make -j2 V=1 >make.out 2>&1
}
result "configure and make" configure_and_make
tail -n 5 make.out

# The compiler names functions that never ran, and files that are not there.
counts_are_used()
{
	grep -c "fprofile-use" make.out &&
		! grep "count data file not found" make.out &&
		! grep "profile for function .\(malloc\|free\|calloc\|hak_malloc_slow\|hak_heap_refill\). not" make.out
}
result "counts are used" counts_are_used

abi_tests()
{
	make check RUNTESTFLAGS=abi.exp >check.out 2>&1 || {
		cat check.out
		return 1
	}
	tail -n 1 check.out | grep '^[1-9][0-9]* passed, 0 failed'
}
result "abi tests" abi_tests

# Neither the counting library nor a word of it.
installation()
{
	make install DESTDIR="$PWD/to" >/dev/null || return 1
	find to -name '*.so.*' -type f >libraries
	test "$(wc -l <libraries)" = 1 || return 1
	! find to | grep 'train\|gcda' &&
		! grep -l 'gcda\|gcov' "$(cat libraries)" to/usr/local/lib/*.a
}
result "installation" installation

# When something of the counting library is new, and else not.
trains_again()
{
	cp -p lib/trained before &&
		make libhakmem.la >/dev/null &&
		test ! lib/trained -nt before &&
		rm lib/libhakmem_train_la-alloc.lo &&
		make libhakmem.la >/dev/null &&
		test lib/trained -nt before
}
result "trains again" trains_again

# With a library that counts nothing, and with none.
failures()
{
	for library in .libs/libhakmem.so.0 /nowhere/libx.so; do
		if "$top_srcdir/build-aux/pgo-train" $library bench out; then
			return 1
		fi
		test ! -e out/.libs || return 1
	done
}
result "failed training" failures

cleaned()
{
	make distclean >/dev/null 2>&1
	rm -rf to
	! find . -name '*.gcda' -o -name trained -o -name '*.la' | grep . &&
		! find "$top_srcdir" \( -path "$top_srcdir/build*" -o \
			-path "$top_srcdir/.git" \) -prune -o \
			-newer ../start -type f -print | grep .
}
result "nothing is left" cleaned
