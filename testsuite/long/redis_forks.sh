#!/bin/sh
# SPDX-License-Identifier: MIT
# redis-server that saves in a child, time and again, while redis-benchmark
# changes what it has; each dump is read by another server.
#
# Debian's server brings an allocator of its own: the run without the library
# has the C library preloaded, whose malloc then takes its place, as ours does.
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed
. "${srcdir:?}/lib/preload.sh"

saves=${REDIS_SAVES:-20}
# shellcheck disable=SC2034 # for same
baseline=libc.so.6

need redis-server redis-benchmark redis-cli

# ask SERVER COMMAND...
ask() {
	socket=./$1
	shift
	redis-cli -s "$socket" "$@"
}

# start NAME OPTION... - sets pid
start() {
	name=$1
	shift
	redis-server --port 0 --unixsocket "./$name" --save '' \
		--enable-debug-command local --logfile "$name.log" \
		--dbfilename "$name.rdb" "$@" &
	pid=$!
	tries=0
	until ask "$name" ping 2>/dev/null | grep -q PONG; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] || return 1
		sleep 0.05
	done
}

# info SERVER FIELD
info() {
	ask "$1" info everything | tr -d '\r' | sed -n "s/^$2://p"
}

# until FIELD of the server is VALUE, a minute at most
wait_for() {
	tries=0
	until [ "$(info server "$1")" = "$2" ]; do
		tries=$((tries + 1))
		[ $tries -lt 1200 ] || return 1
		sleep 0.05
	done
}

# save COMMAND - until it has forked and the child has ended; one that comes
# while a child of the server is at work is refused
save() {
	before=$(info server total_forks)
	tries=0
	until [ "$(info server total_forks)" -gt "$before" ]; do
		ask server "$1" >/dev/null
		tries=$((tries + 1))
		[ $tries -lt 1200 ] || break
		sleep 0.05
	done
	wait_for rdb_bgsave_in_progress 0 || echo "saving does not end"
	wait_for aof_rewrite_in_progress 0 || echo "rewriting does not end"
}

# stop PID NAME
stop() {
	kill "$1"
	wait "$1"
	echo "$2: $?"
}

load() {
	start server --appendonly yes || return 1
	server=$pid
	ask server eval 'for i = 1, 60000 do
		redis.call("set", "s" .. i, ("x"):rep(i % 200))
		redis.call("hset", "h" .. i % 777, i, ("y"):rep(i % 90))
		redis.call("zadd", "z" .. i % 99, i % 1000, i)
		end return redis.call("dbsize")' 0
	# Changes that last as long as the saves do
	redis-benchmark -s ./server -c 20 -P 8 -n 100000000 -r 50000 -d 300 \
		-t set,lpush,rpop,sadd,spop,hset -q >/dev/null 2>&1 &
	clients=$!
	n=0
	while [ $n -lt "$saves" ]; do
		n=$((n + 1))
		if [ $((n % 5)) -eq 0 ]; then
			save bgrewriteaof
			echo "$n: $(info server aof_last_bgrewrite_status)"
		else
			save bgsave
			echo "$n: $(info server rdb_last_bgsave_status)"
		fi
	done
	kill -0 $clients && echo "clients at work"
	# Those of other clients go on in the server, for a moment.
	kill $clients
	wait $clients 2>/dev/null
	forks=$(info server total_forks)
	[ "$forks" -ge "$saves" ] && echo "forked"
	[ "$(info server total_commands_processed)" -gt 20000 ] && echo "busy"
	echo "errors: $(ask server info errorstats | grep -c errorstat_)"

	# The last dump has what the server has.
	save bgsave
	digest=$(ask server debug digest)
	cp server.rdb other.rdb
	start other || return 1
	[ "$(ask other debug digest)" = "$digest" ] && echo "dump: the same"
	stop "$pid" other
	ask server debug loadaof
	[ "$(ask server debug digest)" = "$digest" ] && echo "log: the same"
	echo "$(info server total_forks) forks" >"$work/forks"
	stop "$server" server
	grep -hE 'crashed|signal:|hakmem: ' ./*.log
	rm -rf ./*.log ./*.rdb appendonlydir
}

echo "redis, $saves saves, $(date +%H:%M:%S)"
same "redis-server that forks under load" load
succeeded "the dump of redis-server" 0 '^dump: the same$'
succeeded "the log of redis-server" 0 '^log: the same$'
succeeded "redis-server that forks under load" 0 '^forked$'
succeeded "redis-server is busy meanwhile" 0 '^clients at work$'
ours redis-server 100000
sed 's/^/with the library: /' "$work/forks"
finish
