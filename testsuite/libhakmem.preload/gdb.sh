#!/bin/sh
# SPDX-License-Identifier: MIT
# gdb stops a program whose threads allocate and calls malloc_trim, malloc_stats
# and malloc_info in it; the program then goes on to its end.

set -eu

# Set by the test suite.
: "${HAKMEM_LIB:?}" "${srcdir:?}" "${CC:?}"
lib=$HAKMEM_LIB
unset HAKMEM_LIB

command -v gdb >/dev/null || {
	echo "UNSUPPORTED: no program gdb"
	exit 77
}
cat >program.c <<'END'
#include "t.h"
#include <pthread.h>

void stop_here(void);
__attribute__((noinline)) void stop_here(void)
{
	__asm__ volatile("");
}

static void *churn(void *arg)
{
	uint64_t seed = (uintptr_t)arg + 1;
	void *p[100] = { 0 };

	for (int i = 0; i < 50000; i++) {
		size_t k = t_below(&seed, 100);

		free(p[k]);
		p[k] = malloc(t_below(&seed, 5000));
		CHECK(p[k]);
	}
	return arg;
}

int main(void)
{
	pthread_t t[2];

	for (uintptr_t i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, churn, (void *)i) == 0);
	churn(NULL);
	stop_here();
	for (int i = 0; i < 2; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	puts("went on to its end");
	return 0;
}
END
# CC and CFLAGS may hold several words.
# shellcheck disable=SC2086
$CC ${CFLAGS-} -std=gnu11 -D_GNU_SOURCE -fno-builtin -I"$srcdir/lib" \
	-o program program.c -pthread
gdb -nx -batch -iex 'set auto-load no' -iex 'set debuginfod enabled off' \
	-ex "set environment LD_PRELOAD $lib" -ex 'set startup-with-shell off' \
	-ex 'break stop_here' -ex run \
	-ex 'print (int) malloc_trim(0)' -ex 'call (void) malloc_stats()' \
	-ex 'print (int) malloc_info(0, (void *) stdout)' \
	-ex continue ./program >out 2>&1 || {
	cat out
	exit 1
}
if grep -qi 'ptrace\|could not trace' out; then
	echo "UNSUPPORTED: gdb cannot trace here"
	exit 77
fi
fail=0
# shellcheck disable=SC2016 # of gdb
for line in 'hakmem .*: report of the heap' '^\$1 = [01]$' '^\$2 = 0$' \
	'<malloc version="1">' 'went on to its end' 'exited normally'; do
	grep -q -e "$line" out || {
		echo "not said: $line"
		fail=1
	}
done
[ $fail = 0 ] || cat out
exit $fail
