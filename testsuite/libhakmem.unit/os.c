/* SPDX-License-Identifier: MIT */
/*
 * Memory from and to the kernel: what mapped_bytes says is what is mapped,
 * alignment, contents kept by a move, failures that change nothing, errno left
 * alone, a clock that is not asked again.
 *
 * The clock is made to fail by standing in front of it:
 * { dg-hakmem-options "-Wl,--wrap=clock_gettime" }
 */
#include "t.h"

#include "os.h"
#include "stats.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define ERRNO 4095 /* no call here may change it */
#define MIB ((size_t)1 << 20)

static bool clock_fails;
static unsigned clock_asked;

int __real_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts);

int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
	clock_asked++;
	if (!clock_fails)
		return __real_clock_gettime(id, ts);
	errno = EPERM;
	return -1;
}

/* Is each page of [p, p + size) mapped (or is none)? */
static bool mapped(const char *p, size_t size, bool want)
{
	unsigned char there[1];

	for (size_t at = 0; at < size; at += hak_os_page) {
		int saved = errno;
		bool is = mincore((void *)(uintptr_t)(p + at), hak_os_page,
				  there) == 0;

		errno = saved;
		if (is != want)
			return false;
	}
	return true;
}

static uint64_t errors(void)
{
	return hak_stats.os_errors;
}

static void check_map(void)
{
	uint64_t before = hak_stats.mapped_bytes;
	char *p = hak_os_map(3 * hak_os_page);
	char *q = hak_os_map(MIB);

	CHECK(p && q);
	CHECK((uintptr_t)p % hak_os_page == 0);
	CHECK(hak_stats.mapped_bytes == before + 3 * hak_os_page + MIB);
	CHECK(t_zero(p, 3 * hak_os_page));
	t_fill(p, 3 * hak_os_page, 1);
	t_fill(q, MIB, 2);
	CHECK(t_filled(p, 3 * hak_os_page, 1));
	CHECK(hak_os_unmap(p, 3 * hak_os_page) == 0);
	CHECK(mapped(p, 3 * hak_os_page, false));
	CHECK(t_filled(q, MIB, 2));
	CHECK(hak_os_unmap(q, MIB) == 0);
	CHECK(hak_os_unmap(q, 0) == 0);
	CHECK(hak_stats.mapped_bytes == before);
	CHECK(errors() == 0);
}

static void check_aligned(void)
{
	size_t sizes[] = { hak_os_page, 3 * hak_os_page, MIB, 2 * MIB,
			   2 * MIB + hak_os_page };

	for (size_t align = hak_os_page; align && align <= 1024 * MIB;
	     align *= 2)
		for (unsigned i = 0; i < 2 * sizeof(sizes) / sizeof(*sizes);
		     i++) {
			size_t size = sizes[i / 2];
			uint64_t before = hak_stats.mapped_bytes;
			/* what is there already cannot be had twice */
			char *hint = i % 2 ? hak_os_map(size) : NULL;
			char *p = hak_os_map_aligned(size, align, hint);

			CHECK(p && p != hint);
			CHECK((uintptr_t)p % align == 0);
			CHECK(hak_stats.mapped_bytes ==
			      before + size + (hint ? size : 0));
			CHECK(mapped(p, size, true));
			CHECK(t_zero(p, hak_os_page));
			p[0] = p[size - 1] = 1;
			if (hint) {
				CHECK(hint + size <= p || p + size <= hint);
				CHECK(hak_os_unmap(hint, size) == 0);
			}
			CHECK(hak_os_unmap(p, size) == 0);
			CHECK(mapped(p, size, false));
			CHECK(hak_stats.mapped_bytes == before);
		}
}

