#!/bin/sh
# SPDX-License-Identifier: MIT
# 100 logins with a key to an sshd on the loopback device, which runs, like all
# that it starts, with the library in a real /etc/ld.so.preload of a mount
# namespace.
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed
. "${srcdir:?}/lib/preload.sh"

logins=${SSH_LOGINS:-100}
port=${SSH_PORT:-18522}

PATH=$PATH:/usr/sbin:/sbin
need sshd ssh ssh-keygen unshare
[ "$(id -u)" -eq 0 ] || {
	echo "SKIP: ssh: needs root"
	exit 0
}
unshare -m true 2>/dev/null || {
	echo "SKIP: ssh: no namespaces"
	exit 0
}

# sshd wants folders that nobody else may write to, and the library has to be
# found by whomever it becomes.
rm -rf "${work:?}"
work=$(mktemp -d /run/hakmem-ssh.XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$work"
cp "$lib" "$work/libhakmem.so.0" || exit 1
cd "$work" || exit 1

ssh-keygen -q -t ed25519 -N '' -f host_ed25519 &&
	ssh-keygen -q -t rsa -b 2048 -N '' -f host_rsa &&
	ssh-keygen -q -t ed25519 -N '' -f key || exit 1
cp key.pub authorized
cat >sshd_config <<C
ListenAddress 127.0.0.1
Port $port
HostKey $work/host_ed25519
HostKey $work/host_rsa
AuthorizedKeysFile $work/authorized
PidFile $work/pid
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM yes
MaxStartups 50
C
cat >ssh_config <<C
Host *
	HostName 127.0.0.1
	Port $port
	User root
	IdentityFile $work/key
	IdentitiesOnly yes
	UserKnownHostsFile $work/known
	StrictHostKeyChecking accept-new
	BatchMode yes
	ConnectTimeout 20
C

# In the namespace: sshd and ssh, as /etc/ld.so.preload is.
cat >inside.sh <<'S'
logins=$1
preloaded=$2
set -- -F "$PWD/ssh_config"
mkdir -p /run/sshd
mount -t tmpfs -o mode=755 tmpfs /run/sshd || exit 1
mkdir upper lower || exit 1
if [ "$preloaded" ]; then
	# Bound over a file there; none may be made in /etc outside.
	mount -t tmpfs -o mode=755 tmpfs upper && mkdir upper/up upper/work &&
		mount -t overlay overlay -o \
			"lowerdir=/etc,upperdir=upper/up,workdir=upper/work" \
			/etc && echo "$preloaded" >/etc/ld.so.preload || exit 1
fi
/usr/sbin/sshd -f sshd_config -E sshd.log || {
	cat sshd.log
	exit 1
}
tries=0
until ssh "$@" host true 2>/dev/null; do
	tries=$((tries + 1))
	[ $tries -lt 100 ] || {
		cat sshd.log
		exit 1
	}
	sleep 0.1
done
# The server, the process of this login and the shell
ssh "$@" host 'for p in $(cat '"$PWD"'/pid) $PPID $$; do
	grep -q /libhakmem "/proc/$p/maps" && echo mapped
done' >mapped
i=0
while [ $i -lt "$logins" ]; do
	i=$((i + 1))
	case $((i % 4)) in
	0) set -- -C -F "$PWD/ssh_config" ;;
	1) set -- -o HostKeyAlgorithms=rsa-sha2-512 -F "$PWD/ssh_config" \
		-o UserKnownHostsFile="$PWD/known_rsa" ;;
	*) set -- -F "$PWD/ssh_config" ;;
	esac
	seq $((i * 500)) | ssh "$@" host "cksum; id -un; echo login $i; exit 7" \
		2>err
	echo "status $?"
	grep -v 'Permanently added' err
done
kill "$(cat pid)"
grep -E 'fatal|error:|exited on signal|hakmem: ' sshd.log
exit 0
S

# login PRELOADED - $work/out has what was said
login() {
	rm -rf known known_rsa upper lower sshd.log
	timeout -k 5 300 unshare -m sh inside.sh "$logins" "$1" >out 2>&1 \
		</dev/null
	echo "exit $?" >>out
}

echo "without, $(date +%H:%M:%S)"
login ""
mv out plain
echo "with, $(date +%H:%M:%S)"
login "$work/libhakmem.so.0"
if [ "$(grep -cx 'status 7' plain)" -ne "$logins" ]; then
	tail -n 5 plain
	fail "ssh" "not every login without the library"
elif cmp -s plain out; then
	pass "$logins logins by ssh: equal"
else
	diff plain out | head -n 20 | cut -c 1-200
	fail "$logins logins by ssh" "the output differs"
fi
if [ "$(wc -l <mapped)" -eq 3 ]; then
	pass "sshd, its process of a login and the shell have the library"
else
	fail "sshd, its process of a login and the shell have the library" \
		"$(wc -l <mapped) of 3"
fi
finish
