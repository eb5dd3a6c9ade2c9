#!/bin/sh
# SPDX-License-Identifier: MIT
# Many processes: by name, user and control group; as table, JSON and in
# Prometheus' format, with the figures of each.

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

compile target
name=hakstat-$$
cp target "$name"
start env LD_PRELOAD="$lib" "./$name"
order alloc 1000 3000
first=$pid
exec 7>&9
start env LD_PRELOAD="$lib" "./$name"
order alloc 1000 100
second=$pid
lower=$first
[ "$second" -lt "$lower" ] && lower=$second

# pids - of the table in "out"
pids()
{
	awk 'NR > 1 { print $1 }' out | tr '\n' ' '
}

both="$first $second "
[ "$lower" = "$second" ] && both="$second $first "
expect 0 '^PID' "$stat" "$name"
same "processes of the name" "$(pids)" "$both"
expect 0 '^PID' "$stat"
for p in $both; do
	grep -q "^$p " out || fail "no $p among all"
done
expect 0 '^PID' "$stat" --all
expect 2 "no process of this name" "$stat" "$name-not"
expect 4 "no process with libhakmem" "$stat" -g /no/such/group
expect 1 "choose it by its number" "$stat" -c "$name"
expect 1 "no such user" "$stat" -u "no such user"
expect 1 "all and a process" "$stat" -a "$name"
expect 1 "one look" "$stat" --to file "$first" 1
# With a choice a number is the interval.
expect 0 "^$first " "$stat" -n -u "$(id -u)" 0.02 2
same "lines for the first" "$(grep -c "^$first " out)" 2
expect 0 '^PID' "$stat" -g / "$name"
same "processes of the root group" "$(pids)" "$both"
# The longest path that fits, and one that only begins like it.
group=$(awk -F: '$2 ~ /memory/ { m = $3 } $1 == 0 && !m { m = $3 }
	END { print m }' "/proc/$first/cgroup")
expect 0 '^PID' "$stat" -g "$group" "$name"
same "processes of group $group" "$(pids)" "$both"
if [ "$group" != / ]; then
	expect 2 "no process of this name" "$stat" -g "${group%?}" "$name"
fi
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	exec 6>&9
	chmod 755 .
	start setpriv --reuid=65534 --clear-groups env LD_PRELOAD="$lib" \
		"./$name"
	expect 0 "^$pid " "$stat" -u 65534 "$name" -o PID,LIVE,RSS
	! grep -q "^$first " out || fail "another user's process"
	stop
fi

# JSON: an array of what single looks show.
"$stat" --json "$name" >many.json || fail "json"
same "first character" "$(head -c 1 many.json)" "["
"$stat" --json "$first" | grep -A 2 '"figures"' >one
grep -qF "$(sed -n 2p one)" many.json || fail "figures of the first: $(cat one)"

# Prometheus: the same figures, under the right names.
"$stat" --prometheus "$name" >metrics || fail "prometheus"
for p in $first $second; do
	"$stat" --json "$p" >one.json
	for pair in live_bytes:hakmem_live_bytes mallocs:hakmem_mallocs_total \
		live_objects:hakmem_live_objects; do
		same "${pair#*:} of $p" "$(sed -n \
			"s/^${pair#*:}{pid=\"$p\",name=\"$name\"} //p" \
			metrics)" "$(figure one.json "${pair%:*}")"
	done
done
grep -q '^hakmem_stat_processes{result="shown"} 2$' metrics ||
	fail "count of processes"
# Each family once, all its lines together.
awk '/^# TYPE/ { if (seen[$3]++) exit 1; family = $3; next }
	/^[a-z]/ { name = $1; sub(/\{.*/, "", name)
		if (name != family) exit 1; n++ }
	END { exit n < 60 }' metrics || fail "families of the metrics"
if command -v promtool >/dev/null; then
	# shellcheck disable=SC2094 # it only reads
	promtool check metrics <metrics || fail "promtool"
fi

# A name that tries to break out of its label.
cp target 'a"b\c'
start env LD_PRELOAD="$lib" './a"b\c'
"$stat" --prometheus "$pid" >metrics
grep -qF 'name="a\"b\\c"}' metrics || fail "escapes: $(grep info metrics)"
stop

# --to: complete or not at all.
echo old >file
chmod 600 file
"$stat" --prometheus --all --to file || fail "--to"
grep -q "^hakmem_live_bytes{pid=\"$first\"" file || fail "--to wrote nothing"
expect 2 'no such process' "$stat" --to file --json 4194305
grep -q "^hakmem_live_bytes{pid=\"$first\"" file || fail "--to lost the old file"
expect 1 'cannot write' "$stat" --to /no/such/dir/file "$first"
expect 1 'cannot write' "$stat" --to /dev/full "$first"
[ -c /dev/full ] || fail "/dev/full was replaced"
[ -z "$(find . -name '*.tmp')" ] || fail "left: $(find . -name '*.tmp')"
finish
