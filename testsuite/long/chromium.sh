#!/bin/sh
# SPDX-License-Identifier: MIT
# chromium without a window: the document that a page's scripts leave behind, 20
# times, the same each time and with status 0.
#
# It brings an allocator of its own, which takes malloc's place in its program;
# its libraries, and the C library, come to ours where they do not come to it.
# So each of its processes has to have the library mapped; how many blocks are
# ours there is printed, not judged.
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed
. "${srcdir:?}/lib/preload.sh"
: "${top_builddir:?}"

times=${CHROMIUM_TIMES:-20}

need chromium timeout

cat >"$work/page.html" <<'END'
<!DOCTYPE html>
<title>page</title>
<style>.a { display: grid } .a b { color: red }</style>
<div id="at"></div>
<canvas id="c" width="300" height="200"></canvas>
<script>
let x = 1;
const number = () => (x = x * 16807 % 2147483647);
const live = [];
for (let i = 0; i < 100000; i++)
	live[number() % 1000] = { t: "t".repeat(number() % 100), i };
const at = document.getElementById("at");
for (let i = 0; i < 2000; i++) {
	const e = document.createElement(i % 3 ? "b" : "p");
	e.className = "a";
	e.textContent = live[i % 1000] ? live[i % 1000].t.length : "";
	at.append(e);
	if (i % 5 == 0)
		at.firstChild.remove();
}
const g = document.getElementById("c").getContext("2d");
for (let i = 0; i < 200; i++)
	g.fillRect(number() % 300, number() % 200, 9, 9);
const d = g.getImageData(0, 0, 300, 200).data;
document.title = "sum " + d.reduce((a, b) => (a * 31 + b) % 1000003, 0) +
	" " + /(\d+)-\1/.test("12-12") + " " + JSON.stringify(live).length;
</script>
END

# $work/run is new for each run.
load() {
	i=0
	while [ $i -lt "$times" ]; do
		i=$((i + 1))
		rm -rf profile
		mkdir profile
		HOME=$PWD/profile timeout -k 5 60 chromium --headless \
			--no-sandbox --disable-gpu --disable-quic \
			--no-first-run --disable-background-networking \
			--disable-component-update --disable-sync \
			--user-data-dir="$PWD/profile" --dump-dom \
			"file://$work/page.html" >dom 2>err
		status=$?
		echo "$i: status $status, $(cksum <dom)"
		[ $status -eq 0 ] || tail -n 5 err >&2
		grep -o '<title>sum.*</title>' dom
		grep -a 'hakmem: ' err
	done
	rm -rf profile err
	return 0
}

echo "chromium, $times times, $(date +%H:%M:%S)"
same "chromium" load
succeeded "chromium" 0 "^$times: status 0, "
succeeded "the page's script" 0 '^<title>sum [0-9]+ true [0-9]+</title>$'

# shellcheck disable=SC2013 # numbers
# children PID - it and all that descend from it
children() {
	echo "$1"
	for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		children "$child"
	done
}

rm -rf "$work/profile"
mkdir "$work/profile"
HOME=$work/profile LD_PRELOAD="$lib" timeout -k 5 60 chromium --headless \
	--no-sandbox --disable-gpu --disable-quic --no-first-run \
	--disable-background-networking --disable-component-update \
	--disable-sync --user-data-dir="$work/profile" \
	--remote-debugging-port=0 "file://$work/page.html" >/dev/null 2>&1 &
browser=$!
tries=0
until [ -s "$work/profile/DevToolsActivePort" ] || [ $tries -eq 100 ]; do
	tries=$((tries + 1))
	sleep 0.1
done
sleep 1
processes=0
mapped=0
for pid in $(children $browser); do
	name=$(cat "/proc/$pid/comm" 2>/dev/null)
	[ "$name" = chromium ] || continue
	processes=$((processes + 1))
	! grep -q /libhakmem "/proc/$pid/maps" || mapped=$((mapped + 1))
	[ ! -x "$top_builddir/hakmem-stat" ] ||
		timeout 20 "$top_builddir/hakmem-stat" "$pid" 2>&1 | tail -n 1
done
kill $browser
wait $browser
if [ $processes -ge 3 ] && [ $mapped -eq $processes ]; then
	pass "$processes processes of chromium have the library mapped"
else
	fail "processes of chromium have the library mapped" \
		"$mapped of $processes"
fi
finish
