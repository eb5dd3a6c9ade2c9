/* SPDX-License-Identifier: MIT */
/*
 * The triangle of stdio, malloc and fork: while a thread holds a stream's lock
 * and allocates (getline, fprintf to a memory stream, fopen), others fork and
 * register atfork handlers.  No child and no parent waits for ever.
 */
#include "t.h"

#include <pthread.h>

enum { THREADS = 4, FORKS = 300 };

static int stop; /* atomic */

static void use_streams(const char *name)
{
	char *text = NULL, *line = NULL;
	size_t size = 0, room = 0;
	FILE *f = open_memstream(&text, &size);

	CHECK(f);
	for (int i = 0; i < 200; i++)
		fprintf(f, "%d %s %*d\n", i, name, i, i);
	CHECK(fclose(f) == 0 && size > 1000);
	f = fmemopen(text, size, "r");
	CHECK(f);
	while (getline(&line, &room, f) > 0)
		CHECK(strstr(line, name));
	fclose(f);
	free(line);
	free(text);
	f = fopen("/dev/null", "w");
	CHECK(f);
	setvbuf(f, NULL, _IOFBF, 30000);
	fprintf(f, "%s\n", name);
	fclose(f);
}

/* Holds the lock of stderr most of the time. */
static void *writer(void *arg)
{
	char *line = NULL;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		flockfile(stderr);
		use_streams("locked");
		line = realloc(line, 100 + (size_t)(rand() % 5000));
		CHECK(line);
		/* most of all inside the allocator's own lock */
		for (size_t n = 40000; n < 1 << 20; n += 20000)
			free(malloc(n));
		funlockfile(stderr);
	}
	free(line);
	return arg;
}

static void handler(void)
{
	free(malloc(200000));
	free(malloc(20));
}

static void child(void)
{
	alarm(20);
	use_streams("child");
	/* children may use a stream that another thread had locked: the C
	 * library resets its locks */
	fflush(NULL);
}

static void *forks(void *arg)
{
	for (int i = 0; i < FORKS / 2; i++)
		CHECK(t_child(child) == 0);
	return arg;
}

int main(void)
{
	pthread_t t[THREADS], other;

	alarm(50);
	CHECK(pthread_atfork(handler, handler, handler) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, writer, NULL) == 0);
	CHECK(pthread_create(&other, NULL, forks, NULL) == 0);
	forks(NULL);
	CHECK(pthread_join(other, NULL) == 0);
	stop = 1;
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	return 0;
}
