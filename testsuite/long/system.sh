#!/bin/sh
# SPDX-License-Identifier: MIT
# A whole Debian with the library in /etc/ld.so.preload: more than a hundred
# commands as root and as nobody say and do what they did without it, and each
# program that they start has it; set-user-ID programs, programs with file
# capabilities, a login shell, cron, apt, and 32-bit programs.
# shellcheck disable=SC2016 # commands are for the shells inside
. "${srcdir:?}/lib/debian_root.sh"

build_packages
build_32_bit && has_32_bit=yes || has_32_bit=no
lay_root
repack "$version"
offer "$version"
inside apt-get -y install --no-install-recommends libhakmem \
	bc bsdextrautils bzip2 cpio cron dc ed file gawk git grep groff-base \
	hello iproute2 iputils-ping jq less libcap2-bin lua5.4 m4 make man-db \
	mawk openssh-client openssl patch perl procps psmisc python3 rsync \
	sqlite3 strace sudo time tree unzip util-linux vim-tiny xxd xz-utils \
	zip zstd >apt.out 2>&1 || {
	tail -n 20 apt.out
	fail "packages"
	exit 1
}
inside useradd -m -s /bin/bash tester
echo 'nobody ALL=(ALL) NOPASSWD: ALL' >"$system/etc/sudoers.d/nobody"
chmod 440 "$system/etc/sudoers.d/nobody"

