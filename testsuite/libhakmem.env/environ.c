/* SPDX-License-Identifier: MIT */
/*
 * Environments as they may come: names that do not exist, in lower case or
 * half written, variables twice, without '=', with control characters, very
 * long, very many, none at all, and none left when the first allocation
 * comes.  One line for each that is not understood, never a crash, never
 * another exit status.
 *
 * { dg-hakmem-options "-ldl" }
 */
#include "rerun.h"

#include <hakmem/stats.h>

enum { STATUS = 7, MANY = 1000, LONG = 100000 };

static struct rerun r;

static int option(const char *name, char *text, size_t size)
{
	int (*get)(const char *, char *, size_t) =
		(int (*)(const char *, char *, size_t))(uintptr_t)rerun_find(
			"hakmem_option_get");

	return get(name, text, size);
}

static void second(const char *what)
{
	extern char **environ;
	char text[300];

	if (strcmp(what, "clear") == 0)
		clearenv();
	if (strcmp(what, "null") == 0)
		environ = NULL;
	for (int i = 0; i < 100; i++)
		free(malloc((size_t)i * 50));
	if (strcmp(what, "child") == 0) {
		pid_t pid = fork();

		if (pid == 0) {
			free(malloc(100));
			_exit(0);
		}
		CHECK(waitpid(pid, NULL, 0) == pid);
	}
	CHECK(option("VERBOSE", text, sizeof(text)) == 1);
	dprintf(STDOUT_FILENO, "%s\n", text);
	if (strcmp(what, "closed") == 0)
		close(STDERR_FILENO);
	exit(STATUS);
}

static void run(const char *what, const char *const *set, const char *verbose,
		const char *err)
{
	rerun(&r, what, NULL, set);
	r.out[strcspn(r.out, "\n")] = 0;
	if (!WIFEXITED(r.status) || WEXITSTATUS(r.status) != STATUS ||
	    strcmp(r.out, verbose) || (err && strcmp(r.err, err)))
		FAIL("%s %s: status %#x, VERBOSE \"%s\", stderr \"%.300s\", "
		     "not \"%.100s\"",
		     what, *set ? *set : "", (unsigned)r.status, r.out, r.err,
		     err);
}

static void one(const char *variable, const char *verbose, const char *err)
{
	const char *set[] = { variable, NULL };

	run("plain", set, verbose, err);
}

#define UNKNOWN(name) "hakmem: warning: unknown variable HAKMEM_" name "\n"

static void names(void)
{
	one("HAKMEM_NO_SUCH=1", "0", UNKNOWN("NO_SUCH"));
	one("HAKMEM_VERBOS=1", "0", UNKNOWN("VERBOS"));
	one("HAKMEM_VERBOSE2=1", "0", UNKNOWN("VERBOSE2"));
	one("HAKMEM_VERBOSE =1", "0", UNKNOWN("VERBOSE "));
	one("HAKMEM_verbose=1", "0", UNKNOWN("verbose"));
	one("HAKMEM_Verbose=1", "0", UNKNOWN("Verbose"));
	one("HAKMEM_=1", "0", UNKNOWN(""));
	one("HAKMEM_NO\033[31m=1", "0", UNKNOWN("NO?[31m"));
	one("HAKMEM_\303\204=1", "0", UNKNOWN("??"));
	/* not ours */
	one("HAKMEM=1", "0", "");
	one("HAKMEMVERBOSE=1", "0", "");
	one("XHAKMEM_VERBOSE=1", "0", "");
	one("hakmem_VERBOSE=1", "0", "");
	one("VERBOSE=1", "0", "");
	one("=HAKMEM_VERBOSE=1", "0", "");
	/* no variable at all */
	one("HAKMEM_VERBOSE", "0", "");
	one("HAKMEM_NO_SUCH", "0", "");
	one("HAKMEM_", "0", "");
	one("", "0", "");
	one("=", "0", "");
}

/* The library that is only measured has this one. */
static void bench_fast(void)
{
	one("HAKMEM_BENCH_FAST=1", "0", NULL);
	CHECK(strncmp(r.err, "hakmem: ", 8) == 0);
	CHECK(strchr(r.err, '\n') == r.err + strlen(r.err) - 1);
}

static void twice(void)
{
	const char *last[] = { "HAKMEM_VERBOSE=x", "HAKMEM_VERBOSE=1",
			       "HAKMEM_VERBOSE=0", NULL };
	const char *two[] = { "HAKMEM_VERBOSE=1", "HAKMEM_VERBOSE=two", NULL };
	const char *err = "hakmem: warning: HAKMEM_VERBOSE=\"x\": not "
			  "understood, default 0 kept\n";

	run("plain", last, "0", err);
	run("plain", two, "1", NULL);
	CHECK(strstr(r.err, "VERBOSE=\"two\": not understood"));
}

static void long_ones(void)
{
	static char variable[LONG];
	const char *set[] = { variable, NULL };

	memset(variable, 'N', sizeof(variable) - 1);
	memcpy(variable, "HAKMEM_", 7);
	variable[LONG - 2] = '=';
	run("plain", set, "0", NULL);
	CHECK(strncmp(r.err, UNKNOWN("NNNN"), 44) == 0);
	CHECK(strlen(r.err) < 200 && r.err[strlen(r.err) - 1] == '\n');
	memset(variable, '1', sizeof(variable) - 1);
	memcpy(variable, "HAKMEM_VERBOSE=", 15);
	run("plain", set, "0", NULL);
	CHECK(strlen(r.err) < 200);
	CHECK(strstr(r.err, "\": not understood, default 0 kept\n"));
}

static void many(void)
{
	static char variable[MANY][24];
	static const char *set[MANY + 2];
	int lines = 0;

	for (int i = 0; i < MANY; i++) {
		snprintf(variable[i], sizeof(variable[i]), "HAKMEM_X%d=1", i);
		set[i] = variable[i];
	}
	set[MANY] = "HAKMEM_VERBOSE=1";
	run("plain", set, "1", NULL);
	for (char *p = r.err; (p = strstr(p, "unknown variable")); p++)
		lines++;
	CHECK(lines == MANY);
}

static void when(void)
{
	const char *set[] = { "HAKMEM_VERBOSE=1", "HAKMEM_NO_SUCH=1", NULL };
	const char *none[] = { NULL };
	const char *bad[] = { "HAKMEM_NO_SUCH=1", NULL };

	run("plain", none, "0", "");
	/* once in a process, not again in its child */
	run("child", bad, "0", UNKNOWN("NO_SUCH"));
	run("closed", bad, "0", UNKNOWN("NO_SUCH"));
	/* either before the library looked or after: no crash */
	rerun(&r, "clear", NULL, set);
	CHECK(WIFEXITED(r.status) && WEXITSTATUS(r.status) == STATUS);
	rerun(&r, "null", NULL, set);
	CHECK(WIFEXITED(r.status) && WEXITSTATUS(r.status) == STATUS);
	rerun(&r, "null", NULL, none);
	CHECK(WIFEXITED(r.status) && WEXITSTATUS(r.status) == STATUS);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		second(argv[1]);
	names();
	bench_fast();
	twice();
	long_ones();
	many();
	when();
	return 0;
}
