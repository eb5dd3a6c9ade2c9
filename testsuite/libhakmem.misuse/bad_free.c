/* SPDX-License-Identifier: MIT */
/*
 * Bad frees are reported before free returns: one line on standard error,
 * "hakmem: fatal: WORDS of 0xADDRESS ... [pid N]", then SIGABRT.  Each case
 * runs in a child; all that fail are listed.
 */
#define T_FRESH
#include "t.h"

#include <dlfcn.h>
#include <pthread.h>
#include <regex.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { TINY = 64, MID = 5000, LARGE = 100 << 10, HUGE = 8 << 20 };

/* The address that the line must name. */
static volatile uintptr_t *bad;

/* Of the case that runs. */
static size_t size;
static long arg;

static void *take(size_t n)
{
	char *p = malloc(n);

	CHECK(p);
	memset(p, 1, n);
	return p;
}

/* free that names its victim first */
static void wrong(void *p)
{
	*bad = (uintptr_t)p;
	free(T_HIDE(p));
}

static void churn(size_t each, int n)
{
	static void *p[2000];

	for (int i = 0; i < n; i++)
		p[i] = take(each);
	for (int i = 0; i < n; i++)
		free(p[i]);
}

/* Past the first blocks of a process, which come from mixed slots. */
static void warm(void)
{
	churn(TINY, 1500);
	churn(MID, 50);
}

/* ---- double free --------------------------------------------------- */

static void twice(void)
{
	void *p = take(size);

	free(p);
	wrong(p);
}

static void twice_warm(void)
{
	warm();
	twice();
}

/* Others are freed in between, so that the block leaves the cache. */
static void twice_after(void)
{
	static void *p[2000];

	for (long i = 0; i < arg; i++)
		p[i] = take(size);
	for (long i = 0; i < arg; i++)
		free(p[i]);
	wrong(p[0]);
}

static void twice_other_sizes(void)
{
	void *p = take(TINY);

	free(p);
	churn(1000, 1000);
	churn(MID, 200);
	wrong(p);
}

static void twice_trimmed(void)
{
	static void *p[2000];

	for (int i = 0; i < 2000; i++)
		p[i] = take(500);
	for (int i = 0; i < 2000; i++)
		free(p[i]);
	malloc_trim(0);
	wrong(p[700]);
}

static void twice_trimmed_huge(void)
{
	void *p = take(HUGE);

	free(p);
	malloc_trim(0);
	wrong(p);
}

/* Holes in partly used slabs lose the key. */
static void twice_in_hole(void)
{
	static void *p[2000];

	for (int i = 0; i < 2000; i++)
		p[i] = take(1000);
	for (int i = 0; i < 2000; i++)
		if (i % 60)
			free(p[i]);
	malloc_trim(0);
	wrong(p[1030]);
}

static void *thread_free(void *p)
{
	free(p);
	return NULL;
}

static void *thread_wrong(void *p)
{
	wrong(p);
	return NULL;
}

static void in_thread(void *(*fn)(void *), void *p)
{
	pthread_t t;

	CHECK(pthread_create(&t, NULL, fn, p) == 0);
	CHECK(pthread_join(t, NULL) == 0);
}

static void twice_thread_first(void)
{
	void *p;

	warm();
	p = take(size);
	in_thread(thread_free, p);
	wrong(p);
}

static void twice_thread_second(void)
{
	void *p;

	warm();
	p = take(size);
	free(p);
	in_thread(thread_wrong, p);
}

static void twice_thread_both(void)
{
	void *p;

	warm();
	p = take(size);
	in_thread(thread_free, p);
	in_thread(thread_wrong, p);
}

/* The block belongs to a thread that is gone. */
static void *thread_take(void *to)
{
	warm();
	*(void **)to = take(TINY);
	return NULL;
}

static void twice_of_dead(void)
{
	void *p;

	in_thread(thread_take, &p);
	free(p);
	wrong(p);
}

/* Large blocks side by side: the second one is freed, and is no run of its own
 * any more.  n + n slots of 64 KiB. */
