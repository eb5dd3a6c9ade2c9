/* SPDX-License-Identifier: MIT */
/*
 * The misuse matrix: small programs that use memory wrongly, each in a child
 * of its own, under whatever allocator serves this process.
 *
 *   matrix -l             every case, one a line: NAME OUTCOME, a tab, text
 *   matrix -c LEVEL       the same judged: what libhakmem must do at that level
 *   matrix NAME           one case, in this process
 *   matrix -u             the cases that no allocator can see, with the reason
 *   matrix -g LEVEL       what passes libhakmem at that level, with the reason
 *   matrix -w             the library that malloc belongs to
 *
 * A case is a kind of misuse and a size.  This file is compiled as C (malloc
 * and free) and as C++ (operators new and delete).
 *
 * Outcomes:
 *   C  caught: the allocator ended the program with a report, of a wrong free
 *      before that returned, or the wrong access itself met memory that cannot
 *      be accessed
 *   L  late: a wrong free was reported, but not before it had returned
 *   H  harmless: nothing that was there could be read, nothing was damaged
 *   X  crashed: the program ended by a signal later on, without a report, or
 *      did not end
 *   P  passed: the program ran on
 *   -  the allocator lacks the function
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __cplusplus
#include <new>
#define TAKE(n) (::operator new(n))
#define GIVE(p) (::operator delete(p))
#define PREFIX "cxx-"
/* Some kinds stand in one language's table only. */
#pragma GCC diagnostic ignored "-Wunused-function"
#else
#define TAKE(n) (malloc(n))
#define GIVE(p) (free(p))
#define PREFIX ""
#endif

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

enum { PASSED = 0, HARMLESS = 41, TRAPPED = 42, ABSENT = 43, BROKEN = 44 };
enum { SECONDS = 10 };

static const size_t sizes[] = { 8, 4096, 256 << 10 };
/* Blocks of each size that a program of some age has seen. */
static const int many[] = { 2500, 300, 20 };

/* Of the case that runs. */
static size_t size;
static int ix;
static long arg;

/* The compiler must not see what becomes of a pointer. */
static void *volatile hidden;
static volatile sig_atomic_t touching;
/* In memory shared with the parent: the wrong free has returned. */
static volatile int *returned;
static char *slot[4096];

static char *hide(void *p)
{
	hidden = p;
	return (char *)hidden;
}

static char *take(size_t n)
{
	char *p = (char *)TAKE(n);

	if (!p)
		_exit(BROKEN);
	return hide(p);
}

static char *take_filled(size_t n, int value)
{
	return (char *)memset(take(n), value, n);
}

static void give(void *p)
{
	GIVE(hide(p));
}

/* The wrong free. */
static void give_wrong(void *p)
{
	give(p);
	*returned = 1;
}

/* The wrong accesses; a trap in one of them is a catch. */
static void put(char *p, int value, size_t n)
{
	volatile char *to = hide(p);

	touching = 1;
	for (size_t i = 0; i < n; i++)
		to[i] = (char)value;
	touching = 0;
}

static size_t seen(char *p, int value, size_t n)
{
	volatile char *from = hide(p);
	size_t found = 0;

	touching = 1;
	for (size_t i = 0; i < n; i++)
		found += from[i] == (char)value;
	touching = 0;
	return found;
}

static void trap(int signo)
{
	if (touching)
		_exit(TRAPPED);
	signal(signo, SIG_DFL);
	raise(signo);
}

static void churn(int n)
{
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < n; i++)
			slot[i] = take_filled(size, 1);
		for (int i = 0; i < n; i++)
			give(slot[i]);
	}
}

/* The program goes on as before, then grows, so that it comes to use again
 * whatever is free. */
static void go_on(void)
{
	churn(many[ix]);
	for (int i = 0; i < 5 * many[ix]; i++)
		(void)take(size);
}

static void in_thread(void *(*fn)(void *), void *p)
{
	pthread_t t;

	if (pthread_create(&t, NULL, fn, p) || pthread_join(t, NULL))
		_exit(BROKEN);
}

