/* SPDX-License-Identifier: MIT */
/*
 * While threads allocate: vfork and exec, posix_spawn with actions, popen and
 * system; children of vfork, of clone(2) called directly and of _Fork that
 * allocate before they end.
 */
#include "t.h"

#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/syscall.h>

enum { THREADS = 4, ROUNDS = 25 };

static int stop; /* atomic */

static void *churn(void *arg)
{
	uint64_t seed = (uintptr_t)arg + 5;
	void *p[50] = { 0 };

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		size_t i = t_below(&seed, 50);

		free(p[i]);
		p[i] = malloc(t_below(&seed, 40) ? t_below(&seed, 3000)
						 : t_below(&seed, 400000));
		CHECK(p[i]);
	}
	for (int i = 0; i < 50; i++)
		free(p[i]);
	return NULL;
}

static void ended_with(pid_t pid, int code, const char *what)
{
	int status;

	CHECK(pid > 0);
	CHECK(waitpid(pid, &status, 0) == pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
		FAIL("%s: status %#x", what, (unsigned)status);
}

/* Memory is the parent's: what is allocated must be freed. */
static void by_vfork(void)
{
	static char *const argv[] = { "sh", "-c", "exit 5", NULL };
	static char *const envp[] = { NULL };
	char *volatile left = NULL;
	pid_t pid = vfork();

	if (pid == 0) {
		void *p = malloc(100), *q = calloc(1, 100000);

		left = malloc(3000);
		if (!p || !q || !left)
			_exit(1);
		memset(left, 7, 3000);
		free(p);
		free(q);
		execve("/bin/sh", argv, envp);
		_exit(126);
	}
	ended_with(pid, 5, "vfork");
	CHECK(left && left[2999] == 7);
	free(left);
	pid = vfork();
	if (pid == 0)
		_exit(6);
	ended_with(pid, 6, "vfork and _exit");
}

static void by_spawn(void)
{
	static char *const argv[] = { "sh", "-c", "read x; exit $x", NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int ends[2];
	pid_t pid;

	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	CHECK(posix_spawn_file_actions_init(&actions) == 0);
	CHECK(posix_spawn_file_actions_adddup2(&actions, ends[0], 0) == 0);
	CHECK(posix_spawn_file_actions_addopen(&actions, 1, "/dev/null",
					       O_WRONLY, 0) == 0);
	CHECK(posix_spawnattr_init(&attr) == 0);
	CHECK(posix_spawnp(&pid, "sh", &actions, &attr, argv, environ) == 0);
	CHECK(write(ends[1], "9\n", 2) == 2);
	close(ends[0]);
	close(ends[1]);
	ended_with(pid, 9, "posix_spawn");
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
}

static void by_stdio(void)
{
	char line[100] = "";
	FILE *f = popen("echo one", "r");
	int status;

	CHECK(f && fgets(line, sizeof(line), f));
	CHECK(strcmp(line, "one\n") == 0 && pclose(f) == 0);
	f = popen("read x; exit $x", "w");
	CHECK(f && fputs("3\n", f) >= 0);
	status = pclose(f);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	status = system("exit 4");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 4);
}

static void use_memory(void)
{
	for (size_t i = 0; i < 500; i++) {
		char *p = malloc(i * 20), *q;

		CHECK(p);
		q = realloc(p, i * 200 + 1);
		CHECK(q);
		free(q);
	}
}

/* The C library does not know of this child. */
static void by_clone(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0) {
		alarm(40);
		use_memory();
		_exit(8);
	}
	ended_with(pid, 8, "clone");
}

/* No atfork handler runs. */
static void by__fork(void)
{
#if __GLIBC_PREREQ(2, 34)
	pid_t pid = _Fork();

	if (pid == 0) {
		alarm(40);
		use_memory();
		_exit(8);
	}
	ended_with(pid, 8, "_Fork");
#endif
}

int main(void)
{
	pthread_t t[THREADS];

	alarm(55);
	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&t[i], NULL, churn, (void *)i) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		by_vfork();
		by_spawn();
		by_stdio();
		by_clone();
		by__fork();
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
	return 0;
}
