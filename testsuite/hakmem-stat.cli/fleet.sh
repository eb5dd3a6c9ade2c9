#!/bin/bash
# SPDX-License-Identifier: MIT
# From two processes to a query: hakmem-stat as the systemd service calls it,
# node_exporter's textfile collector, Prometheus, the alert rules.
# { dg-hakmem-timeout "120" }

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

fleet=$top_srcdir/tools/hakmem-stat/fleet
service=$top_builddir/tools/hakmem-stat/fleet/hakmem-stat.service

# The units.
exec_start=$(sed -n 's/^ExecStart=//p' "$service")
case $exec_start in
/*/hakmem-stat\ *) ;;
*) fail "ExecStart: $exec_start" ;;
esac
if command -v systemd-analyze >/dev/null; then
	sed "s|^ExecStart=[^ ]*|ExecStart=$stat|" "$service" \
		>hakmem-stat.service
	cp "$fleet/hakmem-stat.timer" .
	# its complaints about manual pages that are not installed do not count
	systemd-analyze verify ./hakmem-stat.service ./hakmem-stat.timer \
		2>&1 | grep -v "Command 'man " >verify.out
	[ ! -s verify.out ] || fail "units: $(cat verify.out)"
fi

for program in promtool prometheus prometheus-node-exporter python3; do
	command -v "$program" >/dev/null || {
		[ "$wrong" = 0 ] || finish
		unsupported "needs $program"
	}
done

promtool check rules "$fleet/hakmem.rules.yml" >rules.out 2>&1 ||
	fail "rules: $(cat rules.out)"
promtool test rules "$fleet/hakmem.rules.test.yml" >rules.out 2>&1 ||
	fail "tests of the rules: $(cat rules.out)"

# Two processes, and what the service would run, but for its paths.
compile target
name=flt$$
cp target "$name"
start env LD_PRELOAD="$lib" "./$name"
order alloc 1000 5000
first=$pid
exec 7>&9
start env LD_PRELOAD="$lib" "./$name"
order alloc 3000 7000
second=$pid
mkdir textfile
# shellcheck disable=SC2086 # words
set -- ${exec_start#* }
"$stat" "${@:1:$#-1}" textfile/hakmem.prom || fail "the service's command"
promtool check metrics <textfile/hakmem.prom >metrics.out 2>&1 ||
	fail "metrics: $(cat metrics.out)"
[ ! -s metrics.out ] || fail "metrics: $(cat metrics.out)"

port()
{
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}
exporter_port=$(port)
server_port=$(port)

prometheus-node-exporter --web.listen-address="127.0.0.1:$exporter_port" \
	--collector.disable-defaults --collector.textfile \
	--collector.textfile.directory=textfile >exporter.log 2>&1 &
targets="$targets $!"
cat >prometheus.yml <<END
global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files:
  - $fleet/hakmem.rules.yml
scrape_configs:
  - job_name: node
    static_configs:
      - targets: ["127.0.0.1:$exporter_port"]
END
promtool check config prometheus.yml >config.out 2>&1 ||
	fail "configuration: $(cat config.out)"
prometheus --config.file=prometheus.yml --storage.tsdb.path=data \
	--web.listen-address="127.0.0.1:$server_port" >server.log 2>&1 &
targets="$targets $!"

"$stat" --json "$first" >first.json
"$stat" --json "$second" >second.json
python3 - "$server_port" "$name" "$first" "$second" <<'END' || {
import json
import sys
import time
import urllib.parse
import urllib.request

port, name, *pids = sys.argv[1:]


def get(path, **query):
    url = f"http://127.0.0.1:{port}/api/v1/{path}?" + \
        urllib.parse.urlencode(query)
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)["data"]


def value(expr):
    return {r["metric"].get("pid"): float(r["value"][1])
            for r in get("query", query=expr)["result"]}


for _ in range(200):
    try:
        live = value(f'hakmem_live_bytes{{name="{name}"}}')
        if len(live) == 2:
            break
    except OSError:
        pass
    time.sleep(0.1)
else:
    sys.exit("the series do not arrive")

total = 0
for pid, file in zip(pids, ("first.json", "second.json")):
    printed = json.load(open(file))
    for expr, want in (
            ("hakmem_live_bytes", printed["figures"]["live_bytes"]),
            ("hakmem_mallocs_total", printed["figures"]["mallocs"]),
            ('hakmem_slots{state="active"}', printed["pool"]["slots_active"]),
            ("hakmem_heaps{state=\"live\"}", printed["heaps"]["live"])):
        have = value(expr)[pid]
        if have != want:
            sys.exit(f"{expr} of {pid} is {have}, not {want}")
    total += printed["figures"]["live_bytes"]
have = value(f'sum(hakmem_live_bytes{{name="{name}"}})')[None]
if have != total:
    sys.exit(f"the sum is {have}, not {total}")
rules = get("rules")["groups"][0]["rules"]
bad = [r["name"] for r in rules if r["health"] not in ("ok", "unknown")]
if len(rules) < 8 or bad:
    sys.exit(f"{len(rules)} rules, not healthy: {bad}")
print(f"the sum of two processes by query: {int(have)}")
END
	fail "query"
	tail -n 3 exporter.log server.log
}
finish