static void check_refused(void)
{
	uint64_t before = hak_stats.mapped_bytes;
	size_t much = T_TOO_MUCH & ~(hak_os_page - 1);
	size_t most = SIZE_MAX & ~(hak_os_page - 1);
	uint64_t had = errors();
	char *p;

	CHECK(!hak_os_map(much));
	CHECK(errors() == had + 1);
	CHECK(!hak_os_map(most));
	CHECK(!hak_os_map_aligned(much, 2 * MIB, NULL));
	CHECK(!hak_os_map_aligned(most, 2 * MIB, NULL));
	CHECK(!hak_os_map_aligned(1024 * MIB, SIZE_MAX / 2 + 1, NULL));

	p = hak_os_map(2 * hak_os_page);
	CHECK(p);
	t_fill(p, 2 * hak_os_page, 3);
	had = errors();
	CHECK(hak_os_unmap(p + 1, hak_os_page) == -EINVAL);
	CHECK(errors() == had + 1);
	CHECK(hak_os_resize(p, 2 * hak_os_page, much) < 0);
	CHECK(!hak_os_remap(p, 2 * hak_os_page, much, hak_os_page));
	CHECK(hak_stats.mapped_bytes == before + 2 * hak_os_page);
	CHECK(t_filled(p, 2 * hak_os_page, 3));
	CHECK(hak_os_unmap(p, 2 * hak_os_page) == 0);
	CHECK(hak_stats.mapped_bytes == before);
}

/* A mapping that has something behind it, so that it must move to grow. */
static char *stuck(size_t size)
{
	char *p = hak_os_map(size + hak_os_page);

	CHECK(p);
	/* with other rights it is another mapping */
	CHECK(mprotect(p + size, hak_os_page, PROT_NONE) == 0);
	return p;
}

static void check_resize(void)
{
	uint64_t before = hak_stats.mapped_bytes;
	char *p = hak_os_map(MIB);

	CHECK(p);
	t_fill(p, MIB, 4);
	CHECK(hak_os_resize(p, MIB, MIB / 4) == 0);
	CHECK(hak_stats.mapped_bytes == before + MIB / 4);
	CHECK(mapped(p + MIB / 4, 3 * MIB / 4, false));
	CHECK(t_filled(p, MIB / 4, 4));
	CHECK(hak_os_unmap(p, MIB / 4) == 0);

	p = stuck(MIB);
	t_fill(p, MIB, 5);
	CHECK(hak_os_resize(p, MIB, 2 * MIB) < 0);
	CHECK(t_filled(p, MIB, 5));
	CHECK(hak_os_unmap(p, MIB + hak_os_page) == 0);
	CHECK(hak_stats.mapped_bytes == before);
}

/* What is two mappings to the kernel does not grow, and nothing changes; it does
 * when they are one again. */
static void check_remap_parts(void)
{
	uint64_t before, errors;
	char *p = stuck(2 * MIB), *to;

	t_fill(p, 2 * MIB, 7);
	CHECK(hak_os_protect(p + MIB, MIB, false) == 0);
	before = hak_stats.mapped_bytes;
	errors = hak_stats.os_errors;
	CHECK(!hak_os_remap(p, 2 * MIB, 3 * MIB, MIB));
	CHECK(hak_stats.mapped_bytes == before);
	CHECK(hak_stats.os_errors == errors);
	CHECK(hak_os_protect(p + MIB, MIB, true) == 0);
	CHECK(t_filled(p, 2 * MIB, 7));
	to = hak_os_remap(p, 2 * MIB, 3 * MIB, MIB);
	CHECK(to && to != p && t_filled(to, 2 * MIB, 7));
	CHECK(hak_os_unmap(to, 3 * MIB) == 0);
	CHECK(hak_os_unmap(p + 2 * MIB, hak_os_page) == 0);
}

static void check_remap(void)
{
	for (size_t align = hak_os_page; align <= 64 * MIB; align *= 4) {
		uint64_t before = hak_stats.mapped_bytes;
		char *p = stuck(MIB), *to;

		t_fill(p, MIB, 6);
		to = hak_os_remap(p, MIB, 3 * MIB, align);
		CHECK(to && to != p && (uintptr_t)to % align == 0);
		CHECK(hak_stats.mapped_bytes == before + 3 * MIB + hak_os_page);
		CHECK(mapped(p, MIB, false));
		CHECK(t_filled(to, MIB, 6) && t_zero(to + MIB, 2 * MIB));
		CHECK(hak_os_unmap(p + MIB, hak_os_page) == 0);
		p = hak_os_remap(to, 3 * MIB, MIB, align);
		CHECK(p && (uintptr_t)p % align == 0);
		CHECK(t_filled(p, MIB, 6));
		CHECK(hak_stats.mapped_bytes == before + MIB);
		CHECK(hak_os_unmap(p, MIB) == 0);
		CHECK(hak_stats.mapped_bytes == before);
	}
}

