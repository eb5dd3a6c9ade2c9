/* SPDX-License-Identifier: MIT */
/*
 * What the benchmark programs share: arguments, random numbers, clock,
 * threads and the line of results.
 *
 * The programs call nothing but the standard functions, so LD_PRELOAD chooses
 * the allocator under test.  Their own arrays come from mmap: neither the
 * time nor the memory of the bookkeeping is charged to the allocator.
 *
 * Result: one line "name ops seconds ops_per_s key=value ...".
 */
#ifndef BENCH_H
#define BENCH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define BENCH_COUNT(a) (sizeof(a) / sizeof((a)[0]))
/* Neighbouring cache lines are fetched in pairs. */
#define BENCH_APART _Alignas(128)

static inline _Noreturn __attribute__((format(printf, 1, 2))) void
bench_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/*
 * Arguments: NAME=VALUE.  Numbers take K, M and G (powers of 1024); choices
 * are one of the words in "a|b|c" and give the index of the word.
 */
struct bench_arg {
	const char *name;
	size_t *number;
	unsigned *choice;
	const char **string;
	const char *help; /* for a choice: its words */
};

#define BENCH_NUMBER(n, to, h)                     \
	{                                          \
		.name = n, .number = to, .help = h \
	}
#define BENCH_CHOICE(n, to, words)                     \
	{                                              \
		.name = n, .choice = to, .help = words \
	}
#define BENCH_STRING(n, to, h)                     \
	{                                          \
		.name = n, .string = to, .help = h \
	}

static inline bool bench_parse_number(const char *text, size_t *out)
{
	char *end;

	errno = 0;
	unsigned long long v = strtoull(text, &end, 10);
	if (errno || end == text || *text == '-')
		return false;
	unsigned shift = 0;
	if (*end == 'K')
		shift = 10;
	else if (*end == 'M')
		shift = 20;
	else if (*end == 'G')
		shift = 30;
	if (shift)
		end++;
	*out = (size_t)v << shift;
	return *end == 0;
}

static inline bool bench_parse_choice(const char *words, const char *text,
				      unsigned *out)
{
	size_t len = strlen(text);

	for (unsigned i = 0;; i++) {
		size_t n = strcspn(words, "|");
		if (n == len && memcmp(words, text, n) == 0) {
			*out = i;
			return true;
		}
		if (words[n] == 0)
			return false;
		words += n + 1;
	}
}

static inline bool bench_parse_value(const struct bench_arg *a,
				     const char *text)
{
	if (a->number)
		return bench_parse_number(text, a->number);
	if (a->choice)
		return bench_parse_choice(a->help, text, a->choice);
	*a->string = text;
	return true;
}

static inline void bench_usage(const char *program,
			       const struct bench_arg *args, size_t count)
{
	printf("usage: %s [NAME=VALUE]...\n", program);
	for (size_t i = 0; i < count; i++) {
		if (args[i].number)
			printf("  %-10s %s (%zu)\n", args[i].name, args[i].help,
			       *args[i].number);
		else
			printf("  %-10s %s\n", args[i].name, args[i].help);
	}
}

static inline void bench_parse(int argc, char **argv,
			       const struct bench_arg *args, size_t count)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			bench_usage(argv[0], args, count);
			exit(0);
		}
		size_t len = strcspn(argv[i], "=");
		size_t k = 0;
		while (k < count && (strncmp(args[k].name, argv[i], len) ||
				     args[k].name[len]))
			k++;
		if (k == count || argv[i][len] == 0 ||
		    !bench_parse_value(&args[k], argv[i] + len + 1))
			bench_die("%s: bad argument %s", argv[0], argv[i]);
	}
}

/* A sum and a multiplication a number: far below the cost of a malloc. */
struct bench_rng {
	uint64_t state;
};

static inline uint64_t bench_rand(struct bench_rng *r)
{
	r->state += 0xa0761d6478bd642fU;
	unsigned __int128 t =
		(unsigned __int128)r->state * (r->state ^ 0xe7037ed1a0b428dbU);
	return (uint64_t)(t >> 64) ^ (uint64_t)t;
}

/* 0 .. n-1; n below 2^32 */
static inline size_t bench_below(struct bench_rng *r, size_t n)
{
	return (size_t)((bench_rand(r) >> 32) * n >> 32);
}

/* min .. max */
static inline size_t bench_between(struct bench_rng *r, size_t min, size_t max)
{
	return min + bench_below(r, max - min + 1);
}

