/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "procfs.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPT_JSON = 256,
	OPT_PROCFS,
	OPT_LIST_COLUMNS,
};

static const struct option long_options[] = {
	{ "bytes", no_argument, NULL, 'b' },
	{ "noheadings", no_argument, NULL, 'n' },
	{ "output", required_argument, NULL, 'o' },
	{ "raw", no_argument, NULL, 'R' },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "list-columns", no_argument, NULL, OPT_LIST_COLUMNS },
	{ "procfs", required_argument, NULL, OPT_PROCFS },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char help_text[] =
	"Usage: hakmem-stat [options] PID [interval [count]]\n"
	"\n"
	"Show the heap of a running process that uses libhakmem, from outside.\n"
	"\n"
	"Output:\n"
	"      --json           everything, as JSON\n"
	"  -R, --raw            columns apart by one blank, for scripts\n"
	"  -n, --noheadings     no line of headings\n"
	"  -b, --bytes          full figures instead of 1.5M\n"
	"  -o, --output LIST    these columns; +LIST: these, too\n"
	"      --list-columns   the columns of the view, and what they say\n"
	"\n"
	"      --procfs DIR     look at the processes of this /proc\n"
	"  -h, --help           this text\n"
	"  -V, --version        the version\n"
	"\n"
	"Exit status: 0 ok, 1 wrong use or write error, 2 no such process,\n"
	"3 not permitted, 4 no libhakmem there, 5 newer than this program,\n"
	"6 torn or hostile data, 7 process ended midway.\n"
	"See hakmem-stat(1).\n";

static bool usage(enum status *status, const char *what, const char *arg)
{
	fprintf(stderr, PROGRAM ": %s%s%s\n", what, arg ? ": " : "",
		arg ? arg : "");
	fprintf(stderr, "Try '" PROGRAM " --help'.\n");
	*status = STATUS_USAGE;
	return false;
}

static bool said(enum status *status)
{
	*status = fflush(stdout) || ferror(stdout) ? STATUS_USAGE : STATUS_OK;
	return false;
}

/* Seconds between lines: 1 ms to a year. */
static bool parse_interval(const char *text, double *value)
{
	char *end;

	errno = 0;
	*value = strtod(text, &end);
	return end != text && !*end && !errno && isfinite(*value) &&
	       *value >= 0.001 && *value <= 31536000;
}

static bool parse_count(const char *text, unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && !*end && !errno && *value;
}

static bool parse_words(struct options *opt, int argc, char **argv,
			enum status *status)
{
	int i = optind;

	if (i < argc)
		opt->target = argv[i++];
	if (i < argc && !parse_interval(argv[i++], &opt->interval))
		return usage(status, "not an interval in seconds", argv[i - 1]);
	if (i < argc && !parse_count(argv[i++], &opt->count))
		return usage(status, "not a count", argv[i - 1]);
	if (i < argc)
		return usage(status, "too many arguments", argv[i]);
	if (!opt->target && !opt->list_columns)
		return usage(status, "no process given", NULL);
	return true;
}

bool options_parse(struct options *opt, int argc, char **argv,
		   enum status *status)
{
	int c;

	memset(opt, 0, sizeof(*opt));
	while ((c = getopt_long(argc, argv, "bno:RhV", long_options, NULL)) !=
	       -1) {
		switch (c) {
		case 'b':
			opt->bytes = true;
			break;
		case 'n':
			opt->noheadings = true;
			break;
		case 'o':
			opt->columns = optarg;
			break;
		case 'R':
			opt->raw = true;
			break;
		case OPT_JSON:
			opt->view = VIEW_JSON;
			break;
		case OPT_LIST_COLUMNS:
			opt->list_columns = true;
			break;
		case OPT_PROCFS:
			procfs_dir = optarg;
			break;
		case 'h':
			fputs(help_text, stdout);
			return said(status);
		case 'V':
			puts(PROGRAM " (libhakmem) " PACKAGE_VERSION);
			return said(status);
		default:
			fprintf(stderr, "Try '" PROGRAM " --help'.\n");
			*status = STATUS_USAGE;
			return false;
		}
	}
	return parse_words(opt, argc, argv, status);
}
