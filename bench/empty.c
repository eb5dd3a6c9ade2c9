/* SPDX-License-Identifier: MIT */
/*
 * An empty library.  What a program costs with it preloaded is the cost of
 * preloading anything at all; the start-up figures are taken against it.
 */
typedef int hak_bench_empty;