static void check_purge(void)
{
	char *p = hak_os_map(MIB);
	uint64_t purges = hak_stats.purges;

	CHECK(p && !hak_os_purge_zeroes());
	t_fill(p, MIB, 7);
	CHECK(hak_os_purge(p + MIB / 4, MIB / 2, false) == 0);
	CHECK(hak_stats.purges == purges + 1);
	CHECK(t_filled(p, MIB / 4, 7));
	/* the contents are as this says */
	CHECK(hak_os_purge_zeroes() == t_zero(p + MIB / 4, MIB / 2));
	memset(p, 8, MIB);
	CHECK(hak_os_purge(p, MIB / 2, true) == 0);
	for (size_t i = 0; i < MIB; i++)
		CHECK(p[i] == 8 || (i < MIB / 2 && p[i] == 0));
	t_fill(p, MIB, 9);
	CHECK(t_filled(p, MIB, 9));
	CHECK(hak_stats.purges == purges + 2);
	CHECK(hak_os_unmap(p, MIB) == 0);
	/* nothing there: an error, survived and counted */
	purges = errors();
	CHECK(hak_os_purge(p, MIB, false) < 0);
	CHECK(errors() == purges + 1);
}

/* The flags of the mapping at p in smaps; false: not known here. */
static bool flags_of(const char *p, char *flags, size_t size)
{
	static char line[500];
	FILE *f = fopen("/proc/self/smaps", "r");
	bool here = false, found = false;

	while (f && fgets(line, sizeof(line), f)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = (uintptr_t)p >= from && (uintptr_t)p < to;
		else if (here && strncmp(line, "VmFlags:", 8) == 0) {
			snprintf(flags, size, "%s", line + 8);
			found = true;
		}
	}
	if (f)
		fclose(f);
	return found;
}

static void check_hugepage(void)
{
	char flags[500];
	char *p = hak_os_map_aligned(2 * MIB, 2 * MIB, NULL);

	CHECK(p);
	p[0] = 1;
	errno = ERRNO;
	/* a kernel built without huge pages knows neither */
	if (hak_os_hugepage(p, 2 * MIB, true) == 0) {
		CHECK(errno == ERRNO);
		if (flags_of(p, flags, sizeof(flags)))
			CHECK(strstr(flags, " hg "));
		CHECK(hak_os_hugepage(p, 2 * MIB, false) == 0);
		if (flags_of(p, flags, sizeof(flags)))
			CHECK(strstr(flags, " nh ") && !strstr(flags, " hg "));
	}
	errno = ERRNO;
	CHECK(hak_os_unmap(p, 2 * MIB) == 0);
	CHECK(hak_os_hugepage(p, 2 * MIB, false) < 0);
	CHECK(errno == ERRNO);
}

static uint32_t *wiped;

static void wiped_child(void)
{
	CHECK(*wiped == 0);
	*wiped = 2;
}

static void check_wipe(void)
{
	uint64_t before = hak_stats.mapped_bytes;
	pid_t pid;
	int status;

	wiped = hak_os_wipe_on_fork();
	if (!wiped) {
		CHECK(hak_stats.mapped_bytes == before);
		return;
	}
	CHECK(hak_stats.mapped_bytes == before + hak_os_page);
	CHECK(*wiped == 0);
	*wiped = 1;
	CHECK(t_child(wiped_child) == 0);
	CHECK(*wiped == 1);
	/* a child that no library function made */
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(*wiped != 0);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(hak_os_unmap(wiped, hak_os_page) == 0);
}

