/* SPDX-License-Identifier: MIT */
#include "human.h"

#include <inttypes.h>
#include <stdio.h>

static const char *scaled(char *buf, double n, double step, const char *units)
{
	/* 999.5 of a unit is one of the next: never four digits */
	while (n >= 999.5 && units[1]) {
		n /= step;
		units++;
	}
	if (units[0] == ' ')
		snprintf(buf, HUMAN_MAX, "%.0f", n);
	else
		snprintf(buf, HUMAN_MAX, n < 9.95 ? "%.1f%c" : "%.0f%c", n,
			 units[0]);
	return buf;
}

const char *human_bytes(char *buf, uint64_t n)
{
	return scaled(buf, (double)n, 1024, " KMGTPE");
}

const char *human_count(char *buf, double n)
{
	return scaled(buf, n, 1000, " kMGTPE");
}

const char *human_time(char *buf, uint64_t s)
{
	if (s < 60)
		snprintf(buf, HUMAN_MAX, "%" PRIu64 "s", s);
	else if (s < 3600)
		snprintf(buf, HUMAN_MAX, "%" PRIu64 "m", s / 60);
	else if (s < 86400)
		snprintf(buf, HUMAN_MAX, "%" PRIu64 "h%02" PRIu64 "m", s / 3600,
			 s / 60 % 60);
	else
		snprintf(buf, HUMAN_MAX, "%" PRIu64 "d%02" PRIu64 "h",
			 s / 86400, s / 3600 % 24);
	return buf;
}
