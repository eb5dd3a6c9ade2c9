#!/bin/sh
# SPDX-License-Identifier: MIT
# The Debian packages in a fresh Debian: installed, upgraded, removed and purged
# with apt, with the library in /etc/ld.so.preload and without, with damaged
# versions, a killed dpkg and a read-only /etc in between.  At every step all
# programs start and say nothing that they did not say before.
. "${srcdir:?}/lib/debian_root.sh"

build_packages
build_32_bit && has_32_bit=yes || has_32_bit=no
lay_root
preload=$system/etc/ld.so.preload
# shellcheck disable=SC2016 # as it stands in the file
entry='/usr/$LIB/libhakmem.so.0'
triplet=$(dpkg-architecture -a "$host" -q DEB_HOST_MULTIARCH)

# enabled, disabled - is the line in, and do programs have the library?
enabled()
{
	[ "$(cat "$preload")" = "$entry" ] &&
		[ "$(stat -c %a "$preload")" = 644 ] && quiet &&
		inside grep -q libhakmem.so.0 /proc/self/maps &&
		inside chroot --userspec=nobody / grep -q libhakmem.so.0 \
			/proc/self/maps
}

disabled()
{
	[ ! -e "$preload" ] && quiet && ! inside grep libhakmem /proc/self/maps
}

# quiet - programs start and print what they should, nothing else
quiet()
{
	for command in true "sh -c true" "perl -e 1" "dpkg --version" \
		"apt-get --version" "su nobody -s /bin/sh -c true"; do
		# shellcheck disable=SC2086 # words
		inside $command >quiet.out 2>quiet.err || {
			echo "$command: exit status $?"
			cat quiet.err
			return 1
		}
		[ ! -s quiet.err ] || {
			echo "$command says:"
			cat quiet.err
			return 1
		}
	done
}

# apt ARGUMENT... - must succeed, and no program may complain meanwhile
apt()
{
	inside apt-get -y -o Dpkg::Use-Pty=0 "$@" >apt.out 2>&1 || {
		cat apt.out
		return 1
	}
	! grep -E 'ERROR: ld\.so|symbol lookup|^hakmem' apt.out
}

# installed VERSION
installed()
{
	# shellcheck disable=SC2016 # dpkg-query expands them
	inside dpkg-query -W -f '${db:Status-Status} ${Version}\n' libhakmem libhakmem0 \
		>query.out
	[ "$(sort -u query.out)" = "installed $1" ] || {
		cat query.out
		return 1
	}
}

# contents - every file of the system but apt's and dpkg's own records
contents()
{
	(cd "$system" && find . -xdev \( -path ./proc -o -path ./dev -o \
		-path ./run -o -path ./srv -o -path ./tmp -o \
		-path ./var/cache -o -path ./var/log -o -path ./var/lib/apt \
		-o -path ./var/lib/dpkg -o -path ./root \
		-o -path ./etc/ld.so.cache \) -prune -o -print | sort)
}

# told PATTERN - apt's last output has such a line, once
told()
{
	[ "$(grep -c -E "$1" apt.out)" -eq 1 ] || {
		cat apt.out
		return 1
	}
}

bad_library()
{
	# shellcheck disable=SC2016 # for eval
	case $1 in
	truncated) echo 'truncate -s 50000 usr/lib/*/libhakmem.so.0.0.0' ;;
	# Noticed by ld.so; what is cut off further on, it runs into.
	short) echo 'truncate -s 500 usr/lib/*/libhakmem.so.0.0.0' ;;
	missing) echo 'rm usr/lib/*/libhakmem.so.0.0.0' ;;
	machine) cat <<'F' ;;
printf '\011' | dd of="$(echo usr/lib/*/libhakmem.so.0.0.0)" bs=1 seek=18 \
	conv=notrunc 2>/dev/null
F
	crash) echo "cp $PWD/crash.so usr/lib/*/libhakmem.so.0.0.0" ;;
	esac
}

cat >crash.c <<'F'
__attribute__((constructor)) static void crash(void) { __builtin_trap(); }
F
${CC:-cc} -shared -fPIC -Wl,-soname,libhakmem.so.0 -o crash.so crash.c

repack "$version"
repack "$version+1"
offer "$version"

# What the packages that ours depend on bring along is not ours to remove.
depends=$(sed -n 's/^Depends: //p' "$system/srv/$version/Packages" |
	tr ',' '\n' | sed 's/(.*//; s/ //g' | grep -v hakmem | sort -u)
