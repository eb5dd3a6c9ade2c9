/* SPDX-License-Identifier: MIT */
/*
 * A handler that forks while its thread and others allocate.  _Fork is what
 * may be called there; its child ends or runs another program, and one whose
 * parent was not inside malloc allocates as it likes.  The parent's blocks
 * stay whole, and nobody waits for ever.
 */
#include "t.h"

#include <pthread.h>
#include <sys/time.h>

enum { THREADS = 2, FORKS = 150, BLOCKS = 100 };

static volatile sig_atomic_t inside; /* the main thread is in malloc or free */
static volatile sig_atomic_t forked, allocated;
static int stop; /* atomic */
static pthread_t main_thread;

static void on_signal(int sig)
{
#if __GLIBC_PREREQ(2, 34)
	int saved = errno, status;
	int outside = !inside;
	pid_t pid;

	(void)sig;
	if (!pthread_equal(pthread_self(), main_thread) || forked >= FORKS)
		return;
	pid = _Fork();
	if (pid < 0)
		_exit(3);
	if (pid == 0) {
		alarm(40);
		if (outside)
			for (size_t i = 1; i < 300; i++) {
				char *p = malloc(i * 50);

				if (!p)
					_exit(4);
				p[i * 50 - 1] = 1;
				p = realloc(p, i * 500);
				if (!p || p[i * 50 - 1] != 1)
					_exit(5);
				free(p);
			}
		else if (forked % 4 == 0)
			execl("/bin/true", "true", (char *)NULL);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		FAIL("child %d: status %#x", (int)forked, (unsigned)status);
	forked++;
	allocated += outside;
	errno = saved;
#else
	(void)sig;
	forked++;
#endif
}

static void *churn(void *arg)
{
	uint64_t seed = (uintptr_t)arg + 5;
	void *p[50] = { 0 };

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		size_t i = t_below(&seed, 50);

		free(p[i]);
		p[i] = malloc(t_below(&seed, 3000));
		CHECK(p[i]);
	}
	for (int i = 0; i < 50; i++)
		free(p[i]);
	return NULL;
}

static size_t pick(uint64_t *seed)
{
	size_t kind = t_below(seed, 100);

	if (kind < 90)
		return 16 + t_below(seed, 2000);
	return 16 + t_below(seed, kind < 99 ? 100000 : 3 << 20);
}

int main(void)
{
	const struct itimerval often = { { 0, 500 }, { 0, 500 } };
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };
	struct sigaction sa = { .sa_handler = on_signal,
				.sa_flags = SA_RESTART };
	static unsigned char *p[BLOCKS];
	uint64_t seed = 3;
	pthread_t t[THREADS];

	alarm(50);
	main_thread = pthread_self();
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, churn, (void *)i) == 0);
	CHECK(sigaction(SIGPROF, &sa, NULL) == 0);
	CHECK(setitimer(ITIMER_PROF, &often, NULL) == 0);
	while (forked < FORKS) {
		size_t i = t_below(&seed, BLOCKS);
		size_t size = pick(&seed);

		CHECK(!p[i] || t_filled(p[i], 16, (unsigned)i));
		inside = 1;
		free(p[i]);
		p[i] = malloc(size);
		inside = 0;
		CHECK(p[i]);
		t_fill(p[i], 16, (unsigned)i);
	}
	CHECK(setitimer(ITIMER_PROF, &never, NULL) == 0);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	printf("%d forks, %d children allocated\n", (int)forked,
	       (int)allocated);
	return 0;
}
