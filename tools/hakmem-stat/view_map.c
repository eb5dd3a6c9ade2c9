/* SPDX-License-Identifier: MIT */
#include "views.h"

#include "slots.h"
#include "svg.h"
#include "term.h"

#include <inttypes.h>
#include <stdlib.h>

static const char *const colours[LOOK_N] = {
	[LOOK_UNUSED] = "90", [LOOK_PURGED] = "34", [LOOK_EMPTY] = "36",
	[LOOK_SPARSE] = "33", [LOOK_FULL] = "32",
};

static void cells(FILE *f, const enum slot_look *look, unsigned n, bool colour)
{
	enum slot_look last = LOOK_N;

	for (unsigned i = 0; i < n; i++) {
		if (colour && look[i] != last)
			fprintf(f, "\033[%sm", colours[look[i]]);
		putc(slot_signs[look[i]].sign, f);
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
		fprintf(f, " %s %" PRIu64 "%s", slot_signs[i].word, count[i],
			i ? "  " : "\n");
	}
}

static enum status print(FILE *f, const struct look *look,
			 const struct options *opt, struct error *e)
{
	const struct snapshot *snap = look->now;
	struct slot_row *row = slots_rows(snap);
	bool colour = term_colour(opt);
	uint64_t count[LOOK_N] = { 0 };
	enum status status = STATUS_OK;

	if (look->before)
		putc('\n', f);
	fprintf(f, "%s (%d): a cell is a slot of %" PRIu32 " KiB\n",
		term_clean(snap->name), (int)snap->pid,
		snap->s.slot_size / 1024);
	for (size_t i = 0; i < snap->superslabs; i++) {
		fprintf(f, "%12" PRIx64 " ", row[i].base);
		cells(f, row[i].look, row[i].n, colour);
		putc('\n', f);
		for (unsigned k = 0; k < row[i].n; k++)
			count[row[i].look[k]]++;
	}
	legend(f, count, colour);
	if (opt->svg)
		status = svg_map_file(snap, row, opt->svg, e);
	free(row);
	return status;
}

const struct view_def view_map = {
	.want = WANT_SLABS,
	.print = print,
};
