/* SPDX-License-Identifier: MIT */
/*
 * The configuration file: the input is its contents.  Afterwards the options
 * are as a reader that knows nothing but hakmem.conf(5) has set them, and each
 * has a value that the parser itself takes.
 */
#include "fuzz.h"

#include "conf.h"
#include "options.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct hak_options first;

/* ---- the other reader ------------------------------------------------------- */

static char *trim(char *s)
{
	size_t n;

	s += strspn(s, " \t");
	n = strlen(s);
	while (n && strchr(" \t\r", s[n - 1]))
		s[--n] = 0;
	return s;
}

static int is_here(char *section)
{
	char exe[256], *last, *name;
	size_t n = strlen(section);
	ssize_t got = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (strcmp(section, "[*]") == 0)
		return 1;
	if (n < 7 || section[n - 1] != ']' || strncmp(section, "[exe:", 5))
		return 0;
	section[n - 1] = 0;
	name = trim(section + 5);
	REQUIRE(got > 0);
	exe[got] = 0;
	last = strrchr(exe, '/') + 1;
	return strcmp(name, strchr(name, '/') ? exe : last) == 0;
}

static void read_again(char *text)
{
	int here = 1;

	for (char *line = text, *next; line; line = next) {
		char *s, *value;

		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		s = trim(line);
		if (*s == '[') {
			here = is_here(s);
			continue;
		}
		value = strchr(s, '=');
		if (!here || !value || *s == '#')
			continue;
		*value++ = 0;
		hak_options_set(trim(s), trim(value), true);
	}
}

static void compare(const uint8_t *in, size_t size)
{
	char got[HAK_OPTIONS_TEXT_MAX], want[HAK_OPTIONS_TEXT_MAX];
	char *text = malloc(size + 1);

	hak_options_text(got, sizeof(got));
	memcpy(text, in, size);
	text[size] = 0;
	hak_opt = first;
	if (size <= HAK_CONF_MAX && strlen(text) == size)
		read_again(text);
	hak_options_text(want, sizeof(want));
	REQUIRE(strcmp(got, want) == 0);
	free(text);
}

static void values_are_sound(void)
{
	char text[HAK_OPTIONS_TEXT_MAX], *line = text;

	hak_options_text(text, sizeof(text));
	while (*line) {
		char *end = strchr(line, '\n'), *value = strchr(line, '=');

		REQUIRE(end && value && value < end);
		*end = 0;
		*value++ = 0;
		REQUIRE(hak_options_set(line, value, true) == 0);
		line = end + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	static int known;
	char path[64];
	int fd = memfd_create("conf", 0);

	if (!known++)
		first = hak_opt;
	REQUIRE(fd >= 0 && fchmod(fd, 0600) == 0);
	REQUIRE(write(fd, in, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	hak_conf_read(path, getuid());
	close(fd);
	compare(in, size);
	values_are_sound();
	hak_opt = first;
	return 0;
}