# One command a line; whatever a run leaves must be the same, too.
cat >"$system/srv/commands" <<'C'
true
/bin/echo words
cat /etc/passwd
ls -l /etc/passwd /bin/ls
cp /etc/passwd copy && cmp copy /etc/passwd
mkdir -p a/b/c && rmdir -p a/b/c
ln -s x y && readlink y
touch -d @0 f && stat -c '%Y %s' f
seq 100000 >n && sort -rn n | head -n 3
seq 1000 | shuf --random-source=/etc/passwd | sort -n | md5sum
seq 1000 | tac | tail -n 2
seq 50000 | wc
seq 5000 | sha256sum
seq 5000 | sha512sum | cut -c 1-20
seq 5000 | b2sum
seq 5000 | cksum
seq 100 | paste -s -d +
seq 100 | pr -5 -t -l 20
seq 20 | fmt -w 30
seq 20 | fold -w 7
seq 20 | nl | expand
seq 20 | od -c | head -n 3
seq 1000 | split -l 100 && ls
seq 1000 | csplit -s - 100 200 && ls
seq 30 | tr 1-5 a-e
seq 30 | uniq -c | sort -k 2n | tail -n 1
printf 'a 1\nb 2\n' >j1; printf 'a 3\nb 4\n' >j2; join j1 j2
printf 'a\nb\n' >c1; printf 'b\nc\n' >c2; comm c1 c2
printf 'a b\nb c\n' | tsort
factor 1234567890123456789 97
expr 3 \* 4
numfmt --to=iec 123456789
date -u -d @1000000000
basename /a/b.c .c; dirname /a/b
id; whoami; groups
uname -s; nproc >/dev/null; arch >/dev/null
env -i /usr/bin/env
printenv PATH
df / >/dev/null; du -s /etc/default >/dev/null
dd if=/etc/passwd of=d bs=7 2>/dev/null; cmp d /etc/passwd
truncate -s 1000 t; stat -c %s t
mktemp -d -p . >/dev/null
nice -n 5 nice
timeout 1 sleep 5; echo $?
yes | head -n 1000 | wc -l
tee t1 t2 </etc/passwd >/dev/null; cmp t1 t2
find /etc -maxdepth 1 -name 'pass*' -exec ls {} +
find /usr/share -name '*.so' 2>/dev/null | wc -l
seq 1000 | xargs -n 7 echo | wc -l
seq 100 | xargs -P 4 -n 1 echo | sort -n | tail -n 1
grep -rn root /etc/passwd /etc/group
seq 10000 | grep -E '^[0-9]{2}7+$'
seq 10000 | sed -n 's/77/<&>/p' | head -n 3
seq 10000 | awk '{ s += $1; n[$1 % 13]++ } END { print s, length(n) }'
seq 10000 | mawk '{ s = s $1 } END { print length(s) }'
seq 10000 | gawk '{ a[$1 % 100] = a[$1 % 100] $1 } END { print length(a[7]) }'
bash -c 'for ((i = 0; i < 20000; i++)); do a[i]=$i; done; echo ${#a[@]}'
bash -c 'declare -A h; for i in {1..5000}; do h[k$i]=$i; done; echo ${#h[@]}'
bash -c 'echo {1..1000} | wc -w; (exit 3); echo $?'
dash -c 'i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done; echo $i'
perl -e 'my %h; $h{$_ % 997} .= $_ for 1..100000; print length join "", values %h'
perl -MPOSIX -e 'print strftime("%Y", gmtime(0)), "\n"'
perl -e 'my @p; for (1..4) { my $p = fork; if (!$p) { my @a = (1..10000); exit 0 } push @p, $p } waitpid $_, 0 for @p; print "$?\n"'
python3 -c 'print(sum(len(str(i)) for i in range(200000)))'
python3 -c 'import json; print(len(json.dumps({str(i): list(range(i % 50)) for i in range(2000)})))'
python3 -c 'import threading as t; r=[]; a=[t.Thread(target=lambda: r.append(len([bytes(i) for i in range(2000)]))) for _ in range(8)]; [x.start() for x in a]; [x.join() for x in a]; print(r)'
python3 -c 'import subprocess; print(subprocess.run(["echo", "x"], capture_output=True).stdout)'
python3 -c 'import sqlite3; c=sqlite3.connect(":memory:"); c.execute("create table t(a)"); c.executemany("insert into t values(?)", ((i,) for i in range(5000))); print(c.execute("select sum(a) from t").fetchone())'
python3 -m zipfile -c z.zip /etc/passwd && python3 -m zipfile -l z.zip | wc -l
lua5.4 -e 't = {} for i = 1, 100000 do t[i] = tostring(i) end print(#table.concat(t))'
sqlite3 x.db 'create table t(a,b); with recursive n(i) as (values(1) union all select i+1 from n where i<20000) insert into t select i, hex(i) from n; select count(distinct b), sum(a) from t;'
echo '2^2000 % 1000007' | bc
echo '10 k 2 v p' | dc
echo 'define(`x'"'"',`y'"'"')x' | m4
printf 'all:\n\t@echo made\n' >Makefile && make -s -j 2
printf '1c\nnew\n.\nw o\nq\n' | ed -s /etc/passwd 2>/dev/null; head -n 1 o
vi -es -c '%s/root/toor/' -c 'w v' -c 'q!' /etc/passwd; head -n 1 v
diff /etc/passwd /etc/group | tail -n 1
cp /etc/passwd p1; sed s/root/r00t/ p1 >p2; diff -u p1 p2 >p.diff; patch -s p1 p.diff; cmp p1 p2
tar -cf t.tar -C /etc default && tar -tf t.tar | sort | head -n 3
tar -czf t.tgz -C /usr/share/doc bash && tar -xzf t.tgz && ls bash | head -n 2
seq 50000 | gzip -9n | gunzip | md5sum
seq 50000 | bzip2 | bunzip2 | md5sum
seq 50000 | xz -T 2 | unxz | md5sum
seq 50000 | zstd -q -T2 | zstd -dq | md5sum
zip -q z /etc/passwd && unzip -l z | tail -n 1 | awk '{ print $2 }'
echo /etc/passwd | cpio -o 2>/dev/null | cpio -t 2>/dev/null
rsync -a /etc/default/ copy/ && ls copy | head -n 3
git init -q r && cd r && git config user.email a@b && git config user.name a && seq 100 >f && git add f && GIT_AUTHOR_DATE=@0 GIT_COMMITTER_DATE=@0 git commit -qm x && git log --format=%s && git gc -q && git fsck
openssl dgst -sha256 /etc/passwd
openssl enc -aes-256-cbc -pass pass:x -pbkdf2 -S 0102030405060708 -in /etc/passwd | md5sum
openssl genpkey -algorithm ed25519 2>/dev/null | openssl pkey -noout && echo key
ssh-keygen -q -t ed25519 -N '' -f k && ssh-keygen -l -f k | awk '{ print $1, $4 }'
ssh -V 2>&1 | cut -c 1-7
jq -n '[range(5000)] | map(. * 2) | add'
file -b /etc/passwd /bin/true
xxd /etc/hostname | head -n 1; hexdump -C /etc/debian_version | head -n 1
column -t /etc/fstab; rev /etc/debian_version; look root /etc/passwd
tree -L 1 --noreport /etc/apt
man -w bash; man -P cat ls | wc -l >/dev/null
printf '.TH A 1\n.SH NAME\na \\- b\n' | groff -man -Tascii | grep -c NAME
printf '.Dd x\n.Dt A 1\n.Os\n.Sh NAME\n' | nroff -mdoc 2>/dev/null | grep -c NAME
less -F /etc/debian_version </dev/null
ps -o comm= -p 1 >/dev/null; pgrep -x nothing; free >/dev/null; uptime >/dev/null
killall -q nothing; fuser /etc/nothing 2>/dev/null; pstree >/dev/null
ip -o link show lo | cut -c 1-6
ping -q -c 1 127.0.0.1 >/dev/null; echo $?
getent passwd root; getent hosts 127.0.0.1 | awk '{ print $1 }'
getcap /usr/bin/ping
locale -a; iconv -f utf-8 -t latin1 /etc/passwd | cmp - /etc/passwd
getopt -o a:b -- -a 1 -b x
flock l echo locked
lscpu >/dev/null; lsblk >/dev/null 2>&1; findmnt / >/dev/null; cal 1 2000 2>/dev/null
script -qec 'echo in a terminal' /dev/null | tr -d '\r'
setpriv --no-new-privs id -u
su root -s /bin/sh -c 'id -u' </dev/null
su nobody -s /bin/sh -c 'id -u' </dev/null
su - tester -c 'echo "$0 $HOME"; umask' </dev/null
sudo -n -u tester sh -c 'id -un; echo $SUDO_USER'
sudo -n -l | tail -n 1
sudo -n cat /proc/self/comm
passwd -S "$(id -un)" | awk '{ print $1 }'
chage -l tester | head -n 1
crontab -l
newgrp nogroup </dev/null
mount -t nothing /nowhere /nowhere; umount /nowhere
chsh -s /nowhere nobody-here </dev/null; gpasswd -a x x </dev/null
bash -l -c 'shopt -q login_shell && echo login'
env -i HOME=/ SHELL=/bin/sh PATH=/usr/bin:/bin LOGNAME=x sh -c 'run-parts --test /etc/cron.daily'
dpkg -l bash | tail -n 1; dpkg -S /bin/bash; dpkg-query -W -f '${Version}\n' bash
apt-cache policy bash | head -n 2; apt-get -s install bash 2>/dev/null | tail -n 1
apt-config dump | wc -l >/dev/null; apt-mark showhold
update-alternatives --query awk | head -n 1
debconf-show debconf 2>/dev/null | wc -l >/dev/null; perl -c /usr/bin/debconf 2>&1
hello; hello -g words
strace -c true 2>/dev/null; strace -e trace=none true
/usr/bin/time -f %x true
/sbin/ldconfig -p | wc -l >/dev/null; ldd /bin/true | wc -l >/dev/null
hakmem-stat --version
exit 7
kill -SEGV $$
nonexistent-command
C

