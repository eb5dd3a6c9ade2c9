#!/bin/sh
# SPDX-License-Identifier: MIT
# HAKMEM_STATS=exit: one report when the program ends, as text or as JSON, on
# standard error or in a file of the name asked for; its figures are the
# program's, and its exit status stays as it is.

set -eu

# Set by the test suite.
: "${HAKMEM_LIB:?}" "${srcdir:?}" "${top_srcdir:?}" "${CC:?}"
lib=$HAKMEM_LIB
# The guards' variables, and their lines, stay out of what is compared.
for name in $(env | sed -n 's/^\(HAKMEM_[A-Z_]*\)=.*/\1/p'); do
	unset "$name"
done

cat >program.c <<'END'
/* Blocks that stay, of known sizes, and an end of the kind asked for. */
#include "t.h"
#include <hakmem/hakmem.h>
#include <pthread.h>

static void *work(void *arg)
{
	free(malloc(100));
	for (;;)
		pause();
	return arg;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	pthread_t t;

	for (int i = 0; i < 1000; i++)
		if (!malloc(64))
			return 1;
	for (int i = 0; i < 5; i++)
		if (!malloc(1 << 20) || !malloc(8 << 20))
			return 1;
	for (int i = 0; i < 300; i++)
		free(malloc(3000));
	if (!strcmp(how, "title")) /* as servers do */
		memset(argv[0], '/', strlen(argv[0]));
	if (!strcmp(how, "close"))
		close(STDERR_FILENO);
	if (!strcmp(how, "_exit"))
		_exit(7);
	if (!strcmp(how, "kill"))
		raise(SIGKILL);
	if (!strcmp(how, "on"))
		CHECK(hakmem_option_set("STATS", "exit") == 0);
	if (!strcmp(how, "off"))
		CHECK(hakmem_option_set("STATS", "off") == 0);
	if (!strcmp(how, "threads"))
		for (int i = 0; i < 4; i++)
			CHECK(pthread_create(&t, NULL, work, NULL) == 0);
	if (!strcmp(how, "fork")) {
		pid_t pid = fork();

		if (pid == 0)
			exit(0);
		waitpid(pid, NULL, 0);
		printf("%d\n", (int)pid);
	}
	printf("%d\n", (int)getpid());
	return 7;
}
END
# CC and CFLAGS may hold several words.
# shellcheck disable=SC2086
$CC ${CFLAGS:-} -D_GNU_SOURCE -fno-builtin -I"$top_srcdir/include" \
	-I"$srcdir/lib" -o program program.c -pthread "$lib"
LD_LIBRARY_PATH=$(dirname "$lib")
export LD_LIBRARY_PATH

fail=0
wrong()
{
	echo "wrong: $*"
	head -n 20 out err 2>/dev/null || :
	fail=1
}

# run STATUS HOW VARIABLE... - leaves out and err
run()
{
	expect=$1
	how=$2
	shift 2
	status=0
	env "$@" ./program "$how" >out 2>err || status=$?
	test "$status" = "$expect" || wrong "exit status $status: $how $*"
}

silent()
{
	# the shell may tell of a signal
	if grep -v '^Killed' err; then
		wrong "output: $*"
	fi
}

text()
{
	test "$(grep -c '^hakmem [0-9.]*: report of the heap \[pid [0-9]*]$' "$1")" = 1 ||
		wrong "not one text report in $1: $2"
	grep -q '^ *live  *45\.[0-9] MiB$' "$1" || wrong "live: $2"
	grep -q '^ *large  *[0-9.]* MiB  *5  *0$' "$1" || wrong "large: $2"
	grep -q '^ *huge  *[0-9.]* MiB  *5  *0$' "$1" || wrong "huge: $2"
}

# A value of the outermost object.
number()
{
	sed -n "s/^ *\"$2\": \([0-9]*\),*$/\1/p" "$1" | head -n 1
}

