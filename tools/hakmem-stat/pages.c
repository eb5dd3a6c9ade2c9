/* SPDX-License-Identifier: MIT */
#include "pages.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH 8192u /* pages looked at in one read: 64 KiB */
#define PAGES_MAX (UINT64_C(1) << 28) /* 1 TiB: seconds */
#define PRESENT (UINT64_C(1) << 63)

struct pagemap {
	int fd;
	uint64_t left; /* pages that may still be looked at */
	uint64_t page;
	uint64_t entry[BATCH];
};

/* Resident bytes of [base, base + size). */
static uint64_t resident(struct pagemap *pm, uint64_t base, uint64_t size)
{
	uint64_t first = base / pm->page;
	uint64_t pages = size / pm->page + 1;
	uint64_t end, found = 0;

	pages = min_u64(pages, pm->left);
	pm->left -= pages;
	end = first + min_u64(pages, (base % pm->page + size + pm->page - 1) /
					     pm->page);

	while (first < end) {
		size_t want = min_u64(BATCH, end - first);
		ssize_t got =
			pread(pm->fd, pm->entry, want * 8, (off_t)(first * 8));

		if (got <= 0)
			break;
		for (size_t i = 0; i < (size_t)got / 8; i++)
			found += pm->entry[i] & PRESENT ? pm->page : 0;
		first += (size_t)got / 8;
	}
	return found;
}

/* Sums over the lines "Key:   123 kB" of all mappings. */
static bool read_smaps(struct target *t, struct residence *r)
{
	int fd = openat(t->dir, "smaps", O_RDONLY | O_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	char line[512];
	bool ok;

	if (!f) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (fgets(line, sizeof(line), f)) {
		uint64_t kib;

		if (sscanf(line, "Rss: %" SCNu64, &kib) == 1)
			r->rss += kib * 1024;
		else if (sscanf(line, "Swap: %" SCNu64, &kib) == 1)
			r->swap += kib * 1024;
		else if (sscanf(line, "AnonHugePages: %" SCNu64, &kib) == 1)
			r->huge_pages += kib * 1024;
	}
	ok = !ferror(f);
	fclose(f);
	return ok;
}

static uint64_t slots_resident(struct pagemap *pm, const struct snapshot *snap,
			       const struct superslab *ss, uint32_t mask)
{
	uint64_t found = 0;

	for (unsigned i = 0; i < ss->pub.slots; i++)
		if (mask >> i & 1)
			found += resident(
				pm,
				ss->pub.base + (uint64_t)i * snap->s.slot_size,
				snap->s.slot_size);
	return found;
}

/* Take up to want from what is left. */
static uint64_t take(uint64_t *left, uint64_t want)
{
	uint64_t n = min_u64(*left, want);

	*left -= n;
	return n;
}

static void divide(const struct snapshot *snap, struct pagemap *pm,
		   struct residence *r)
{
	const struct hakmem_stats *s = &snap->s;
	uint64_t active = 0, ours;

	for (size_t i = 0; i < snap->superslabs; i++) {
		const struct superslab *ss = &snap->ss[i];
		uint32_t active_mask = ss->pub.active, empty = ss->pub.empty;

		active += slots_resident(pm, snap, ss, active_mask);
		r->reclaim += slots_resident(pm, snap, ss, empty);
		r->padding +=
			slots_resident(pm, snap, ss, ~(active_mask | empty));
	}
	for (size_t i = 0; i < snap->mappings; i++) {
		const struct hakmem_stats_mapping *m = &snap->mapping[i].pub;
		uint64_t bytes = resident(pm, m->base, m->size);

		if (m->kind == HAKMEM_MAPPING_HUGE)
			r->live += bytes;
		else if (m->kind == HAKMEM_MAPPING_CACHED)
			r->reclaim += bytes;
		else if (m->kind == HAKMEM_MAPPING_META)
			r->meta += bytes;
	}
	r->live += take(&active, minus(s->live_bytes, s->huge_live_bytes));
	r->cached = take(&active, s->cached_bytes + s->pending_bytes);
	r->frag = active;
	ours = r->live + r->cached + r->frag + r->reclaim + r->padding +
	       r->meta;
	/* the two files are read one after the other */
	if (ours > r->rss)
		r->rss = ours;
	r->others = r->rss - ours;
}

enum status pages_read(const struct snapshot *snap, struct target *t,
		       struct residence *r, struct error *e)
{
	struct pagemap *pm;
	int error;

	memset(r, 0, sizeof(*r));
	if (t->core)
		return error_set(e, STATUS_USAGE,
				 "a core file does not tell what was resident");
	if (!read_smaps(t, r))
		return target_explain(t, errno ? errno : EIO, e);
	pm = xcalloc(1, sizeof(*pm));
	pm->page = snap->s.page_size;
	pm->left = PAGES_MAX;
	pm->fd = openat(t->dir, "pagemap", O_RDONLY | O_CLOEXEC);
	error = errno;
	if (pm->fd < 0) {
		free(pm);
		return target_explain(t, error, e);
	}
	divide(snap, pm, r);
	close(pm->fd);
	free(pm);
	return STATUS_OK;
}
