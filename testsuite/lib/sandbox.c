/* SPDX-License-Identifier: MIT */
/*
 * sandbox.c - mixed operations under filters of system calls
 *
 *	sandbox FILTER OPERATIONS	under that filter; what is not allowed
 *					ends the process
 *	sandbox FILTER break		makes a call that it forbids
 *
 * The filters follow published rules, in the words of this project:
 *
 *	preauth		what sshd allows before a user is known: no files, no
 *			processes, no threads; mappings without PROT_EXEC
 *	preauth-args	the same with the arguments of mmap, mremap, madvise
 *			and futex looked at, as later releases do: other
 *			advice is refused with EINVAL, everything else ends
 *			the process
 *	man-db		what man-db allows for programs that format pages:
 *			reading files, processes
 *	service		systemd's @system-service
 */
#include "t.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* ---- filters -------------------------------------------------------------- */

static const char preauth[] =
	"brk clock_gettime clock_gettime64 clock_nanosleep "
	"clock_nanosleep_time64 close exit exit_group futex geteuid "
	"getpgid getpid getrandom gettimeofday getuid madvise mremap "
	"munmap nanosleep poll pselect6 read rt_sigprocmask select "
	"shutdown time write";

static const char preauth_refused[] =
	"fstat fstat64 lstat lstat64 newfstatat open openat shmat "
	"shmdt shmget stat stat64";

static const char man_db[] =
	/* a process and its time */
	"arch_prctl brk capget clock_getres clock_gettime "
	"clock_nanosleep clone execve execveat exit exit_group fork "
	"futex get_robust_list get_thread_area getegid geteuid "
	"getgid getgroups getpgid getpgrp getpid getppid getrandom "
	"getresgid getresuid getrlimit getrusage gettid gettimeofday "
	"getuid kill madvise membarrier mmap mmap2 mprotect mremap "
	"munmap nanosleep pause prctl prlimit64 restart_syscall rseq "
	"rt_sigreturn sched_getaffinity sched_yield set_robust_list "
	"set_thread_area set_tid_address sysinfo tgkill time uname "
	"vfork wait4 waitid "
	/* open files */
	"close dup dup2 dup3 fcntl fstat fsync ftruncate lseek "
	"pread64 pwrite64 read readv write writev pipe pipe2 poll "
	"ppoll pselect6 select "
	/* names */
	"access chdir faccessat getcwd getdents64 newfstatat "
	"readlink readlinkat stat statfs statx "
	/* signals */
	"rt_sigaction rt_sigpending rt_sigprocmask rt_sigsuspend "
	"rt_sigtimedwait sigaltstack";

/* What a program may meet here: the list has more for mounts, sockets, keys. */
static const char service[] =
	"alarm capset chmod chown clone3 copy_file_range creat "
	"epoll_create1 epoll_ctl epoll_wait eventfd2 fadvise64 "
	"fallocate fchmod fchown flock futex_waitv getcpu getitimer "
	"getpriority inotify_init1 ioctl io_setup link lstat mbind "
	"memfd_create mkdir mlock mlock2 mlockall msgget msync "
	"munlock munlockall nice open openat pidfd_open pwritev "
	"rename renameat2 rmdir sched_setaffinity semget sendfile "
	"setgid setitimer setpgid setpriority setrlimit setsid "
	"setuid shmget signalfd4 socket splice sync timer_create "
	"timerfd_create times tkill truncate umask unlink unlinkat "
	"unshare utimensat";

static scmp_filter_ctx ctx;

static void rule(uint32_t action, const char *name, unsigned n,
		 const struct scmp_arg_cmp *arg)
{
	int call = seccomp_syscall_resolve_name(name);

	/* some exist elsewhere only */
	if (call == __NR_SCMP_ERROR)
		return;
	if (seccomp_rule_add_array(ctx, action, call, n, arg))
		FAIL("cannot add a rule for %s", name);
}

/* Each name of a list but those that are in the other one. */
static void rules(uint32_t action, const char *names, const char *but)
{
	char name[40];
	int length;

	for (; sscanf(names, " %39s%n", name, &length) == 1; names += length)
		if (!strstr(but, name))
			rule(action, name, 0, NULL);
}

