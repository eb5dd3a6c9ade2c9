/* SPDX-License-Identifier: MIT */
#include "human.h"
#include "term.h"
#include "top_state.h"
#include "views.h"
#include "watch.h"

#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PAIR_FULL = 1, PAIR_SPARSE, PAIR_EMPTY, PAIR_PURGED };

#define HEAD 2 /* lines above the headings */
#define FOOT 1

static bool colours;

static const char *const help[] = {
	"In the list",
	"  Up Down PgUp PgDn Home End   choose a process",
	"  Enter                        look into it",
	"  l live  s RSS  c cached  f fragmentation  a allocations",
	"  o remote frees  p number  n name          order of the list",
	"  R                            the other way round",
	"  /                            only names with this text",
	"",
	"Of one process",
	"  c t p m r    classes, threads, pool, map, RSS",
	"  Esc          back to the list",
	"",
	"  + -          longer, shorter interval",
	"  h ?          this help",
	"  q            leave",
};

/* The list's columns for this many characters. */
static const char *list_columns(int width)
{
	if (width >= 140)
		return "+META,FREE/s,HEAPS";
	if (width >= 106)
		return NULL;
	if (width >= 76)
		return "PID,NAME,LIVE,CACHED,RECLAIM,FRAG,RSS,MALLOC/s,"
		       "REMOTE/s";
	if (width >= 44)
		return "PID,NAME,LIVE,RSS,MALLOC/s";
	return "PID,LIVE,RSS";
}

void top_draw_start(struct top *top)
{
	colours = has_colors() && term_colour(&top->opt);
	curs_set(0);
	if (!colours)
		return;
	start_color();
	use_default_colors();
	init_pair(PAIR_FULL, COLOR_GREEN, -1);
	init_pair(PAIR_SPARSE, COLOR_YELLOW, -1);
	init_pair(PAIR_EMPTY, COLOR_CYAN, -1);
	init_pair(PAIR_PURGED, COLOR_BLUE, -1);
}

size_t top_page(void)
{
	int lines = LINES - HEAD - 1 - FOOT;

	return lines > 1 ? (size_t)lines : 1;
}

/* A line of the screen, cut at its right edge. */
static void line(int y, attr_t attributes, const char *text, size_t len)
{
	if (y < 0 || y >= LINES)
		return;
	attr_on(attributes, NULL);
	mvaddnstr(y, 0, text, (int)(len < (size_t)COLS ? len : (size_t)COLS));
	if (attributes & A_REVERSE)
		for (int x = getcurx(stdscr); x > 0 && x < COLS; x++)
			mvaddch(y, x, ' ');
	attr_off(attributes, NULL);
}

static void put(int y, attr_t attributes, const char *text)
{
	line(y, attributes, text, strlen(text));
}

static void draw_head(const struct top *top)
{
	uint64_t live = 0, rss = 0, ours = 0;
	char a[HUMAN_MAX], b[HUMAN_MAX], c[HUMAN_MAX], text[256], now[16];
	time_t t = time(NULL);
	struct tm tm;

	for (size_t i = 0; i < top->rows; i++) {
		struct look look;

		history_look(top->row[i]->history, &look);
		live += look.figures->live;
		ours += look.figures->ours;
		rss += look.now->rss;
	}
	strftime(now, sizeof(now), "%H:%M:%S", localtime_r(&t, &tm));
	snprintf(text, sizeof(text),
		 "%s %s  every %.3gs  %zu processes%s%s by %s%s", PROGRAM, now,
		 top->opt.interval, top->rows, top->filter[0] ? " with " : "",
		 top->filter, top_sorts[top->sort].column,
		 top->reverse ? ", reverse" : "");
	put(0, A_BOLD, text);
	snprintf(text, sizeof(text), "live %s  heaps %s  RSS %s",
		 human_bytes(a, live), human_bytes(b, ours),
		 human_bytes(c, rss));
	if (top->fleet.denied)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "  (%zu not permitted)", top->fleet.denied);
	put(1, 0, text);
}

static void draw_foot(const struct top *top, const char *keys)
{
	char text[64];

	snprintf(text, sizeof(text), "names with: %s_", top->filter);
	put(LINES - 1, A_REVERSE,
	    top->typing	      ? text
	    : top->message[0] ? top->message
			      : keys);
}

