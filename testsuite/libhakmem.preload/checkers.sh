#!/bin/sh
# SPDX-License-Identifier: MIT
# Programs under valgrind's memcheck and massif, and with AddressSanitizer,
# together with this library: the checker finds what it is there for, or says
# in the first line why it does not start, and doc/DEPLOYMENT.md says what to
# do.
# { dg-hakmem-timeout "120" }

set -eu

# Set by the test suite.
: "${HAKMEM_LIB:?}" "${CC:?}"
lib=$HAKMEM_LIB
unset HAKMEM_LIB

cat >program.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	char *volatile p;

	(void)argv;
	for (int i = 0; i < 1000; i++) {
		p = malloc(10 + (size_t)i * 50);
		memset(p, 1, 10 + (size_t)i * 50);
		free(p);
	}
	p = malloc(40);
	if (argc > 1)
		p[40] = 1;
	free(p);
	puts("ends");
	return 0;
}
END
# CC and CFLAGS may hold several words.
# shellcheck disable=SC2086
cc()
{
	$CC ${CFLAGS-} -O0 -fno-builtin "$@"
}

fail=0
done=0
# says WHAT EXPRESSION STATUS COMMAND...
says()
{
	what=$1
	line=$2
	want=$3
	shift 3
	status=0
	done=$((done + 1))
	"$@" >out 2>&1 || status=$?
	if [ $status != "$want" ] || ! grep -q -e "$line" out; then
		echo "$what: status $status, not $want, or not said: $line"
		tail -n 5 out
		fail=1
	fi
}

cc -o program program.c
cc -o linked program.c "$lib" -Wl,-rpath,"$(dirname "$lib")"
if command -v valgrind >/dev/null; then
	for run in "env LD_PRELOAD=$lib valgrind -q --error-exitcode=9 ./program" \
		"valgrind -q --error-exitcode=9 ./linked"; do
		# shellcheck disable=SC2086 # words
		{
			says "right: $run" '^ends$' 0 $run
			says "wrong: $run" 'Invalid write of size 1' 9 $run x
		}
	done
	says massif '^ends$' 0 env LD_PRELOAD="$lib" \
		valgrind -q --tool=massif --massif-out-file=massif ./program
	grep -q '^mem_heap_B=[1-9]' massif || {
		echo "massif saw no heap"
		fail=1
	}
fi
if cc -fsanitize=address -o asan program.c 2>/dev/null &&
	./asan >/dev/null 2>&1; then
	runtime=$($CC -print-file-name=libasan.so)
	says "first another library" 'ASan runtime does not come first' 1 \
		env LD_PRELOAD="$lib" ./asan
	says "the run-time first" '^ends$' 0 \
		env LD_PRELOAD="$runtime $lib" ./asan
	says "the run-time first, wrong" 'heap-buffer-overflow' 1 \
		env LD_PRELOAD="$runtime $lib" ./asan x
	if cc -fsanitize=address -static-libasan -o asan_static program.c \
		2>/dev/null; then
		says "its run-time in it" '^ends$' 0 \
			env LD_PRELOAD="$lib" ./asan_static
		says "its run-time in it, wrong" 'heap-buffer-overflow' 1 \
			env LD_PRELOAD="$lib" ./asan_static x
	fi
fi
if [ $done = 0 ]; then
	echo "UNSUPPORTED: no valgrind and no AddressSanitizer"
	exit 77
fi
exit $fail