static void *thread_give(void *p)
{
	give(p);
	return NULL;
}

static void *thread_give_wrong(void *p)
{
	give_wrong(p);
	return NULL;
}

/* ---- frees of what is no block -------------------------------------------- */

static char global[4096] __attribute__((aligned(4096)));

static void free_nowhere(void)
{
	give_wrong((void *)(uintptr_t)arg);
}

static void free_global(void)
{
	give_wrong(global + 64);
}

static void free_literal(void)
{
	give_wrong((void *)(uintptr_t) "a string of the program");
}

static void free_code(void)
{
	give_wrong((void *)(uintptr_t)&free_code);
}

static void free_stack(void)
{
	char local[256] __attribute__((aligned(64)));

	memset(local, 0, sizeof(local));
	give_wrong(local + 64);
}

static char *mapping(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(BROKEN);
	return (char *)p;
}

static void free_mapping(void)
{
	give_wrong(mapping(1 << 20) + (64 << 10));
}

static void free_unmapped(void)
{
	char *p = mapping(1 << 20);

	munmap(p, 1 << 20);
	give_wrong(p + (64 << 10));
}

/* Another allocator's block, with a header in front of it as many have. */
static void free_of_other(void)
{
	size_t *p = (size_t *)(void *)mapping(1 << 20);

	p[1] = 0x61;
	p[0x61 / sizeof(*p) + 1] = 0x61;
	give_wrong(p + 2);
}

static void free_off(void)
{
	give_wrong(take_filled(size, 1) + arg);
	go_on();
}

static void free_inside(void)
{
	give_wrong(take_filled(size, 1) + size / 2);
	go_on();
}

static void realloc_off(void)
{
	char *p = take_filled(size, 1);

	hidden = realloc(hide(p + arg), size * 2);
	*returned = 1;
	go_on();
}

/* A block of this size that was never handed out, where an allocator that
 * keeps equal blocks together has one: some more of them on. */
static void free_never_used(void)
{
	char *a = take_filled(2000, 1), *b = take_filled(2000, 1);
	long apart = b > a ? b - a : a - b;

	give_wrong(b + 12 * apart);
	for (int i = 0; i < 50; i++)
		slot[i] = take_filled(2000, i);
	for (int i = 0; i < 50; i++)
		give(slot[i]);
}

/* ---- double frees ----------------------------------------------------------- */

static void double_now(void)
{
	char *p = take_filled(size, 1);

	give(p);
	give_wrong(p);
	go_on();
}

static void double_between(void)
{
	char *p = take_filled(size, 1), *q = take_filled(size, 2);

	give(p);
	give(q);
	give_wrong(p);
	go_on();
}

/* After arg others of the same size. */
static void double_after(void)
{
	char *p = take(size);

	for (int i = 0; i < arg; i++)
		slot[i] = take(size);
	give(p);
	for (int i = 0; i < arg; i++)
		give(slot[i]);
	give_wrong(p);
	go_on();
}

/* Somebody else has got the block in between: the second free is his. */
static void double_reused(void)
{
	char *p = take_filled(size, 1);
	int n = 0;

	give(p);
	do
		slot[n] = take(size);
	while (slot[n] != p && ++n < 500);
	give(p);
	if (n < 500)
		give(slot[n]);
	*returned = 1;
	go_on();
}

static void double_thread_first(void)
{
	char *p = take_filled(size, 1);

	in_thread(thread_give, p);
	give_wrong(p);
	go_on();
}

static void double_thread_second(void)
{
	char *p = take_filled(size, 1);

	give(p);
	in_thread(thread_give_wrong, p);
	go_on();
}

static void realloc_freed(void)
{
	char *p = take_filled(size, 1);

	give(p);
	hidden = realloc(hide(p), size * 2);
	*returned = 1;
	go_on();
}

static void double_aligned(void)
{
	void *p;

	if (posix_memalign(&p, 1024, size))
		_exit(BROKEN);
	free(hide(p));
	free(hide(p));
	*returned = 1;
	go_on();
}

/* ---- sizes, kinds ----------------------------------------------------------- */

#ifdef __cplusplus

