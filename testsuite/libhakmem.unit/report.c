/* SPDX-License-Identifier: MIT */
/*
 * Reports: every counter of stats.h is in the JSON with its value, the JSON
 * is well-formed, the text shows its sections, and writing survives short
 * writes and signals and tells of errors.
 *
 * Writes of the report are made short by standing between it and the kernel:
 * { dg-hakmem-options "-Wl,--wrap=hak_sys_call" }
 */
#include "report.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(x)                                                       \
	do {                                                           \
		if (!(x)) {                                            \
			printf("%s:%d: %s\n", __FILE__, __LINE__, #x); \
			exit(1);                                       \
		}                                                      \
	} while (0)

typedef int (*report_fn)(const struct hakmem_stats *,
			 const struct hak_report_class *, int);

static struct hakmem_stats stats;
static struct hak_report_class classes[HAKMEM_STATS_CLASSES];

static size_t write_limit = SIZE_MAX;
static unsigned writes_cut;

long __real_hak_sys_call(long number, long a, long b, long c, long d, long e,
			 long f);
long __wrap_hak_sys_call(long number, long a, long b, long c, long d, long e,
			 long f);

long __wrap_hak_sys_call(long number, long a, long b, long c, long d, long e,
			 long f)
{
	if (number == SYS_write && (size_t)c > write_limit) {
		c = (long)write_limit;
		writes_cut++;
	}
	return __real_hak_sys_call(number, a, b, c, d, e, f);
}

static const size_t first = offsetof(struct hakmem_stats, slots_active);

/* Each counter gets a value of its own. */
static uint64_t value_at(size_t offset)
{
	return UINT64_C(1000000007) * (offset / 8 + 1);
}

static void fill(void)
{
	strcpy(stats.version, "7.8.9");
	stats.pid = 4242;
	stats.page_size = 4096;
	stats.slot_size = 65536;
	stats.pointer_size = sizeof(void *);
	for (size_t at = first; at < sizeof(stats); at += 8)
		*(uint64_t *)((char *)&stats + at) = value_at(at);
	for (unsigned i = 1; i < HAKMEM_STATS_CLASSES; i++)
		classes[i].block_size = 16 * i;
	classes[3] = (struct hak_report_class){
		48, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009,
	};
	classes[5].filled = 77;
}

/* The report as a string, for as long as no other is made. */
static char *report_of(report_fn fn)
{
	static char text[64 * 1024];
	int fd = memfd_create("report", 0);
	ssize_t n;

	CHECK(fd >= 0);
	CHECK(fn(&stats, classes, fd) == 0);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	n = read(fd, text, sizeof(text) - 1);
	CHECK(n > 0 && (size_t)n < sizeof(text) - 1);
	text[n] = 0;
	close(fd);
	return text;
}

/* A value of RFC 8259, as far as reports use it; what follows, or NULL. */
static const char *json(const char *s);

static const char *json_space(const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

static const char *json_string(const char *s)
{
	if (*s++ != '"')
		return NULL;
	while (*s && *s != '"' && *s != '\\' && (unsigned char)*s >= ' ')
		s++;
	return *s == '"' ? s + 1 : NULL;
}

static const char *json_list(const char *s, char end)
{
	s = json_space(s + 1);
	if (*s == end)
		return s + 1;
	for (;;) {
		if (end == '}') {
			s = json_string(json_space(s));
			if (!s || *(s = json_space(s)) != ':')
				return NULL;
			s++;
		}
		s = json(s);
		if (!s)
			return NULL;
		if (*s == end)
			return s + 1;
		if (*s++ != ',')
			return NULL;
	}
}

static const char *json(const char *s)
{
	s = json_space(s);
	if (*s == '{')
		s = json_list(s, '}');
	else if (*s == '[')
		s = json_list(s, ']');
	else if (*s == '"')
		s = json_string(s);
	else if (isdigit((unsigned char)*s))
		s += strspn(s, "0123456789");
	else
		return NULL;
	return s ? json_space(s) : NULL;
}

static void has(const char *text, const char *key, uint64_t value)
{
	char want[100];

	snprintf(want, sizeof(want), "\"%s\": %" PRIu64 ",", key, value);
	if (!strstr(text, want))
		printf("%s is missing\n", want);
	CHECK(strstr(text, want) != NULL);
}

static void check_json(void)
{
	const char *text = report_of(hak_report_json);
	const char *end = json(text);
	unsigned found = 0;

	CHECK(end && *end == 0);
	has(text, "pid", 4242);
	has(text, "page_size", 4096);
	CHECK(strstr(text, "\"version\": \"7.8.9\","));
	for (size_t at = first; at < sizeof(stats); at += 8) {
		char want[40];

		snprintf(want, sizeof(want), ": %" PRIu64 ",", value_at(at));
		if (!strstr(text, want))
			printf("the counter at %zu is missing\n", at);
		CHECK(strstr(text, want) != NULL);
		found++;
	}
	CHECK(found > 40);
	/* a sample of the names: first, last, and some between */
#define NAMED(field) has(text, #field, stats.field)
	NAMED(slots_active);
	NAMED(shared_fail);
	NAMED(shared_fail_fallback);
	NAMED(registry_slots);
	NAMED(purged_bytes);
	NAMED(huge_live_bytes);
	NAMED(limit_hard);
	NAMED(live_bytes);
	NAMED(pending_bytes);
}

static void check_json_classes(void)
{
	const char *text = report_of(hak_report_json);
	const char *list = strstr(text, "\"classes\": [");

	CHECK(list != NULL);
	CHECK(strstr(list, "{\"block_size\": 48,\"filled\": 1001,"
			   "\"flushed\": 1002,\"drained\": 1003,"
			   "\"remote_freed\": 1004,\"cached\": 1005,"
			   "\"live\": 1006,\"slabs\": 1007,"
			   "\"refills\": 1008,\"flushes\": 1009}"));
	CHECK(strstr(list, "{\"block_size\": 80,\"filled\": 77,"));
	/* classes without use are left out */
	CHECK(!strstr(list, "\"block_size\": 64,"));

	memset(&classes[3], 0, sizeof(classes[3]));
	memset(&classes[5], 0, sizeof(classes[5]));
	text = report_of(hak_report_json);
	CHECK(strstr(text, "\"classes\": []\n}\n"));
	CHECK(json(text) && *json(text) == 0);
	fill();
}

static void check_text(void)
{
	static const char *const parts[] = {
		"hakmem 7.8.9: report of the heap [pid 4242]\n",
		"\nMemory\n", "\nTiers\n", "\nSize classes in use (blocks)\n",
		"\nRemote frees\n", "\nShared Pool\n", "\nRegistry\n",
		"\nReturned to the system\n", "\nThreads\n",
		"\nLimits and errors\n",
	};
	const char *text = report_of(hak_report_text);
	char row[200];

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		CHECK(strstr(text, parts[i]) != NULL);
	snprintf(row, sizeof(row),
		 "\n%7u %10u %10u %7u %10u %10u %10u %10u %10u %10u\n", 48,
		 1006, 1005, 1007, 1001, 1002, 1003, 1004, 1008, 1009);
	CHECK(strstr(text, row));
	snprintf(row, sizeof(row), "\n  %-32s%14" PRIu64 "\n", "shared_fail",
		 stats.shared_fail);
	CHECK(strstr(text, row));
	/* 1006 live blocks of 48 bytes are 47.2 KiB */
	snprintf(row, sizeof(row), "\n  %-8s%14s%14s%14s\n", "tiny",
		 "47.2 KiB", "-", "-");
	CHECK(strstr(text, row));
	stats.limit_hard = 0;
	snprintf(row, sizeof(row), "\n  %-32s%14s\n", "hard limit", "none");
	CHECK(strstr(report_of(hak_report_text), row));
	fill();
}

/* Widest figures everywhere: nothing is cut. */
static void check_widest(void)
{
	const char *text;
	char row[300];
	size_t n = 0;

	memset(&stats, 0xff, sizeof(stats));
	/* two in a row: the second meets a buffer that holds the first */
	memset(&classes[7], 0xff, 2 * sizeof(classes[7]));
	text = report_of(hak_report_text);
	n = (size_t)snprintf(row, sizeof(row), "\n%u", UINT32_MAX);
	for (unsigned i = 0; i < 9; i++)
		n += (size_t)snprintf(row + n, sizeof(row) - n, " %" PRIu64,
				      UINT64_MAX);
	text = strstr(text, row);
	CHECK(text && strncmp(text + n, row, n) == 0 && text[2 * n] == '\n');
	memset(stats.version, 'v', sizeof(stats.version));
	text = report_of(hak_report_json);
	CHECK(json(text) && *json(text) == 0);
	memset(&classes[7], 0, 2 * sizeof(classes[7]));
	memset(&stats, 0, sizeof(stats));
	fill();
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* Reads slowly from fd into a copy of the report; exit status 0 if they are
 * the same. */
static void slow_reader(int fd, const char *want)
{
	size_t len = 0;
	char piece[97];
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) > 0) {
		if (strncmp(want + len, piece, (size_t)n))
			_exit(1);
		len += (size_t)n;
		usleep(2000);
	}
	_exit(want[len] ? 2 : 0);
}

/* A full pipe, and a signal every millisecond without SA_RESTART: writes end
 * with EINTR. */
static void check_signals(void)
{
	const struct itimerval each = { { 0, 1000 }, { 0, 1000 } };
	const struct itimerval none = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = on_alarm };
	const char *want;
	int ends[2];
	int status;
	pid_t pid;

	for (unsigned i = 1; i < HAKMEM_STATS_CLASSES; i++)
		classes[i].filled = i;
	want = report_of(hak_report_text);
	CHECK(pipe(ends) == 0);
	CHECK(fcntl(ends[1], F_SETPIPE_SZ, 4096) > 0);
	CHECK(strlen(want) > 4096); /* more than the pipe holds */
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		close(ends[1]);
		slow_reader(ends[0], want);
	}
	close(ends[0]);
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &each, NULL) == 0);
	CHECK(hak_report_text(&stats, classes, ends[1]) == 0);
	CHECK(setitimer(ITIMER_REAL, &none, NULL) == 0);
	close(ends[1]);
	while (waitpid(pid, &status, 0) < 0)
		CHECK(errno == EINTR);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	memset(classes, 0, sizeof(classes));
	fill();
}

