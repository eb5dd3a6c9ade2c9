#!/bin/sh
# SPDX-License-Identifier: MIT
# redis-server under redis-benchmark; the same data sets.
# { dg-hakmem-timeout "120" }
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed

. "${srcdir:?}/lib/preload.sh"

need redis-server redis-benchmark redis-cli
requests=$(pick 3000 100000)
# Debian's server is linked with an allocator of its own.
# shellcheck disable=SC2034 # for same
baseline=libc.so.6

ask() {
	redis-cli -s ./socket "$@"
}

# The figures differ from run to run, the names do not.
load() {
	redis-benchmark -s ./socket -c 20 -P 8 --csv "$@" | cut -d , -f 1
}

# No port: the socket is in the test's own directory.
start() {
	redis-server --port 0 --unixsocket ./socket --save '' \
		--enable-debug-command local --logfile log "$@" &
	server=$!
	tries=0
	until ask ping >pong 2>&1 && grep -q PONG pong; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] && kill -0 $server || return 1
		sleep 0.05
	done
	rm pong
}

# Random keys first: they are gone before anything is compared.
work_on() {
	load -n "$requests" -r "$requests" -d 200 \
		-t set,get,lpush,lpop,sadd,spop,hset,zadd,zpopmin,mset &&
		ask flushall &&
		load -n "$requests" -d 3000 -t set,lpush,rpush,lpop,sadd &&
		load -n "$requests" -t incr,hset,zadd,mset,lrange_100 &&
		ask eval 'for i = 1, tonumber(ARGV[1]) do
			redis.call("rpush", "l" .. i % 100, i, i * i)
			redis.call("hset", "h" .. i % 77, i, ("x"):rep(i % 90))
		end return redis.call("dbsize")' 0 "$requests" &&
		ask debug digest &&
		ask debug reload &&
		ask debug digest &&
		ask hset h1 onlyone &&
		ask info errorstats
}

with_redis() {
	start "$@" && work_on
	status=$?
	kill $server
	wait $server
	echo "status: $status, of the server: $?"
	[ $status -eq 0 ] || tail -n 20 log >&2
	# They tell times.
	rm -rf log dump.rdb appendonlydir
	return $status
}

# Threads that wait by spinning: not where a test has to be quick.
with_threads() {
	requests=$((requests / 10))
	with_redis --io-threads 2 --io-threads-do-reads yes --appendonly yes \
		--lazyfree-lazy-user-flush yes
}

same "redis-server" with_redis
succeeded "redis-server" 0 '^status: 0, of the server: 0$'
ours redis-server 50000
ours redis-benchmark 50000
if [ "$long" ]; then
	same "redis-server with threads and a log" with_threads
	succeeded "redis-server with threads and a log" 0 \
		'^status: 0, of the server: 0$'
	ours redis-server 50000
fi
finish