# shellcheck disable=SC2086 # words
check "dependencies" apt install --no-install-recommends $depends
contents >before

check "apt install libhakmem" apt install libhakmem
check "installing enables nothing" disabled
check "version $version is installed" installed "$version"
check "hakmem-stat runs" inside hakmem-stat --version
check "verify before enable" inside hakmem-preload verify
check "enable" inside hakmem-preload enable
check "enabled" enabled
inside sleep 300 &
sleep 1
check "hakmem-stat shows a running process" inside hakmem-stat sleep

offer "$version+1"
check "upgrade while enabled" apt dist-upgrade
check "version $version+1 is installed" installed "$version+1"
check "enabled after the upgrade" enabled
offer "$version"
check "downgrade while enabled" apt install --allow-downgrades \
	libhakmem="$version" libhakmem0="$version"
check "enabled after the downgrade" enabled
check "reinstall while enabled" apt install --reinstall \
	--allow-downgrades libhakmem="$version" libhakmem0="$version"
check "enabled after the reinstallation" enabled

check "remove while enabled" apt remove libhakmem libhakmem0
check "disabled after the removal" disabled
check "install again" apt install libhakmem
check "enabled again after installing again" enabled
check "purge while enabled" apt purge libhakmem libhakmem0
check "disabled after the purge" disabled
contents >after
check "nothing is left after the purge" diff before after

check "install after the purge" apt install libhakmem
check "disabled after the purge and an installation" disabled
offer "$version"
check "downgrade while disabled" apt install --allow-downgrades \
	libhakmem="$version" libhakmem0="$version"
offer "$version+1"
check "upgrade while disabled" apt dist-upgrade
check "disabled after the upgrade" disabled
check "remove while disabled" apt remove libhakmem libhakmem0
check "purge after remove" apt purge libhakmem libhakmem0
contents >after
check "nothing is left after remove and purge" diff before after

# An entry made by hand, and the library alone.
check "install libhakmem0" apt install libhakmem0
printf '# mine\n/usr/lib/%s/libhakmem.so.0:/none.so # kept\n' "$triplet" \
	>"$preload"
inside apt-get -y remove libhakmem0 >apt.out 2>&1 ||
	fail "remove of libhakmem0 with an entry made by hand"
check "an entry made by hand goes, the rest stays" \
	[ "$(cat "$preload")" = "# mine
:/none.so # kept" ]
rm "$preload"
check "install libhakmem0 again" apt install libhakmem0
echo "$entry" >"$preload"
check "enabled by hand" enabled
check "upgrade of libhakmem0 alone" apt install --allow-downgrades \
	--reinstall libhakmem0
check "an entry made by hand survives an upgrade" enabled
check "purge of libhakmem0 alone" apt purge libhakmem0
check "an entry made by hand goes with the library" disabled

# Upgrades to a damaged library: it stays out; the next good one comes in.
step=2
for bad in truncated missing machine crash; do
	offer "$version"
	apt install --allow-downgrades libhakmem="$version" \
		libhakmem0="$version" >/dev/null
	inside hakmem-preload enable >/dev/null 2>&1
	check "$bad: enabled before" enabled
	repack "$version+$step" "$(bad_library "$bad")"
	offer "$version+$step"
	inside apt-get -y dist-upgrade >apt.out 2>&1 || {
		cat apt.out
		fail "$bad: upgrade"
	}
	check "$bad: one line tells" told '^hakmem-preload: '
	check "$bad: installed" installed "$version+$step"
	check "$bad: left disabled" disabled
	inside hakmem-preload enable >/dev/null 2>&1 &&
		fail "$bad: a damaged library was enabled"
	check "$bad: still disabled" disabled
	repack "$version+$((step + 1))"
	offer "$version+$((step + 1))"
	check "$bad: upgrade to a good one" apt dist-upgrade
	check "$bad: enabled by the good one" enabled
	step=$((step + 2))
done

# Damaged while it is in use: removal and purge work all the same.
for bad in short missing machine; do
	(cd "$system" && eval "$(bad_library "$bad")")
	inside apt-get -y purge libhakmem libhakmem0 >apt.out 2>&1 || {
		cat apt.out
		fail "$bad: purge"
	}
	check "$bad in use: purged" disabled
	check "$bad in use: install" apt install libhakmem
	check "$bad in use: enable again" inside hakmem-preload enable
done

# kill_dpkg PATTERN - while it upgrades, when its status is so
kill_dpkg()
{
	rm -f killed
	# shellcheck disable=SC2016 # for the inner shell
	inside sh -c 'echo $$ >/tmp/dpkg.pid
		exec dpkg --status-fd 1 --install "$@"' sh \
		"/srv/$version+1/libhakmem0_$version+1_$host.deb" \
		"/srv/$version+1/libhakmem_$version+1_$host.deb" 2>&1 |
		while read -r line; do
			# shellcheck disable=SC2254 # a pattern
			case $line in
			$1)
				kill -KILL "$(cat "$system/tmp/dpkg.pid")"
				echo killed >killed
				;;
			esac
		done
	[ -e killed ] || fail "dpkg was not killed at $1"
}

