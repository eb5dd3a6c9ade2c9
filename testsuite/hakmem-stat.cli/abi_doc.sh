#!/bin/sh
# SPDX-License-Identifier: MIT
# doc/STATS-ABI.md: its offsets are those of the header, its reader reads.

# shellcheck source=testsuite/lib/stat.sh
. "${srcdir:?}/lib/stat.sh"

page=$top_srcdir/doc/STATS-ABI.md

# Each row of the tables as an assertion, each struct's size as well.
{
	echo '#include <hakmem/stats.h>'
	echo '#include <stddef.h>'
	awk '/^### struct / { struct = substr($3, 1, length($3) - 1)
			printf "_Static_assert(sizeof(struct %s) == %d, \"\");\n",
				struct, $4 }
		struct && /^\| [0-9]+ / { n++
			printf "_Static_assert(offsetof(struct %s, %s) == %d, " \
				"\"\");\n", struct, $6, $2 }
		END { exit n < 100 }' "$page" || echo "#error few rows"
	echo 'int main(void) { return 0; }'
} >offsets.c
# shellcheck disable=SC2086 # words
$CC $CFLAGS -I"$top_srcdir/include" offsets.c -o offsets || fail "offsets"

# Every field of the header has its row.
sed -n '/^struct hakmem_stats/,/^};/p' "$top_srcdir/include/hakmem/stats.h" |
	sed -n 's/^\tu\{0,1\}[a-z0-9_]* \([a-z_]*\)\(\[.*\]\)\{0,1\};.*/\1/p' |
	sort -u >header
awk '/^\| [0-9]+ / { print $6 }' "$page" | sort -u >rows
diff header rows || fail "fields"

command -v python3 >/dev/null || unsupported "needs python3"
# shellcheck disable=SC2016 # backticks of the page
sed -n '/^```python/,/^```$/p' "$page" | sed '1d;$d' >reader.py
compile target
start env LD_PRELOAD="$lib" ./target
order alloc 100000 30
python3 reader.py "$pid" >out || fail "the reader: $(cat out)"
"$stat" --json "$pid" >look.json
same "large" "$(sed -n 's/^large: //p' out)" \
	"30 blocks, $(figure look.json large_live_bytes) bytes"
same "slots" "$(sed -n 's/^slots: //p' out)" \
	"$(figure look.json slots_active) active, $(figure look.json \
		slots_empty) empty, $(figure look.json slots_unused) unused"
stop
start ./target
expect 1 'libhakmem is not in it' python3 reader.py "$pid"
finish
