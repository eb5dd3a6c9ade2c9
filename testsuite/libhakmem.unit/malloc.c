/* SPDX-License-Identifier: MIT */
/*
 * The C library's names when the kernel refuses memory, which a program cannot
 * arrange: errno is ENOMEM or as it was, never another; a block that cannot
 * grow is as it was; free says nothing, whatever fails beneath it.
 */
#include "unit.h"

#include "alloc.h"
#include "init.h"
#include "stats.h"

#define ERRNO 4095

/* Not declared by every C library. */
extern void free_sized(void *p, size_t size);
extern void free_aligned_sized(void *p, size_t align, size_t size);
extern void *pvalloc(size_t size);
extern void cfree(void *p);

static const size_t sizes[] = {
	24, 1024, 5000, 32768, 100000, 2097152, 3000000
};

/* Every name gives memory of this library, and takes each other's. */
static void check_names(void)
{
	for (size_t i = 0; i < COUNT(sizes); i++) {
		size_t n = sizes[i];
		void *p[8], *q = NULL;

		p[0] = malloc(n);
		p[1] = calloc(1, n);
		p[2] = realloc(NULL, n);
		p[3] = aligned_alloc(64, n);
		p[4] = memalign(256, n);
		CHECK(posix_memalign(&q, 4096, n) == 0);
		p[5] = q;
		p[6] = valloc(n);
		p[7] = pvalloc(n);
		for (unsigned k = 0; k < COUNT(p); k++) {
			CHECK(p[k]);
			if (hak_opt.tiny_use_superslab)
				CHECK(hak_is_ours(p[k]));
			CHECK(malloc_usable_size(p[k]) >= n);
		}
		CHECK((uintptr_t)p[3] % 64 == 0 && (uintptr_t)p[4] % 256 == 0);
		CHECK((uintptr_t)p[5] % 4096 == 0);
		CHECK((uintptr_t)p[6] % hak_os_page == 0);
		CHECK((uintptr_t)p[7] % hak_os_page == 0);
		CHECK(malloc_usable_size(p[7]) >= hak_round_up(n, hak_os_page));
		free(p[0]);
		cfree(p[1]);
		free_sized(p[2], n);
		free_aligned_sized(p[3], 64, n);
		p[4] = realloc(p[4], 2 * n);
		CHECK(p[4]);
		for (unsigned k = 4; k < COUNT(p); k++)
			free(p[k]);
	}
}

/* NULL with ENOMEM, or a block with errno as it was. */
static bool answered(const void *p)
{
	if (!p)
		CHECK(errno == ENOMEM);
	else
		CHECK(errno == ERRNO);
	errno = ERRNO;
	return p != NULL;
}

/* Every call while the n-th request to the kernel fails. */
static unsigned with_failure(unsigned n, size_t size)
{
	void *q = (void *)1;
	void *p[4];
	unsigned refused = 0;
	int ret;

	errno = ERRNO;
	hak_os_fail_at(n);
	p[0] = malloc(size);
	refused += !answered(p[0]);
	p[1] = calloc(1, size);
	refused += !answered(p[1]);
	p[2] = aligned_alloc(65536, size);
	refused += !answered(p[2]);
	ret = posix_memalign(&q, 128, size);
	CHECK(ret == 0 || (ret == ENOMEM && q == (void *)1));
	CHECK(errno == ERRNO);
	p[3] = ret ? NULL : q;
	refused += ret != 0;
	if (p[0]) {
		void *to;

		t_fill(p[0], size, n);
		to = realloc(p[0], 4 * size);
		refused += !answered(to);
		if (to)
			p[0] = to;
		CHECK(t_filled(p[0], size, n));
	}
	CHECK(!p[1] || t_zero(p[1], size));
	for (unsigned i = 0; i < 4; i++)
		free(p[i]);
	CHECK(errno == ERRNO);
	hak_os_fail_at(0);
	return refused;
}

static void check_failures(void)
{
	uint64_t errors = hak_stats.os_errors;
	unsigned refused = 0;

	for (unsigned n = 1; n <= 30; n++)
		for (size_t i = 0; i < COUNT(sizes); i++) {
			/* so that each size needs the kernel */
			hak_purge();
			refused += with_failure(n, sizes[i]);
		}
	/* most of it was survived */
	CHECK(hak_stats.os_errors > errors + 10 && refused < 100);
	CHECK(hak_pool_check());
}

/* All that cannot be had, by each name. */
static void check_limit(void)
{
	char *p = malloc(100000);
	void *q = (void *)1;

	CHECK(p);
	t_fill(p, 100000, 1);
	hak_opt.limit_hard = 100000;
	errno = ERRNO;
	for (size_t i = 4; i < COUNT(sizes); i++) {
		size_t n = sizes[i];

		CHECK(!answered(malloc(n)) && !answered(calloc(1, n)));
		CHECK(!answered(aligned_alloc(64, n)));
		CHECK(!answered(memalign(4096, n)) && !answered(valloc(n)));
		CHECK(!answered(pvalloc(n)) && !answered(realloc(NULL, n)));
		CHECK(!answered(realloc(p, n + 1000000)));
		CHECK(t_filled(p, 100000, 1));
		CHECK(posix_memalign(&q, 64, n) == ENOMEM);
		CHECK(q == (void *)1 && errno == ERRNO);
	}
	hak_opt.limit_hard = 0;
	free(p);
}

/* Mappings that cannot be unmapped: no word of it. */
static void check_free(void)
{
	void *p[40];

	for (unsigned i = 0; i < COUNT(p); i++) {
		p[i] = malloc(3000000);
		CHECK(p[i]);
	}
	errno = ERRNO;
	for (unsigned i = 0; i < COUNT(p); i++) {
		hak_os_fail_at(1);
		free(p[i]);
		CHECK(errno == ERRNO);
	}
	hak_os_fail_at(0);
	CHECK(malloc_trim(0) == 1);
	CHECK(hak_stats.huge_cached_bytes == 0);
	CHECK(malloc_trim(0) == 0);
	CHECK(errno == ERRNO);
}

static void check_arguments(void)
{
	size_t much = T_HIDE((size_t)PTRDIFF_MAX + 1);
	void *q = (void *)1;

	errno = ERRNO;
	CHECK(!answered(malloc(much)) && !answered(calloc(much, 2)));
	CHECK(!answered(realloc(NULL, much)) && !answered(memalign(64, much)));
	CHECK(!answered(valloc(much)) && !answered(pvalloc(SIZE_MAX)));
	CHECK(posix_memalign(&q, 64, much) == ENOMEM && q == (void *)1);
	CHECK(posix_memalign(&q, 24, 100) == EINVAL && q == (void *)1);
	CHECK(posix_memalign(&q, T_HIDE(0), 100) == EINVAL);
	CHECK(posix_memalign(&q, sizeof(void *) / 2, 100) == EINVAL);
	CHECK(errno == ERRNO);
	CHECK(!aligned_alloc(T_HIDE(48), 100) && errno == EINVAL);
	errno = ERRNO;
	free(NULL);
	cfree(NULL);
	CHECK(malloc_usable_size(NULL) == 0 && errno == ERRNO);
}

int main(void)
{
	if (!HAK_INTERPOSE)
		unsupported("built without interposition");
	CHECK(hak_mode_now() == HAK_MODE_OURS);
	check_names();
	check_failures();
	check_limit();
	check_free();
	check_arguments();
	return 0;
}
