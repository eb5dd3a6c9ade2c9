/* SPDX-License-Identifier: MIT */
/*
 * t.h - what the tests share
 *
 * Failures are written with write(2): a test may fail in a child of a
 * threaded program, in a handler or with stdio's locks held.
 */
#ifndef T_H
#define T_H

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The first blocks of a process come from mixed slots: without T_FRESH a test
 * begins behind them, as a program that has worked for a while. */
#ifndef T_FRESH
__attribute__((constructor)) static void t_age(void)
{
	for (int i = 0; i < 1100; i++) {
		void *volatile p = malloc(1);

		free(p);
	}
}
#endif

/* Not declared by every C library. */
extern void *pvalloc(size_t size);

/* Using blocks after a realloc that must fail, or a free, is the purpose. */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#pragma GCC diagnostic ignored "-Wuse-after-free"
#endif

#define CHECK(cond)                                            \
	do {                                                   \
		if (!(cond))                                   \
			t_fail(__FILE__, __LINE__, "%s", #cond); \
	} while (0)

/* With figures: FAIL("%zu bytes", n) */
#define FAIL(...) t_fail(__FILE__, __LINE__, __VA_ARGS__)

__attribute__((format(printf, 3, 4), noreturn, unused)) static void
t_fail(const char *file, int line, const char *fmt, ...)
{
	char text[500];
	int n = snprintf(text, sizeof(text), "%s:%d: ", file, line);
	va_list ap;

	va_start(ap, fmt);
	n += vsnprintf(text + n, sizeof(text) - (size_t)n - 1, fmt, ap);
	va_end(ap);
	if (n > (int)sizeof(text) - 2)
		n = (int)sizeof(text) - 2;
	text[n++] = '\n';
	if (write(STDERR_FILENO, text, (size_t)n) < 0)
		_exit(2);
	_exit(1);
}

__attribute__((noreturn, unused)) static void unsupported(const char *reason)
{
	dprintf(STDOUT_FILENO, "UNSUPPORTED: %s\n", reason);
	_exit(77);
}

/* Sizes of every tier and around its borders. */
static const size_t t_sizes[] = {
	1, 8, 15, 16, 17, 24, 32, 40, 64, 100, 128, 129, 250, 500, 1000, 1024,
	1025, 2000, 4095, 4096, 4097, 8192, 10000, 20000, 32768, 32769, 50000,
	65535, 65536, 65537, 100000, 300000, 1048576, 1500000, 2097152,
	2097153, 3000000, 8388608,
};
#define T_SIZES (sizeof(t_sizes) / sizeof(t_sizes[0]))

/* More than any process can have in one piece.  Half an address space of 32
 * bits may be free; then PTRDIFF_MAX bytes are no more than legal. */
#define T_TOO_MUCH \
	((size_t)PTRDIFF_MAX + (sizeof(void *) == 4 ? (size_t)1 << 30 : 0))

/* Hide from the compiler what a value is. */
#define T_HIDE(x)                                 \
	({                                        \
		__typeof__(x) t_hidden_ = (x);    \
		__asm__("" : "+r"(t_hidden_));    \
		t_hidden_;                        \
	})

__attribute__((unused)) static double t_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* xorshift64* */
__attribute__((unused)) static uint64_t t_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545f4914f6cdd1d);
}

__attribute__((unused)) static size_t t_below(uint64_t *state, size_t n)
{
	return (size_t)((t_random(state) >> 11) % n);
}

/* A pattern that depends on seed and position, so that a block that has moved
 * or been shared shows. */
__attribute__((unused)) static void t_fill(void *p, size_t n, unsigned seed)
{
	unsigned char *b = p;

	for (size_t i = 0; i < n; i++)
		b[i] = (unsigned char)(seed + i * 7 + (i >> 8));
}

__attribute__((unused)) static int t_filled(const void *p, size_t n,
					    unsigned seed)
{
	const unsigned char *b = p;

	for (size_t i = 0; i < n; i++)
		if (b[i] != (unsigned char)(seed + i * 7 + (i >> 8)))
			return 0;
	return 1;
}

__attribute__((unused)) static int t_zero(const void *p, size_t n)
{
	const unsigned char *b = p;

	for (size_t i = 0; i < n; i++)
		if (b[i])
			return 0;
	return 1;
}

/* A field of /proc/self/status in KiB. */
__attribute__((unused)) static long t_status_kib(const char *field)
{
	char text[4096];
	FILE *f = fopen("/proc/self/status", "r");
	size_t n;
	char *at;

	if (!f)
		FAIL("/proc/self/status: %s", strerror(errno));
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = 0;
	at = strstr(text, field);
	if (!at)
		FAIL("no %s in /proc/self/status", field);
	return strtol(at + strlen(field) + 1, NULL, 10);
}

/* Run fn in a child; the wait status. */
__attribute__((unused)) static int t_child(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		fn();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

#endif /* T_H */
