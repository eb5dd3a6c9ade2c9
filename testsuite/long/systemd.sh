#!/bin/sh
# SPDX-License-Identifier: MIT
# systemd with the library, in a fresh Debian that it really starts as its first
# process: a service by the drop-in of doc/DEPLOYMENT.md, with the commands that
# stand there; services in the sandbox that it names; the timer that the package
# brings; and, started once more, the whole system with the library in
# /etc/ld.so.preload, as after a reboot.
# shellcheck disable=SC2016 # programs of other shells
. "${srcdir:?}/lib/debian_root.sh"

guide=$top_srcdir/doc/DEPLOYMENT.md
build_packages
lay_root
repack "$version"
offer "$version"
inside apt-get -y install --no-install-recommends libhakmem systemd \
	systemd-sysv dbus cron perl-base >apt.out 2>&1 || {
	tail -n 20 apt.out
	fail "packages"
	exit 1
}

# What the guide says of one service
sed -n '/^## One service/,/^## [^O]/p' "$guide" >section
sed -n '/^```ini/,/^```/{/^```/!p}' section >drop-in
sed -n 's/.*`\(\/etc\/systemd\/.*\)`.*/\1/p' section >path
grep -o '`systemctl [^`]*`' section | tr -d '`' >commands
check "the guide has a drop-in" grep -q '^Environment=LD_PRELOAD=' drop-in
check "the guide says where it lies" [ "$(grep -c NAME path)" -eq 1 ]
check "the guide has commands" [ "$(wc -l <commands)" -eq 2 ]
drop=$(sed s/NAME/cron/ path)
sed s/NAME/cron/ commands >"$system/srv/commands"
cp drop-in "$system/srv/drop-in"
echo "$drop" >"$system/srv/path"

# A service that allocates all the time, in the sandbox of the guide
for directive in MemoryDenyWriteExecute SystemCallFilter=@system-service \
	ProtectSystem PrivateTmp; do
	check "the guide names $directive" grep -q "\`$directive\`" section
done
cat >"$system/srv/worker.pl" <<'P'
while (1) { my %h; $h{$_ % 997} .= $_ for 1..20000; sleep 0.1 }
P
cat >"$system/etc/systemd/system/worker.service" <<'U'
[Service]
ExecStart=/usr/bin/perl /srv/worker.pl
Environment=LD_PRELOAD=libhakmem.so.0
MemoryDenyWriteExecute=yes
SystemCallFilter=@system-service
ProtectSystem=strict
PrivateTmp=yes
U

# The test itself runs as a service, Type=exec, so that the start of the system
# does not wait for it.
cat >"$system/etc/systemd/system/the-test.service" <<'U'
[Unit]
After=cron.service
[Service]
Type=exec
ExecStart=/bin/sh /srv/test
StandardOutput=append:/srv/output
StandardError=inherit
ExecStopPost=/bin/systemctl --no-block poweroff
[Install]
WantedBy=multi-user.target
U
inside systemctl enable the-test.service >enable.out 2>&1 || {
	cat enable.out
	fail "the service of the test"
}
check "systemd-analyze verify: nothing" sh -c '
	chroot "$1" systemd-analyze --recursive-errors=no verify worker.service \
		hakmem-stat.service hakmem-stat.timer 2>&1 |
		grep -v -e "^\$" -e "Command .man " | { ! grep . ; }' sh "$system"

cat >lib <<'S'
set -u
export LC_ALL=C
check()
{
	what=$1
	shift
	if "$@" >/run/check.out 2>&1; then
		echo "PASS: $what"
	else
		sed 's/^/  /' /run/check.out
		echo "FAIL: $what"
	fi
}

# pid SERVICE
pid()
{
	systemctl show -P MainPID "$1"
}

# served SERVICE - has its process the library?
served()
{
	grep -q 'libhakmem\.so\.0' "/proc/$(pid "$1")/maps"
}

unserved()
{
	test -r "/proc/$(pid "$1")/maps" && ! served "$1"
}

# mallocs SERVICE
mallocs()
{
	hakmem-stat -nRb -o MALLOCS "$(pid "$1")"
}

settled()
{
	state=$(timeout 60 systemctl is-system-running --wait)
	[ "$state" = running ] || systemctl --failed --plain
	[ "$state" = running ]
}

# by_guide - the commands of the guide
by_guide()
{
	while IFS= read -r command; do
		sh -e -c "$command" || return 1
	done </srv/commands
}
S

cat lib - >"$system/srv/test" <<'S'
check "systemd is the first process" grep -qx systemd /proc/1/comm
check "the system starts without a failed unit" settled
check "a service before: without the library" unserved cron
drop=$(cat /srv/path)
mkdir -p "${drop%/*}"
cp /srv/drop-in "$drop"
check "the commands of the guide" by_guide
check "the service has the library" served cron
check "the service is active" systemctl is-active cron
check "the options reach it" grep -qz '^HAKMEM_PURGE_DELAY=200ms$' \
	"/proc/$(pid cron)/environ"
hakmem-stat --json "$(pid cron)" >/run/json
check "the options are in force" grep -q 'PURGE_DELAY=\?"\?:\? \?"\?200' \
	/run/json
check "it allocates from it" [ "$(mallocs cron)" -gt 0 ]
rm "$drop"
check "the commands once more, without the drop-in" by_guide
check "removed again: the service is without the library" unserved cron
check "removed again: the service is active" systemctl is-active cron

