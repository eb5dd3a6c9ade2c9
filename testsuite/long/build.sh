#!/bin/sh
# SPDX-License-Identifier: MIT
# configure and make of this whole project: the same libraries come out.
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed
. "${srcdir:?}/lib/preload.sh"

need gcc make
top_srcdir=${top_srcdir:?}
: "${CC:?}" "${CFLAGS?}"

# Not the tree itself: it may be configured, and be written to meanwhile.
copy_sources() {
	mkdir "$work/src" || return 1
	for entry in "$top_srcdir"/*; do
		case ${entry##*/} in
		build-aux) ;;
		build*) continue ;;
		esac
		[ ! -e "$entry/config.status" ] || continue
		cp -Rp "$entry" "$work/src/" || return 1
	done
	chmod -R u+w "$work/src"
	# What a build in the source tree has left there.
	rm -f "$work/src/config.status"
	find "$work/src" \( -name '*.o' -o -name '*.lo' -o -name '*.la' \) \
		-exec rm -f {} +
	find "$work/src" -name .libs -prune -exec rm -rf {} +
	# In this order, or the first of the two builds makes them again.
	touch "$work/src/aclocal.m4" &&
		touch "$work/src/configure" "$work/src/config.h.in" &&
		find "$work/src" -name Makefile.in -exec touch {} +
}

# Log files tell times and process ids.  Commands run two at a time: only the
# lines are repeatable.
build() {
	"$work/src/configure" -q CC="$CC" CFLAGS="$CFLAGS" &&
		make -j2 >make.out || return 1
	sort make.out >make.sorted
	cksum .libs/*.so.*.*.* .libs/*.a
	find . -name '*.o' | sort | xargs cksum | tee objects | wc -l
	find . ! -name make.sorted ! -name objects ! -type d -exec rm -f {} +
}

copy_sources || fail "configure and make" "cannot copy the sources"
same "configure and make" build
succeeded "configure and make" 0 'libhakmem\.so\.[0-9.]*$'
ours cc1 50000
ours ld 5000
ours make 1000
ours sed 50
finish
