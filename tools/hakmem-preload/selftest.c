/* SPDX-License-Identifier: MIT */
/*
 * selftest - does libhakmem serve this process, and serve it well?
 *
 * hakmem-preload runs it before and after it touches /etc/ld.so.preload: with
 * the library in LD_PRELOAD, and without when the file should bring it.  It is
 * not linked with the library.  Blocks of every tier are used by several
 * threads, handed from thread to thread, and used again by forked children
 * while threads allocate.  Prints "libhakmem VERSION" and exits with 0, or
 * prints one line of what is wrong and exits with 1.
 *
 *   selftest --can-run    exit at once with 0: this machine can run programs
 *                         of this kind
 */
#include <config.h>

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	THREADS = 4,
	ROUNDS = 2000,
	SHARED = 256,
	CHILDREN = 8,
	SECONDS = 20, /* until SIGALRM ends a test that hangs */
};

/* One of each tier, and the borders between them. */
static const size_t sizes[] = {
	1, 16, 64, 100, 1000, 1024, 1025, 8000, 32768, 32769, 200000, 3000000,
};
#define N_SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* Blocks on their way from the thread that allocated to the one that frees. */
static void *shared[SHARED];

static int (*is_ours)(const void *p);

static void fail(const char *what) __attribute__((noreturn));

static void fail(const char *what)
{
	printf("self-test: %s\n", what);
	fflush(stdout);
	_exit(1);
}

/* Is malloc, as programs see it, in the same object as hakmem_version? */
static const char *find_library(void)
{
	void *version = dlsym(RTLD_DEFAULT, "hakmem_version");
	void *standard = dlsym(RTLD_DEFAULT, "malloc");
	const char *(*call)(void);
	Dl_info ours, served;

	if (!version)
		fail("the library is not loaded");
	if (!dladdr(version, &ours) || !dladdr(standard, &served) ||
	    ours.dli_fbase != served.dli_fbase)
		fail("the library is loaded, but malloc is not its own");
	*(void **)&is_ours = dlsym(RTLD_DEFAULT, "hakmem_is_ours");
	if (!is_ours)
		fail("the library lacks hakmem_is_ours");
	*(void **)&call = version;
	return call();
}

static void *fill(void *p, size_t size, unsigned char mark)
{
	unsigned char *bytes = p;

	if (!p)
		fail("out of memory");
	if (!is_ours(p))
		fail("malloc returned a block that is not the library's");
	if ((uintptr_t)p % 16 != 0)
		fail("a block is not aligned to 16 bytes");
	bytes[0] = mark;
	bytes[size - 1] = mark;
	return p;
}

static void use_blocks(unsigned round)
{
	size_t size = sizes[round % N_SIZES];
	unsigned char mark = (unsigned char)(round | 1);
	unsigned char *a = fill(malloc(size), size, mark);
	unsigned char *b = calloc(1, size);
	unsigned char *c = NULL;

	if (!b || b[0] || b[size - 1])
		fail("calloc returned a block that is not zero");
	a = realloc(a, size * 2);
	if (!a || a[0] != mark || (size > 1 && a[size - 1] != mark))
		fail("realloc lost the contents");
	if (posix_memalign((void **)&c, 256, size) || (uintptr_t)c % 256 != 0)
		fail("posix_memalign does not align");
	free(b);
	free(a);
	free(c);
}

/* Leave a block for another thread, and free the one found there. */
static void hand_over(unsigned round)
{
	size_t size = sizes[round % 8];
	void *mine = fill(malloc(size), size, 1);

	free(__atomic_exchange_n(&shared[round % SHARED], mine,
				 __ATOMIC_ACQ_REL));
}

static void *thread_main(void *arg)
{
	unsigned first = (unsigned)(uintptr_t)arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		if (i % 16 == 0)
			use_blocks(first + i / 16);
		hand_over(first + i);
	}
	return NULL;
}

/* A child of a process whose threads are in the middle of malloc. */
static void fork_once(void)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		fail("cannot fork");
	if (pid == 0) {
		alarm(SECONDS);
		for (unsigned i = 0; i < 2 * N_SIZES; i++)
			use_blocks(i);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			fail("cannot wait for a child");
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail("a forked child failed");
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	const char *version;

	if (argc > 1 && strcmp(argv[1], "--can-run") == 0)
		return 0;
	alarm(SECONDS);
	version = find_library();
	for (uintptr_t i = 0; i < THREADS; i++) {
		if (pthread_create(&threads[i], NULL, thread_main,
				   (void *)(i * 61)))
			fail("cannot create a thread");
	}
	for (int i = 0; i < CHILDREN; i++)
		fork_once();
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < SHARED; i++)
		free(shared[i]);
	printf("libhakmem %s\n", version);
	return fflush(stdout) != 0;
}