check "a service in a sandbox starts" systemctl start worker
sleep 1
first=$(mallocs worker)
sleep 2
check "its filter of system calls is in force" grep -q \
	'^Seccomp:[[:space:]]*2$' "/proc/$(pid worker)/status"
check "it has the library" served worker
check "it goes on allocating" [ "$(mallocs worker)" -gt "$first" ]
check "it is active" systemctl is-active worker

mkdir -p /var/lib/prometheus/node-exporter
check "the timer is there, and not enabled" sh -c \
	'[ "$(systemctl is-enabled hakmem-stat.timer)" = disabled ]'
check "systemctl enable --now hakmem-stat.timer" \
	systemctl enable --now hakmem-stat.timer
check "hakmem-stat.service in its sandbox" sh -c \
	'systemctl start hakmem-stat.service ||
	{ journalctl -n 10 --no-pager -u hakmem-stat.service; false; }'
check "its figures are of the service" grep -q \
	"^hakmem_live_bytes.*pid=\"$(pid worker)\"" \
	/var/lib/prometheus/node-exporter/hakmem.prom
check "the timer waits" systemctl is-active hakmem-stat.timer
systemctl disable --now hakmem-stat.timer
systemctl stop worker
check "no unit failed" [ -z "$(systemctl --failed -q --plain)" ]
check "hakmem-preload enable" hakmem-preload enable
check "a service that is restarted has it" sh -c \
	'systemctl restart cron && sleep 1 &&
	grep -q libhakmem "/proc/$(systemctl show -P MainPID cron)/maps"'
echo finished
S

# started - the system, as the first process of namespaces of its own, until it
# is switched off
started()
{
	mkdir -p groups
	mount -t cgroup2 cgroup2 groups || return 1
	mkdir -p groups/hakmem-test
	rm -f "$system/srv/output"
	# A group of its own for what is in it; then this one is empty.
	timeout -k 10 240 sh -c '
		echo $$ >groups/hakmem-test/cgroup.procs
		exec unshare -m -p -f -C -u -i -n --kill-child sh -c "$1" sh "$2"
	' sh '
		set -e
		mount --make-rprivate /
		mount -t proc proc "$1/proc"
		mount -t sysfs -o ro sysfs "$1/sys"
		mount -t cgroup2 cgroup2 "$1/sys/fs/cgroup"
		mount -t tmpfs -o mode=755 tmpfs "$1/run"
		mount -t tmpfs -o mode=755 tmpfs "$1/srv/dev"
		for device in null zero full random urandom tty; do
			: >"$1/srv/dev/$device"
			mount --bind "/dev/$device" "$1/srv/dev/$device"
		done
		mkdir "$1/srv/dev/shm" "$1/srv/dev/pts"
		mount -t devpts -o newinstance,ptmxmode=666 devpts "$1/srv/dev/pts"
		ln -s pts/ptmx "$1/srv/dev/ptmx"
		ln -s /proc/self/fd "$1/srv/dev/fd"
		mount --move "$1/srv/dev" "$1/dev"
		exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			chroot "$1" /lib/systemd/systemd \
			--log-target=console --show-status=no
	' "$system" >console 2>&1 </dev/null
	find groups/hakmem-test -depth -type d -exec rmdir {} \; 2>/dev/null
	umount groups
	grep -qx finished "$system/srv/output" || {
		tail -n 20 console
		cat "$system/srv/output"
		return 1
	}
}

mkdir -p "$system/srv/dev"
umount -R "$system/dev" "$system/run" "$system/proc"
rm -f "$system/usr/sbin/policy-rc.d"
started >started.out || {
	cat started.out
	mount -t cgroup2 cgroup2 groups 2>/dev/null ||
		skip "no groups of processes (cgroup2)"
	umount groups
	fail "the system is started"
}
grep -v '^finished$' "$system/srv/output"

# Once more, as after a reboot.
cat lib - >"$system/srv/test" <<'S'
# everywhere - every process but those of the kernel and of a static program
everywhere()
{
	lacking=0
	for folder in /proc/[0-9]*; do
		program=$(readlink "$folder/exe") || continue
		grep -q 'libhakmem\.so\.0' "$folder/maps" && continue
		[ -d "$folder" ] || continue
		echo "without: $program"
		lacking=$((lacking + 1))
	done
	[ "$lacking" -eq 0 ]
}

check "enabled: the system starts without a failed unit" settled
check "enabled: the first process has the library" grep -q libhakmem \
	/proc/1/maps
check "enabled: so has every other" everywhere
check "enabled: the service has it" served cron
check "enabled: hakmem-preload status" hakmem-preload status
check "enabled: nobody complains" sh -c \
	'! journalctl -b -q | grep -e "ld\.so" -e "hakmem: "'
check "enabled: systemctl daemon-reexec" systemctl daemon-reexec
check "enabled: the first process has it still" grep -q libhakmem /proc/1/maps
printf '[exe:/usr/sbin/cron]\nENABLE=0\n' >>/etc/hakmem.conf
check "an excepted service is restarted" systemctl restart cron
sleep 1
check "an excepted service: it is active" systemctl is-active cron
check "an excepted service: the C library serves it" \
	[ "$(mallocs cron)" -eq 0 ]
check "hakmem-preload disable" hakmem-preload disable
check "disabled: a service that is restarted" systemctl restart cron
check "disabled: it is without the library" unserved cron
echo finished
S
started >started.out || {
	cat started.out
	fail "the system is started again"
}
grep -v '^finished$' "$system/srv/output"