/* The n-th call fails, and no other. */
static void check_fail_at(void)
{
	uint64_t had = errors();
	char *p[4];

	hak_os_fail_at(3);
	for (unsigned i = 0; i < 4; i++)
		p[i] = hak_os_map(hak_os_page);
	CHECK(p[0] && p[1] && !p[2] && p[3]);
	CHECK(errors() == had + 1);
	hak_os_fail_at(2);
	CHECK(hak_os_purge(p[0], hak_os_page, false) == 0);
	CHECK(hak_os_unmap(p[0], hak_os_page) == -ENOMEM);
	CHECK(mapped(p[0], hak_os_page, true));
	CHECK(hak_os_unmap(p[0], hak_os_page) == 0);
	hak_os_fail_at(1);
	hak_os_fail_at(0);
	CHECK(hak_os_unmap(p[1], hak_os_page) == 0);
	CHECK(hak_os_unmap(p[3], hak_os_page) == 0);
	hak_os_fail_at(1);
	CHECK(!hak_os_wipe_on_fork());
}

/* Whichever call of a move fails: the block is there or elsewhere, whole, and
 * the figure is right. */
static void check_remap_fails(size_t align)
{
	unsigned moved = 0;

	for (unsigned n = 1; n <= 8; n++) {
		uint64_t before = hak_stats.mapped_bytes;
		uint64_t now;
		char *p = stuck(MIB), *to;

		t_fill(p, MIB, n);
		hak_os_fail_at(n);
		to = hak_os_remap(p, MIB, 3 * MIB, align);
		hak_os_fail_at(0);
		moved += to != NULL;
		CHECK(t_filled(to ? to : p, MIB, n));
		now = hak_stats.mapped_bytes;
		if (to) {
			CHECK((uintptr_t)to % align == 0);
			CHECK(mapped(p, MIB, false));
			CHECK(hak_os_unmap(to, 3 * MIB) == 0);
			CHECK(hak_os_unmap(p + MIB, hak_os_page) == 0);
			now -= 3 * MIB + hak_os_page;
		} else {
			CHECK(mapped(p, MIB + hak_os_page, true));
			CHECK(hak_os_unmap(p, MIB + hak_os_page) == 0);
			now -= MIB + hak_os_page;
		}
		/* an unmap that failed leaves what was to go; when the move
		 * failed, that was not the call */
		CHECK(hak_stats.mapped_bytes == now && now >= before);
		CHECK(to || now == before);
	}
	CHECK(moved >= 1 && moved < 8);
}

static void check_clock(void)
{
	struct timespec ts;
	uint64_t last = 0, now;

	for (int i = 0; i < 30; i++) {
		__real_clock_gettime(CLOCK_MONOTONIC, &ts);
		now = (uint64_t)ts.tv_sec * 1000 +
		      (uint64_t)ts.tv_nsec / 1000000;
		/* coarse: some ticks behind, or we were not running */
		CHECK(hak_os_now_ms() + 100 >= now);
		CHECK(hak_os_now_ms() >= last);
		last = hak_os_now_ms();
		usleep(1000);
	}
	__real_clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
	CHECK(last <= now);
	now = (uint64_t)time(NULL);
	last = hak_os_realtime_ns() / 1000000000;
	CHECK(last + 5 > now && last < now + 5);

	errno = ERRNO;
	clock_fails = true;
	CHECK(hak_os_realtime_ns() == 0);
	CHECK(hak_os_now_ms() == 0);
	clock_fails = false;
	clock_asked = 0;
	for (int i = 0; i < 10; i++)
		CHECK(hak_os_now_ms() == 0);
	CHECK(clock_asked == 0);
}

int main(void)
{
	errno = ERRNO;
	hak_os_init();
	CHECK(hak_os_page == (size_t)sysconf(_SC_PAGESIZE));
	check_map();
	check_aligned();
	check_refused();
	check_resize();
	check_remap();
	check_remap_parts();
	check_purge();
	check_wipe();
	check_fail_at();
	check_remap_fails(hak_os_page);
	check_remap_fails(64 * MIB);
	CHECK(errno == ERRNO);
	check_hugepage();
	check_clock();
	CHECK(errno == ERRNO);
	return 0;
}
