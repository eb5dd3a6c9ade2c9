/* SPDX-License-Identifier: MIT */
/*
 * top.h - the full-screen mode
 */
#ifndef TOP_H
#define TOP_H

#include "options.h"

/* Until the user leaves; STATUS_USAGE where there is no usable terminal, or
 * the program was built without ncurses. */
enum status top(const struct options *opt, struct error *e);

#endif /* TOP_H */
