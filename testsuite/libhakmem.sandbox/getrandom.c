/* SPDX-License-Identifier: MIT */
/*
 * A kernel without getrandom, a sandbox that refuses it, and a machine that has
 * no randomness yet, where the call would block: the library starts, its secret
 * comes from what the kernel gave the process (AT_RANDOM) and is another one
 * in each process.
 *
 * The program starts itself again under a filter that answers getrandom with an
 * error, or ends the process at it: who never makes the call cannot block in it.
 */
#include "t.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Word 1 of a freed block is its address with the secret [heap.h]. */
static uintptr_t secret(void)
{
	uintptr_t *volatile p;

	/* the first blocks of a process have no key */
	for (int i = 0; i < 1000; i++)
		CHECK(malloc(64));
	p = malloc(64);
	CHECK(p);
	p[1] = 0;
	free((void *)p);
	CHECK(p[1]);
	return p[1] ^ (uintptr_t)p;
}

static void work(void)
{
	void *p[100];

	for (size_t round = 0; round < 20; round++) {
		for (size_t i = 0; i < 100; i++) {
			size_t n = t_sizes[(i + round) % T_SIZES];

			p[i] = malloc(n);
			CHECK(p[i]);
			t_fill(p[i], n < 4096 ? n : 4096, (unsigned)i);
		}
		for (size_t i = 0; i < 100; i++) {
			size_t n = t_sizes[(i + round) % T_SIZES];

			CHECK(t_filled(p[i], n < 4096 ? n : 4096, (unsigned)i));
			free(p[i]);
		}
	}
}

static void forbid(uint32_t action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		unsupported("no filters of system calls");
}

/* The secret of a process that starts under the filter. */
static uintptr_t started(uint32_t action)
{
	char text[40] = "";
	int out[2], status;
	pid_t pid;

	CHECK(pipe(out) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		char *argv[] = { "getrandom", "under", NULL };

		CHECK(dup2(out[1], STDOUT_FILENO) >= 0);
		forbid(action);
		execv("/proc/self/exe", argv);
		_exit(126);
	}
	close(out[1]);
	CHECK(waitpid(pid, &status, 0) == pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		unsupported("no filters of system calls");
	if (status)
		FAIL("action %#x: status %#x", action, (unsigned)status);
	CHECK(read(out[0], text, sizeof(text) - 1) > 0);
	close(out[0]);
	return (uintptr_t)strtoull(text, NULL, 16);
}

int main(int argc, char **argv)
{
	static const uint32_t actions[] = {
		SECCOMP_RET_ERRNO | ENOSYS,
		SECCOMP_RET_ERRNO | EPERM,
		SECCOMP_RET_ERRNO | EAGAIN,
		SECCOMP_RET_KILL_PROCESS,
	};

	if (argc > 1 && strcmp(argv[1], "under") == 0) {
		uintptr_t s = secret();

		work();
		dprintf(STDOUT_FILENO, "%llx", (unsigned long long)s);
		return 0;
	}
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		uintptr_t a = started(actions[i]), b = started(actions[i]);

		if (!a || !b || a == b)
			FAIL("action %#x: secrets %#zx and %#zx", actions[i],
			     (size_t)a, (size_t)b);
	}
	return 0;
}
