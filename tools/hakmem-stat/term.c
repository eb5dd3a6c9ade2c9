/* SPDX-License-Identifier: MIT */
#include "term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool term_colour(const struct options *opt)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (opt->colour != COLOUR_AUTO)
		return opt->colour == COLOUR_ALWAYS;
	return !(no && *no) && isatty(STDOUT_FILENO) && term && *term &&
	       strcmp(term, "dumb") != 0;
}

const char *term_clean(const char *name)
{
	static char clean[64];
	size_t n = 0;

	for (; name[n] && n < sizeof(clean) - 1; n++)
		clean[n] = (unsigned char)name[n] < ' ' || name[n] == 0x7f
				   ? '?'
				   : name[n];
	clean[n] = 0;
	return clean;
}
