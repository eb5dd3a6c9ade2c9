/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "filter.h"
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
	OPT_COLOR,
	OPT_SVG,
	OPT_PROMETHEUS,
	OPT_TO,
};

static const struct option long_options[] = {
	{ "classes", no_argument, NULL, 'c' },
	{ "threads", no_argument, NULL, 't' },
	{ "pool", no_argument, NULL, 'p' },
	{ "map", no_argument, NULL, 'm' },
	{ "rss", no_argument, NULL, 'r' },
	{ "top", no_argument, NULL, 'w' },
	{ "svg", required_argument, NULL, OPT_SVG },
	{ "all", no_argument, NULL, 'a' },
	{ "user", required_argument, NULL, 'u' },
	{ "cgroup", required_argument, NULL, 'g' },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "prometheus", no_argument, NULL, OPT_PROMETHEUS },
	{ "to", required_argument, NULL, OPT_TO },
	{ "raw", no_argument, NULL, 'R' },
	{ "noheadings", no_argument, NULL, 'n' },
	{ "bytes", no_argument, NULL, 'b' },
	{ "output", required_argument, NULL, 'o' },
	{ "list-columns", no_argument, NULL, OPT_LIST_COLUMNS },
	{ "color", optional_argument, NULL, OPT_COLOR },
	{ "procfs", required_argument, NULL, OPT_PROCFS },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char help_text[] =
	"Usage: hakmem-stat [options] PID|NAME [interval [count]]\n"
	"       hakmem-stat [options] CORE-FILE\n"
	"       hakmem-stat record [--to FILE] PID|NAME [interval [count]]\n"
	"       hakmem-stat report [--to FILE] [RECORDING]\n"
	"       hakmem-stat [options] [-a] [-u USER] [-g CGROUP] [interval [count]]\n"
	"\n"
	"Show the heap of running processes that use libhakmem, from outside.\n"
	"\n"
	"Processes:\n"
	"  -a, --all            all of them; also without any argument\n"
	"  -u, --user USER      those of a user\n"
	"  -g, --cgroup PATH    those in a control group or below it\n"
	"\n"
	"Views of one process:\n"
	"  -c, --classes        live blocks, slabs and caches by size\n"
	"  -t, --threads        the heap of each thread\n"
	"  -p, --pool           slots by state, registry, transitions\n"
	"  -m, --map            a cell for each slot\n"
	"      --svg FILE       the map as a picture, too\n"
	"  -r, --rss            what the resident memory is made of\n"
	"\n"
	"  -w, --top            full screen, all processes; h there for help\n"
	"  record               looks into a file, hakmem.rec\n"
	"  report               a recording as a page, hakmem.html\n"
	"\n"
	"Output:\n"
	"      --json           everything, as JSON\n"
	"      --prometheus     in Prometheus' text format\n"
	"      --to FILE        into a file, which appears when complete\n"
	"  -R, --raw            columns apart by one blank, for scripts\n"
	"  -n, --noheadings     no line of headings\n"
	"  -b, --bytes          full figures instead of 1.5M\n"
	"  -o, --output LIST    these columns; +LIST: these, too\n"
	"      --list-columns   the columns of the view, and what they say\n"
	"      --color[=WHEN]   colour: auto, always or never\n"
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

static bool parse_colour(const char *text, enum colour *colour)
{
	if (!text || strcmp(text, "always") == 0)
		*colour = COLOUR_ALWAYS;
	else if (strcmp(text, "never") == 0)
		*colour = COLOUR_NEVER;
	else if (strcmp(text, "auto") == 0)
		*colour = COLOUR_AUTO;
	else
		return false;
	return true;
}

static bool is_number(const char *text)
{
	return text[strspn(text, "0123456789.")] == 0;
}

/* With a choice among all, a number is the interval. */
static bool parse_words(struct options *opt, int argc, char **argv,
			enum status *status)
{
	bool choice = opt->all || opt->user || opt->cgroup || opt->top;
	int i = optind;

