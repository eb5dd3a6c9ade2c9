#!/bin/sh
# SPDX-License-Identifier: MIT
# sqlite3: a database of 50,000 rows (long: a million).
# { dg-hakmem-timeout "120" }
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed

. "${srcdir:?}/lib/preload.sh"

need sqlite3
rows=$(pick 50000 1000000)

# The last statement fails on purpose.
script() {
	cat <<-END
	PRAGMA threads = 2;
	PRAGMA journal_mode = WAL;
	CREATE TABLE item (
		id INTEGER PRIMARY KEY, kind INT, name TEXT, note BLOB);
	BEGIN;
	WITH RECURSIVE c(i, x) AS (
		SELECT 1, 16807 UNION ALL
		SELECT i + 1, x * 16807 % 2147483647 FROM c WHERE i < $rows)
	INSERT INTO item SELECT i, x % 997, printf('name %d', x),
		CASE WHEN x % 4 THEN NULL ELSE zeroblob(x % 300) END FROM c;
	COMMIT;
	CREATE INDEX by_kind ON item (kind, name);
	CREATE INDEX by_name ON item (name);
	SELECT kind, count(*), min(name), max(name) FROM item
		GROUP BY kind HAVING kind % 50 = 0 ORDER BY kind;
	SELECT count(*), sum(length(a.name) + length(b.name)) FROM item a
		JOIN item b ON a.kind = b.kind AND a.id < b.id
		AND a.id % 1000 = 7 AND b.id % 50 = 3;
	UPDATE item SET name = upper(name) || ' changed' WHERE kind % 3 = 0;
	DELETE FROM item WHERE kind % 7 = 0;
	SELECT length(group_concat(name, ',')) FROM item;
	SELECT name FROM item WHERE name GLOB '*77*9' ORDER BY name DESC, id
		LIMIT 20;
	SELECT json_group_array(json_object('k', kind, 'n', name))
		FROM (SELECT * FROM item ORDER BY id LIMIT 50);
	VACUUM;
	.sha3sum item
	PRAGMA integrity_check;
	SELECT no_such_function(1);
	END
}

with_sqlite() {
	script | sqlite3 -bail data.db
	[ $? -eq 1 ] || return 1
	sqlite3 data.db .dump | cksum
	sqlite3 data.db 'SELECT count(*) FROM item; PRAGMA integrity_check;'
}

same "sqlite3, $rows rows" with_sqlite
succeeded "sqlite3" 0 '^ok$'
ours sqlite3 100000
finish