/* Argument number nr has no other bits than these. */
static void allow_bits(const char *name, unsigned nr, uint64_t bits)
{
	struct scmp_arg_cmp cmp = SCMP_CMP64(nr, SCMP_CMP_MASKED_EQ, ~bits, 0);

	rule(SCMP_ACT_ALLOW, name, 1, &cmp);
}

static void allow_values(const char *name, unsigned nr, const int *value,
			 unsigned n)
{
	while (n--) {
		struct scmp_arg_cmp cmp =
			SCMP_CMP64(nr, SCMP_CMP_EQ, (scmp_datum_t)value[n]);

		rule(SCMP_ACT_ALLOW, name, 1, &cmp);
	}
}

static void filter_preauth(int arguments)
{
	static const int futexes[] = {
		FUTEX_WAIT,
		FUTEX_WAKE,
		FUTEX_REQUEUE,
		FUTEX_CMP_REQUEUE,
		FUTEX_WAIT_BITSET,
		FUTEX_WAKE_BITSET,
		FUTEX_WAIT_PRIVATE,
		FUTEX_WAKE_PRIVATE,
		FUTEX_REQUEUE_PRIVATE,
		FUTEX_CMP_REQUEUE_PRIVATE,
		FUTEX_WAIT_BITSET_PRIVATE,
		FUTEX_WAKE_BITSET_PRIVATE,
	};
	static const int advices[] = { MADV_NORMAL,   MADV_FREE,
				       MADV_DONTNEED, MADV_DONTFORK,
				       MADV_DONTDUMP, MADV_WIPEONFORK };
	const uint64_t protection = PROT_READ | PROT_WRITE;
	const struct scmp_arg_cmp mapping[] = {
		SCMP_A2_64(SCMP_CMP_MASKED_EQ, ~protection, 0),
		SCMP_A3_64(SCMP_CMP_MASKED_EQ,
			   ~(uint64_t)(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED),
			   0),
	};

	rules(SCMP_ACT_ERRNO(EACCES), preauth_refused, "");
	rules(SCMP_ACT_ALLOW, preauth, arguments ? "futex madvise mremap" : "");
	allow_bits("mprotect", 2, protection);
	if (!arguments) {
		allow_bits("mmap", 2, protection);
		allow_bits("mmap2", 2, protection);
		return;
	}
	rule(SCMP_ACT_ALLOW, "mmap", 2, mapping);
	rule(SCMP_ACT_ALLOW, "mmap2", 2, mapping);
	allow_bits("mremap", 3, MREMAP_MAYMOVE | MREMAP_FIXED);
	allow_values("futex", 1, futexes, sizeof(futexes) / sizeof(*futexes));
	for (unsigned i = 0; i < 32; i++) {
		struct scmp_arg_cmp cmp = SCMP_A2_64(SCMP_CMP_EQ, i);
		int known = 0;

		for (unsigned k = 0; k < sizeof(advices) / sizeof(*advices);
		     k++)
			known |= advices[k] == (int)i;
		rule(known ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EINVAL), "madvise",
		     1, &cmp);
	}
}

