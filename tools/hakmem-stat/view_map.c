/* SPDX-License-Identifier: MIT */
#include "views.h"

#include "slots.h"
#include "svg.h"
#include "term.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
	char sign;
	const char *word;
	const char *colour; /* SGR of the terminal */
} looks[LOOK_N] = {
	[LOOK_UNUSED] = { '.', "unused", "90" },
	[LOOK_PURGED] = { '~', "purged", "34" },
	[LOOK_EMPTY] = { 'o', "empty", "36" },
	[LOOK_SPARSE] = { '+', "sparse", "33" },
	[LOOK_FULL] = { '#', "full", "32" },
};

static void cells(FILE *f, const enum slot_look *look, unsigned n, bool colour)
{
	enum slot_look last = LOOK_N;

	for (unsigned i = 0; i < n; i++) {
		if (colour && look[i] != last)
			fprintf(f, "\033[%sm", looks[look[i]].colour);
		putc(looks[look[i]].sign, f);
		last = look[i];
	}
	if (colour && n)
		fputs("\033[m", f);
}

static void legend(FILE *f, const uint64_t count[LOOK_N], bool colour)
{
	for (int i = LOOK_N - 1; i >= 0; i--) {
		enum slot_look look = (enum slot_look)i;

		cells(f, &look, 1, colour);
		fprintf(f, " %s %" PRIu64 "%s", looks[i].word, count[i],
			i ? "  " : "\n");
	}
}

static enum status print(FILE *f, const struct look *look,
			 const struct options *opt, struct error *e)
{
	const struct snapshot *snap = look->now;
	bool colour = term_colour(opt);
	uint64_t count[LOOK_N] = { 0 };

	if (look->before)
		putc('\n', f);
	fprintf(f, "%s (%d): a cell is a slot of %" PRIu32 " KiB\n",
		term_clean(snap->name), (int)snap->pid,
		snap->s.slot_size / 1024);
	for (size_t i = 0; i < snap->superslabs; i++) {
		const struct superslab *ss = &snap->ss[i];
		enum slot_look slot[HAKMEM_STATS_SLOTS];

		slots_look(snap, ss, slot);
		fprintf(f, "%12" PRIx64 " ", ss->pub.base);
		cells(f, slot, ss->pub.slots, colour);
		putc('\n', f);
		for (unsigned k = 0; k < ss->pub.slots; k++)
			count[slot[k]]++;
	}
	legend(f, count, colour);
	return opt->svg ? svg_map_file(snap, opt->svg, e) : STATUS_OK;
}

const struct view_def view_map = {
	.want = WANT_SLABS,
	.print = print,
};
