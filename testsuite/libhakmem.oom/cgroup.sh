#!/bin/sh
# SPDX-License-Identifier: MIT
# Under a cgroup's limit of 64 MiB of memory, without swap: three quarters of
# it are taken in blocks of one size, freed, and taken again in another size,
# 100 times.  What was freed has to be there for the next size, or the kernel
# ends the program.  With HAKMEM_PURGE_DELAY=0; what else is kept for a while,
# in case that the same is asked for again, is more than such a group has.

set -eu

# Set by the test suite.
: "${HAKMEM_LIB:?}" "${srcdir:?}" "${CC:?}"
lib=$HAKMEM_LIB
unset HAKMEM_LIB

cat >program.c <<'END'
#include "t.h"

enum { ROUNDS = 100 };
#define TAKEN ((size_t)48 << 20)

int main(void)
{
	static const size_t sizes[] = { 64,    300,    1024,    4096,
					20000, 100000, 1000000, 5000000 };
	static char *p[TAKEN / 64];

	for (int round = 0; round < ROUNDS; round++) {
		size_t size = sizes[round % 8], n = TAKEN / (size + 64);

		for (size_t i = 0; i < n; i++) {
			p[i] = malloc(size);
			CHECK(p[i]);
			memset(p[i], round + 1, size);
		}
		for (size_t i = 0; i < n; i++) {
			CHECK(p[i][size - 1] == (char)(round + 1));
			free(p[i]);
		}
	}
	printf("%d rounds\n", ROUNDS);
	return 0;
}
END
# CC and CFLAGS may hold several words.
# shellcheck disable=SC2086
$CC ${CFLAGS-} -std=gnu11 -D_GNU_SOURCE -fno-builtin -I"$srcdir/lib" \
	-o program program.c

# The controller of either version, where this test may make a group.
group=
for top in /sys/fs/cgroup/memory:limit_in_bytes /sys/fs/cgroup:max; do
	try=${top%:*}/hakmem-test.$$
	limit=$try/memory.${top#*:}
	mkdir "$try" 2>/dev/null || continue
	if [ -w "$limit" ] && echo 67108864 2>/dev/null >"$limit"; then
		group=$try
		break
	fi
	rmdir "$try"
done
[ "$group" ] || {
	echo "UNSUPPORTED: no cgroup for memory can be made here"
	exit 77
}
trap 'rmdir "$group"' EXIT
for swap in memory.memsw.limit_in_bytes:67108864 memory.swap.max:0; do
	[ ! -w "$group/${swap%:*}" ] ||
		echo "${swap#*:}" 2>/dev/null >"$group/${swap%:*}" || :
done
status=0
# shellcheck disable=SC2016 # of the inner shell
sh -c 'echo $$ >"$1/cgroup.procs" && exec env HAKMEM_PURGE_DELAY=0 \
	LD_PRELOAD="$2" ./program' \
	sh "$group" "$lib" || status=$?
exit $status