static void check_short_writes(void)
{
	static char want[64 * 1024];

	strcpy(want, report_of(hak_report_json));
	write_limit = 97;
	CHECK(strcmp(report_of(hak_report_json), want) == 0);
	CHECK(writes_cut > 10);
	write_limit = 0; /* a descriptor that takes nothing: no endless loop */
	CHECK(hak_report_json(&stats, classes, STDOUT_FILENO) == -EIO);
	write_limit = SIZE_MAX;
}

/* Under RLIMIT_FSIZE the file is filled to the last byte, then the error is
 * told. */
static void check_file_limit(void)
{
	const struct rlimit limit = { 1000, RLIM_INFINITY };
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	const char *want = report_of(hak_report_json);
	char text[1001];
	int fd = memfd_create("limited", 0);

	CHECK(fd >= 0);
	CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHECK(hak_report_json(&stats, classes, fd) == -EFBIG);
	CHECK(setrlimit(RLIMIT_FSIZE, &none) == 0);
	CHECK(pread(fd, text, sizeof(text), 0) == 1000);
	CHECK(memcmp(text, want, 1000) == 0);
	close(fd);
}

static void check_errors(void)
{
	int full = open("/dev/full", O_WRONLY);

	errno = 4095;
	CHECK(hak_report_text(&stats, classes, -1) == -EBADF);
	CHECK(hak_report_json(&stats, classes, -1) == -EBADF);
	if (full >= 0) {
		CHECK(hak_report_text(&stats, classes, full) == -ENOSPC);
		CHECK(hak_report_json(&stats, classes, full) == -ENOSPC);
		close(full);
	}
	CHECK(errno == 4095);
}

int main(void)
{
	fill();
	check_json();
	check_json_classes();
	check_text();
	check_widest();
	check_signals();
	check_short_writes();
	check_file_limit();
	check_errors();
	return 0;
}
