#!/bin/sh
# SPDX-License-Identifier: MIT
# Threads that are cancelled asynchronously in the middle of malloc and free,
# which POSIX does not allow and programs do all the same.  Nothing is promised
# but to be no worse than the C library's allocator: as many processes or more
# go on and end.

set -eu

# Set by the test suite.
: "${HAKMEM_LIB:?}" "${srcdir:?}" "${CC:?}"
lib=$HAKMEM_LIB
unset HAKMEM_LIB

cat >program.c <<'END'
#include "t.h"
#include <pthread.h>
#include <semaphore.h>

enum { THREADS = 4, BLOCKS = 50 };

static sem_t running;

static void *churn(void *arg)
{
	uint64_t seed = (uintptr_t)arg + 1;
	void *p[BLOCKS] = { 0 };
	int old;

	CHECK(!pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old));
	sem_post(&running);
	for (;;) {
		size_t k = t_below(&seed, BLOCKS);

		free(p[k]);
		p[k] = malloc(t_below(&seed, t_below(&seed, 100) ? 2000
								 : 300000));
	}
	return NULL;
}

static void use_memory(void)
{
	static char *p[500];
	uint64_t seed = 7;

	for (int round = 0; round < 20; round++) {
		for (unsigned i = 0; i < 500; i++) {
			p[i] = malloc(1 + t_below(&seed, 3000));
			CHECK(p[i]);
			t_fill(p[i], malloc_usable_size(p[i]), i);
		}
		for (unsigned i = 0; i < 500; i++) {
			CHECK(t_filled(p[i], malloc_usable_size(p[i]), i));
			free(p[i]);
		}
	}
}

int main(int argc, char **argv)
{
	uint64_t seed = (uint64_t)(argc > 1 ? atoi(argv[1]) : 1);
	pthread_t t[THREADS];
	void *result;

	alarm(4); /* a thread waits for what the cancelled one held */
	CHECK(sem_init(&running, 0, 0) == 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&t[i], NULL, churn, (void *)i));
	for (int i = 0; i < THREADS; i++)
		while (sem_wait(&running))
			;
	usleep((useconds_t)t_below(&seed, 2000));
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_cancel(t[i]) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(!pthread_join(t[i], &result) &&
		      result == PTHREAD_CANCELED);
	use_memory();
	_exit(0);
}
END
# CC and CFLAGS may hold several words.
# shellcheck disable=SC2086
$CC ${CFLAGS-} -std=gnu11 -D_GNU_SOURCE -fno-builtin -I"$srcdir/lib" \
	-o program program.c -pthread

# ended LIBRARY - how many of 16 processes, all at once
ended()
{
	rm -f ended.*
	for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		(
			env LD_PRELOAD="$1" ./program $n 2>>said &&
				: >ended.$n
		) &
	done
	wait
	find . -name 'ended.*' | wc -l
}

: >said
theirs=$(ended "")
ours=$(ended "$lib")
echo "of 16 processes $ours end; with the C library's allocator $theirs"
grep -q . said && sort said | uniq -c | head -n 5
[ "$ours" -ge "$theirs" ] && [ "$ours" -gt 0 ]
