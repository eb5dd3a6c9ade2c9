/* SPDX-License-Identifier: MIT */
/*
 * The secret: odd, different in each process, made of every bit of what the
 * kernel gives but none of it as it is; with nothing from the kernel still
 * one.
 *
 * { dg-hakmem-options "-Wl,--wrap=getauxval" }
 */
#include "t.h"

#include "random.h"

#include <sys/auxv.h>
#include <sys/personality.h>

#define PROCESSES 64

static bool without;

unsigned long __real_getauxval(unsigned long type);
unsigned long __wrap_getauxval(unsigned long type);

unsigned long __wrap_getauxval(unsigned long type)
{
	return without && type == AT_RANDOM ? 0 : __real_getauxval(type);
}

static uintptr_t secret_of_process(const char *how)
{
	char *argv[] = { (char *)"random", (char *)(uintptr_t)how, NULL };
	uintptr_t secret = 0;
	int ends[2];
	int status;
	pid_t pid;

	CHECK(pipe(ends) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	close(ends[1]);
	CHECK(read(ends[0], &secret, sizeof(secret)) == sizeof(secret));
	close(ends[0]);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	return secret;
}

static int tell_secret(bool without_kernel)
{
	const void *at = (const void *)getauxval(AT_RANDOM);
	uintptr_t words[16 / sizeof(uintptr_t)];
	uintptr_t secret;

	without = without_kernel;
	errno = 4095;
	secret = hak_random_secret();
	CHECK(errno == 4095);
	CHECK(secret & 1);
	if (at) {
		memcpy(words, at, sizeof(words));
		for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
			CHECK(secret != (words[i] | 1));
	}
	return write(STDOUT_FILENO, &secret, sizeof(secret)) != sizeof(secret);
}

static void check_processes(const char *how, unsigned distinct, bool all_bits)
{
	uintptr_t secret[PROCESSES];
	uintptr_t ones = 0, zeroes = 0;
	unsigned fresh = 0;

	for (unsigned i = 0; i < PROCESSES; i++) {
		bool seen = false;

		secret[i] = secret_of_process(how);
		ones |= secret[i];
		zeroes |= ~secret[i];
		for (unsigned j = 0; j < i; j++)
			seen |= secret[j] == secret[i];
		fresh += !seen;
	}
	if (fresh < distinct)
		FAIL("%s: %u different secrets in %d processes", how, fresh,
		     PROCESSES);
	if (all_bits) {
		CHECK(ones == UINTPTR_MAX);
		CHECK(zeroes == (UINTPTR_MAX & ~(uintptr_t)1));
	}
}

static bool addresses_vary(void)
{
	FILE *f = fopen("/proc/sys/kernel/randomize_va_space", "r");
	int level = f ? fgetc(f) : '0';

	if (f)
		fclose(f);
	return level != '0' && !(personality(0xffffffff) & ADDR_NO_RANDOMIZE);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return tell_secret(strcmp(argv[1], "without") == 0);
	check_processes("with", PROCESSES, getauxval(AT_RANDOM) != 0);
	/* a stack has some 2^22 places, fewer in a 32-bit program */
	check_processes("without",
			!addresses_vary()     ? 1
			: sizeof(void *) == 8 ? PROCESSES - 4
					      : PROCESSES / 2,
			false);
	return 0;
}