static char *joined(size_t n)
{
	enum { ROW = 12 };
	static char *p[ROW];

	warm();
	for (int i = 0; i < ROW; i++)
		p[i] = take(n << 16);
	for (int i = 0; i < ROW; i++)
		for (int k = 0; k < ROW; k++)
			if (p[k] - p[i] == (ptrdiff_t)n << 16) {
				free(p[i]);
				free(p[k]);
				/* looked at when the next one comes */
				for (int m = 0; m < 3; m++)
					if (m != i && m != k) {
						free(p[m]);
						return p[k];
					}
			}
	printf("no two blocks side by side\n");
	_exit(98);
}

static void twice_joined(void)
{
	wrong(joined((size_t)arg));
}

/* Part of another block by now. */
static void twice_joined_used(void)
{
	char *p = joined((size_t)arg), *q = take((size_t)arg << 17);

	if (q > p || q + ((size_t)arg << 17) <= p) {
		printf("the block at %p was not used for %p\n", (void *)p,
		       (void *)q);
		_exit(98);
	}
	wrong(p);
}

static void twice_aligned(void)
{
	void *p = memalign(1024, 100);

	CHECK(p);
	free(p);
	wrong(p);
}

static void twice_after_realloc(void)
{
	void *p = take(TINY);
	void *q = realloc(p, 200000);

	CHECK(q && q != p);
	wrong(p);
}

static void realloc_freed(void)
{
	void *p;

	warm();
	p = take(size);
	free(p);
	*bad = (uintptr_t)p;
	p = realloc(T_HIDE(p), (size_t)arg);
	CHECK(p == NULL);
}

/* ---- many frees in a row ------------------------------------------------ */

/*
 * They go straight to the slabs, past the cache, and the blocks get no key.
 * Each 50th block stays; one that does, and one that went in the middle.
 */
static char *kept, *gone;

static void bulk(void)
{
	enum { N = 40000 };
	static char *p[N];

	warm();
	for (int i = 0; i < N; i++)
		p[i] = take(size);
	for (int i = 0; i < N; i++)
		if (i % 50)
			free(p[i]);
	kept = p[N - 100];
	gone = p[N - 130];
}

static void bulk_gone(void)
{
	bulk();
	wrong(gone);
}

static void bulk_kept(void)
{
	bulk();
	free(kept);
	wrong(kept);
}

/* The cache has been filled again, with the block behind this one as well. */
static void bulk_cached(void)
{
	char *next;

	bulk();
	next = (char *)take(size) + size;
	CHECK(next != kept);
	wrong(next);
}

static void bulk_thread(void)
{
	bulk();
	in_thread(thread_wrong, gone);
}

/* It waits in the other thread's outbox. */
static pthread_barrier_t freed;

static void *thread_free_and_wait(void *p)
{
	free(p);
	pthread_barrier_wait(&freed);
	pause();
	return NULL;
}

/* ... of a thread with a heap of its own */
static void *thread_warm_free_and_wait(void *p)
{
	warm();
	return thread_free_and_wait(p);
}

static void bulk_outbox_of(void *(*fn)(void *))
{
	pthread_t t;

	bulk();
	CHECK(pthread_barrier_init(&freed, NULL, 2) == 0);
	CHECK(pthread_create(&t, NULL, fn, kept) == 0);
	pthread_barrier_wait(&freed);
	wrong(kept);
}

static void bulk_outbox(void)
{
	bulk_outbox_of(thread_free_and_wait);
}

static void bulk_outbox_warm(void)
{
	bulk_outbox_of(thread_warm_free_and_wait);
}

static void bulk_realloc(void)
{
	char *p;

	bulk();
	*bad = (uintptr_t)gone;
	p = realloc(T_HIDE(gone), 5000);
	CHECK(p == NULL);
}

static void bulk_off(void)
{
	bulk();
	wrong(kept + arg);
}

/* Holes are punched where keys were missing anyway. */
static void bulk_trimmed(void)
{
	bulk();
	malloc_trim(0);
	wrong(gone);
}