static void filter_man_db(void)
{
	const struct scmp_arg_cmp reading =
		SCMP_A2_64(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_RDONLY);

	rules(SCMP_ACT_ALLOW, man_db, "");
	rule(SCMP_ACT_ALLOW, "openat", 1, &reading);
	/* older than that call: threads are made by clone */
	rule(SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
}

static void filter_service(void)
{
	rules(SCMP_ACT_ALLOW, man_db, "");
	rules(SCMP_ACT_ALLOW, service, "");
}

/* A forbidden call ends the process; instead, a signal that a handler names. */
static void on_forbidden(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	FAIL("system call %d", info->si_syscall);
}

/* What the filter of this name allows, and whether threads are. */
static int load(const char *name)
{
	int trap = getenv("SANDBOX_TRAP") != NULL;
	struct sigaction sa = { .sa_sigaction = on_forbidden,
				.sa_flags = SA_SIGINFO };
	int threads = 0;

	CHECK(sigaction(SIGSYS, &sa, NULL) == 0 || !trap);
	ctx = seccomp_init(trap ? SCMP_ACT_TRAP : SCMP_ACT_KILL_PROCESS);
	CHECK(ctx);
	if (!strcmp(name, "preauth")) {
		filter_preauth(0);
	} else if (!strcmp(name, "preauth-args")) {
		filter_preauth(1);
	} else if (!strcmp(name, "man-db")) {
		filter_man_db();
		threads = 1;
	} else if (!strcmp(name, "service")) {
		filter_service();
		threads = 1;
	} else {
		FAIL("no filter %s", name);
	}
	if (seccomp_load(ctx))
		unsupported("no filters of system calls");
	seccomp_release(ctx);
	return threads;
}

/* ---- operations ----------------------------------------------------------- */

enum { SLOTS = 2000, THREADS = 4, SHARED = 64 };

static void *shared[SHARED]; /* atomic: from thread to thread */

struct work {
	uint64_t seed;
	long operations;
};

static size_t pick(uint64_t *seed)
{
	size_t kind = t_below(seed, 1000);

	if (kind < 800)
		return t_below(seed, 1024);
	if (kind < 970)
		return t_below(seed, 32 << 10);
	if (kind < 998)
		return t_below(seed, 1 << 20);
	return (2 << 20) + t_below(seed, 4 << 20);
}

static void *get(void *old, size_t size, uint64_t *seed)
{
	switch (t_below(seed, 8)) {
	case 0:
		free(old);
		return calloc(1, size);
	case 1:
		free(old);
		return memalign((size_t)16 << t_below(seed, 12), size);
	case 2:
	case 3:
		return realloc(old, size + 1);
	default:
		free(old);
		return malloc(size);
	}
}

static void *operate(void *arg)
{
	struct work *w = arg;
	void **p = calloc(SLOTS, sizeof(*p));
	size_t used = SLOTS;

	CHECK(p);
	for (long n = w->operations; n > 0; n--) {
		size_t i = t_below(&w->seed, used);
		size_t size = pick(&w->seed);

		p[i] = get(p[i], size, &w->seed);
		CHECK(p[i]);
		if (size)
			*(char *)p[i] = 1;
		if (n % 16 == 0)
			p[i] = __atomic_exchange_n(&shared[i % SHARED], p[i],
						   __ATOMIC_ACQ_REL);
		/* peaks, and what is left of them */
		if (n % 50000 == 0) {
			used = 10 + t_below(&w->seed, SLOTS - 10);
			for (i = used; i < SLOTS; i++) {
				free(p[i]);
				p[i] = NULL;
			}
		}
		if (n % 200000 == 0)
			malloc_trim(0);
	}
	for (size_t i = 0; i < SLOTS; i++)
		free(p[i]);
	free(p);
	return NULL;
}

static void in_threads(long operations)
{
	struct work w[THREADS];
	pthread_t t[THREADS];

	/* several generations, so that heaps are adopted */
	for (int g = 0; g < 4; g++) {
		for (int i = 0; i < THREADS; i++) {
			w[i] = (struct work){ (uint64_t)(g * THREADS + i + 1),
					      operations / (4 * THREADS) };
			CHECK(pthread_create(&t[i], NULL, operate, &w[i]) == 0);
		}
		for (int i = 0; i < THREADS; i++)
			CHECK(pthread_join(t[i], NULL) == 0);
	}
}

/* Calls that the filter forbids, in its lists and in its arguments. */
static void violate(const char *name)
{
	if (!strcmp(name, "preauth-args")) {
		/* refused, not forbidden */
		errno = 0;
		CHECK(madvise(NULL, 0, MADV_HUGEPAGE) && errno == EINVAL);
		mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	} else {
		syscall(SYS_ptrace, -1, 0, 0, 0);
	}
}

int main(int argc, char **argv)
{
	struct work w = { 1, 0 };
	int threads;

	CHECK(argc == 3);
	threads = load(argv[1]);
	if (!strcmp(argv[2], "break")) {
		violate(argv[1]);
		_exit(0);
	}
	w.operations = atol(argv[2]);
	CHECK(w.operations > 0);
	if (threads)
		in_threads(w.operations);
	else
		operate(&w);
	/* what is done at exit, too, is in no filter's way */
	return 0;
}
