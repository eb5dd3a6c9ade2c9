#!/bin/bash
# SPDX-License-Identifier: MIT
# Recordings and the page made of them: the figures of the program's life, cut
# recordings, bad ones, write errors.

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

command -v python3 >/dev/null || unsupported "needs python3"
compile target
start env LD_PRELOAD="$lib" ./target
order alloc 1000 100

# A count of looks, written to the file that is there by default.
"$stat" record "$pid" 0.02 5 >said || fail "record with a count"
grep -qx "hakmem.rec: 5 looks at target ($pid)" said || fail "$(cat said)"
same "lines" "$(gzip -dc hakmem.rec | wc -l)" 6
"$stat" report || fail "report"
grep -q "<h1>Heap of target ($pid)</h1>" hakmem.html || fail "no heading"
grep -q "5 looks over" hakmem.html || fail "no number of looks"

# The program's life: up, down, the end.  The page has the figures.
"$stat" record --to life.rec "$pid" 0.05 >said &
recorder=$!
sleep 0.3
order alloc 1000 40000
"$stat" --json "$pid" >most.json
sleep 0.3
order free 39000
order threads 2 100 200
sleep 0.3
stop
wait "$recorder" || fail "record ends with $? when the process does"
"$stat" report --to life.html life.rec || fail "report"
most=$(figure most.json live_bytes)
python3 - "$most" life.html <<'END' || fail "the page"
import html.parser
import re
import sys

most = int(sys.argv[1])
page = open(sys.argv[2], encoding="utf-8").read()


class Checker(html.parser.HTMLParser):
    """Every element is closed, in order; what is shown as text is kept."""
    def __init__(self):
        super().__init__()
        self.open, self.cells, self.count = [], [], {}

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        for name, value in attrs:
            if name in ("src", "href") or re.match("on", name):
                sys.exit(f"{tag} has {name}")
            if "://" in (value or "") and name != "xmlns":
                sys.exit(f"{name} leads to {value}")
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            sys.exit(f"unexpected end of {tag}")

    def handle_data(self, data):
        if self.open and self.open[-1] == "td":
            self.cells.append(data)


checker = Checker()
checker.feed(page)
if checker.open:
    sys.exit(f"not closed: {checker.open}")
for tag, least in (("svg", 9), ("path", 10), ("polyline", 5), ("rect", 50)):
    if checker.count.get(tag, 0) < least:
        sys.exit(f"{checker.count.get(tag)} {tag} elements")
if checker.count.get("script"):
    sys.exit("a script")
cells = checker.cells
row = cells[cells.index("Live"):][:5]
unit = {"K": 1 << 10, "M": 1 << 20}


def size(text):
    return float(text.rstrip("KM")) * unit.get(text[-1], 1)


if abs(size(row[3]) - most) > 0.02 * most:
    sys.exit(f"most live: {row[3]}, not {most}")
if size(row[4]) > most / 10:
    sys.exit(f"live at the end: {row[4]}")
heaps = cells[cells.index("Heaps of threads"):][:5]
if int(heaps[3]) != 3:
    sys.exit(f"heaps at most: {heaps[3]}")
# The largest number of slots in use was then, not at the end.
maps = re.findall(r"in use \(after (\d+)s\)", page)
if not maps:
    sys.exit("no map of the peak")
END

# A recorder that is killed leaves what it had seen; one that is told to stop
# ends in order.
start env LD_PRELOAD="$lib" ./target
"$stat" record --to killed.rec "$pid" 0.02 &
recorder=$!
sleep 0.4
kill -KILL "$recorder"
wait "$recorder" 2>/dev/null
"$stat" report --to killed.html killed.rec || fail "killed: no report"
grep -q 'the recording was cut off' killed.html || fail "killed: not said"
"$stat" record --to term.rec "$pid" 10 >said &
recorder=$!
until [ -s term.rec ] && gzip -dc term.rec 2>/dev/null | grep -q '"pid"'; do
	sleep 0.02
done
kill -TERM "$recorder"
wait "$recorder" || fail "told to stop: $?"
gzip -t term.rec || fail "told to stop: the file is not complete"
"$stat" report --to term.html term.rec || fail "told to stop: no report"
! grep -q 'cut off' term.html || fail "told to stop: cut off"

# A name full of markup does no harm.
cp target '<b>&"x'
start env LD_PRELOAD="$lib" './<b>&"x'
"$stat" record --to name.rec "$pid" 0.02 3 >/dev/null || fail "name"
"$stat" report --to - name.rec >name.html || fail "name: no report"
grep -qF '<h1>Heap of &lt;b&gt;&amp;&quot;x (' name.html || fail "name"
! grep -qF '<b>' name.html || fail "name: not escaped"

# Bad recordings, errors of writing, wrong use.
expect 1 'cannot read no-file' "$stat" report no-file
echo "no recording" >bad
expect 1 'not a recording' "$stat" report bad
gzip -dc hakmem.rec | head -n 1 | gzip >empty.rec
expect 1 'recording of nothing' "$stat" report empty.rec
{ gzip -dc hakmem.rec; echo '{"figures": 7, "classes": [1, {"class": 1e9}]}'
	echo '[]'; echo 'garbage'; } | gzip >strange.rec
"$stat" report --to strange.html strange.rec || fail "strange recording"
head -c 700 hakmem.rec >short.rec
expect 1 'recording of nothing|not a recording' "$stat" report short.rec
expect 1 'cannot write' "$stat" report --to /dev/full hakmem.rec
expect 1 'cannot write' "$stat" report --to /no/dir/x hakmem.rec
expect 1 'cannot write' "$stat" record --to /no/dir/x "$pid"
expect 1 'cannot write' "$stat" record --to /dev/full "$pid" 0.01 5
expect 2 'no such process' "$stat" record 4194305
expect 1 'record takes a process' "$stat" record
expect 1 'report takes a recording' "$stat" report hakmem.rec 1
[ ! -e hakmem.rec.tmp ] || fail "left-overs"
finish
