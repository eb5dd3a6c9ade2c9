#!/bin/sh
# SPDX-License-Identifier: MIT
# vm.overcommit_memory=2, where each mapping that can be written counts as memory:
# programs give the same output as without the library, a request beyond the
# limit fails with ENOMEM and the program goes on, and no more is promised than
# 4 MiB or twice what lives.  The machine's setting is changed for some seconds,
# with 4 GiB left for everybody.
set -u
: "${srcdir:?}" "${CC:?}" "${HAKMEM_LIB:?}"
lib=$HAKMEM_LIB
unset HAKMEM_LIB
vm=/proc/sys/vm

skip() {
	echo "SKIP: overcommit: $1"
	exit 0
}

[ -r $vm/overcommit_kbytes ] || skip "no overcommit_memory"

cat >commit.c <<'C'
#include "t.h"

/* Committed to this process, in KiB: private mappings that can be written. */
static long committed(void)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[300];
	long kib = 0, size = 0;

	CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "Size:", 5) == 0)
			size = atol(line + 5);
		if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " ac"))
			kib += size;
	}
	fclose(f);
	return kib;
}

int main(void)
{
	static void *block[1 << 16];
	size_t far = (size_t)6 << 30;
	long before, after;

	/* more than is left, less than the machine has */
	errno = 0;
	if (malloc(far) || errno != ENOMEM)
		FAIL("6 GiB: errno %d", errno);
	errno = 0;
	CHECK(!calloc(far, 1) && errno == ENOMEM);
	before = committed();
	for (int i = 0; i < 1 << 16; i++) {
		block[i] = malloc(1000);
		CHECK(block[i]);
		t_fill(block[i], 1000, (unsigned)i);
	}
	after = committed();
	CHECK(!realloc(block[0], far) && errno == ENOMEM);
	for (int i = 0; i < 1 << 16; i++)
		CHECK(t_filled(block[i], 1000, (unsigned)i));
	printf("%ld KiB for 64 MiB, %ld at the start\n", after - before, before);
	/* twice what lives; 8 MiB of programs' and tables' own at the start */
	CHECK(after - before <= 2 * (64 << 10) && before <= 8 << 10);
	return 0;
}
C
# CC and CFLAGS may hold several words.
# shellcheck disable=SC2086
$CC ${CFLAGS:-} -D_GNU_SOURCE -fno-builtin -I"$srcdir/lib" -o commit commit.c ||
	exit 1

was=$(cat $vm/overcommit_memory)
ratio=$(cat $vm/overcommit_ratio)
kbytes=$(cat $vm/overcommit_kbytes)
used=$(sed -n 's/^Committed_AS: *\([0-9]*\).*/\1/p' /proc/meminfo)
# shellcheck disable=SC2317 # called by trap
restore() {
	echo "$was" >$vm/overcommit_memory
	# each of the two sets the other to 0
	if [ "$kbytes" -gt 0 ]; then
		echo "$kbytes" >$vm/overcommit_kbytes
	else
		echo "$ratio" >$vm/overcommit_ratio
	fi
}
trap restore EXIT
trap 'exit 1' HUP INT TERM
(echo $((used + (4 << 20))) >$vm/overcommit_kbytes) 2>/dev/null || {
	trap - EXIT
	skip "the setting cannot be changed"
}
echo 2 >$vm/overcommit_memory || exit 1

if out=$(env LD_PRELOAD="$lib" ./commit 2>&1); then
	echo "PASS: limit: $out"
else
	echo "FAIL: limit: $out"
fi
for program in "true" "ls /usr/bin" "sort $srcdir/README" "bash -c :" \
	"perl -e print(map{\$_*3}1..9999)" "python3 -c print([*range(9999)])" \
	"sh -c i=0;while([ \$i -lt 50 ])do(:);i=\$((i+1));done"; do
	command -v "${program%% *}" >/dev/null || continue
	# words; all that follows the second blank is one of them
	first=${program%% *}
	rest=${program#"$first"}
	rest=${rest# }
	option=${rest%% *}
	last=${rest#"$option"}
	last=${last# }
	set -- "$first" ${option:+"$option"} ${last:+"$last"}
	"$@" >theirs 2>&1
	theirs=$?
	env LD_PRELOAD="$lib" "$@" >ours 2>&1
	if [ $? -eq $theirs ] && cmp -s theirs ours; then
		echo "PASS: $first"
	else
		head -5 ours
		echo "FAIL: $first"
	fi
done
