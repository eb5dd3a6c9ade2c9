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

static const char *const fills[LOOK_N] = {
	[LOOK_UNUSED] = "#e4e4e4", [LOOK_PURGED] = "#b9d3ee",
	[LOOK_EMPTY] = "#f2c14e",  [LOOK_SPARSE] = "#8fce8f",
	[LOOK_FULL] = "#2d7d46",
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

static void superslab(FILE *f, const struct slot_row *row, unsigned x,
		      unsigned y, uint64_t count[LOOK_N])
{
	fprintf(f, "<text class=\"a\" x=\"%u\" y=\"%u\">%" PRIx64 "</text>", x,
		y + CELL - 2, row->base);
	for (unsigned i = 0; i < row->n; i++) {
		unsigned n = 1;

		/* neighbours of one kind are one shape */
		while (i + n < row->n && row->look[i + n] == row->look[i])
			n++;
		fprintf(f,
			"<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\""
			" class=\"%s\"/>",
			x + LABEL + i * CELL, y, n * CELL - 1, CELL - 1,
			slot_signs[row->look[i]].word);
		count[row->look[i]] += n;
		i += n - 1;
	}
	putc('\n', f);
}

static void legend(FILE *f, const uint64_t count[LOOK_N], unsigned y)
{
	unsigned x = 4;

	for (int i = LOOK_N - 1; i >= 0; i--, x += 88)
		fprintf(f,
			"<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\""
			" class=\"%s\"/><text x=\"%u\" y=\"%u\">%s %" PRIu64
			"</text>\n",
			x, y, CELL, CELL, slot_signs[i].word, x + CELL + 4,
			y + CELL - 1, slot_signs[i].word, count[i]);
}

static void head(FILE *f, unsigned width, unsigned height)
{
	fprintf(f,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" "
		"height=\"%u\" viewBox=\"0 0 %u %u\" role=\"img\" "
		"font-family=\"sans-serif\" font-size=\"11\">\n<style>",
		width, height, width, height);
	for (int i = 0; i < LOOK_N; i++)
		fprintf(f, ".%s{fill:%s}", slot_signs[i].word, fills[i]);
	fputs(".a{font-family:monospace;font-size:10px;fill:#555}</style>\n"
	      "<title>Slots of the heap</title>\n",
	      f);
}

void svg_map(FILE *f, const struct slot_row *row, size_t rows,
	     const char *title, const char *subtitle)
{
	unsigned n = (unsigned)rows;
	unsigned across = n ? (n + ROWS - 1) / ROWS : 1;
	unsigned down = n < ROWS ? n : ROWS;
	unsigned one = LABEL + HAKMEM_STATS_SLOTS * CELL;
	unsigned width = across * (one + GAP) - GAP + 8;
	unsigned top = title ? TOP : 4;
	unsigned height = top + down * CELL + LEGEND;
	uint64_t count[LOOK_N] = { 0 };

	head(f, width, height);
	if (title) {
		fprintf(f,
			"<rect width=\"%u\" height=\"%u\" fill=\"#fff\"/>"
			"<text x=\"4\" y=\"16\" font-size=\"14\">",
			width, height);
		svg_text(f, title);
		fputs("</text><text x=\"4\" y=\"32\">", f);
		svg_text(f, subtitle);
		fputs("</text>\n", f);
	}
	for (unsigned i = 0; i < n; i++)
		superslab(f, &row[i], 4 + i / ROWS * (one + GAP),
			  top + i % ROWS * CELL, count);
	legend(f, count, height - LEGEND + 12);
	fputs("</svg>\n", f);
}

enum status svg_map_file(const struct snapshot *snap,
			 const struct slot_row *row, const char *path,
			 struct error *e)
{
	char title[64], subtitle[64];
	struct whole_file w;
	enum status status = whole_file_open(&w, path, e);

	if (status != STATUS_OK)
		return status;
	snprintf(title, sizeof(title), "%s (%d)", snap->name, (int)snap->pid);
	snprintf(subtitle, sizeof(subtitle),
		 "a cell is a slot of %" PRIu32 " KiB",
		 snap->s.slot_size / 1024);
	svg_map(w.f, row, snap->superslabs, title, subtitle);
	return whole_file_close(&w, e);
}