json()
{
	python3 -m json.tool "$1" >/dev/null || wrong "no JSON in $1: $2"
	test "$(number "$1" large_mallocs)" = 5 || wrong "large_mallocs: $2"
	test "$(number "$1" huge_live_bytes)" -ge $((5 * (8 << 20))) ||
		wrong "huge_live_bytes: $2"
	test "$(number "$1" live_bytes)" -ge $((45 << 20)) ||
		wrong "live_bytes: $2"
	test "$(number "$1" mallocs)" -ge 1310 || wrong "mallocs: $2"
	test "$(number "$1" frees)" -ge 300 || wrong "frees: $2"
	test "$(number "$1" shared_fail)" = 0 || wrong "shared_fail: $2"
}

# Off, however it is asked for.
run 7 ""
silent unset
run 7 "" HAKMEM_STATS=off HAKMEM_STATS_FORMAT=json HAKMEM_STATS_FILE=none
silent off
test ! -e none || wrong "a file without HAKMEM_STATS"
run 7 off HAKMEM_STATS=exit
silent "switched off"

# Text and JSON on standard error.
run 7 "" HAKMEM_STATS=exit
text err exit
run 7 "" HAKMEM_STATS=EXIT HAKMEM_STATS_FORMAT=text
text err text
run 7 on
text err "switched on"
run 7 threads HAKMEM_STATS=exit
text err "threads that still run"
# programs that close standard error before they end
run 7 close HAKMEM_STATS=exit
text err close

run 7 _exit HAKMEM_STATS=exit
silent _exit
run 137 kill HAKMEM_STATS=exit
silent kill

if command -v python3 >/dev/null; then
	run 7 "" HAKMEM_STATS=exit HAKMEM_STATS_FORMAT=json
	json err json
	run 7 threads HAKMEM_STATS=exit HAKMEM_STATS_FORMAT=json
	json err "json, threads"
	run 7 "" HAKMEM_STATS=exit HAKMEM_STATS_FORMAT=json \
		HAKMEM_STATS_FILE=heap.json
	silent file
	json heap.json file
else
	echo "no python3: JSON is not parsed"
fi

# Names of files.  A longer one that is there is replaced.
seq 100000 >heap.txt
run 7 "" HAKMEM_STATS=exit HAKMEM_STATS_FILE=heap.txt
silent file
text heap.txt replaced
if grep -q '^99999$' heap.txt; then
	wrong "the old file is still there"
fi
run 7 "" HAKMEM_STATS=exit HAKMEM_STATS_FILE="$PWD/%e-%p-%e.%x%"
silent "%e %p"
text "program-$(cat out)-program.%x%" "%e %p"
# the name, not a title that was written over it
run 7 title HAKMEM_STATS=exit HAKMEM_STATS_FILE="title-%e"
silent title
text title-program title
# each process of its own
run 7 fork HAKMEM_STATS=exit HAKMEM_STATS_FILE=fork-%p
silent fork
test "$(wc -l <out)" = 2 || wrong "two processes: $(cat out)"
while read -r pid; do
	text "fork-$pid" fork
done <out

# One line when the file cannot be written.
run 7 "" HAKMEM_STATS=exit HAKMEM_STATS_FILE=no/such/place
test "$(cat err)" = "hakmem: warning: cannot write no/such/place, \
no statistics" || wrong "no such place"
run 7 "" HAKMEM_STATS=exit HAKMEM_STATS_FILE=/dev/full
silent /dev/full

# Nowhere to write to.
status=0
env HAKMEM_STATS=exit ./program >out 2>&- || status=$?
test "$status" = 7 || wrong "closed standard error: $status"
grep -q report out && wrong "report on standard output"
status=0
env HAKMEM_STATS=exit ./program >&- 2>&- <&- || status=$?
test "$status" = 7 || wrong "all closed: $status"

# Passed through: nothing to report.
run 7 "" HAKMEM_STATS=exit HAKMEM_ENABLE=0
silent "HAKMEM_ENABLE=0"

# A program that knows nothing of us.
status=0
env LD_PRELOAD="$lib" HAKMEM_STATS=exit ls /no/such 2>err || status=$?
test "$status" = 2 || wrong "ls: $status"
grep -q '^hakmem .*: report of the heap \[pid [0-9]*]$' err || wrong "ls: no report"

exit $fail
