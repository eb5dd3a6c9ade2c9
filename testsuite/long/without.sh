#!/bin/sh
# SPDX-License-Identifier: MIT
# Built where libraries of hakmem-stat are missing: one clear line, and all the
# rest is built; where they were asked for, one clear line and an end.
set -u
: "${srcdir:?}" "${top_srcdir:?}" "${tmpdir:?}"
unset HAKMEM_LIB LD_PRELOAD
export LC_ALL=C

pass()
{
	echo "PASS: $*"
}

fail()
{
	echo "FAIL: $*"
}

# check WHAT COMMAND... - the last output of configure only when it fails
check()
{
	what=$1
	shift
	if "$@" >check.out 2>&1; then
		pass "$what"
	else
		cat check.out
		tail -n 30 out
		fail "$what"
	fi
}

for program in pkg-config make; do
	command -v "$program" >/dev/null || {
		echo "SKIP: without.sh: no program $program"
		exit 0
	}
done
for module in smartcols libelf jansson zlib ncursesw; do
	pkg-config --exists "$module" || {
		echo "SKIP: without.sh: no program that needs $module can be built"
		exit 0
	}
done

# configured MODULE ARGUMENT... - in a folder of its own, as if pkg-config knew
# no such module
configured()
{
	cat >"no-$1" <<-F
	#!/bin/sh
	case " \$* " in
	*" $1 "*) exit 1 ;;
	esac
	exec pkg-config "\$@"
	F
	chmod 755 "no-$1"
	tool=$PWD/no-$1
	shift
	rm -rf b
	mkdir b
	(cd b && "$top_srcdir/configure" PKG_CONFIG="$tool" CFLAGS=-O1 "$@") \
		>out 2>&1
}

# lines PATTERN - the output has such a line, once
lines()
{
	[ "$(grep -c -e "$1" out)" -eq 1 ]
}

check "configure without libelf" configured libelf
check "it says that hakmem-stat is not built, and why" \
	lines 'hakmem-stat  *no, missing: libelf$'
check "the rest is built" make -C b -s
check "hakmem-stat is not" [ ! -e b/hakmem-stat ]
check "the library works" env LD_PRELOAD="$PWD/b/.libs/libhakmem.so.0" \
	b/tools/hakmem-preload/selftest
configured libelf --enable-hakmem-stat
check "hakmem-stat asked for, without libelf: configure fails" [ $? -eq 1 ]
check "it says what is missing" lines 'error: hakmem-stat needs libelf$'

check "configure without ncursesw" configured ncursesw
check "it says that there is no full screen" lines 'full screen  *no$'
check "all is built" make -C b -s
check "hakmem-stat runs" b/hakmem-stat --version
b/hakmem-stat --top >out 2>&1
check "hakmem-stat --top fails" [ $? -ne 0 ]
# shellcheck disable=SC2016 # for the inner shell
check "it says why in one line" sh -c \
	'[ "$(grep -c . out)" -eq 1 ] && grep -q ncurses out'
configured ncursesw --with-ncurses
check "ncurses asked for: configure fails" [ $? -eq 1 ]
check "it says that it is missing" lines 'error: --with-ncurses, but no ncursesw$'
