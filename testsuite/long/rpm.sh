#!/bin/sh
# SPDX-License-Identifier: MIT
# The RPM packages: built from the tarball with the test suite, looked at with
# rpm and rpmlint, and installed, upgraded and erased in a root of their own
# with scriptlets, with the library in /etc/ld.so.preload and without.
. "${srcdir:?}/lib/debian_root.sh"

for program in rpm rpmbuild; do
	command -v "$program" >/dev/null || skip "no program $program"
done

# build FLAG... - from the tarball
build()
{
	rpmbuild -ta --nodeps --define "_topdir $PWD/rpm" "$@" \
		"$tarball" >rpm.out 2>&1
}

make -C "$top_builddir" -s apt-source apt_source="$PWD/source" \
	>dist.out 2>&1 || {
	cat dist.out
	fail "a tarball is made"
	exit 1
}
version=$(sed -n 's/^Version: *//p' source/*/rpm/libhakmem.spec)
tar -C source -czf "libhakmem-$version.tar.gz" "libhakmem-$version"
rm -rf source
tarball=$PWD/libhakmem-$version.tar.gz

if build; then
	pass "rpmbuild -ta"
else
	tail -n 100 rpm.out
	fail "rpmbuild -ta"
	exit 1
fi
summary=$(grep -E '^[0-9]+ passed, 0 failed, [0-9]+ skipped$' rpm.out)
check "the test suite ran in %check" [ -n "$summary" ]
echo "$summary"
mkdir first
mv rpm/RPMS/*/*.rpm rpm/SRPMS/*.rpm first/
build --nocheck --define "dist .2" || fail "rpmbuild -ta, the second release"
mkdir second
mv rpm/RPMS/*/*.rpm second/
library=$(echo first/libhakmem-"$version"-1.[!s]*.rpm)
tools=$(echo first/libhakmem-tools-*.rpm)
devel=$(echo first/libhakmem-devel-*.rpm)
check "the source package" [ -f "$(echo first/*.src.rpm)" ]

# holds PACKAGE PATTERN... - these files, and no others
holds()
{
	package=$1
	shift
	rpm -qpl "$package" | grep -v -e /.build-id -e /licenses -e /doc/ |
		sort >files
	for pattern; do
		grep -x "$pattern" files || {
			echo "missing: $pattern"
			cat files
			return 1
		}
	done >holds.out
	[ "$(sort -u holds.out | wc -l)" -eq "$(wc -l <files)" ] || {
		echo "unexpected:"
		sort -u holds.out | comm -13 - files
		return 1
	}
}

lib='/usr/lib[0-9]*'
check "contents of libhakmem" holds "$library" "$lib/libhakmem.so.0" \
	"$lib/libhakmem.so.0[0-9.]*" "$lib/libhakmem-0" "$lib/libhakmem-0/.*"
check "contents of libhakmem-devel" holds "$devel" "$lib/libhakmem.so" \
	"$lib/libhakmem.a" "$lib/pkgconfig/libhakmem.pc" \
	"/usr/include/hakmem" "/usr/include/hakmem/.*" "/usr/share/man/man3/.*"
check "contents of libhakmem-tools" holds "$tools" /usr/bin/hakmem-stat \
	/usr/sbin/hakmem-preload /etc/hakmem.conf "/usr/share/man/man[1578]/.*" \
	"/usr/share/bash-completion/completions/hakmem-stat" \
	"/usr/lib/systemd/system/hakmem-stat.*" "/usr/share/libhakmem" \
	"/usr/share/libhakmem/hakmem.rules.yml"
rpm -qp --provides "$library" >provides
check "it provides the library" grep -q '^libhakmem\.so\.0()' provides
rpm -qp --requires "$library" |
	grep -v -e '^rpmlib' -e '^rtld' -e '^libc\.so\.6' >requires
check "the library needs libc, a shell and ldconfig only" \
	[ "$(sort -u requires | tr '\n' ' ')" = "/bin/sh /sbin/ldconfig " ]
rpm -qp --conffiles "$tools" >conffiles 2>/dev/null ||
	rpm -qpc "$tools" >conffiles
check "the configuration file is one" grep -qx /etc/hakmem.conf conffiles
if command -v rpmlint >/dev/null; then
	check "rpmlint has nothing to say that is not explained" rpmlint \
		-r "$top_srcdir/rpm/libhakmem.rpmlintrc" first/*.rpm
else
	echo "SKIP: rpm.sh: no program rpmlint"
fi

lay_root
# The libraries of the tools, from this system's own packages
inside apt-get -y install --no-install-recommends libelf1 libjansson4 \
	libncursesw6 libsmartcols1 zlib1g >apt.out 2>&1 || {
	cat apt.out
	fail "libraries of the tools"
}
preload=$system/etc/ld.so.preload
mkdir -p "$system/var/lib/rpm" "$system/srv"
cp -r first second "$system/srv/"

# rpm_root FLAG... - rpm in the root, scriptlets included, quiet if all is well
rpm_root()
{
	rpm --root "$system" --nodeps "$@" >rpm.out 2>&1 || {
		cat rpm.out
		return 1
	}
	# Debian's rpm says in two lines that Debian has dpkg.
	! grep -v -e '^rpm: ' -e '^enabled$' -e '^disabled$' -e '^not enabled$' \
		-e '^libhakmem: taken out of' rpm.out
}

enabled()
{
	[ "$(stat -c %a "$preload")" = 644 ] &&
		inside grep -q libhakmem.so.0 /proc/self/maps 2>enabled.err &&
		[ ! -s enabled.err ]
}

disabled()
{
	[ ! -e "$preload" ] &&
		! inside grep -q libhakmem /proc/self/maps 2>enabled.err &&
		[ ! -s enabled.err ]
}

contents()
{
	(cd "$system" && find . -xdev \( -path ./proc -o -path ./dev -o \
		-path ./run -o -path ./srv -o -path ./tmp -o \
		-path ./var/lib/rpm -o -path ./etc/ld.so.cache \) \
		-prune -o -print | sort)
}

mkdir -p "$system/usr/lib64/pkgconfig" "$system/usr/share/licenses"
rpm --root "$system" --initdb
contents >before
check "install" rpm_root -i "$library" "$tools" "$devel"
check "installing enables nothing" disabled
check "hakmem-stat runs" inside hakmem-stat --version
check "enable" inside hakmem-preload enable
check "enabled" enabled
check "upgrade while enabled" rpm_root -U second/*.rpm
check "enabled after the upgrade" enabled
check "the second release is installed" rpm --root "$system" -q \
	"libhakmem-$version-1.2" "libhakmem-tools-$version-1.2"
check "the tools erased while enabled" rpm_root -e libhakmem-tools
check "disabled after it" disabled
check "the tools again" rpm_root -i second/libhakmem-tools-*.rpm
check "disabled after it, too" disabled
check "enable again" inside hakmem-preload enable
check "everything erased while enabled" rpm_root -e libhakmem-tools \
	libhakmem-devel libhakmem
check "disabled after everything is erased" disabled
contents | grep -v -x -e ./usr/lib/.build-id >after
check "nothing is left" diff before after

check "the library alone" rpm_root -i "$library"
printf '/usr/lib64/libhakmem.so.0\n' >"$preload"
check "enabled by hand" enabled
check "the library alone upgraded" rpm_root -U \
	second/libhakmem-"$version"-1.2.*.rpm
check "enabled by hand after it" enabled
check "the library alone erased" rpm_root -e libhakmem
check "an entry made by hand goes with it" disabled

check "installed for the last case" rpm_root -i "$library" "$tools"
check "enabled for the last case" inside hakmem-preload enable
# The next release with a damaged library: out, and it stays out.
installed=$system/usr/lib64/libhakmem.so.0.0.0
check "upgrade" rpm_root -U second/libhakmem-"$version"-1.2.*.rpm \
	second/libhakmem-tools-*.rpm
inside hakmem-preload suspend
truncate -s 50000 "$installed"
inside hakmem-preload resume >/dev/null 2>&1 && fail "damaged, and resumed"
check "damaged: left disabled" disabled
check "damaged: erased" rpm_root -e libhakmem-tools libhakmem
check "damaged: disabled" disabled