offer "$version"
apt install --allow-downgrades libhakmem="$version" libhakmem0="$version" \
	>/dev/null
check "before the kills: enabled" enabled
# The old files are about to be replaced.
kill_dpkg "status: libhakmem*: unpacked"
check "killed before unpack: programs work" disabled
inside dpkg --install "/srv/$version+1/libhakmem0_$version+1_$host.deb" \
	"/srv/$version+1/libhakmem_$version+1_$host.deb" >apt.out 2>&1 || {
	cat apt.out
	fail "dpkg --install after the kill"
}
check "killed before unpack: installed again" installed "$version+1"
check "killed before unpack: enabled again" enabled
apt install --allow-downgrades libhakmem="$version" libhakmem0="$version" \
	>/dev/null
check "before the second kill: enabled" enabled
# All are replaced, none is configured.
kill_dpkg "processing: configure: libhakmem*"
installed "$version+1" >/dev/null && fail "dpkg was killed too late"
check "killed before configure: programs work" disabled
inside dpkg --configure -a >apt.out 2>&1 || {
	cat apt.out
	fail "dpkg --configure -a"
}
check "killed before configure: installed" installed "$version+1"
check "killed before configure: enabled" enabled

# A read-only /etc: the package stays, and so does everything else.
mount --bind "$system/etc" "$system/etc"
mount -o remount,bind,ro "$system/etc"
inside dpkg --remove libhakmem >apt.out 2>&1 &&
	fail "removed although /etc is read-only"
check "read-only /etc: one line tells" \
	told '^hakmem-preload: .*cannot be written \(Read-only file system\)'
check "read-only /etc: still enabled" enabled
check "read-only /etc: still installed" installed "$version+1"
inside dpkg --install "/srv/$version/libhakmem0_${version}_$host.deb" \
	"/srv/$version/libhakmem_${version}_$host.deb" >apt.out 2>&1 &&
	fail "another version came although /etc is read-only"
check "read-only /etc: it says why" grep -q \
	'^hakmem-preload: .*cannot be written (Read-only file system)' apt.out
check "read-only /etc: enabled after a refused version" enabled
check "read-only /etc: installed after it" installed "$version+1"
umount "$system/etc"
check "read-write again: removed" apt purge libhakmem libhakmem0
check "read-write again: disabled" disabled

if [ "$has_32_bit" = yes ]; then
	offer "$version+1"
	inside dpkg --add-architecture i386
	inside apt-get update -q >update.out 2>&1
	check "apt install libhakmem libhakmem0:i386" \
		apt install libhakmem libhakmem0:i386 libhakmem-dev \
		libhakmem-dev:i386
	helper=/usr/lib/i386-linux-gnu/libhakmem-0/selftest
	inside "$helper" >/dev/null && fail "32 bit: served without enable"
	check "32 bit: enable" inside hakmem-preload enable
	check "32 bit: enabled" enabled
	check "32 bit: a 32-bit program is served" inside "$helper"
	check "32 bit: verify runs both" sh -c \
		"chroot $system /usr/sbin/hakmem-preload verify |
		grep -c 'selftest\$' | grep -x 2"
	offer "$version"
	check "32 bit: downgrade both" apt install --allow-downgrades \
		"libhakmem=$version" "libhakmem0=$version" \
		"libhakmem0:i386=$version" "libhakmem-dev=$version" \
		"libhakmem-dev:i386=$version"
	check "32 bit: enabled after it" enabled
	check "32 bit: served after it" inside "$helper"
	check "32 bit: purge of the 32-bit library" \
		inside apt-get -y purge libhakmem0:i386
	check "32 bit: 64-bit programs keep it" enabled
	check "32 bit: purge of all" apt purge libhakmem libhakmem0 \
		libhakmem-dev
	check "32 bit: disabled" disabled
else
	echo "SKIP: packages.sh: arch-test finds no i386"
fi
