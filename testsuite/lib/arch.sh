# SPDX-License-Identifier: MIT
# arch.sh - this tree built for another machine or C library, and its tests run
#
# Sourced by long/arch_*.sh and long/page_size.sh, in an empty directory of
# their own.  What is built is a VPATH build there; tests run through DejaGnu
# as in make check, and check-summary judges them.
# shellcheck shell=sh disable=SC2034 # some are for who sources this

: "${srcdir:?}" "${top_srcdir:?}" "${tmpdir:?}" "${CC:?}"
me=$(basename "$0" .sh)
failed=0
# Not this build's.
unset HAKMEM_LIB LD_PRELOAD

pass()
{
	echo "PASS: $*"
}

fail()
{
	echo "FAIL: $*"
	failed=1
}

skip()
{
	echo "SKIP: $me: $*"
	exit 0
}

# need PROGRAM...
need()
{
	for program; do
		command -v "$program" >/dev/null || skip "no program $program"
	done
}

# compiles COMMAND... - does this compiler make a program, ./a.out?
compiles()
{
	echo 'int main(void) { return 0; }' >a.c
	"$@" -o a.out a.c >compile.out 2>&1
}

# build NAME ARGUMENT... - with these arguments of configure, into ./NAME
build()
{
	name=$1
	shift
	mkdir "$name"
	(cd "$name" && "$top_srcdir/configure" -q --enable-werror \
		--disable-hakmem-stat "$@" && make -s -j2) >"$name.out" 2>&1 || {
		tail -n 20 "$name.out"
		fail "$name: the library is built"
		exit 1
	}
	pass "$name: the library is built"
}

# suite BUILD WHAT SETTING FOLDER... - the tests of these folders; SETTING, as
# in guards.list, tells which are excepted
suite()
{
	in=$1
	what=$2
	setting=$3
	shift 3
	for folder; do
		(cd "$in/testsuite" && rm -rf tmp ./*.sum &&
			make -s site.exp LDFLAGS="${objects-}" &&
			HAKMEM_TEST_ENV=$setting runtest --srcdir "$srcdir" \
				--objdir . --all --tool libhakmem "$folder.exp"
		) >suite.out 2>&1
		"$top_srcdir/build-aux/check-summary" -s "$srcdir/skips.list" \
			-g "$srcdir/guards.list" \
			"$in/testsuite/libhakmem.sum" >summary 2>&1
		status=$?
		result=$(tail -n 1 summary)
		if [ $status -eq 0 ]; then
			pass "$what: $folder, $result"
		else
			cat summary
			fail "$what: $folder, $result"
		fi
	done
}

finish()
{
	exit "$failed"
}
