#!/bin/sh
# SPDX-License-Identifier: MIT
# nginx under wrk for NGINX_SECONDS: files, compressed and not, through a proxy
# and a cache; then reloaded.  Each request is answered with status 200.
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed
. "${srcdir:?}/lib/preload.sh"

seconds=${NGINX_SECONDS:-10}
port=${NGINX_PORT:-18473}

PATH=$PATH:/usr/sbin
need nginx wrk curl

user=
if [ "$(id -u)" -eq 0 ]; then
	user="user nobody nogroup;"
	elsewhere nginx
fi

setup() {
	chmod 777 "$reports"
	mkdir html temp
	numbers 40000 >html/large.txt
	numbers 40 >html/small.txt
	cat >conf <<C
$user
worker_processes 2;
daemon off;
pid $PWD/pid;
error_log $PWD/error.log notice;
events { worker_connections 1000; }
http {
	client_body_temp_path $PWD/temp/body;
	proxy_temp_path $PWD/temp/proxy;
	fastcgi_temp_path $PWD/temp/fastcgi;
	uwsgi_temp_path $PWD/temp/uwsgi;
	scgi_temp_path $PWD/temp/scgi;
	proxy_cache_path $PWD/temp/cache keys_zone=c:1m max_size=10m;
	log_format status '\$status';
	access_log $PWD/access.log status buffer=64k flush=1s;
	types { text/plain txt; }
	server {
		listen 127.0.0.1:$port;
		root $PWD/html;
		location / { }
		location /gz/ {
			alias $PWD/html/;
			gzip on;
			gzip_types text/plain;
		}
		location /proxy/ { proxy_pass http://127.0.0.1:$port/gz/; }
		location /cache/ {
			proxy_pass http://127.0.0.1:$port/;
			proxy_cache c;
			proxy_cache_valid 200 1s;
		}
	}
}
C
}

# wrk counts what is not 2xx or 3xx; the log has every status.
cat >"$work/paths.lua" <<'L'
local paths = { "/small.txt", "/gz/small.txt", "/proxy/small.txt",
	"/cache/small.txt?", "/gz/large.txt", "/cache/large.txt", "/large.txt" }
local n = 0
request = function()
	n = n + 1
	local path = paths[n % 50 < 47 and n % 4 + 1 or n % 50 - 42]
	if path:sub(-1) == "?" then
		path = path .. n % 300
	end
	return wrk.format("GET", path, { ["Accept-Encoding"] = "gzip" })
end
done = function(summary, latency, requests)
	local e = summary.errors
	print("errors: " .. e.connect + e.read + e.write + e.status + e.timeout)
	print(summary.requests > 500 and "enough" or "too few")
end
L

# The workers of the server that have the library mapped; the cache has
# processes of its own.
workers() {
	tr ' ' '\n' <"/proc/$server/task/$server/children" |
		while read -r pid; do
			grep -aq 'worker process' "/proc/$pid/cmdline" &&
				grep -q libhakmem "/proc/$pid/maps" &&
				echo mapped
		done | wc -l >"$work/mapped"
}

get() {
	for path in small.txt gz/small.txt gz/large.txt proxy/large.txt \
		cache/large.txt cache/large.txt; do
		curl -s --compressed "http://127.0.0.1:$port/$path" | cksum
	done
}

load() {
	# Titles overwrite the name that %e has.
	HAKMEM_STATS_FILE="$reports/server.%p.json" nginx -c "$PWD/conf" \
		-e "$PWD/error.log" &
	server=$!
	tries=0
	until curl -s -o first "http://127.0.0.1:$port/small.txt"; do
		tries=$((tries + 1))
		if [ $tries -eq 200 ]; then
			cat error.log >&2
			return 1
		fi
		sleep 0.05
	done
	get
	workers
	wrk -t 2 -c 20 -d "${seconds}s" --timeout 10s -s "$work/paths.lua" \
		"http://127.0.0.1:$port/" >wrk.log
	grep -E '^(errors|enough|too few)|Non-2xx' wrk.log
	grep '^Requests/sec' wrk.log >"$work/rate"
	kill -HUP $server
	get
	get
	sleep 1.5
	kill -QUIT $server
	wait $server
	echo "server: $?"
	# 499: wrk's time was up, and it went away.
	echo "statuses: $(grep -vx 499 access.log | sort -u | tr '\n' ' ')"
	grep -E '\[(warn|error|crit|alert|emerg)\]' error.log
	rm -rf access.log error.log wrk.log temp pid
}

echo "wrk, $(date +%H:%M:%S)"
same "nginx under wrk, $seconds s" load
succeeded "nginx under wrk" 0 '^statuses: 200 $'
ours server 1000
ours wrk 50
if [ "$(cat "$work/mapped")" -eq 2 ]; then
	pass "both workers have the library mapped"
else
	fail "both workers have the library mapped" "$(cat "$work/mapped")"
fi
sed 's/^/with the library: /' "$work/rate"
finish
