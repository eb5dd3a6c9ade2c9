#!/bin/bash
# SPDX-License-Identifier: MIT
# What hakmem-stat draws, as a person would see it: the report in a browser, on
# a phone and on a desk; the map as a picture.

srcdir=${srcdir:?}
# shellcheck source=testsuite/lib/stat.sh
. "$srcdir/lib/stat.sh"

skip()
{
	echo "SKIP: $1: $2"
	[ "$wrong" = 0 ] || finish
	exit 0
}

[ -x "$stat" ] || skip "pictures" "built without hakmem-stat"
command -v python3 >/dev/null || skip "pictures" "needs python3"

# A life with ups and downs.
compile target
start env LD_PRELOAD="$lib" HAKMEM_PURGE_DELAY=300ms ./target
"$stat" record --to life.rec "$pid" 0.05 >/dev/null &
recorder=$!
for _ in 1 2 3; do
	order alloc 1000 30000
	order alloc 200 20000
	sleep 0.3
	order free 45000
	order spin 20
	sleep 0.5
done
order threads 3 3000 200
order alloc 60000 40
order free 20
sleep 0.2
"$stat" --json "$pid" >last.json
"$stat" -m --svg map.svg "$pid" >map.txt
order free 1
stop
wait "$recorder" || fail "recording"
"$stat" report --to report.html life.rec || fail "report"

# ---- the map ---------------------------------------------------------------

command -v rsvg-convert >/dev/null || skip "map" "needs rsvg-convert"
rsvg-convert map.svg -o map.png || fail "map: not drawn"
# Cells of 9 pixels, 10 apart; neighbours of a kind are one shape; the legend
# has one of 10 x 10 of each kind.
want=$(sed '1d;$d' map.txt | awk '
	{ s = $2
	  while (length(s)) {
		c = substr(s, 1, 1); n = 1
		while (substr(s, n + 1, 1) == c) n++
		area[c] += (n * 10 - 1) * 9
		s = substr(s, n + 1)
	  } }
	END { print area["#"] + 100, area["+"] + 100, area["o"] + 100,
		area["~"] + 100 }')
# the grey of unused slots is also that of some edges of letters
have=$(python3 "$here/stat_png.py" map.png 2d7d46 8fce8f f2c14e b9d3ee)
same "pixels of the map by state" "${have#* * }" "$want"
[ "$wrong" = 0 ] && echo "PASS: the map's colours, pixel by pixel: $want"

# ---- the report in a browser -----------------------------------------------

browser=$(command -v chromium || command -v chromium-browser) ||
	skip "report" "needs chromium"

# browse WIDTH HEIGHT FILE FLAG... - headless; errors of the console on stderr
browse()
{
	timeout 120 "$browser" --headless --no-sandbox --disable-gpu \
		--hide-scrollbars --user-data-dir="$PWD/profile" \
		--enable-logging=stderr --v=0 --window-size="$1,$2" \
		"${@:4}" "file://$PWD/$3" 2>console.all || return 1
	grep -i 'CONSOLE' console.all >console.out
	return 0
}

# The page with a script behind it that measures what is seen.
cat report.html - >measured.html <<'END'
<script>
const rect = e => e.getBoundingClientRect();
const all = (s, e) => [...(e || document).querySelectorAll(s)];
const wrong = [];
const inside = (e, what) => {
	const r = rect(e);
	if (r.width <= 0 || r.height <= 0)
		wrong.push(what + " is not seen");
	else if (r.left < -1 || r.right > innerWidth + 1)
		wrong.push(what + " is cut off: " + r.left + ".." + r.right);
};
all("h1,h2,p,figcaption,.chart,#figures").forEach(e =>
	inside(e, e.tagName + " " + (e.textContent || "").slice(0, 20)));
const page = document.scrollingElement;
if (page.scrollWidth > innerWidth)
	wrong.push("the page is wider than the screen: " + page.scrollWidth);
all(".chart").forEach(c => {
	const title = c.querySelector("title").textContent;
	const box = rect(c), labels = all("text", c);
	if (labels.length < 4)
		wrong.push(title + ": no axis");
	labels.forEach(t => {
		const r = rect(t);
		if (r.height < 8)
			wrong.push(title + ": letters of " + r.height + " pixels");
		if (r.left < box.left - 1 || r.right > box.right + 1)
			wrong.push(title + ": " + t.textContent + " sticks out");
	});
	/* labels of one axis do not lie on each other */
	labels.forEach((t, i) => labels.slice(i + 1).forEach(u => {
		const a = rect(t), b = rect(u);
		if (a.left < b.right - 1 && b.left < a.right - 1 &&
		    a.top < b.bottom - 3 && b.top < a.bottom - 3)
			wrong.push(title + ": " + t.textContent + " and " +
				   u.textContent + " overlap");
	}));
	const shapes = all("path,polyline,.heat rect", c).filter(
		s => rect(s).width > 0 && rect(s).height > 0);
	if (!shapes.length)
		wrong.push(title + ": nothing is drawn");
	shapes.forEach(s => {
		const r = rect(s);
		if (r.top < box.top - 1 || r.bottom > box.bottom + 1)
			wrong.push(title + ": a shape leaves the picture");
	});
});
const columns = new Set(all(".grid")[0].children.length ?
	[...all(".grid")[0].children].map(e => Math.round(rect(e).left)) : []);
const out = document.createElement("pre");
out.id = "probe";
out.textContent = "charts " + all(".chart").length + " columns " +
	columns.size + " wrong " + wrong.length + ": " +
	wrong.slice(0, 5).join("; ");
document.body.append(out);
</script>
END

# That errors are seen at all:
echo '<script>console.error("seen"); nothing.there()</script>' >error.html
browse 400 400 error.html --dump-dom >/dev/null
[ "$(wc -l <console.out)" -ge 2 ] || fail "errors of the console are not seen"

for screen in 390x844:1 1280x900:2; do
	width=${screen%x*}
	height=${screen#*x}
	height=${height%:*}
	browse "$width" "$height" measured.html --dump-dom >dom.html ||
		fail "$width: the browser fails: $(tail -n 3 console.all)"
	[ ! -s console.out ] || fail "$width: $(cat console.out)"
	probe=$(sed -n 's|.*<pre id="probe">\(.*\)</pre>.*|\1|p' dom.html)
	same "$width pixels" "$probe" "charts 7 columns ${screen#*:} wrong 0: "
	browse "$width" "$height" report.html --screenshot="$PWD/shot.png"
	# blue of what lives, sand of gaps: shapes that are really painted
	# shellcheck disable=SC2046 # words
	set -- $(python3 "$here/stat_png.py" shot.png 3b6fb6 e0a83c ffffff)
	same "$width: picture" "$1x$2" "${width}x$height"
	between "$width: pixels of live bytes" "$3" 1000 $((width * height / 2))
	between "$width: pixels of gaps" "$4" 50 $((width * height / 4))
	between "$width: white" "$5" $((width * height / 4)) \
		$((width * height))
	[ "$wrong" = 0 ] && echo "PASS: the report, $width pixels wide"
done
finish
