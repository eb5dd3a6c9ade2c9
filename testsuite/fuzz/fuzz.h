/* SPDX-License-Identifier: MIT */
/* fuzz.h - what the fuzz targets share */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REQUIRE(what)                                                    \
	do {                                                             \
		if (!(what)) {                                           \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, \
				__LINE__, #what);                        \
			abort();                                         \
		}                                                        \
	} while (0)

#ifdef FUZZ_STAT
/*
 * hakmem-stat waits for a process that is in the middle of a change, for some
 * seconds at most.  Nothing changes here, so its clock goes fast and it does
 * not sleep (fuzz.sh compiles it with these in their places).
 */
int fuzz_clock(clockid_t clock, struct timespec *now);
int fuzz_sleep(const struct timespec *time, struct timespec *rest);

int fuzz_clock(clockid_t clock, struct timespec *now)
{
	static long hundredths;

	(void)clock;
	hundredths += 5;
	now->tv_sec = hundredths / 100;
	now->tv_nsec = hundredths % 100 * 10000000;
	return 0;
}

int fuzz_sleep(const struct timespec *time, struct timespec *rest)
{
	(void)time, (void)rest;
	return 0;
}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size);

#endif /* FUZZ_H */
