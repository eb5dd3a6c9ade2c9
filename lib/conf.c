/* SPDX-License-Identifier: MIT */
#include "conf.h"

#include "fault.h"
#include "fmt.h"
#include "options.h"
#include "sys.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>

static HAK_SPARSE char
	conf_text[HAK_CONF_MAX + 1]; /* untouched while there is no file */

struct conf {
	const char *path;
	unsigned line;
	bool warned;
	bool here; /* the section is for this program */
	char exe[256]; /* "" until a section asks */
};

/* One line for the file: a machine-wide file speaks in every program. */
static HAK_COLD void conf_warn(struct conf *c, const char *what,
			       const char *word)
{
	char text[240];
	struct hak_fmt f;

	if (c->warned)
		return;
	c->warned = true;
	hak_fmt_init(&f, text, sizeof(text));
	hak_fmt(&f, "warning: %s", c->path);
	if (c->line)
		hak_fmt(&f, ":%u", c->line);
	hak_fmt(&f, ": %s", what);
	if (word) {
		hak_fmt_str(&f, " \"");
		for (size_t i = 0; word[i] && i < 64; i++)
			hak_fmt_ch(&f, word[i] < 0x20 || word[i] > 0x7e
					       ? '?'
					       : word[i]);
		hak_fmt_ch(&f, '"');
	}
	hak_warn(text);
}

/* The file's size if it may be used, or -1. */
static long conf_check(struct conf *c, int fd, unsigned owner)
{
	struct statx st;

	if (HAK_RAW(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st))
		return -1;
	if ((st.stx_mode & S_IFMT) != S_IFREG)
		conf_warn(c, "ignored: not a regular file", NULL);
	else if (st.stx_uid != owner || st.stx_mode & 022)
		conf_warn(c, "ignored: others than root may write to it", NULL);
	else if (st.stx_size > HAK_CONF_MAX)
		conf_warn(c, "ignored: larger than 16 KiB", NULL);
	else
		return (long)st.stx_size;
	return -1;
}

static bool conf_load(struct conf *c, unsigned owner)
{
	long n = -1;
	int fd = (int)HAK_RAW(SYS_openat, AT_FDCWD, c->path,
			      O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);

	if (fd < 0) {
		/* a confined program may not, and need not, look */
		if (fd != -ENOENT && fd != -ENOTDIR && fd != -EACCES)
			conf_warn(c, "cannot be read", NULL);
		return false;
	}
	if (conf_check(c, fd, owner) >= 0) {
		n = HAK_RAW(SYS_read, fd, conf_text, HAK_CONF_MAX);
		if (n < 0)
			conf_warn(c, "cannot be read", NULL);
	}
	(void)HAK_RAW(SYS_close, fd);
	if (n < 0)
		return false;
	conf_text[n] = 0;
	if (strlen(conf_text) != (size_t)n) {
		conf_warn(c, "ignored: not text", NULL);
		return false;
	}
	return true;
}

static char *conf_trim(char *s)
{
	char *end = s + strlen(s);

	while (end > s && strchr(" \t\r", end[-1]))
		*--end = 0;
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

/* The kernel's word for the program: the caller of a set-user-ID program
 * chooses its argv[0] and path. */
static const char *conf_exe(struct conf *c)
{
	long n;

	if (!c->exe[0]) {
		n = HAK_RAW(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", c->exe,
			    sizeof(c->exe) - 1);
		c->exe[n > 0 ? n : 0] = 0;
		if (n <= 0)
			strcpy(c->exe, "?");
	}
	return c->exe;
}

/* "[exe:/usr/bin/x]", "[exe:x]" for any folder, "[*]" for all again. */
static void conf_section(struct conf *c, char *s)
{
	size_t n = strlen(s);
	const char *exe, *last;

	c->here = false;
	if (strcmp(s, "[*]") == 0) {
		c->here = true;
		return;
	}
	if (n < 7 || strncmp(s, "[exe:", 5) != 0 || s[n - 1] != ']') {
		conf_warn(c, "no section of the form [exe:PROGRAM]:", s);
		return;
	}
	s[n - 1] = 0;
	s = conf_trim(s + 5);
	exe = conf_exe(c);
	last = strrchr(exe, '/');
	if (!strchr(s, '/') && last)
		exe = last + 1;
	c->here = strcmp(s, exe) == 0;
}

static void conf_line(struct conf *c, char *s)
{
	char *value;

	s = conf_trim(s);
	if (!*s || *s == '#')
		return;
	if (*s == '[') {
		conf_section(c, s);
		return;
	}
	value = strchr(s, '=');
	if (!value) {
		conf_warn(c, "not NAME=VALUE:", s);
		return;
	}
	*value++ = 0;
	s = conf_trim(s);
	value = conf_trim(value);
	if (!c->here)
		return;
	switch (hak_options_set(s, value, true)) {
	case 0:
		break;
	case -ENOENT:
		conf_warn(c, "no option", s);
		break;
	default:
		conf_warn(c, "not understood:", value);
	}
}

void hak_conf_read(const char *path, unsigned owner)
{
	struct conf c = { .path = path, .here = true };
	char *s = conf_text;

	if (!conf_load(&c, owner))
		return;
	while (s) {
		char *next = strchr(s, '\n');

		if (next)
			*next++ = 0;
		c.line++;
		conf_line(&c, s);
		s = next;
	}
}
