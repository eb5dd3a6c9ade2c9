#!/bin/sh
# SPDX-License-Identifier: MIT
# Transparent huge pages: where the system says "always", small programs take no
# more than 1.1 times the resident memory that they take where it says "never",
# nor do programs that have freed all or most of 128 MiB; and
# PR_SET_THP_DISABLE wins.  HAKMEM_THP does what it says under each setting.  The
# system's setting is changed for some seconds.
set -u
: "${srcdir:?}" "${CC:?}" "${HAKMEM_LIB:?}"
lib=$HAKMEM_LIB
unset HAKMEM_LIB
setting=/sys/kernel/mm/transparent_hugepage/enabled

skip() {
	echo "SKIP: thp: $1"
	exit 0
}

[ -r "$setting" ] || skip "no transparent huge pages"
was=$(sed 's/.*\[\(.*\)\].*/\1/' "$setting")
# shellcheck disable=SC2317 # called by trap
restore() {
	echo "$was" >"$setting"
}
trap restore EXIT
trap 'exit 1' HUP INT TERM
(echo always >"$setting") 2>/dev/null || {
	trap - EXIT
	skip "the setting cannot be changed"
}

# rss KIND: a small program; one that has freed 128 MiB, all or ("sparse") but one
# block in a hundred; one that holds 64 MiB ("dense").  A second word asks for
# PR_SET_THP_DISABLE.  Prints Rss and AnonHugePages.
cat >rss.c <<'C'
#include "t.h"
#include <sys/prctl.h>

enum { BLOCKS = 1 << 17 };
static void *block[BLOCKS];

static long smaps(const char *name)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	char line[200];
	long kib = -1;

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, name, strlen(name)) == 0)
			kib = atol(line + strlen(name) + 1);
	CHECK(kib >= 0);
	return kib;
}

int main(int argc, char **argv)
{
	const char *kind = argv[1];
	size_t size = strcmp(kind, "dense") ? 512 : 1024;
	int keep = strcmp(kind, "sparse") == 0 ? 100 : BLOCKS;
	int n = strcmp(kind, "small") ? BLOCKS : 500;

	if (argc > 2)
		CHECK(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0);
	for (int i = 0; i < n; i++) {
		block[i] = malloc(size);
		CHECK(block[i]);
		memset(block[i], 1, size);
	}
	if (strcmp(kind, "dense") && strcmp(kind, "small"))
		for (int i = 0; i < n; i++)
			if (i % keep)
				free(block[i]);
	malloc_trim(0);
	usleep(600000);
	for (int i = 0; i < 200000; i++)
		free(malloc(64));
	malloc_trim(0);
	printf("%ld %ld\n", smaps("Rss:"), smaps("AnonHugePages:"));
	fflush(stdout);
	_exit(0);
}
C
# CC and CFLAGS may hold several words.
# shellcheck disable=SC2086
$CC ${CFLAGS:-} -D_GNU_SOURCE -fno-builtin -I"$srcdir/lib" -o rss rss.c || exit 1

# measure SETTING PROGRAM... - what it prints
measure() {
	echo "$1" >"$setting" || exit 1
	shift
	env LD_PRELOAD="$lib" "$@"
}

# compare WHAT NEVER ALWAYS - in KiB
compare() {
	echo "$1: $2 KiB with never, $3 KiB with always"
	if [ "$2" -gt 0 ] && [ $(($3 * 10)) -le $(($2 * 11)) ]; then
		echo "PASS: $1"
	else
		echo "FAIL: $1"
	fi
}

for kind in small sparse freed; do
	never=$(measure never ./rss $kind) || exit 1
	always=$(measure always ./rss $kind) || exit 1
	compare $kind "${never%% *}" "${always%% *}"
done

# Huge pages are there at all, or the figures above say nothing
always=$(measure always ./rss dense)
off=$(measure always ./rss dense off)
echo "dense: ${always##* } KiB in huge pages, with PR_SET_THP_DISABLE ${off##* }"
if [ "${always##* }" -eq 0 ]; then
	echo "SKIP: thp: no huge pages to be had"
elif [ "${off##* }" -eq 0 ]; then
	echo "PASS: PR_SET_THP_DISABLE"
else
	echo "FAIL: PR_SET_THP_DISABLE"
fi

# Each of the options under each of the system's settings: huge pages are there
# where both let them be and one asks for them, and nowhere else.
[ "${always##* }" -eq 0 ] || for system in never madvise always; do
	for option in default never always; do
		huge=$(measure "$system" env HAKMEM_THP=$option ./rss dense)
		huge=${huge##* }
		case $system-$option in
		madvise-always | always-default | always-always) want=1 ;;
		*) want=0 ;;
		esac
		if [ $((huge > 0)) -eq $want ]; then
			echo "PASS: HAKMEM_THP=$option, system $system: $huge KiB"
		else
			echo "FAIL: HAKMEM_THP=$option, system $system: $huge KiB"
		fi
	done
done

# peak PROGRAM... - its peak of resident memory in KiB; itself it is small
cat >peak.c <<'C'
#include "t.h"
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>

extern char **environ;

int main(int argc, char **argv)
{
	struct rusage used;
	pid_t pid;
	int status;
	posix_spawn_file_actions_t quiet;

	CHECK(argc > 2 && setenv("LD_PRELOAD", argv[1], 1) == 0);
	CHECK(posix_spawn_file_actions_init(&quiet) == 0);
	CHECK(posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null",
					       O_WRONLY, 0) == 0);
	CHECK(posix_spawnp(&pid, argv[2], &quiet, NULL, argv + 2, environ) == 0);
	CHECK(wait4(pid, &status, 0, &used) == pid && status == 0);
	printf("%ld\n", used.ru_maxrss);
	return 0;
}
C
# shellcheck disable=SC2086
$CC ${CFLAGS:-} -D_GNU_SOURCE -I"$srcdir/lib" -o peak peak.c || exit 1
# least PROGRAM... - of five: the kernel counts pages in batches
least() {
	for _ in 1 2 3 4 5; do
		./peak "$lib" "$@"
	done | sort -n | head -n 1
}

for program in "true" "ls /usr/bin" "perl -e print(1)" "python3 -c 1" \
	"bash -c :" "sort $srcdir/README"; do
	command -v "${program%% *}" >/dev/null || continue
	echo never >"$setting"
	# shellcheck disable=SC2086 # words
	never=$(least $program)
	echo always >"$setting"
	# shellcheck disable=SC2086 # words
	always=$(least $program)
	compare "${program%% *}" "${never:-0}" "${always:-0}"
done
