/* SPDX-License-Identifier: MIT */
#include "whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status failed(const char *path, struct error *e)
{
	return error_set(e, STATUS_USAGE, "cannot write %s: %s", path,
			 strerror(errno));
}

static int open_beside(struct whole_file *w)
{
	size_t size = strlen(w->path) + 32;

	w->temporary = xrealloc(NULL, size, 1);
	snprintf(w->temporary, size, "%s.%d.tmp", w->path, (int)getpid());
	return open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    0666);
}

enum status whole_file_open(struct whole_file *w, const char *path,
			    struct error *e)
{
	struct stat st;
	int fd;

	memset(w, 0, sizeof(*w));
	w->path = path;
	if (strcmp(path, "-") == 0) {
		w->f = stdout;
		return STATUS_OK;
	}
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		fd = open(path, O_WRONLY | O_CLOEXEC);
	else
		fd = open_beside(w);
	w->f = fd < 0 ? NULL : fdopen(fd, "w");
	if (w->f)
		return STATUS_OK;
	failed(path, e);
	if (fd >= 0)
		close(fd);
	free(w->temporary);
	return e->status;
}

enum status whole_file_close(struct whole_file *w, struct error *e)
{
	bool wrong = fflush(w->f) || ferror(w->f);

	if (w->f == stdout)
		return wrong ? failed("stdout", e) : STATUS_OK;
	wrong |= fclose(w->f) != 0;
	if (!wrong && w->temporary)
		wrong = rename(w->temporary, w->path) != 0;
	if (wrong) {
		failed(w->path, e);
		if (w->temporary)
			unlink(w->temporary);
	}
	free(w->temporary);
	return wrong ? e->status : STATUS_OK;
}

void whole_file_drop(struct whole_file *w)
{
	if (w->f != stdout)
		fclose(w->f);
	if (w->temporary)
		unlink(w->temporary);
	free(w->temporary);
}
