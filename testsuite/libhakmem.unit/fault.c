/* SPDX-License-Identifier: MIT */
/*
 * Reports: the fixed words, one line, the process id, SIGABRT; a warning does
 * not end the program and leaves errno alone.
 */
#include "unit.h"

#include "assert.h"
#include "fault.h"

static char thing;
static int asked; /* evaluations of an asserted expression */

static void invalid(void)
{
	hak_fault(HAK_FAULT_INVALID_FREE, &thing, 0);
}

static void unaligned(void)
{
	hak_fault(HAK_FAULT_UNALIGNED_FREE, &thing, 16);
}

static void twice(void)
{
	hak_fault(HAK_FAULT_DOUBLE_FREE, &thing, HAK_MID_MAX);
}

static void mismatch(void)
{
	hak_fault(HAK_FAULT_SIZE_MISMATCH, &thing, HAK_MID_MAX + 1);
}

static void foreign(void)
{
	hak_fault(HAK_FAULT_FOREIGN_POINTER, (void *)UINTPTR_MAX, SIZE_MAX);
}

static void text(void)
{
	hak_fault_text("something else");
}

static void assertion(void)
{
	hak_fault_assert("1 == 2", "here.c:3");
}

static void required(void)
{
	hak_require(++asked == 2);
}

static void handler(int sig)
{
	(void)sig;
	hak_warn("from the handler");
}

/* A handler that returns does not save the process. */
static void handled(void)
{
	CHECK(signal(SIGABRT, handler) != SIG_ERR);
	invalid();
}

/* hak_assert counts its evaluations: none without --enable-debug. */
static void asserts(void)
{
	hak_assert(++asked);
	CHECK(asked == (HAK_DEBUG >= 1));
	hak_assert_slow(++asked);
	CHECK(asked == (HAK_DEBUG >= 1) + (HAK_DEBUG >= 3));
	hak_require(++asked);
	CHECK(asked == 1 + (HAK_DEBUG >= 1) + (HAK_DEBUG >= 3));
}

/* The whole of standard error is this line, " [pid N]" and a newline. */
static void reports(void (*fn)(void), const char *line)
{
	char have[500], want[500];
	pid_t pid;
	int status = u_child(fn, have, sizeof(have), &pid);

	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	snprintf(want, sizeof(want), "hakmem: fatal: %s [pid %d]\n", line,
		 (int)pid);
	if (strcmp(have, want))
		FAIL("\"%s\", not \"%s\"", have, want);
}

static void reports_of(void (*fn)(void), const char *words, const char *detail,
		       const void *p)
{
	char line[300];

	snprintf(line, sizeof(line), "%s of %p%s", words, p, detail);
	reports(fn, line);
}

static void warn(void)
{
	errno = 4095;
	hak_warn("a word");
	close(STDERR_FILENO);
	hak_warn("into nothing");
	if (errno != 4095)
		_exit(1);
}

static void warn_long(void)
{
	static char much[1000];

	memset(much, 'x', sizeof(much) - 1);
	hak_warn(much);
}

static void check_warn(void)
{
	char have[2000];

	CHECK(u_child(warn, have, sizeof(have), NULL) == 0);
	CHECK(strcmp(have, "hakmem: a word\n") == 0);
	/* cut somewhere, and still a line */
	CHECK(u_child(warn_long, have, sizeof(have), NULL) == 0);
	CHECK(strncmp(have, "hakmem: ", 8) == 0);
	CHECK(strspn(have + 8, "x") > 100);
	CHECK(strcmp(have + 8 + strspn(have + 8, "x"), "\n") == 0);
}

int main(void)
{
	char huge[60];

	snprintf(huge, sizeof(huge), " (%zu bytes)", SIZE_MAX);
	reports_of(invalid, "invalid free", "", &thing);
	reports_of(unaligned, "unaligned free", " (16-byte class)", &thing);
	reports_of(twice, "double free", " (32768-byte class)", &thing);
	reports_of(mismatch, "size mismatch", " (32769 bytes)", &thing);
	reports_of(foreign, "foreign pointer", huge, (void *)UINTPTR_MAX);
	reports(text, "something else");
	reports(assertion, "assertion 1 == 2 at here.c:3");
	DIES(required, "assertion ++asked == 2 at ");
	DIES(handled, "invalid free");
	DIES(handled, "hakmem: from the handler\n");
	LIVES(asserts);
	check_warn();
	return 0;
}