static void sized(void)
{
#ifdef __cpp_sized_deallocation
	::operator delete(hide(take_filled(size, 1)),
			  arg < 0 ? size / 4 : size * (size_t)arg);
	*returned = 1;
	go_on();
#else
	_exit(ABSENT);
#endif
}

static void mismatch_free(void)
{
	free(hide(::operator new(size)));
	go_on();
}

static void mismatch_array(void)
{
	::operator delete(hide(::operator new[](size)));
	go_on();
}

static void mismatch_delete(void)
{
	::operator delete(hide(malloc(size)));
	go_on();
}

/* An array of objects that are destroyed has their number in front. */
struct counted {
	char bytes[16];
	~counted()
	{
		bytes[0] = 0;
	}
};

static void mismatch_counted(void)
{
	counted *p = new counted[size / 16 + 1];

	::operator delete(hide(p));
	*returned = 1;
	go_on();
}

#else

static void sized(void)
{
	void (*fn)(void *, size_t);

	*(void **)&fn = dlsym(RTLD_DEFAULT, "free_sized");
	if (!fn)
		_exit(ABSENT);
	fn(hide(take_filled(size, 1)), arg < 0 ? size / 4 : size * (size_t)arg);
	go_on();
}

#endif

/* ---- writes ----------------------------------------------------------------- */

static void give_all(int n)
{
	for (int i = 0; i < n; i++)
		give(slot[i]);
	go_on();
}

static int take_all(void)
{
	int n = many[ix] / 5;

	for (int i = 0; i < n; i++)
		slot[i] = take_filled(size, 1);
	return n;
}

static void overflow(void)
{
	int n = take_all();

	put(slot[n / 2] + size, 'A', (size_t)arg);
	give(slot[n / 2]);
	slot[n / 2] = take(size);
	give_all(n);
}

static void underflow(void)
{
	int n = take_all();

	put(slot[n / 2] - arg, 'A', (size_t)arg);
	give(slot[n / 2]);
	slot[n / 2] = take(size);
	give_all(n);
}

/* Over whatever stands behind the last byte that may be used. */
static void smash_behind(void)
{
	int n = take_all();

	put(slot[n / 2] + malloc_usable_size(slot[n / 2]), 0xff, 16);
	give_all(n);
}

static void smash_before(void)
{
	int n = take_all();

	put(slot[n / 2] - 16, 0xff, 16);
	give_all(n);
}

/* A link of a list of free blocks, if there is one, leads to global. */
static void smash_link(void)
{
	char *p = take_filled(size, 1), *q = take_filled(size, 1);
	char *to = global + 64;

	give(q);
	give(p);
	touching = 1;
	memcpy(hide(p), &to, sizeof(to));
	touching = 0;
	for (int i = 0; i < 200; i++)
		if (take(size) == to)
			_exit(PASSED);
	_exit(HARMLESS);
}

static void write_freed(void)
{
	char *p = take_filled(size, 1);

	give(p);
	put(p + (arg ? size / 2 : 0), 'A', 4);
	go_on();
}

/* Until somebody else has the block; if nobody gets it, it is a free one. */
static int reuse(char *p)
{
	for (int i = 0; i < 300; i++)
		if (take(size) == p)
			return 1;
	return 0;
}

static void write_reused(void)
{
	char *p = take_filled(size, 1);

	give(p);
	if (reuse(p)) {
		put(p, 'A', 4);
		_exit(PASSED);
	}
	put(p, 'A', 4);
	go_on();
	_exit(HARMLESS);
}

/* malloc(0) gives no byte. */
static void write_none(void)
{
	size = 0;
	put(take(0), 'A', 1);
}

/* ---- reads ------------------------------------------------------------------ */

static void read_freed(void)
{
	char *p = take_filled(size, 'S');

	give(p);
	_exit(seen(p, 'S', size) ? PASSED : HARMLESS);
}

static void read_new(void)
{
	char *p;
	size_t found = 0;
	int n = many[ix] / 5;

	for (int i = 0; i < n; i++)
		slot[i] = take_filled(size, 'S');
	for (int i = 0; i < n; i++)
		give(slot[i]);
	for (int i = 0; i < n; i++) {
		p = take(size);
		found += seen(p, 'S', size);
	}
	_exit(found ? PASSED : HARMLESS);
}