	if (i < argc && strcmp(argv[i], "record") == 0)
		opt->command = COMMAND_RECORD;
	else if (i < argc && strcmp(argv[i], "report") == 0)
		opt->command = COMMAND_REPORT;
	i += opt->command != COMMAND_SHOW;
	if (i < argc && !(choice && is_number(argv[i])))
		opt->target = argv[i++];
	if (i < argc && !parse_interval(argv[i++], &opt->interval))
		return usage(status, "not an interval in seconds", argv[i - 1]);
	if (i < argc && !parse_count(argv[i++], &opt->count))
		return usage(status, "not a count", argv[i - 1]);
	if (i < argc)
		return usage(status, "too many arguments", argv[i]);
	if (opt->all && opt->target)
		return usage(status, "--all and a process", opt->target);
	if (opt->top && (opt->to || opt->form != FORM_TABLE || opt->columns))
		return usage(status, "--top is for the screen", NULL);
	if (opt->command == COMMAND_REPORT && opt->interval > 0)
		return usage(status, "report takes a recording", NULL);
	if (opt->command == COMMAND_RECORD && !opt->target)
		return usage(status, "record takes a process", NULL);
	if (opt->command == COMMAND_RECORD && opt->interval <= 0)
		opt->interval = 1;
	if (opt->to && opt->interval > 0 && opt->command == COMMAND_SHOW)
		return usage(status, "--to is for one look", NULL);
	return true;
}

static bool is_view(int c)
{
	return c == 'c' || c == 't' || c == 'p' || c == 'm' || c == 'r';
}

static enum view view_of(int c)
{
	switch (c) {
	case 'c':
		return VIEW_CLASSES;
	case 't':
		return VIEW_THREADS;
	case 'p':
		return VIEW_POOL;
	case 'm':
		return VIEW_MAP;
	default:
		return VIEW_RSS;
	}
}

/* One option; false: *status says how to end. */
static bool parse_option(struct options *opt, int c, enum status *status)
{
	if (is_view(c)) {
		if (opt->view != VIEW_DEFAULT && opt->view != view_of(c))
			return usage(status, "one view at a time", NULL);
		opt->view = view_of(c);
		return true;
	}
	switch (c) {
	case 'b':
		opt->bytes = true;
		return true;
	case 'n':
		opt->noheadings = true;
		return true;
	case 'o':
		opt->columns = optarg;
		return true;
	case 'R':
		opt->raw = true;
		return true;
	case OPT_JSON:
		opt->form = FORM_JSON;
		return true;
	case 'w':
		opt->top = true;
		return true;
	case OPT_PROMETHEUS:
		opt->form = FORM_PROMETHEUS;
		return true;
	case OPT_TO:
		opt->to = optarg;
		return true;
	case 'a':
		opt->all = true;
		return true;
	case 'u':
		opt->user = optarg;
		return filter_user(opt) ||
		       usage(status, "no such user", optarg);
	case 'g':
		opt->cgroup = optarg;
		return true;
	case OPT_LIST_COLUMNS:
		opt->list_columns = true;
		return true;
	case OPT_SVG:
		opt->svg = optarg;
		return true;
	case OPT_COLOR:
		return parse_colour(optarg, &opt->colour) ||
		       usage(status, "not auto, always or never", optarg);
	case OPT_PROCFS:
		procfs_dir = optarg;
		return true;
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

bool options_parse(struct options *opt, int argc, char **argv,
		   enum status *status)
{
	int c;

	memset(opt, 0, sizeof(*opt));
	while ((c = getopt_long(argc, argv, "ctpmrwau:g:bno:RhV", long_options,
				NULL)) != -1)
		if (!parse_option(opt, c, status))
			return false;
	if (opt->svg && opt->view == VIEW_DEFAULT)
		opt->view = VIEW_MAP;
	if (opt->svg && opt->view != VIEW_MAP)
		return usage(status, "--svg is for the map", NULL);
	return parse_words(opt, argc, argv, status);
}
