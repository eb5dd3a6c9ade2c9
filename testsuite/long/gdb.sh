#!/bin/sh
# SPDX-License-Identifier: MIT
# gdb, itself with the library, debugs a program that has it as well: breakpoints
# in threads, frames, values, a watched variable, a function that is called, a
# fork that is followed, a script in python, and a core that it writes and reads.
# shellcheck disable=SC1091,SC2154 # what is sourced is not followed
. "${srcdir:?}/lib/preload.sh"

need gdb
: "${CC:?}"

cat >"$work/program.c" <<'END'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct node {
	struct node *next;
	char text[32];
};

static int watched;

__attribute__((noinline)) static void stop_here(struct node *n)
{
	watched += (int)strlen(n->text);
}

__attribute__((noinline)) static int twice(int x)
{
	char *p = malloc((size_t)x);

	memset(p, 1, (size_t)x);
	free(p);
	return 2 * x;
}

static void *thread(void *arg)
{
	struct node *n = NULL;

	for (int i = 0; i < 100; i++) {
		struct node *m = malloc(sizeof(*m));

		m->next = n;
		snprintf(m->text, sizeof(m->text), "node %d", i);
		n = m;
	}
	stop_here(n);
	while (n) {
		struct node *m = n->next;

		free(n);
		n = m;
	}
	return arg;
}

int main(void)
{
	pthread_t t;
	pid_t pid;

	for (int i = 0; i < 3; i++) {
		pthread_create(&t, NULL, thread, NULL);
		pthread_join(t, NULL);
	}
	pid = fork();
	if (pid == 0)
		_exit(twice(21) == 42 ? 5 : 6);
	waitpid(pid, &watched, 0);
	printf("%d %d\n", WEXITSTATUS(watched), twice(4));
	return 7;
}
END
# CC holds several words at times.
# shellcheck disable=SC2086
$CC -g -O0 -fno-builtin -o "$work/program" "$work/program.c" -pthread || {
	fail "program.c" "does not compile"
	finish
}

setup() {
	cp ../program .
	cat >commands <<-'END'
	set pagination off
	set width 0
	set print address off
	set print symbol off
	set print thread-events off
	set debuginfod enabled off
	break stop_here
	run
	backtrace 2
	print n->text
	print *n->next
	print twice(100)
	print (long) malloc_usable_size(n) >= (long) sizeof(*n)
	watch watched
	continue
	continue
	delete
	python
	table = {}
	for i in range(20000):
	    table[str(i)] = gdb.parse_and_eval("watched + %d" % (i % 100))
	print(len(table), int(table["77"]) - int(table["0"]))
	end
	generate-core-file core.it
	tbreak twice
	set follow-fork-mode parent
	continue
	print x
	continue
	file program
	core-file core.it
	backtrace 1
	print n->text
	END
}

# What tells addresses, numbers of processes and libraries is not compared.
debug() {
	gdb -nx -batch -iex 'set auto-load no' -x commands ./program 2>&1 |
		grep -v -e '^\[' -e '^Using host' -e '^warning: ' -e LWP \
			-e '^Reading' -e '^Core was' -e '^Saved corefile' \
			-e '^Program terminated' -e '^Continuing'
	test -s core.it && rm core.it && echo "a core"
}

same "gdb" debug
succeeded "gdb" 0 '= "node 99"'
succeeded "gdb" 0 '^20000 77$'
succeeded "gdb" 0 '^5 8$'
succeeded "gdb" 0 '^a core$'
ours gdb 50000
ours program 300
finish