static void read_behind(void)
{
	take_all();
	(void)seen(slot[2] + size, 'S', (size_t)arg);
}

static void read_none(void)
{
	size = 0;
	(void)seen(take(0), 'S', 1);
}

/* ---- the table --------------------------------------------------------------- */

/* Kinds that no allocator can see, whatever it does: why. */
#define SAME_CALL                                                              \
	"both end in the same call of free: malloc's family is not told which" \
	" operator was meant"
#define LIVE_AGAIN                                                              \
	"once the block is somebody else's the stale pointer is as good as the" \
	" right one"
#define NO_CALL                                                              \
	"a read inside a page that the program owns is no call, and changes" \
	" nothing that could be looked at later"

/*
 * want: the outcomes allowed at levels 1, 2 and 3 of HAKMEM_SECURITY, a letter
 * for each size (8, 4096, 256 KiB): as above, or c for C or H, p for P, H or L, a for
 * any but X,
 * . for "no such case".
 */
struct kind {
	const char *name;
	void (*fn)(void);
	long arg;
	const char *want[3];
	const char *unseen; /* the reason, for kinds that nobody can see */
	const char *gap; /* the reason why libhakmem does not */
};

#define ALL(w)          \
	{               \
		w, w, w \
	}
#define ONE "C.."

#define GAP_UNUSED                                                              \
	"level 1 keeps no bit for blocks that were never handed out, and their" \
	" memory carries no key"
#define GAP_SMALL "the block has room for as much: smaller ones do not exist"
#define GAP_SMALL_SIZE                                                        \
	"blocks may be larger than asked for (realloc, alignment), so a size" \
	" that is too small is not told from a right one"
#define GAP_SIZED_DELETE \
	"libstdc++'s operator delete drops the size before it calls free"
#define GAP_WRITES                                                            \
	"level 1 looks at frees, not at contents; nothing of the allocator's" \
	" that it trusts lies there"
#define GAP_MARK                                                               \
	"level 2 clears, and looks at, the first 1,024 bytes of a free block," \
	" level 1 none"
#define GAP_READS \
	"level 1 does not clear blocks, level 2 only their first 1,024 bytes"