/* After so many frees of single blocks keys are written again. */
static void bulk_rekeyed(void)
{
	bulk();
	for (int i = 0; i < 100000; i++)
		free(take(size));
	wrong(gone);
}

/* ---- not the start of a block ---------------------------------------- */

static void off(void)
{
	warm();
	wrong((char *)take(size) + arg);
}

/* The first blocks of a thread come from a slot of all sizes. */
static void off_first(void)
{
	wrong((char *)take(size) + arg);
}

static void off_in_thread(void)
{
	warm();
	in_thread(thread_wrong, (char *)take(TINY) + 16);
}

/* Where the block of another heap's slab is that was never handed out. */
static void never_used_in_thread(void)
{
	char *p;

	warm();
	p = take(2000);
	p += (65536 - (uintptr_t)p % 65536) / 2048 * 2048 - 2048;
	in_thread(thread_wrong, p);
}

static void realloc_off(void)
{
	char *p;

	warm();
	p = (char *)take(TINY) + 16;
	*bad = (uintptr_t)p;
	p = realloc(T_HIDE(p), 500);
	CHECK(p == NULL);
}

/* ---- not ours -------------------------------------------------------- */

static char global[4096] __attribute__((aligned(4096)));

static void of_global(void)
{
	wrong(global + 64);
}

static void of_global_odd(void)
{
	wrong(global + 3);
}

static void of_literal(void)
{
	wrong((void *)(uintptr_t) "a literal");
}

static void of_code(void)
{
	wrong((void *)(uintptr_t)of_code);
}

static void of_stack(void)
{
	char local[256] __attribute__((aligned(64)));

	memset(local, 0, sizeof(local));
	wrong(local + 64);
}

static void of_mapping(void)
{
	char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	wrong(p + 65536);
}

static void of_nowhere(void)
{
	wrong((void *)0x123456789ab0);
}

static void of_one(void)
{
	wrong((void *)16);
}

static void of_top(void)
{
	wrong((void *)(UINTPTR_MAX - 15));
}

/* ---- sizes ------------------------------------------------------------ */

static void sized(void)
{
	void (*fn)(void *, size_t);
	void *p;

	*(void **)&fn = dlsym(RTLD_DEFAULT, "free_sized");
	CHECK(fn);
	warm();
	p = take(size);
	*bad = (uintptr_t)p;
	fn(p, (size_t)arg);
}

/* ---- the table -------------------------------------------------------- */

#define DOUBLE "double free"
#define INVALID "invalid free"
#define UNALIGNED "unaligned free"
#define FOREIGN "foreign pointer"
#define SIZE "size mismatch"
/* A pointer that is not a multiple of 16 may be called either. */
#define INEXACT "(invalid|unaligned) free"
/* A block that was never handed out: it may lie in the cache, or not yet. */
#define NOT_LIVE "(invalid|double) free"
/* Of memory that has gone back to the pool nothing is known any more. */
#define GONE "(double free|foreign pointer)"

#define CASE(fn) #fn, fn

