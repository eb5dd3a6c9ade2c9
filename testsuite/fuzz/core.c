/* SPDX-License-Identifier: MIT */
/*
 * Core files as hakmem-stat reads them: the input is one.  Notes, segments and
 * the files that it names are walked as for a real one.
 */
#define FUZZ_STAT
#include "fuzz.h"

#include "core.h"
#include "find.h"
#include "snapshot.h"
#include "target.h"

#include <sys/mman.h>
#include <unistd.h>

static void read_around(struct target *t, uint64_t at)
{
	char buf[256];

	target_peek(t, at, buf, sizeof(buf));
	target_peek(t, at - 1, buf, 2);
	target_peek(t, at - 100, buf, sizeof(buf));
}

static void look(struct target *t)
{
	struct snapshot *snap = xcalloc(1, sizeof(*snap));
	struct tasks tasks = { 0 };
	struct error e;

	target_hurry(t, 1);
	target_tasks(t, &tasks);
	free(tasks.task);
	for (size_t i = 0; i < t->maps.n; i++) {
		read_around(t, t->maps.map[i].start);
		read_around(t, t->maps.map[i].end);
	}
	if (find_stats(t, &e) == STATUS_OK)
		snapshot_take(snap, t,
			      WANT_SLOTS | WANT_SLABS | WANT_THREADS |
				      WANT_OPTIONS | WANT_MAPPINGS,
			      &e);
	snapshot_free(snap);
	free(snap);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t size)
{
	struct target t;
	struct error e;
	char path[64];
	int fd = memfd_create("core", 0);

	REQUIRE(fd >= 0 && write(fd, in, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (target_open_core(&t, path, &e) == STATUS_OK) {
		look(&t);
		target_close(&t);
	} else {
		REQUIRE(memchr(e.text, 0, sizeof(e.text)));
	}
	close(fd);
	return 0;
}