static const struct kind kinds[] = {
	/* what a free is, or operator delete, differs in the languages */
	{ "free-wild", free_nowhere, 0x123456789ab0, ALL(ONE), NULL, NULL },
	{ "free-noncanonical", free_nowhere, (long)0x9123456789abcdf0, ALL(ONE),
	  NULL, NULL },
	{ "free-number", free_nowhere, 16, ALL(ONE), NULL, NULL },
	{ "free-odd-number", free_nowhere, 3, ALL(ONE), NULL, NULL },
	{ "free-top", free_nowhere, -16, ALL(ONE), NULL, NULL },
	{ "free-global", free_global, 0, ALL(ONE), NULL, NULL },
	{ "free-literal", free_literal, 0, ALL(ONE), NULL, NULL },
	{ "free-code", free_code, 0, ALL(ONE), NULL, NULL },
	{ "free-stack", free_stack, 0, ALL(ONE), NULL, NULL },
	{ "free-mapping", free_mapping, 0, ALL(ONE), NULL, NULL },
	{ "free-unmapped", free_unmapped, 0, ALL(ONE), NULL, NULL },
	{ "free-of-other", free_of_other, 0, ALL(ONE), NULL, NULL },
	{ "free-never-used",
	  free_never_used,
	  0,
	  { "p..", "C..", "C.." },
	  NULL,
	  GAP_UNUSED },
	{ "free-off-1", free_off, 1, ALL("CCC"), NULL, NULL },
	{ "free-off-8", free_off, 8, ALL("CCC"), NULL, NULL },
	{ "free-off-16", free_off, 16, ALL("CCC"), NULL, NULL },
	{ "free-off-minus-8", free_off, -8, ALL("CCC"), NULL, NULL },
	{ "free-off-minus-16", free_off, -16, ALL("CCC"), NULL, NULL },
	{ "free-off-4K",
	  free_off,
	  4096,
	  { "pCC", "CCC", "CCC" },
	  NULL,
	  GAP_UNUSED },
	{ "free-off-1G", free_off, 1 << 30, ALL("CCC"), NULL, NULL },
	{ "free-inside", free_inside, 0, ALL(".CC"), NULL, NULL },
	{ "double-now", double_now, 0, ALL("CCC"), NULL, NULL },
	{ "double-between", double_between, 0, ALL("CCC"), NULL, NULL },
	{ "double-after-1024", double_after, 1024, ALL("CCC"), NULL, NULL },
	{ "double-reused", double_reused, 0, ALL("CCC"), NULL, NULL },
	{ "double-thread-first", double_thread_first, 0, ALL("CCC"), NULL,
	  NULL },
	{ "double-thread-second", double_thread_second, 0, ALL("CCC"), NULL,
	  NULL },
#ifdef __cplusplus
	{ "sized-delete-double", sized, 2, ALL("PPP"), NULL, GAP_SIZED_DELETE },
	{ "mismatch-new-free", mismatch_free, 0, ALL("PPP"), SAME_CALL, NULL },
	{ "mismatch-malloc-delete", mismatch_delete, 0, ALL("PPP"), SAME_CALL,
	  NULL },
	{ "mismatch-array", mismatch_array, 0, ALL("PPP"), SAME_CALL, NULL },
	{ "mismatch-array-counted", mismatch_counted, 0, ALL("CCC"), NULL,
	  NULL },
#else
	/* the same functions, reads and writes in both */
	{ "realloc-off-8", realloc_off, 8, ALL("CCC"), NULL, NULL },
	{ "realloc-freed", realloc_freed, 0, ALL("CCC"), NULL, NULL },
	{ "double-aligned", double_aligned, 0, ALL("CCC"), NULL, NULL },
	{ "sized-double", sized, 2, { "PCC", "PCC", "CCC" }, NULL, GAP_SMALL },
	{ "sized-quarter",
	  sized,
	  -1,
	  { "PPP", "PPP", "CCC" },
	  NULL,
	  GAP_SMALL_SIZE },
	{ "overflow-1", overflow, 1, { "PPP", "aaC", "CCC" }, NULL, GAP_WRITES },
	{ "overflow-8", overflow, 8, { "PPP", "aaC", "CCC" }, NULL, GAP_WRITES },
	{ "overflow-16",
	  overflow,
	  16,
	  { "PPP", "aaC", "CCC" },
	  NULL,
	  GAP_WRITES },
	{ "overflow-64",
	  overflow,
	  64,
	  { "PPP", "aaC", "CCC" },
	  NULL,
	  GAP_WRITES },
	/* before the first Large block of a SuperSlab nothing is mapped */
	{ "underflow-1",
	  underflow,
	  1,
	  { "PPa", "aaC", "CCC" },
	  NULL,
	  GAP_WRITES },
	{ "underflow-8",
	  underflow,
	  8,
	  { "PPa", "aaC", "CCC" },
	  NULL,
	  GAP_WRITES },
	{ "underflow-16",
	  underflow,
	  16,
	  { "PPa", "aaC", "CCC" },
	  NULL,
	  GAP_WRITES },
	{ "smash-behind",
	  smash_behind,
	  0,
	  { "PPP", "aaC", "CCC" },
	  NULL,
	  GAP_WRITES },
	{ "smash-before",
	  smash_before,
	  0,
	  { "PPa", "aaC", "CCC" },
	  NULL,
	  GAP_WRITES },
	{ "smash-link", smash_link, 0, { "HHH", "ccc", "ccc" }, NULL, NULL },
	{ "write-freed",
	  write_freed,
	  0,
	  { "PPP", "CCC", "CCC" },
	  NULL,
	  GAP_WRITES },
	{ "write-freed-middle",
	  write_freed,
	  1,
	  { "PPP", "CPC", "CCC" },
	  NULL,
	  GAP_MARK },
	{ "write-reused", write_reused, 0, ALL("a.."), LIVE_AGAIN, NULL },
	{ "write-none",
	  write_none,
	  0,
	  { "P..", "P..", "C.." },
	  NULL,
	  GAP_WRITES },
	{ "read-freed", read_freed, 0, { "PPP", "HPC", "HHC" }, NULL, GAP_READS },
	{ "read-new", read_new, 0, { "PPP", "HPH", "HHH" }, NULL, GAP_READS },
	{ "read-none", read_none, 0, { "P..", "P..", "C.." }, NULL, GAP_READS },
	{ "read-behind-1", read_behind, 1, ALL("P.."), NO_CALL, NULL },
#endif
};