static const struct bad_case {
	const char *name;
	void (*fn)(void);
	size_t size;
	long arg;
	const char *words;
} cases[] = {
	{ CASE(twice), TINY, 0, DOUBLE },
	{ CASE(twice), 16, 0, DOUBLE },
	{ CASE(twice), 0, 0, DOUBLE },
	{ CASE(twice), MID, 0, DOUBLE },
	{ CASE(twice), 30000, 0, DOUBLE },
	{ CASE(twice_warm), 16, 0, DOUBLE },
	{ CASE(twice_warm), TINY, 0, DOUBLE },
	{ CASE(twice_warm), 1024, 0, DOUBLE },
	{ CASE(twice_warm), MID, 0, DOUBLE },
	{ CASE(twice_warm), 30000, 0, DOUBLE },
	{ CASE(twice), LARGE, 0, GONE },
	{ CASE(twice), HUGE, 0, DOUBLE },
	{ CASE(twice_after), TINY, 1000, DOUBLE },
	{ CASE(twice_after), MID, 1000, GONE },
	{ CASE(twice_after), LARGE, 20, GONE },
	{ CASE(twice_after), HUGE, 5, DOUBLE },
	{ CASE(twice_other_sizes), 0, 0, DOUBLE },
	{ CASE(twice_trimmed), 0, 0, GONE },
	{ CASE(twice_trimmed_huge), 0, 0, DOUBLE },
	{ CASE(twice_in_hole), 0, 0, DOUBLE },
	{ CASE(twice_joined), 0, 1, DOUBLE },
	{ CASE(twice_joined), 0, 3, DOUBLE },
	{ CASE(twice_joined_used), 0, 1, NOT_LIVE },
	{ CASE(twice_joined_used), 0, 3, NOT_LIVE },
	{ CASE(twice_thread_first), TINY, 0, DOUBLE },
	{ CASE(twice_thread_second), TINY, 0, DOUBLE },
	{ CASE(twice_thread_both), TINY, 0, DOUBLE },
	{ CASE(twice_thread_first), MID, 0, DOUBLE },
	{ CASE(twice_thread_both), LARGE, 0, GONE },
	{ CASE(twice_thread_first), HUGE, 0, DOUBLE },
	{ CASE(twice_of_dead), 0, 0, DOUBLE },
	{ CASE(twice_aligned), 0, 0, DOUBLE },
	{ CASE(twice_after_realloc), 0, 0, DOUBLE },
	{ CASE(realloc_freed), TINY, 2000, DOUBLE },
	{ CASE(realloc_freed), TINY, TINY, DOUBLE },
	{ CASE(realloc_freed), MID, 20000, DOUBLE },
	{ CASE(realloc_freed), LARGE, LARGE * 2, GONE },
	{ CASE(realloc_freed), HUGE, HUGE * 2, DOUBLE },
	{ CASE(realloc_freed), TINY, 0, DOUBLE },
	{ CASE(bulk_gone), TINY, 0, DOUBLE },
	{ CASE(bulk_gone), 16, 0, DOUBLE },
	{ CASE(bulk_gone), 2048, 0, DOUBLE },
	{ CASE(bulk_gone), 10000, 0, DOUBLE },
	{ CASE(bulk_kept), TINY, 0, DOUBLE },
	{ CASE(bulk_kept), 10000, 0, DOUBLE },
	{ CASE(bulk_cached), TINY, 0, DOUBLE },
	{ CASE(bulk_thread), TINY, 0, DOUBLE },
	{ CASE(bulk_thread), 10000, 0, DOUBLE },
	{ CASE(bulk_outbox), TINY, 0, DOUBLE },
	{ CASE(bulk_outbox_warm), TINY, 0, DOUBLE },
	{ CASE(bulk_outbox_warm), 10000, 0, DOUBLE },
	{ CASE(bulk_realloc), TINY, 0, DOUBLE },
	{ CASE(bulk_off), TINY, 8, UNALIGNED },
	{ CASE(bulk_off), TINY, 16, INVALID },
	{ CASE(bulk_off), 10000, 4096, INVALID },
	{ CASE(bulk_trimmed), TINY, 0, DOUBLE },
	{ CASE(bulk_rekeyed), TINY, 0, DOUBLE },
	{ CASE(off), TINY, 1, UNALIGNED },
	{ CASE(off), TINY, 8, UNALIGNED },
	{ CASE(off), TINY, 16, INVALID },
	{ CASE(off), TINY, 32, INVALID },
	{ CASE(off), TINY, -1, UNALIGNED },
	{ CASE(off), TINY, -8, UNALIGNED },
	{ CASE(off), TINY, -16, INVALID },
	{ CASE(off), 16, 8, UNALIGNED },
	{ CASE(off), 16, 16, NOT_LIVE },
	{ CASE(never_used_in_thread), 0, 0, NOT_LIVE },
	{ CASE(off), MID, 1, UNALIGNED },
	{ CASE(off), MID, 8, UNALIGNED },
	{ CASE(off), MID, 16, INVALID },
	{ CASE(off), MID, MID / 2 / 16 * 16, INVALID },
	{ CASE(off), 20000, 4096, INVALID },
	{ CASE(off), LARGE, 1, INEXACT },
	{ CASE(off), LARGE, 8, INEXACT },
	{ CASE(off), LARGE, 16, INVALID },
	{ CASE(off), 200000, 65536, INVALID },
	{ CASE(off), HUGE, 1, INEXACT },
	{ CASE(off), HUGE, 8, INEXACT },
	{ CASE(off), HUGE, 16, INVALID },
	{ CASE(off), HUGE, 4096, INVALID },
	{ CASE(off), HUGE, HUGE / 2, INVALID },
	{ CASE(off_first), TINY, 16, INVALID },
	{ CASE(off_first), TINY, 8, INEXACT },
	{ CASE(off_in_thread), 0, 0, INVALID },
	{ CASE(realloc_off), 0, 0, INVALID },
	{ CASE(of_global), 0, 0, FOREIGN },
	{ CASE(of_global_odd), 0, 0, FOREIGN },
	{ CASE(of_literal), 0, 0, FOREIGN },
	{ CASE(of_code), 0, 0, FOREIGN },
	{ CASE(of_stack), 0, 0, FOREIGN },
	{ CASE(of_mapping), 0, 0, FOREIGN },
	{ CASE(of_nowhere), 0, 0, FOREIGN },
	{ CASE(of_one), 0, 0, FOREIGN },
	{ CASE(of_top), 0, 0, FOREIGN },
	{ CASE(sized), TINY, 100, SIZE },
	{ CASE(sized), MID, MID * 2, SIZE },
	{ CASE(sized), LARGE, LARGE * 2, SIZE },
	{ CASE(sized), HUGE, HUGE * 2, SIZE },
};

