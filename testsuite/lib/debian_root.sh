# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# debian_root.sh - a Debian system in a folder, for tests of packages; sourced
#
# Everything happens in a mount and process namespace of its own; nothing of
# this machine is changed.  $system is the folder, and inside COMMAND... runs
# there.  Results are lines "PASS: what", "FAIL: what" or "SKIP: what: reason".
#
# The fresh root is made once and kept in the build directory as $fresh.
set -u

: "${srcdir:?}" "${builddir:?}" "${top_srcdir:?}" "${top_builddir:?}"
: "${tmpdir:?}"
unset HAKMEM_LIB LD_PRELOAD
export LC_ALL=C

skip()
{
	echo "SKIP: ${0##*/}: $*"
	exit 0
}

pass()
{
	printf 'PASS: %s\n' "$*"
}

fail()
{
	printf 'FAIL: %s\n' "$*"
}

# check WHAT COMMAND... - one result; the command's output only when it fails
check()
{
	what=$1
	shift
	if "$@" >check.out 2>&1; then
		pass "$what"
	else
		sed 's/^/  /' check.out
		fail "$what"
	fi
}

[ "$(id -u)" -eq 0 ] || skip "needs root"
for program in mmdebstrap dpkg-deb dpkg-scanpackages unshare; do
	command -v "$program" >/dev/null || skip "no program $program"
done

if [ -z "${IN_NAMESPACE-}" ]; then
	unshare -m -p -f --mount-proc true 2>/dev/null || skip "no namespaces"
	exec env IN_NAMESPACE=yes unshare -m -p -f --mount-proc --kill-child sh "$0"
fi
unset IN_NAMESPACE

system=$tmpdir/system
fresh=$builddir/tmp/debian-root.tar

# debian_source - release and address of the Debian that this machine uses
debian_source()
{
	# shellcheck disable=SC2016 # apt expands them
	apt-get indextargets --format '$(CODENAME) $(REPO_URI)' \
		'Created-By: Packages' 'Origin: Debian' 'Component: main' |
		grep -v '^[^ ]*-' | head -n 1
}

# make_fresh FILE [FLAG...] - a root with apt and nothing that it does not need
make_fresh()
{
	file=$1
	shift
	[ ! -s "$file" ] || return 0
	source=$(debian_source)
	[ -n "$source" ] || skip "apt knows no Debian archive"
	mkdir -p "${file%/*}"
	mmdebstrap --variant=apt --format=tar "$@" "${source% *}" "$file.new" \
		"${source#* }" >"$file.log" 2>&1 || {
		cat "$file.log"
		skip "no Debian archive can be reached"
	}
	mv "$file.new" "$file"
}

# lay_root - the fresh root into $system, with what programs expect
lay_root()
{
	make_fresh "$fresh"
	mkdir -p "$system"
	tar -C "$system" -xf "$fresh"
	mount --bind "$system" "$system"
	mount -t proc proc "$system/proc"
	mount --rbind /dev "$system/dev"
	mount --make-rslave "$system/dev"
	mount -t tmpfs tmpfs "$system/run"
	# Services must not be started by their packages.
	printf '#!/bin/sh\nexit 101\n' >"$system/usr/sbin/policy-rc.d"
	chmod 755 "$system/usr/sbin/policy-rc.d"
	# Enough to resolve what its sources name
	cp -L /etc/resolv.conf /etc/hosts "$system/etc/" 2>/dev/null
	for setting in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
		[ ! -f "$setting" ] ||
			cp "$setting" "$system/etc/apt/apt.conf.d/" 2>/dev/null
	done
	inside apt-get update -q >update.out 2>&1 || {
		cat update.out
		skip "no Debian archive can be reached"
	}
}

# inside COMMAND... - as root, with no more environment than a login has
inside()
{
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive timeout -k 10 600 \
		chroot "$system" "$@" </dev/null
}

# build_packages - the packages of this tree into $packages
build_packages()
{
	packages=$tmpdir/repository
	command -v dh >/dev/null || skip "no program dh"
	DEB_BUILD_OPTIONS=nocheck make -C "$top_builddir" -s apt-repo \
		apt_repo="$packages" >build.out 2>&1 || {
		cat build.out
		fail "the packages are built"
		exit 1
	}
	pass "the packages are built"
	version=$(dpkg-parsechangelog -l "$top_srcdir/debian/changelog" \
		-S Version)
	host=$(dpkg --print-architecture)
}

# build_32_bit - the library for i386 too, in a root of that kind
build_32_bit()
{
	[ "$host" = amd64 ] && command -v arch-test >/dev/null &&
		arch-test i386 >/dev/null 2>&1 || return 1
	make_fresh "$builddir/tmp/debian-root-i386.tar" --arch=i386 \
		--include=build-essential,debhelper,pkgconf
	mkdir -p i386
	tar -C i386 -xf "$builddir/tmp/debian-root-i386.tar"
	mount -t proc proc i386/proc
	make -C "$top_builddir" -s apt-source apt_source="$PWD/i386/source" \
		>build.out 2>&1
	DEB_BUILD_OPTIONS=nocheck \
		DEB_BUILD_PROFILES="nocheck pkg.libhakmem.notools" \
		chroot i386 sh -c 'cd /source/* && \
			sh build-aux/apt-repo . /repository' >>build.out 2>&1
	umount i386/proc
	cp i386/repository/*.deb "$packages/" 2>/dev/null || {
		cat build.out
		fail "the packages are built for i386"
		return 1
	}
	rm -rf i386
	pass "the packages are built for i386"
}

# repack VERSION [COMMAND] - the packages again as that version, in
# $system/srv/VERSION; COMMAND is run in the folder of libhakmem0's contents
repack()
{
	target=$system/srv/$1
	mkdir -p "$target"
	for deb in "$packages"/*.deb; do
		case $deb in
		*dbgsym*) continue ;;
		esac
		rm -rf repack
		dpkg-deb -R "$deb" repack
		sed -i -e "s/^Version: .*/Version: $1/" \
			-e "s/(= $version)/(= $1)/" repack/DEBIAN/control
		case $deb in
		*/libhakmem0_*_"$host".deb)
			[ -z "${2-}" ] || (cd repack && eval "$2") || exit 1
			;;
		esac
		dpkg-deb --root-owner-group -b repack "$target" >/dev/null
	done
	sh "$top_srcdir/build-aux/apt-repo" --index "$target"
}

# offer VERSION - apt finds this version, beside Debian's own packages
offer()
{
	echo "deb [trusted=yes] file:/srv/$1 ./" \
		>"$system/etc/apt/sources.list.d/libhakmem.list"
	inside apt-get update -q >update.out 2>&1 || {
		cat update.out
		fail "apt reads the repository of version $1"
		exit 1
	}
}
