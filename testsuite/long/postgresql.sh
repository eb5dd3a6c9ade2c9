#!/bin/sh
# SPDX-License-Identifier: MIT
# A PostgreSQL cluster of its own: SQL with joins, sorts, aggregates, large
# texts, jsonb, PL/pgSQL, parallel plans and errors, the same answers; then
# pgbench, four clients for PGBENCH_SECONDS.
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed
. "${srcdir:?}/lib/preload.sh"

seconds=${PGBENCH_SECONDS:-20}

for bin in /usr/lib/postgresql/*/bin; do
	PATH=$bin:$PATH
done
need initdb pg_ctl psql pgbench setpriv

# The server refuses to be root's, and whom root turns into may not get at
# the build.
as=
if [ "$(id -u)" -eq 0 ]; then
	as="setpriv --reuid=nobody --regid=nogroup --clear-groups --"
fi
elsewhere postgresql
cp "$lib" "$work/libhakmem.so" || exit 1
lib=$work/libhakmem.so
# A short name, for the socket; psql's own settings stay outside.
export HOME=/nonexistent PGHOST="$work/run"
export PGDATABASE=postgres PGUSER=tester

setup() {
	cp "$work/sql" .
	[ -z "$as" ] || chown nobody . "$reports"
}

cat >"$work/sql" <<'SQL'
\set VERBOSITY terse
set client_min_messages = notice;
create table t as select i as id, (i * 7919) % 10007 as k,
	md5(i::text) as h, repeat(md5(i::text), i % 40) as long,
	case when i % 13 = 0 then null else i / 3.0 end as n
	from generate_series(1, 60000) as i;
create table u as select i as k, md5((i * 3)::text) as name
	from generate_series(1, 10007) as i;
create index on t (k);
create index on t using hash (h);
analyze t;
analyze u;

-- joins: hashed, merged, nested
select count(*), sum(t.id), min(u.name) from t join u using (k);
set enable_hashjoin = off;
select count(*), sum(t.id), max(u.name) from t left join u using (k);
set enable_mergejoin = off;
select count(*), sum(t.id) from t join u using (k) where u.k < 300;
reset enable_hashjoin;
reset enable_mergejoin;
select count(*) from t full join u on t.id = u.k + 55000;

-- sorts: in memory and in files
set work_mem = '64kB';
select md5(string_agg(h, ',' order by long desc, h)) from t;
set work_mem = '64MB';
select md5(string_agg(h, ',' order by long desc, h)) from t;
select id, h from t order by h collate "C" desc limit 5;
reset work_mem;

-- aggregates and windows
select k % 10 as g, count(*), count(n), sum(n), round(avg(n), 6),
	round(stddev(n), 6), count(distinct h)
	from t group by grouping sets ((1), ()) order by 1;
select md5(array_agg(h order by id)::text) from t;
select sum(r), sum(s) from (select rank() over (partition by k % 97 order by h)
	as r, sum(id) over (order by id rows 50 preceding) as s from t) as w;
select percentile_disc(array[0.1, 0.5, 0.9]) within group (order by id) from t;
with recursive f(a, b, i) as (select 0::numeric, 1::numeric, 1 union all
	select b, a + b, i + 1 from f where i < 2000)
	select length(max(b)::text), md5(max(b)::text) from f;
select length(r::text), md5(r::text) from (select factorial(1500) as r) as x;

-- large texts
create table big (id int, body text);
insert into big select i, (select string_agg(md5((i * 10000 + j)::text), '')
	from generate_series(1, 20000) as j) from generate_series(1, 12) as i;
select id, length(body), md5(body) from big order by id;
select md5(string_agg(upper(reverse(body)), '' order by id)) from big;
select count(*) from big, regexp_split_to_table(body, 'a[0-9]+b');
update big set body = body || body || repeat('x', 1000000);
select sum(length(body)) from big;
select md5(replace(body, 'ab', 'ABBA')) from big where id = 3;

-- jsonb
create table j as select i as id, jsonb_build_object('id', i, 'tags',
	(select jsonb_agg(md5((i + q)::text)) from generate_series(0, i % 30) as q),
	'deep', jsonb_build_object('a', array[i, i + 1], 'b', null)) as doc
	from generate_series(1, 8000) as i;
create index on j using gin (doc);
select count(*) from j where doc @> '{"deep": {"a": [77]}}';
select md5(string_agg(doc::text, '' order by id)) from j;
select count(distinct e) from j, jsonb_array_elements_text(doc -> 'tags') as e;
select md5(jsonb_object_agg(id, doc #- '{deep,b}')::text) from j;
select jsonb_path_query_array(doc, '$.tags[*] ? (@ starts with "a")')
	from j where id in (30, 59, 89) order by id;
select length(jsonb_pretty(jsonb_agg(doc))) from j;
select length(xmlagg(xmlelement(name e, id))::text) from j;

-- PL/pgSQL
create function walk(n int) returns bigint language plpgsql as $$
declare
	r record;
	s bigint := 0;
	a text[] := '{}';
begin
	for r in select * from t order by id limit n loop
		s := s + r.k;
		a := a || r.h;
		begin
			if r.id % 50 = 0 then
				raise division_by_zero;
			end if;
			execute format('select %L::text', r.h) into strict r;
		exception when division_by_zero then
			s := s - 1;
		end;
	end loop;
	raise notice '% elements', array_length(a, 1);
	return s;
end $$;
select walk(5000);
create function ackermann(m int, n int) returns int language plpgsql as $$
begin
	if m = 0 then return n + 1; end if;
	if n = 0 then return ackermann(m - 1, 1); end if;
	return ackermann(m - 1, ackermann(m, n - 1));
end $$;
select ackermann(2, 40);
create function deeper(n int) returns int language plpgsql as
	$$ begin return deeper(n + 1); end $$;
set max_stack_depth = '200kB';
select deeper(1);
reset max_stack_depth;
do $$ begin
	for i in 1..200 loop
		execute format('create temp table tt%s (a int primary key, b text)', i);
		execute format('insert into tt%s select g, md5(g::text)
			from generate_series(1, 50) g', i);
	end loop;
end $$;
do $$ declare c bigint; s bigint := 0; begin
	for i in 1..200 loop
		execute format('select count(*) from tt%s', i) into c;
		s := s + c;
		execute format('drop table tt%s', i);
	end loop;
	raise notice 'rows of temporary tables: %', s;
end $$;

-- parallel plans
set parallel_setup_cost = 0;
set parallel_tuple_cost = 0;
set min_parallel_table_scan_size = 0;
set max_parallel_workers_per_gather = 4;
explain (costs off) select count(*), sum(length(long)) from t;
select count(*), sum(length(long)), max(h) from t;
select k % 5, count(*), sum(u.k) from t join u using (k) group by 1 order by 1;
select md5(string_agg(h, '' order by h)) from (select h from t order by h) as x;
set parallel_leader_participation = off;
select count(*) from t as a join t as b using (h) where a.long like '%c4ca%';

-- errors, aborted and nested transactions
select 1 / (id - 5) from t;
select repeat('x', 1 << 30);
begin;
insert into u values (0, 'none');
savepoint s;
insert into u values ('many');
rollback to s;
select count(*) from u;
rollback;
select count(*) from u;
begin;
declare c cursor for select id, long from t order by id;
move 30000 in c;
fetch 2 from c;
commit;
copy (select * from t order by id) to '/dev/null';
vacuum full t;
reindex table t;
create extension if not exists plpgsql;
SQL

# A title overwrites the name of a process, which %e would have.
start() {
	# shellcheck disable=SC2086 # words
	$as initdb -D "$PWD/data" -U tester -A trust -N >log 2>&1 &&
		HAKMEM_STATS_FILE="$reports/server.%p.json" $as pg_ctl -D "$PWD/data" -l "$PWD/data/log" -w -t 60 -s -o \
			"-k $PWD -h '' -F -c max_worker_processes=8 \
			-c jit=off -c autovacuum_naptime=1" start >>log 2>&1
}

stop() {
	# shellcheck disable=SC2086 # words
	$as pg_ctl -D "$PWD/data" -m fast -w -t 60 -s stop
	echo "stopped: $?"
	# What died shows there.
	grep -E 'PANIC|terminated by signal|hakmem: ' data/log
	rm -rf data log
}

sql() {
	start || {
		cat log >&2
		return 1
	}
	psql -X -q -A -f sql 2>&1
	echo "psql: $?"
	stop
}

# Its figures differ from run to run.
bench() {
	start || {
		cat log >&2
		return 1
	}
	pgbench -i -q -s 5 >bench.log 2>&1
	echo "initialised: $?"
	pgbench -n -c 4 -j 2 -T "$seconds" >>bench.log 2>&1
	echo "simple: $?"
	pgbench -n -c 4 -j 2 -C -S -T $((seconds / 4 + 1)) >>bench.log 2>&1
	echo "a connection each: $?"
	grep -E '^(number of failed|transaction type)' bench.log
	psql -X -q -A -t -c 'select (select sum(abalance) from pgbench_accounts) =
		(select sum(delta) from pgbench_history),
		(select count(*) from pgbench_history) > 100' 2>&1
	grep -E '^tps' bench.log >"$work/tps"
	rm bench.log
	stop
}

echo "SQL, $(date +%H:%M:%S)"
same "PostgreSQL answers" sql
succeeded "PostgreSQL answers" 0 '^psql: 0$'
succeeded "parallel plans" 0 'Workers Planned'
ours server 10000
ours psql 1000
ours postgres 10000
echo "pgbench, $(date +%H:%M:%S)"
same "pgbench, $seconds s" bench
succeeded "pgbench" 0 '^t\|t$'
ours server 10000
ours pgbench 1000
sed 's/^/with the library: /' "$work/tps"
finish
