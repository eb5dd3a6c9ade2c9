/* SPDX-License-Identifier: MIT */
#include "fault.h"

#include "fmt.h"
#include "sys.h"

#include <stdlib.h>

static const char fault_words[][20] = {
	[HAK_FAULT_INVALID_FREE] = "invalid free",
	[HAK_FAULT_UNALIGNED_FREE] = "unaligned free",
	[HAK_FAULT_DOUBLE_FREE] = "double free",
	[HAK_FAULT_SIZE_MISMATCH] = "size mismatch",
	[HAK_FAULT_FOREIGN_POINTER] = "foreign pointer",
	[HAK_FAULT_CANARY] = "canary overwritten",
	[HAK_FAULT_WRITE_AFTER_FREE] = "write after free",
};

static void fault_write(const struct hak_fmt *f)
{
	(void)hak_sys_write(STDERR_FILENO, f->buf, f->len);
}

static void fault_end(struct hak_fmt *f)
{
	hak_fmt(f, " [pid %d]\n", (int)HAK_RAW(SYS_getpid));
	fault_write(f);
	abort();
}

void hak_fault(enum hak_fault kind, const void *p, size_t detail_size)
{
	char line[160];
	struct hak_fmt f;

	hak_fmt_init(&f, line, sizeof(line));
	hak_fmt(&f, "hakmem: fatal: %s of %p", fault_words[kind], p);
	if (detail_size && detail_size <= HAK_MID_MAX)
		hak_fmt(&f, " (%zu-byte class)", detail_size);
	else if (detail_size)
		hak_fmt(&f, " (%zu bytes)", detail_size);
	fault_end(&f);
	__builtin_unreachable();
}

void hak_fault_text(const char *text)
{
	char line[200];
	struct hak_fmt f;

	hak_fmt_init(&f, line, sizeof(line));
	hak_fmt(&f, "hakmem: fatal: %s", text);
	fault_end(&f);
	__builtin_unreachable();
}

void hak_fault_assert(const char *expr, const char *where)
{
	char line[240];
	struct hak_fmt f;

	hak_fmt_init(&f, line, sizeof(line));
	hak_fmt(&f, "hakmem: fatal: assertion %s at %s", expr, where);
	fault_end(&f);
	__builtin_unreachable();
}

void hak_warn(const char *text)
{
	char line[240];
	struct hak_fmt f;

	/* what is too long loses its end, but not the end of the line */
	hak_fmt_init(&f, line, sizeof(line) - 1);
	hak_fmt(&f, "hakmem: %s", text);
	line[f.len++] = '\n';
	fault_write(&f);
}