static const char *const size_name[] = { "8", "4096", "256K" };

struct result {
	char outcome;
	char text[400]; /* what it wrote to standard error, one line */
};

/* ---- running ----------------------------------------------------------------- */

static void *thread_age(void *p)
{
	free(malloc(100));
	return p;
}

/* As a program that has worked for a while. */
static void age(void)
{
	in_thread(thread_age, NULL);
	for (int i = 0; i < 1100; i++)
		free(hide(malloc(1)));
	for (ix = 0; ix < (int)LENGTH(sizes); ix++) {
		size = sizes[ix];
		churn(many[ix] / 5);
	}
}

static void run_here(const struct kind *k, int with)
{
	static char stack[64 << 10];
	struct sigaction action;
	stack_t alt;

	memset(&alt, 0, sizeof(alt));
	alt.ss_sp = stack;
	alt.ss_size = sizeof(stack);
	sigaltstack(&alt, NULL);
	memset(&action, 0, sizeof(action));
	action.sa_handler = trap;
	action.sa_flags = SA_ONSTACK;
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	age();
	ix = with;
	size = sizes[ix];
	arg = k->arg;
	k->fn();
	_exit(PASSED);
}

static char judge(int status, const char *text)
{
	char caught = *returned ? 'L' : 'C';

	if (WIFEXITED(status))
		switch (WEXITSTATUS(status)) {
		case PASSED:
			return 'P';
		case HARMLESS:
			return 'H';
		case TRAPPED:
			return 'C';
		case ABSENT:
			return '-';
		case BROKEN:
			return '?';
		default:
			return *text ? caught : 'X';
		}
	if (WTERMSIG(status) == SIGKILL)
		return 'X';
	return WTERMSIG(status) == SIGABRT || *text ? caught : 'X';
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* Until the end of fd or the last second; what does not fit is dropped. */
static void gather(int fd, char *text, size_t cap, double until, pid_t pid)
{
	size_t n = 0;
	char rest[512];

	for (;;) {
		struct pollfd pfd = { fd, POLLIN, 0 };
		double left = until - now();
		ssize_t got;

		if (left <= 0 || poll(&pfd, 1, (int)(left * 1000) + 1) == 0) {
			kill(pid, SIGKILL);
			break;
		}
		if (n < cap - 1)
			got = read(fd, text + n, cap - 1 - n);
		else
			got = read(fd, rest, sizeof(rest));
		if (got <= 0)
			break;
		if (n < cap - 1)
			n += (size_t)got;
	}
	text[n] = 0;
	for (size_t i = 0; i < n; i++)
		if (text[i] == '\n' || text[i] == '\t')
			text[i] = i + 1 < n ? ' ' : 0;
}

static void run(const struct kind *k, int with, struct result *r)
{
	int fd[2], status = 0;
	pid_t pid;

	*returned = 0;
	if (pipe(fd) || (pid = fork()) < 0) {
		perror("matrix");
		exit(2);
	}
	if (pid == 0) {
		dup2(fd[1], STDERR_FILENO);
		close(fd[0]);
		close(fd[1]);
		run_here(k, with);
	}
	close(fd[1]);
	gather(fd[0], r->text, sizeof(r->text), now() + SECONDS, pid);
	close(fd[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	r->outcome = judge(status, r->text);
}

/* ---- what libhakmem must do --------------------------------------------------- */

static int allowed(char want, char outcome)
{
	switch (want) {
	case 'c':
		return outcome == 'C' || outcome == 'H';
	case 'a':
		return outcome != 'X' && outcome != '?';
	case 'p':
		return outcome == 'P' || outcome == 'H' || outcome == 'L';
	default:
		return outcome == want;
	}
}

/* A catch by a report has its one line, and no other. */
static int right_text(const struct result *r)
{
	static const char *const words[] = {
		"invalid free",	   "unaligned free",	 "double free",
		"size mismatch",   "canary overwritten", "write after free",
		"foreign pointer",
	};
	const char *text = r->text;
	static const char head[] = "hakmem: fatal: ";

	if (!*text)
		return 1;
	if (strncmp(text, head, sizeof(head) - 1))
		return 0;
	text += sizeof(head) - 1;
	for (size_t i = 0; i < LENGTH(words); i++)
		if (!strncmp(text, words[i], strlen(words[i])))
			return strstr(text + 1, "hakmem:") == NULL;
	return 0;
}

static int check(const struct kind *k, int with, int level,
		 const struct result *r)
{
	char want = k->want[level - 1] ? k->want[level - 1][with] : '?';

	if (allowed(want, r->outcome) && right_text(r))
		return 0;
	printf("%s%s-%s: %c instead of %c at level %d: %s\n", PREFIX, k->name,
	       size_name[with], r->outcome, want, level, r->text);
	return 1;
}

/* Why libhakmem lets the case pass at a level, or NULL. */
static const char *gap(const struct kind *k, int with, int level)
{
	char want = k->want[level - 1] ? k->want[level - 1][with] : '?';

	return want == 'P' || want == 'p' || want == 'a' ? k->gap : NULL;
}

static void print_reason(const char *name, const char *reason)
{
	if (reason)
		printf("%s\t%s\n", name, reason);
}

static int judged(const struct kind *k, int with, int level)
{
	struct result r;

	run(k, with, &r);
	return check(k, with, level, &r);
}

static void list(const struct kind *k, int with, const char *name)
{
	struct result r;

	run(k, with, &r);
	printf("%s %c\t%s\n", name, r.outcome, r.text);
}

static int print_owner(void)
{
	Dl_info info;

	if (!dladdr((void *)(uintptr_t)&malloc, &info) || !info.dli_fname)
		return 1;
	puts(info.dli_fname);
	return 0;
}

int main(int argc, char **argv)
{
	const struct rlimit none = { 0, 0 };
	char what = argc > 1 && argv[1][0] == '-' ? argv[1][1] : 0;
	int level = argc > 2 ? atoi(argv[2]) : 0;
	int failed = 0, done = 0;
	char name[80];

	returned = (volatile int *)mmap(NULL, sizeof(*returned),
					PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if ((void *)(uintptr_t)returned == MAP_FAILED)
		return 2;
	setrlimit(RLIMIT_CORE, &none);
	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc < 2 || (what && !strchr("lcugw", what)) ||
	    ((what == 'c' || what == 'g') && (level < 1 || level > 3))) {
		fputs("usage: matrix -l|-u|-w | -c|-g LEVEL | NAME\n", stderr);
		return 2;
	}
	if (what == 'w')
		return print_owner();
	for (size_t i = 0; i < LENGTH(kinds) * LENGTH(sizes); i++) {
		const struct kind *k = &kinds[i / LENGTH(sizes)];
		int with = (int)(i % LENGTH(sizes));

		if (k->want[0][with] == '.')
			continue;
		done++;
		snprintf(name, sizeof(name), PREFIX "%s-%s", k->name,
			 size_name[with]);
		if (what == 'l')
			list(k, with, name);
		else if (what == 'c')
			failed += judged(k, with, level);
		else if (what == 'u')
			print_reason(name, k->unseen);
		else if (what == 'g')
			print_reason(name, gap(k, with, level));
		else if (!strcmp(argv[1], name))
			run_here(k, with);
	}
	if (what == 'c')
		printf("%d of %d cases failed\n", failed, done);
	return what ? failed != 0 : 2;
}
