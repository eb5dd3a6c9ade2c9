#!/bin/sh
# SPDX-License-Identifier: MIT
# The tests that the Debian package brings, in a fresh Debian.
. "${srcdir:?}/lib/debian_root.sh"

command -v autopkgtest >/dev/null || skip "no program autopkgtest"
build_packages
lay_root
make -C "$top_builddir" -s apt-source apt_source="$PWD/source" >build.out 2>&1
inside apt-get -y install dpkg-dev >apt.out 2>&1 || {
	tail -n 20 apt.out
	fail "dpkg-dev"
	exit 1
}
timeout 1200 autopkgtest --no-built-binaries --output-dir out \
	"$packages"/libhakmem*_"$version"_"$host".deb source/*/ \
	-- chroot "$system" >run.out 2>&1 </dev/null
echo "autopkgtest: exit status $?"
[ -s out/summary ] || {
	tail -n 50 run.out
	fail "autopkgtest"
	exit 1
}
while read -r name result rest; do
	case $result in
	PASS) pass "$name" ;;
	*)
		sed 's/^/  /' out/"$name"-std* 2>/dev/null
		fail "$name: $result $rest"
		;;
	esac
done <out/summary
check "all of them ran" [ "$(grep -c . out/summary)" -eq 5 ]
