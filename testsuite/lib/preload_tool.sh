# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# preload_tool.sh - what the tests of hakmem-preload share; sourced
#
# Everything happens in a mount namespace of the test's own, as root there:
# this machine's /etc/ld.so.preload is never touched.  $system is a folder on a
# memory file system that nobody else can write, with a script configured for
# it: $tool, the libraries in $libdir, their entry $entry.
set -u

: "${HAKMEM_LIB:?}" "${srcdir:?}" "${top_srcdir:?}" "${top_builddir:?}"
: "${tmpdir:?}" "${CC:?}" "${CFLAGS=}"
lib=$HAKMEM_LIB
export LC_ALL=C
wrong=0

fail()
{
	echo "FAIL: $*"
	wrong=1
}

unsupported()
{
	echo "UNSUPPORTED: $*"
	exit 77
}

# need_root - of the machine, not of a name space of our own
need_root()
{
	[ "$real_root" = root ] || unsupported "needs root"
}

finish()
{
	exit "$wrong"
}

# Once more, inside the namespace.
if [ -z "${IN_NAMESPACE-}" ]; then
	if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
		exec env IN_NAMESPACE=root unshare -m sh "$0"
	elif unshare -r -m true 2>/dev/null; then
		exec env IN_NAMESPACE=user unshare -r -m sh "$0"
	fi
	unsupported "no mount namespaces"
fi
real_root=$IN_NAMESPACE
unset HAKMEM_LIB IN_NAMESPACE
# What the observation switches write is not the tool's.
unset HAKMEM_SS_DEBUG HAKMEM_POOL_DEBUG HAKMEM_REMOTE_DEBUG

mount -t tmpfs -o mode=755,size=64m none /mnt ||
	unsupported "no mount namespaces"
system=/mnt/system
tool=$system/hakmem-preload
selftest=$top_builddir/tools/hakmem-preload/selftest
[ -x "$selftest" ] || { echo "$selftest is missing"; exit 1; }
mkdir -p "$system"

# word_folder - what $LIB stands for in programs of this machine's own kind
word_folder()
{
	for loader in /lib64/ld-linux-*.so.* /lib/ld-linux-*.so.*; do
		[ -x "$loader" ] || continue
		"$loader" --list-diagnostics |
			sed -n 's/^dl_dst_lib="\(.*\)"$/\1/p'
		return
	done
}

folder=$(word_folder)
[ -n "$folder" ] || unsupported "a loader without --list-diagnostics"

# configure_tool PREFIX - as configure would for that prefix
configure_tool()
{
	libdir=$1/$folder
	# shellcheck disable=SC2016,SC2034
	entry="$1"'/$LIB/libhakmem.so.0'
	sed -e "s|@prefix@|$1|; s|@libdir@|$libdir|; s|@VERSION@|1.2.3|" \
		"$top_srcdir/tools/hakmem-preload/hakmem-preload.in" >"$tool"
	chmod +x "$tool"
}

# install_library FILE [ROOT] - as libhakmem.so.0 of that root
install_library()
{
	mkdir -p "${2-}$libdir/libhakmem-0"
	cp "$selftest" "${2-}$libdir/libhakmem-0/"
	rm -f "${2-}$libdir"/libhakmem.so.0
	cp "$1" "${2-}$libdir/libhakmem.so.0"
}

# make_root ROOT - the least that programs run in
make_root()
{
	root=$1
	mkdir -p "$root/etc" "$root/bin" "$root/usr/sbin" "$root/lib" \
		"$root/lib64" "$root/tmp" "$root/dev"
	: >"$root/dev/null"
	for program in /bin/sh /bin/true /usr/sbin/chroot; do
		cp -L "$program" "$root$program"
		for need in $(ldd "$program" |
			sed -n 's|^[^/]*\(/[^ ]*\) (0x.*|\1|p'); do
			mkdir -p "$root${need%/*}"
			cp -L "$need" "$root$need"
		done
	done
	# Debian before usr-merge, and after
	[ -e "$root/lib64/." ] || mkdir -p "$root/lib64"
	configure_tool /usr
	install_library "$lib" "$root"
	for need in $(ldd "$selftest" | sed -n 's|^[^/]*\(/[^ ]*\) (0x.*|\1|p')
	do
		mkdir -p "$root${need%/*}"
		cp -L "$need" "$root$need"
	done
	file=$root/etc/ld.so.preload
}

# make_library NAME [FLAGS...] - the whole library with more C code, read from
# standard input
make_library()
{
	name=$1
	shift
	cat >"$name.c"
	# shellcheck disable=SC2086 # words
	$CC $CFLAGS -D_GNU_SOURCE -fPIC -shared -o "$name" "$name.c" \
		-Wl,-soname,libhakmem.so.0 -Wl,--whole-archive \
		"$top_builddir/.libs/libhakmem-core.a" -Wl,--no-whole-archive \
		"$@" || {
		echo "cannot link $name"
		exit 1
	}
}

# expect STATUS PATTERN ARGUMENT... - run the tool; both must be so
expect()
{
	want=$1
	pattern=$2
	shift 2
	out=$("$tool" "$@" 2>&1)
	got=$?
	[ "$got" -eq "$want" ] || fail "$*: status $got, not $want: $out"
	# shellcheck disable=SC2254 # a pattern
	case $out in
	$pattern) ;;
	*) fail "$*: printed \"$out\", not \"$pattern\"" ;;
	esac
}

# contents WORD - of the file, "none" without one, in one line
contents()
{
	[ -e "$file" ] || { echo none; return; }
	tr '\n' '|' <"$file"
}

# expect_file TEXT - TEXT with | for the ends of lines; and its mode
expect_file()
{
	[ "$(contents)" = "$1" ] ||
		fail "the file is \"$(contents)\", not \"$1\""
	case $1$(stat -c %a "$file" 2>/dev/null) in
	none | *644) ;;
	*) fail "the file has mode $(stat -c %a "$file")" ;;
	esac
	# Nothing else may be left behind.
	set -- "${file%/*}"/.ld.so.preload* "${file%/*}"/.hakmem*
	for left; do
		[ ! -e "$left" ] || fail "left behind: $left"
	done
}