/* The n-th line of a text, and its length. */
static const char *nth_line(const char *text, size_t n, size_t *len)
{
	while (n-- && *text) {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	*len = strcspn(text, "\n");
	return text;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n' || !text[1];
	return n;
}

static char *list_text(struct top *top)
{
	struct error e;
	struct table *table;
	char *text;

	top->opt.columns = list_columns(COLS);
	table = table_new(view_default.column, view_default.columns, &top->opt,
			  &e);
	if (!table)
		return xstrdup(e.text);
	for (size_t i = 0; i < top->rows; i++) {
		struct look look;

		history_look(top->row[i]->history, &look);
		view_default.rows(table, &look);
	}
	text = table_text(table);
	table_free(table);
	return text;
}

static void draw_list(struct top *top)
{
	size_t selected = top_selected_row(top), page = top_page(), len;
	char *text = list_text(top);
	const char *at = nth_line(text, 0, &len);

	if (selected < top->first)
		top->first = selected;
	if (selected >= top->first + page)
		top->first = selected - page + 1;
	draw_head(top);
	line(HEAD, A_REVERSE, at, len);
	for (size_t i = 0; i < page && top->first + i < top->rows; i++) {
		size_t row = top->first + i;

		at = nth_line(text, row + 1, &len);
		line(HEAD + 1 + (int)i, row == selected ? A_REVERSE : 0, at,
		     len);
	}
	if (!top->rows)
		put(HEAD + 2, 0, "no process with libhakmem to be seen");
	free(text);
	draw_foot(top, "q leave  Enter look into  h help");
}

/* The text of a view of one process. */
static char *view_text(struct top *top)
{
	struct options opt = top->opt;
	struct look look;
	struct error e = { STATUS_OK, "" };
	const struct view_def *view;
	char *text = NULL;
	size_t size = 0;
	FILE *f;

	opt.view = top->view;
	opt.columns = NULL;
	opt.colour = COLOUR_NEVER;
	view = watch_view(&opt);
	history_look(top->history, &look);
	if (!view->print) {
		struct table *table =
			table_new(view->column, view->columns, &opt, &e);

		view->rows(table, &look);
		text = table_text(table);
		table_free(table);
		return text;
	}
	look.before = NULL; /* it is not printed below another one */
	f = open_memstream(&text, &size);
	if (!f || view->print(f, &look, &opt, &e) != STATUS_OK || fclose(f))
		text = xstrdup("");
	return text;
}

static chtype cell_colour(char sign)
{
	switch (colours ? sign : 0) {
	case '#':
		return (chtype)COLOR_PAIR(PAIR_FULL);
	case '+':
		return (chtype)COLOR_PAIR(PAIR_SPARSE);
	case 'o':
		return (chtype)COLOR_PAIR(PAIR_EMPTY);
	case '~':
		return (chtype)COLOR_PAIR(PAIR_PURGED);
	default:
		return 0;
	}
}

/* The address, then a cell for each slot. */
static void draw_cells(int y, const char *text, size_t len)
{
	for (size_t x = 0; x < len && x < (size_t)COLS; x++)
		mvaddch(y, (int)x,
			(chtype)(unsigned char)text[x] |
				(x > 12 ? cell_colour(text[x]) : 0));
}

static void draw_view(struct top *top)
{
	char *text = view_text(top);
	size_t lines = count_lines(text), page = top_page(), len;
	char title[128];
	struct look look;
	const char *at;

	history_look(top->history, &look);
	/* the heading stays, the rest is scrolled */
	if (top->first + page + 1 > lines)
		top->first = lines > page + 1 ? lines - page - 1 : 0;
	snprintf(title, sizeof(title), "%s (%d)", term_clean(look.now->name),
		 (int)look.now->pid);
	put(0, A_BOLD, title);
	put(1, 0, "c classes  t threads  p pool  m map  r RSS  Esc back");
	at = nth_line(text, 0, &len);
	line(HEAD, A_REVERSE, at, len);
	for (size_t i = 0; i < page && top->first + i + 1 < lines; i++) {
		at = nth_line(text, top->first + i + 1, &len);
		if (top->view == VIEW_MAP && at[0] != '#')
			draw_cells(HEAD + 1 + (int)i, at, len);
		else
			line(HEAD + 1 + (int)i, 0, at, len);
	}
	free(text);
	draw_foot(top, "q leave  Esc back  Up Down scroll  h help");
}

static void draw_help(struct top *top)
{
	put(0, A_BOLD, "Keys");
	for (size_t i = 0; i < ARRAY_SIZE(help); i++)
		if ((int)i + 2 < LINES - FOOT)
			put((int)i + 2, 0, help[i]);
	draw_foot(top, "any key: back");
}

void top_draw(struct top *top)
{
	erase();
	if (LINES < HEAD + 3 || COLS < 20)
		put(0, 0, "too small; q");
	else if (top->help)
		draw_help(top);
	else if (top->view != VIEW_DEFAULT)
		draw_view(top);
	else
		draw_list(top);
	refresh();
}
