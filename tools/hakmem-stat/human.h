/* SPDX-License-Identifier: MIT */
/*
 * human.h - figures as people read them
 */
#ifndef HUMAN_H
#define HUMAN_H

#include "stat.h"

#define HUMAN_MAX 32 /* room for any text made here */

/* 1023, 1.5K, 12M, 3.1G: three digits and a unit. */
const char *human_bytes(char *buf, uint64_t n);
/* The same with units of 1000: k, M, G. */
const char *human_count(char *buf, double n);
/* 59s, 12m, 3h05m, 4d02h */
const char *human_time(char *buf, uint64_t seconds);

#endif /* HUMAN_H */
