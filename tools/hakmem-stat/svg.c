/* SPDX-License-Identifier: MIT */
#include "svg.h"

#include "slots.h"
#include "whole_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CELL 10u /* pixels from cell to cell */
#define LABEL 108u /* room for an address */
#define ROWS 64u /* SuperSlabs below each other */
#define GAP 24u
#define TOP 40u
#define LEGEND 30u

static const struct {
	const char *word;
	const char *fill;
} looks[LOOK_N] = {
	[LOOK_UNUSED] = { "unused", "#e4e4e4" },
	[LOOK_PURGED] = { "purged", "#b9d3ee" },
	[LOOK_EMPTY] = { "empty", "#f2c14e" },
	[LOOK_SPARSE] = { "sparse", "#8fce8f" },
	[LOOK_FULL] = { "full", "#2d7d46" },
};

void svg_text(FILE *f, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '&':
			fputs("&amp;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		case '\'':
			fputs("&#39;", f);
			break;
		default:
			/* bytes of other encodings would make the file
			 * invalid */
			putc((unsigned char)*text < ' ' ||
					     (unsigned char)*text > '~'
				     ? '?'
				     : *text,
			     f);
		}
	}
}

static void superslab(FILE *f, const struct snapshot *snap,
		      const struct superslab *ss, unsigned x, unsigned y,
		      uint64_t count[LOOK_N])
{
	enum slot_look look[HAKMEM_STATS_SLOTS];

	slots_look(snap, ss, look);
	fprintf(f, "<text class=\"a\" x=\"%u\" y=\"%u\">%" PRIx64 "</text>", x,
		y + CELL - 2, ss->pub.base);
	for (unsigned i = 0; i < ss->pub.slots; i++) {
		unsigned n = 1;

		/* neighbours of one kind are one shape */
		while (i + n < ss->pub.slots && look[i + n] == look[i])
			n++;
		fprintf(f,
			"<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\""
			" class=\"%s\"/>",
			x + LABEL + i * CELL, y, n * CELL - 1, CELL - 1,
			looks[look[i]].word);
		count[look[i]] += n;
		i += n - 1;
	}
	putc('\n', f);
}

static void legend(FILE *f, const uint64_t count[LOOK_N], unsigned y)
{
	unsigned x = 4;

	for (int i = LOOK_N - 1; i >= 0; i--, x += 96)
		fprintf(f,
			"<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\""
			" class=\"%s\"/><text x=\"%u\" y=\"%u\">%s %" PRIu64
			"</text>\n",
			x, y, CELL, CELL, looks[i].word, x + CELL + 4,
			y + CELL - 1, looks[i].word, count[i]);
}

void svg_map(FILE *f, const struct snapshot *snap, bool with_title)
{
	unsigned n = (unsigned)snap->superslabs;
	unsigned across = n ? (n + ROWS - 1) / ROWS : 1;
	unsigned down = n < ROWS ? n : ROWS;
	unsigned one = LABEL + HAKMEM_STATS_SLOTS * CELL;
	unsigned width = across * (one + GAP) - GAP + 8;
	unsigned top = with_title ? TOP : 4;
	unsigned height = top + down * CELL + LEGEND;
	uint64_t count[LOOK_N] = { 0 };

	fprintf(f,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" "
		"height=\"%u\" viewBox=\"0 0 %u %u\" role=\"img\" "
		"font-family=\"sans-serif\" font-size=\"11\">\n<style>",
		width, height, width, height);
	for (int i = 0; i < LOOK_N; i++)
		fprintf(f, ".%s{fill:%s}", looks[i].word, looks[i].fill);
	fputs(".a{font-family:monospace;font-size:10px;fill:#555}</style>\n"
	      "<title>Slots of the heap</title>\n",
	      f);
	if (with_title) {
		fprintf(f,
			"<rect width=\"%u\" height=\"%u\" fill=\"#fff\"/>"
			"<text x=\"4\" y=\"16\" font-size=\"14\">",
			width, height);
		svg_text(f, snap->name);
		fprintf(f,
			" (%d)</text><text x=\"4\" y=\"32\">a cell is a "
			"slot of %" PRIu32 " KiB</text>\n",
			(int)snap->pid, snap->s.slot_size / 1024);
	}
	for (unsigned i = 0; i < n; i++)
		superslab(f, snap, &snap->ss[i], 4 + i / ROWS * (one + GAP),
			  top + i % ROWS * CELL, count);
	legend(f, count, height - LEGEND + 12);
	fputs("</svg>\n", f);
}

enum status svg_map_file(const struct snapshot *snap, const char *path,
			 struct error *e)
{
	struct whole_file w;
	enum status status = whole_file_open(&w, path, e);

	if (status != STATUS_OK)
		return status;
	svg_map(w.f, snap, true);
	return whole_file_close(&w, e);
}