/* Is text the one line for this case?  The _DEBUG guards add lines. */
static int right_line(const struct bad_case *c, const char *text, pid_t pid)
{
	char pattern[300];
	regex_t re;
	int ok;

	snprintf(pattern, sizeof(pattern),
		 "^(hakmem: (superslab|pool|remote): [^\n]*\n)*"
		 "hakmem: fatal: %s of 0x%jx( \\([^)\n]*\\))? \\[pid %d\\]\n$",
		 c->words, (uintmax_t)*bad, (int)pid);
	CHECK(regcomp(&re, pattern, REG_EXTENDED) == 0);
	ok = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return ok;
}

static int run(const struct bad_case *c)
{
	char text[1000];
	int fd[2], status;
	ssize_t n;
	pid_t pid;

	CHECK(pipe(fd) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		alarm(40);
		dup2(fd[1], STDERR_FILENO);
		close(fd[0]);
		close(fd[1]);
		size = c->size;
		arg = c->arg;
		c->fn();
		_exit(99);
	}
	close(fd[1]);
	n = 0;
	for (ssize_t got;
	     (got = read(fd[0], text + n, sizeof(text) - 1 - (size_t)n)) > 0;)
		n += got;
	text[n] = 0;
	close(fd[0]);
	CHECK(waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
	    right_line(c, text, pid))
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
		printf("%s %zu %ld: not noticed\n", c->name, c->size, c->arg);
	else
		printf("%s %zu %ld: status %#x, not \"%s\" but: %s%s", c->name,
		       c->size, c->arg, (unsigned)status, c->words, text,
		       n ? "" : "nothing\n");
	return 1;
}

int main(int argc, char **argv)
{
	const struct rlimit none = { 0, 0 };
	int failed = 0, done = 0;

	bad = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(bad != MAP_FAILED);
	setrlimit(RLIMIT_CORE, &none);
	setvbuf(stdout, NULL, _IONBF, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (argc > 1 && strcmp(argv[1], cases[i].name))
			continue;
		failed += run(&cases[i]);
		done++;
	}
	printf("%d of %d cases failed\n", failed, done);
	return failed != 0 || !done;
}
