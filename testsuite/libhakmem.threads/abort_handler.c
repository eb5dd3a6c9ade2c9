/* SPDX-License-Identifier: MIT */
/*
 * A handler of SIGABRT that allocates, as crash reporters do: after a report
 * of misuse on a fast path, on a slow path, and in a thread, the program ends
 * within a second.  No lock is held when the report ends in abort(3).
 */
#include "t.h"

#include <pthread.h>

static void on_abort(int sig)
{
	char *p;

	(void)sig;
	for (size_t i = 0; i < T_SIZES; i++) {
		p = malloc(t_sizes[i]);
		if (!p)
			_exit(3);
		p[0] = p[t_sizes[i] - 1] = 1;
		p = realloc(p, t_sizes[i] * 2);
		if (!p || p[0] != 1)
			_exit(4);
		free(p);
	}
	p = strdup("what a crash reporter says\n");
	if (!p || write(STDOUT_FILENO, p, strlen(p)) < 0)
		_exit(5);
	free(p);
	_exit(42);
}

static void twice(size_t size)
{
	char *p = malloc(size);

	CHECK(p);
	free(p);
	free(T_HIDE(p));
}

static void *in_thread(void *arg)
{
	twice(100);
	return arg;
}

static void *remotely(void *arg)
{
	free(arg);
	free(T_HIDE(arg));
	return NULL;
}

static void run_thread(void *(*fn)(void *), void *arg)
{
	pthread_t t;

	CHECK(pthread_create(&t, NULL, fn, arg) == 0);
	pthread_join(t, NULL);
}

static void tiny(void)
{
	twice(100);
}

static void mid(void)
{
	twice(20000);
}

static void large(void)
{
	twice(200000);
}

static void huge(void)
{
	twice(5000000);
}

static void thread(void)
{
	run_thread(in_thread, NULL);
}

static void remote(void)
{
	run_thread(remotely, malloc(500000));
}

static void many(void)
{
	void *p[500];

	/* beyond the boot region, out of a cache that was flushed */
	for (int i = 0; i < 500; i++)
		p[i] = malloc(300);
	for (int i = 0; i < 500; i++)
		free(p[i]);
	free(T_HIDE(p[0]));
}

static void wild(void)
{
	free(malloc(10));
	free(T_HIDE((char *)&on_abort));
}

int main(void)
{
	static const struct {
		const char *name;
		void (*fn)(void);
	} cases[] = {
		{ "tiny", tiny },     { "mid", mid },	    { "large", large },
		{ "huge", huge },     { "thread", thread }, { "many", many },
		{ "remote", remote }, { "wild", wild },
	};
	int failed = 0;

	setvbuf(stdout, NULL, _IONBF, 0);
	CHECK(signal(SIGABRT, on_abort) != SIG_ERR);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double begin = t_now();
		int status = t_child(cases[i].fn);

		if (WIFEXITED(status) && WEXITSTATUS(status) == 42 &&
		    t_now() - begin < 1)
			continue;
		printf("%s: status %#x after %.1f s\n", cases[i].name,
		       (unsigned)status, t_now() - begin);
		failed++;
	}
	return failed != 0;
}
