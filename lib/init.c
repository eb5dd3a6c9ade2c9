/* SPDX-License-Identifier: MIT */
#include "init.h"

#include "conf.h"
#include "fmt.h"
#include "harden.h"
#include "heap.h"
#include "libc.h"
#include "nested.h"
#include "options.h"
#include "os.h"
#include "pool.h"
#include "random.h"
#include "sizeclass.h"
#include "snapshot.h"
#include "stats.h"
#include "sys.h"
#include "thread.h"

#include <fcntl.h>
#include <sys/auxv.h>

uint32_t hak_mode;

static char init_text[HAK_OPTIONS_TEXT_MAX]; /* the options in force */

static int init_stderr = STDERR_FILENO;

int hak_init_stderr(void)
{
	return init_stderr;
}

/* A program may write another title over the name that the C library knows. */
static char init_program[64];

const char *hak_init_program(void)
{
	return init_program;
}

static void init_keep_program(void)
{
	struct hak_fmt f;

	hak_fmt_init(&f, init_program, sizeof(init_program));
	if (program_invocation_short_name)
		hak_fmt_str(&f, program_invocation_short_name);
}

bool hak_init_secure(void)
{
	return getauxval(AT_SECURE) != 0;
}

static void init_verbose(void)
{
	/* pool lock */
	static HAK_SELDOM char line[HAK_OPTIONS_TEXT_MAX + 64];
	struct hak_fmt f;

	if (!hak_opt.verbose)
		return;
	hak_fmt_init(&f, line, sizeof(line));
	hak_fmt_str(&f, "hakmem: version " HAKMEM_STATS_VERSION ", options:");
	for (const char *p = init_text; *p;) {
		const char *end = __builtin_strchr(p, '\n');

		hak_fmt_ch(&f, ' ');
		hak_fmt_mem(&f, p, (size_t)(end - p));
		p = end + 1;
	}
	hak_fmt_ch(&f, '\n');
	(void)hak_sys_write(STDERR_FILENO, line, f.len);
}

/* In a page that is there: constants would be one more fault at each start. */
static char init_conf_file[] __attribute__((section(".data"))) = HAK_CONF_FILE;

enum { INIT_UNREAD, INIT_READING, INIT_READ };
static int init_options; /* atomic */

/*
 * Once; false: not read yet.  environ may still be NULL when the loader
 * allocates, see init.h, and a handler or another thread may come in between:
 * then a later slow path finds them.
 */
static bool init_read_options(void)
{
	bool secure = hak_init_secure();
	int was = INIT_UNREAD;

	if (!secure && !environ)
		return false;
	/* acquire: partner is the release below */
	if (!__atomic_compare_exchange_n(&init_options, &was, INIT_READING,
					 false, __ATOMIC_ACQUIRE,
					 __ATOMIC_ACQUIRE))
		return was == INIT_READ;
	hak_conf_read(init_conf_file, 0);
	if (!secure)
		hak_options_from_environ(environ);
	if (hak_opt.verbose >= 2) {
		hak_opt.ss_debug = 1;
		hak_opt.pool_debug = 1;
		hak_opt.remote_debug = 1;
	}
	__atomic_store_n(&init_options, INIT_READ, __ATOMIC_RELEASE);
	return true;
}

static void init_apply_options(void)
{
	init_keep_program();
	hak_harden_init();
	hak_options_text(init_text, sizeof(init_text));
	hak_stats.options = (uintptr_t)init_text;
	hak_stats.limit_hard = hak_opt.limit_hard;
	if (hak_opt.stats == HAK_STATS_EXIT && !hak_opt.stats_file[0]) {
		/* out of the way of descriptors that a program counts on */
		long fd =
			HAK_RAW(SYS_fcntl, STDERR_FILENO, F_DUPFD_CLOEXEC, 100);

		if (fd >= 0)
			init_stderr = (int)fd;
	}
	init_verbose();
}

static bool init_structures(void)
{
	struct hak_superslab *first;

	hak_os_init();
	hak_sizeclass_init();
	hak_stats_init();
	hak_thread_init();
	first = hak_ss_first();
	if (!first || !hak_nested_init())
		return false;
	hak_pool_init(first);
	hak_heap_init(hak_random_secret());
	hak_stats.start_time = hak_os_realtime_ns();
	return true;
}

static enum hak_mode init_decide(void)
{
	if (!hak_libc_malloc_is_ours())
		return HAK_MODE_LIBC;
	if (!hak_opt.enable) {
		if (hak_libc_present())
			return HAK_MODE_LIBC;
		hak_warn(
			"HAKMEM_ENABLE=0 ignored: no other allocator in this program");
	}
	return HAK_MODE_OURS;
}

enum hak_mode hak_init(void)
{
	enum hak_mode mode;

	/* a handler inside an early slow path: nested.c serves it */
	if (hak_pool_mine())
		return (enum hak_mode)hak_mode;
	hak_pool_enter();
	mode = (enum hak_mode)hak_mode;
	if (mode == HAK_MODE_NEW && init_structures())
		mode = HAK_MODE_EARLY;
	if (mode == HAK_MODE_EARLY && init_read_options()) {
		init_apply_options();
		mode = init_decide();
	}
	/* release: partner is the acquire in hak_mode_now */
	__atomic_store_n(&hak_mode, (uint32_t)mode, __ATOMIC_RELEASE);
	hak_pool_leave();
	return mode;
}

/*
 * Before main, and so before a sandbox that the program builds for itself
 * could forbid to open the configuration file.  Nothing else is done for a
 * program that has not allocated yet, for it may never do so, unless something
 * is to be written.
 */
__attribute__((constructor)) static void init_at_load(void)
{
	/* no lock, whose page is not touched yet; first what writes, so that
	 * the page is not faulted in twice */
	bool speaks = !init_read_options() || hak_opt.verbose || hak_opt.stats;

	if (speaks || __atomic_load_n(&hak_mode, __ATOMIC_RELAXED))
		(void)hak_mode_now();
}