# The runner: each command in an empty folder, output and status to files.
cat >"$system/srv/run" <<'R'
#!/bin/bash
# run OUT [TRACE] - every command of /srv/commands
# run -r REPORTS - and what its programs say of their memory at their end
out=$1
[ "$out" = -r ] || mkdir -p "$out"
n=0
while IFS= read -r command; do
	n=$((n + 1))
	rm -rf "/tmp/work.$UID"
	mkdir "/tmp/work.$UID"
	cd "/tmp/work.$UID" || exit 1
	if [ "$out" = -r ]; then
		mkdir -p "$2/$n"
		# some of the programs are other users'
		chmod 1777 "$2/$n"
		HAKMEM_STATS=exit HAKMEM_STATS_FORMAT=json \
			HAKMEM_STATS_FILE="$2/$n/%e.%p" \
			timeout -k 5 100 sh -c "$command" >/dev/null 2>&1 \
			</dev/null
		continue
	fi
	if [ $# -gt 1 ]; then
		mkdir -p "$2/$n"
		strace -ff -qq -o "$2/$n/t" -e trace=execve,openat \
			-e signal=none timeout -k 5 100 sh -c "$command" \
			>/dev/null 2>&1 </dev/null
		continue
	fi
	timeout -k 5 100 sh -c "$command" >"$out/$n.out" 2>"$out/$n.err" \
		</dev/null
	echo $? >"$out/$n.status"
done </srv/commands
cd /
rm -rf "/tmp/work.$UID"
R
chmod 755 "$system/srv/run"
commands=$(grep -c . "$system/srv/commands")
check "more than 100 commands" [ "$commands" -gt 100 ]

# as USER ARGUMENT... - the runner as that user
as()
{
	user=$1
	shift
	# A run takes longer than inside() allows.
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		timeout -k 10 900 chroot --userspec="$user" "$system" \
		/srv/run "$@" </dev/null
}

# compare USER - one result for each command
compare()
{
	n=0
	while IFS= read -r command; do
		n=$((n + 1))
		different=
		for part in status out err; do
			cmp -s "$system/tmp/without.$1/$n.$part" \
				"$system/tmp/with.$1/$n.$part" ||
				different="$different $part"
		done
		if [ -z "$different" ]; then
			pass "$1: $command"
			continue
		fi
		for part in $different; do
			diff "$system/tmp/without.$1/$n.$part" \
				"$system/tmp/with.$1/$n.$part" | head -n 10
		done
		fail "$1: $command"
	done <"$system/srv/commands"
}

# mapped USER - each program that was started opened the library
mapped()
{
	started=0
	lacking=0
	for trace in "$system/tmp/trace.$1"/*/t.*; do
		programs=$(grep -c '^execve(.* = 0$' "$trace")
		libraries=$(grep -c \
			'^openat(.*libhakmem\.so\.0", .* = [0-9]' "$trace")
		started=$((started + programs))
		# A static program has nothing to load it with, and the loader
		# as a program is one.
		statics=$(grep '^execve(.* = 0$' "$trace" |
			grep -c -e '"/sbin/ldconfig' -e '"/lib[^"]*/ld-linux')
		if [ "$libraries" -lt $((programs - statics)) ]; then
			grep -e '^execve' "$trace"
			lacking=$((lacking + 1))
		fi
	done
	echo "$started programs were started"
	[ "$lacking" -eq 0 ] && [ "$started" -ge "$commands" ]
}

# served USER - of the programs that were started four in five, by name, wrote a
# report, and no request went elsewhere.  The others are scripts, become another
# program, are set-user-ID, leave by _exit(2) as sh does, or by a signal.
served()
{
	find "$system/tmp/trace.$1" -type f -exec sed -n \
		's/^execve("[^"]*\/\([^"\/]*\)".* = 0$/\1/p' {} + |
		sort -u >started.names
	find "$system/tmp/reports.$1" -type f | sed 's,.*/,,; s/\.[0-9]*$//' |
		sort -u >reported.names
	find "$system/tmp/reports.$1" -type f -exec cat {} + | awk '
		$1 == "\"mallocs\":" && $2 > 0 { n++; sum += $2 }
		/"(shared_fail|shared_fail_fallback|foreign_ignored|foreign_forwarded)": [1-9]/ {
			print
			stray++
		}
		END {
			print n + 0, "reports,", sum + 0, "mallocs"
			exit stray > 0
		}' || return 1
	started=$(wc -l <started.names)
	silent=$(comm -23 started.names reported.names | wc -l)
	echo "$started programs, of which $silent wrote no report"
	[ "$started" -gt 100 ] && [ $((silent * 5)) -le "$started" ]
}

for user in root nobody; do
	as "$user" "/tmp/without.$user" || fail "$user: run without"
done
check "enable" inside hakmem-preload enable
for user in root nobody; do
	as "$user" "/tmp/with.$user" || fail "$user: run with"
	as "$user" /tmp/none "/tmp/trace.$user"
	compare "$user"
	check "$user: every program has the library" mapped "$user"
	as "$user" -r "/tmp/reports.$user"
	check "$user: the library served the programs" served "$user"
	cat check.out
done

# Programs with privileges: they have it, too.
check "sudo has the library" inside sudo -n sh -c \
	'grep -q libhakmem /proc/$PPID/maps'
check "sudo by nobody has the library" inside setpriv --reuid=65534 \
	--clear-groups sudo -n sh -c 'grep -q libhakmem /proc/$PPID/maps'
check "su has the library" inside su root -s /bin/sh -c \
	'grep -q libhakmem /proc/$PPID/maps'
inside setpriv --reuid=65534 --regid=65534 --clear-groups \
	ping -q -c 3 127.0.0.1 >/dev/null 2>&1 &
sleep 1
pinging=$(inside pgrep -x ping | head -n 1)
check "ping, with file capabilities, by nobody has the library" inside \
	grep -q libhakmem "/proc/$pinging/maps"
wait
check "a login shell has the library" inside su - tester -c \
	'grep -q libhakmem /proc/$$/maps'
# served_in_sudo - how many allocations of a set-user-ID program it served
served_in_sudo()
{
	inside setpriv --reuid=65534 --clear-groups \
		sudo -n sh -c 'hakmem-stat -nRb -o MALLOCS $PPID'
}

check "a set-user-ID program is served" [ "$(served_in_sudo)" -gt 0 ]
echo 'ENABLE=0' >>"$system/etc/hakmem.conf"
check "hakmem.conf reaches a set-user-ID program" [ "$(served_in_sudo)" -eq 0 ]
sed -i '/^ENABLE=0$/d' "$system/etc/hakmem.conf"

# cron, for real: the next minute
echo '* * * * * root grep -c libhakmem /proc/self/maps >/tmp/from-cron 2>&1' \
	>"$system/etc/cron.d/libhakmem"
chroot "$system" /usr/sbin/cron -f >cron.out 2>&1 &
cron=$!
tries=0
while [ ! -s "$system/tmp/from-cron" ] && [ "$tries" -lt 130 ]; do
	tries=$((tries + 1))
	sleep 1
done
kill "$cron"
check "cron starts programs with it" grep -qx '[1-9][0-9]*' \
	"$system/tmp/from-cron"
check "cron says nothing" [ ! -s cron.out ]

# apt and dpkg from inside
inside apt-get -y purge hello >/dev/null 2>&1
inside apt-get -y -q -o Dpkg::Use-Pty=0 install hello >apt.out 2>apt.err
check "apt-get install" [ $? -eq 0 ]
# What a system without a terminal is always told
grep -v -e '^debconf: ' apt.err >apt.rest
check "apt-get says nothing that it did not say before" [ ! -s apt.rest ]
check "the package works" inside hello

if [ "$has_32_bit" = yes ]; then
	inside hakmem-preload disable >/dev/null
	inside dpkg --add-architecture i386
	inside apt-get update -q >update.out 2>&1
	inside apt-get -y install libhakmem0:i386 hello:i386 busybox:i386 \
		>apt.out 2>&1 || {
		tail -n 20 apt.out
		fail "32 bit: packages"
	}
	inside hello >hello.without 2>&1
	inside busybox seq 20000 >busybox.without 2>&1
	check "32 bit: enable" inside hakmem-preload enable
	inside hello >hello.with 2>&1
	check "32 bit: hello" cmp hello.without hello.with
	inside busybox seq 20000 >busybox.with 2>&1
	check "32 bit: busybox" cmp busybox.without busybox.with
	inside strace -qq -e trace=openat hello 2>hello.trace >/dev/null
	check "32 bit: hello has the library" grep -q \
		'/usr/lib/i386-linux-gnu/libhakmem\.so\.0", .* = [0-9]' \
		hello.trace
else
	echo "SKIP: system.sh: arch-test finds no i386"
fi

# The rescue that the manual gives, on a machine that is really broken: an
# open shell, and no program that starts.
cat >crash.c <<'F'
__attribute__((constructor)) static void crash(void) { __builtin_trap(); }
F
${CC:-cc} -shared -fPIC -o "$system/usr/lib/crash.so" crash.c
inside hakmem-preload disable >/dev/null
inside sh -c 'echo /usr/lib/crash.so >/etc/ld.so.preload
	ls / >/dev/null 2>&1 && echo "not broken"
	: > /etc/ld.so.preload
	ls /' >rescue.out 2>&1
check "the rescue works" sh -c \
	'! grep -q "not broken" rescue.out && grep -qx etc rescue.out'