/* A slot below n and a size of min .. max from one number. */
static inline size_t bench_slot_and_size(struct bench_rng *r, size_t n,
					 size_t min, size_t max, size_t *size)
{
	uint64_t v = bench_rand(r);

	*size = min + (size_t)((v & UINT32_MAX) * (max - min + 1) >> 32);
	return (size_t)((v >> 32) * n >> 32);
}

static inline void bench_shuffle(struct bench_rng *r, void **a, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = bench_below(r, i);
		void *t = a[i - 1];
		a[i - 1] = a[k];
		a[k] = t;
	}
}

static inline double bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static inline void bench_sleep_ms(size_t ms)
{
	struct timespec ts = { .tv_sec = (time_t)(ms / 1000),
			       .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

/* The memory of the program's own arrays; the main thread makes them. */
static size_t bench_own_kib;

/* Memory for the bookkeeping, resident before anything is measured. */
static inline void *bench_array(size_t count, size_t size)
{
	size_t len = count * size;
	if (len == 0)
		len = 1;
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		bench_die("mmap of %zu bytes: %s", len, strerror(errno));
	/* Huge pages, too, are to be the allocator's alone. */
	madvise(p, len, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < len; i += 4096)
		((volatile char *)p)[i] = 0;
	bench_own_kib += (len + 4095) / 4096 * 4;
	return p;
}

/* The compiler must neither drop a pair of malloc and free nor move it. */
static inline void *bench_keep(void *p)
{
	__asm__ volatile("" : "+r"(p) : : "memory");
	return p;
}

static inline void *bench_malloc(size_t size)
{
	void *p = bench_keep(malloc(size));

	if (__builtin_expect(!p, 0))
		bench_die("malloc(%zu) failed", size);
	return p;
}

enum bench_touch {
	BENCH_TOUCH_NONE,
	BENCH_TOUCH_FIRST,
	BENCH_TOUCH_ENDS, /* first and last byte */
	BENCH_TOUCH_PAGES,
	BENCH_TOUCH_FULL,
};

#define BENCH_TOUCH_WORDS "none|first|ends|pages|full"

static inline void bench_touch(void *p, size_t size, unsigned mode)
{
	volatile char *c = p;

	if (mode == BENCH_TOUCH_ENDS)
		c[0] = c[size - 1] = 1;
	else if (mode == BENCH_TOUCH_FIRST)
		c[0] = 1;
	else if (mode == BENCH_TOUCH_PAGES)
		for (size_t i = 0; i < size; i += 4096)
			c[i] = 1;
	else if (mode == BENCH_TOUCH_FULL)
		memset(bench_keep(p), 1, size);
}

/*
 * A field of a file in /proc, in KiB; 0 if it is not there.  Reads without
 * stdio, which would allocate.
 */
static inline size_t bench_proc_kib(const char *file, const char *field)
{
	char buf[4096];
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	size_t len = 0;
	ssize_t n;
	while (len < sizeof(buf) - 1 &&
	       (n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	buf[len] = 0;
	const char *at = strstr(buf, field);
	return at ? strtoul(at + strlen(field), NULL, 10) : 0;
}

/* Resident memory now.  statm lags by up to 64 pages a thread. */
static inline size_t bench_rss_kib(void)
{
	return bench_proc_kib("/proc/self/smaps_rollup", "\nRss:");
}

/* Pages given up by MADV_FREE and not yet taken: resident all the same. */
static inline size_t bench_lazyfree_kib(void)
{
	return bench_proc_kib("/proc/self/smaps_rollup", "\nLazyFree:");
}

/*
 * Peak resident memory.  getrusage's figure covers the process before exec
 * too, which may be a large starter; VmHWM is this program's own.
 */
static inline size_t bench_peak_kib(void)
{
	size_t kib = bench_proc_kib("/proc/self/status", "\nVmHWM:");
	struct rusage ru;

	if (kib == 0 && getrusage(RUSAGE_SELF, &ru) == 0)
		kib = (size_t)ru.ru_maxrss;
	return kib;
}

/* Does the kernel make huge pages of any memory of this process? */
static inline bool bench_huge_eligible(void)
{
	char buf[4096];
	int fd = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;
	bool yes = false;

	if (fd < 0)
		return false;
	while (!yes && (n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0) {
		char *line = buf, *end;
		len += (size_t)n;
		buf[len] = 0;
		for (; (end = strchr(line, '\n')); line = end + 1)
			if (strncmp(line, "THPeligible:", 12) == 0)
				yes |= strtoul(line + 12, NULL, 10) != 0;
		len = strlen(line);
		memmove(buf, line, len);
	}
	close(fd);
	return yes;
}

/* Prints what is resident now, without the program's own arrays. */
static inline void bench_report_memory(const char *when)
{
	const char *file = "/proc/self/smaps_rollup";
	size_t rss = bench_proc_kib(file, "\nRss:");
	size_t dirty = bench_proc_kib(file, "\nPrivate_Dirty:");

	printf(" %s_rss_kib=%zu %s_dirty_kib=%zu %s_huge_kib=%zu", when,
	       rss > bench_own_kib ? rss - bench_own_kib : 0, when,
	       dirty > bench_own_kib ? dirty - bench_own_kib : 0, when,
	       bench_proc_kib(file, "\nAnonHugePages:"));
}

/*
 * With $BENCH_LATE: memory at the end and, with a number above 0, once more so
 * many seconds later.  In the meantime khugepaged may have undone a purge;
 * where it never looks there is no wait.
 */
static inline void bench_report_late(void)
{
	const char *late = getenv("BENCH_LATE");
	size_t seconds;

	if (!late)
		return;
	bench_report_memory("end");
	if (!bench_parse_number(late, &seconds) || seconds == 0)
		return;
	if (bench_huge_eligible())
		bench_sleep_ms(seconds * 1000);
	bench_report_memory("late");
}

/* Prints the line; "more" is a format of further " key=value" or NULL. */
static inline __attribute__((format(printf, 4, 5))) void
bench_report(const char *name, size_t ops, double seconds, const char *more,
	     ...)
{
	struct rusage ru;
	size_t peak = bench_peak_kib();

	getrusage(RUSAGE_SELF, &ru);
	printf("%s %zu %.6f %.0f rss_kib=%zu minflt=%ld", name, ops, seconds,
	       seconds > 0 ? (double)ops / seconds : 0.0, peak, ru.ru_minflt);
	if (more) {
		va_list ap;
		va_start(ap, more);
		vprintf(more, ap);
		va_end(ap);
	}
	bench_report_late();
	putchar('\n');
	if (fflush(stdout))
		bench_die("standard output: %s", strerror(errno));
}

static inline void bench_thread(pthread_t *t, const pthread_attr_t *attr,
				void *(*fn)(void *), void *arg)
{
	int err = pthread_create(t, attr, fn, arg);

	if (err)
		bench_die("pthread_create: %s", strerror(err));
}

/*
 * bench_threads(n, fn, args, size): runs fn(args + i * size) in n threads that
 * start together; gives the seconds from the start to the end of the last.
 * One thread means the calling one.
 */
struct bench_start {
	void *(*fn)(void *);
	void *arg;
	pthread_barrier_t *barrier;
};

static inline void *bench_thread_main(void *arg)
{
	struct bench_start *s = arg;

	pthread_barrier_wait(s->barrier);
	return s->fn(s->arg);
}

static inline double bench_threads(size_t n, void *(*fn)(void *), void *args,
				   size_t size)
{
	if (n == 1) {
		double start = bench_now();
		fn(args);
		return bench_now() - start;
	}
	pthread_barrier_t barrier;
	pthread_t *ids = bench_array(n, sizeof(*ids));
	struct bench_start *starts = bench_array(n, sizeof(*starts));
	pthread_barrier_init(&barrier, NULL, (unsigned)n + 1);
	for (size_t i = 0; i < n; i++) {
		starts[i] = (struct bench_start){
			.fn = fn,
			.arg = (char *)args + i * size,
			.barrier = &barrier,
		};
		bench_thread(&ids[i], NULL, bench_thread_main, &starts[i]);
	}
	/* Before the barrier opens: nobody has begun. */
	double start = bench_now();
	pthread_barrier_wait(&barrier);
	for (size_t i = 0; i < n; i++)
		pthread_join(ids[i], NULL);
	double seconds = bench_now() - start;
	pthread_barrier_destroy(&barrier);
	return seconds;
}

/* Busy waiting that gives way on a machine with fewer CPUs than threads. */
static inline void bench_wait(unsigned *spins)
{
	if (++*spins < 64) {
#if defined(__x86_64__) || defined(__i386__)
		__builtin_ia32_pause();
#endif
	} else {
		sched_yield();
	}
}

#endif
