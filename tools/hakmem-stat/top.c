/* SPDX-License-Identifier: MIT */
#include "top.h"

#if HAVE_NCURSES

#include "find.h"
#include "top_state.h"
#include "views.h"
#include "watch.h"

#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KEY_ESC 27

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* ---- one process --------------------------------------------------------- */

static void leave(struct top *top)
{
	if (top->view == VIEW_DEFAULT)
		return;
	target_close(&top->target);
	history_free(top->history);
	free(top->history);
	top->history = NULL;
	top->view = VIEW_DEFAULT;
	top->first = 0;
}

static void look_again(struct top *top)
{
	struct options opt = top->opt;
	struct error e;

	opt.view = top->view;
	if (history_take(top->history, &top->target, watch_want(&opt), &e) ==
	    STATUS_OK)
		return;
	leave(top);
	snprintf(top->message, sizeof(top->message), "%s", e.text);
}

static void show_view(struct top *top, enum view view)
{
	/* views need different things of a snapshot: a new one */
	top->view = view;
	top->first = 0;
	look_again(top);
}

static void enter(struct top *top)
{
	struct error e;
	enum status status;

	if (!top->selected)
		return;
	status = target_open(&top->target, top->selected, &e);
	if (status == STATUS_OK) {
		status = find_stats(&top->target, &e);
		if (status != STATUS_OK)
			target_close(&top->target);
	}
	if (status != STATUS_OK) {
		snprintf(top->message, sizeof(top->message), "%s", e.text);
		return;
	}
	top->history = xcalloc(1, sizeof(*top->history));
	show_view(top, VIEW_CLASSES);
}

/* ---- keys ---------------------------------------------------------------- */

static void move_by(struct top *top, long by)
{
	long row = (long)top_selected_row(top) + by;

	if (top->view != VIEW_DEFAULT) {
		long first = (long)top->first + by;

		top->first = first > 0 ? (size_t)first : 0;
		return;
	}
	if (row >= (long)top->rows)
		row = (long)top->rows - 1;
	if (row < 0)
		row = 0;
	if (top->rows)
		top->selected = top->row[row]->pid;
}

static bool key_move(struct top *top, int key)
{
	long page = (long)top_page();

	switch (key) {
	case KEY_UP:
		move_by(top, -1);
		return true;
	case KEY_DOWN:
		move_by(top, 1);
		return true;
	case KEY_PPAGE:
		move_by(top, -page);
		return true;
	case KEY_NPAGE:
		move_by(top, page);
		return true;
	case KEY_HOME:
		move_by(top, -1000000);
		return true;
	case KEY_END:
		move_by(top, 1000000);
		return true;
	default:
		return false;
	}
}

static void key_typing(struct top *top, int key)
{
	size_t n = strlen(top->filter);

	if (key == '\n' || key == KEY_ENTER) {
		top->typing = false;
	} else if (key == KEY_ESC) {
		top->typing = false;
		top->filter[0] = 0;
	} else if ((key == KEY_BACKSPACE || key == 127 || key == 8) && n) {
		top->filter[n - 1] = 0;
	} else if (key >= ' ' && key < 127 && n + 1 < sizeof(top->filter)) {
		top->filter[n] = (char)key;
		top->filter[n + 1] = 0;
	}
	top_update(top);
}

static void key_view(struct top *top, int key)
{
	static const struct {
		int key;
		enum view view;
	} views[] = {
		{ 'c', VIEW_CLASSES }, { 't', VIEW_THREADS },
		{ 'p', VIEW_POOL },    { 'm', VIEW_MAP },
		{ 'r', VIEW_RSS },
	};

	if (key == KEY_ESC || key == KEY_BACKSPACE || key == KEY_LEFT) {
		leave(top);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(views); i++)
		if (views[i].key == key)
			show_view(top, views[i].view);
}

static void key_list(struct top *top, int key)
{
	if (key == '\n' || key == KEY_ENTER || key == KEY_RIGHT) {
		enter(top);
		return;
	}
	if (key == '/') {
		top->typing = true;
		top->filter[0] = 0;
	} else if (key == 'R') {
		top->reverse = !top->reverse;
	}
	for (int i = 0; i < SORT_N; i++)
		if (top_sorts[i].key == key) {
			top->sort = (enum sort)i;
			top->reverse = false;
			top->first = 0;
		}
	top_update(top);
}

/* false: leave the program. */
static bool key_press(struct top *top, int key)
{
	top->message[0] = 0;
	if (top->typing) {
		key_typing(top, key);
		return true;
	}
	if (top->help) {
		top->help = false;
		return key != 'q';
	}
	switch (key) {
	case 'q':
		return false;
	case 'h':
	case '?':
		top->help = true;
		return true;
	case '+':
		top->opt.interval *= 2;
		break;
	case '-':
		if (top->opt.interval > 0.2)
			top->opt.interval /= 2;
		break;
	default:
		if (key_move(top, key))
			break;
		if (top->view != VIEW_DEFAULT)
			key_view(top, key);
		else
			key_list(top, key);
	}
	return true;
}

/* ---- loop ---------------------------------------------------------------- */

static void tick(struct top *top)
{
	fleet_update(&top->fleet, &top->opt, 0);
	top_update(top);
	if (top->view != VIEW_DEFAULT)
		look_again(top);
}

static void loop(struct top *top)
{
	unsigned long n = 0;
	double next = now();
	int key;

	for (;;) {
		double left = next - now();

		if (left <= 0) {
			if (top->opt.count && n++ == top->opt.count)
				return;
			tick(top);
			next = now() + top->opt.interval;
			left = top->opt.interval;
		}
		top_draw(top);
		timeout(left < 3600 ? (int)(left * 1000) + 1 : 3600000);
		key = getch();
		/* as in other programs a new interval begins with its key */
		if (key == '+' || key == '-')
			next = now();
		if (key == KEY_RESIZE)
			continue;
		if (key != ERR && !key_press(top, key))
			return;
	}
}

enum status top(const struct options *opt, struct error *e)
{
	const char *term = getenv("TERM");
	struct top top = { .opt = *opt, .sort = SORT_LIVE };
	SCREEN *screen = NULL;

	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term &&
	    strcmp(term, "dumb") != 0)
		screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return error_set(e, STATUS_USAGE,
				 "--top needs a terminal that can move its "
				 "cursor (TERM is %s)",
				 term && *term ? term : "not set");
	if (top.opt.interval <= 0)
		top.opt.interval = 1;
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	set_escdelay(50);
	top_draw_start(&top);
	loop(&top);
	endwin();
	delscreen(screen);
	leave(&top);
	fleet_free(&top.fleet);
	free(top.row);
	return STATUS_OK;
}

#else /* !HAVE_NCURSES */

enum status top(const struct options *opt, struct error *e)
{
	(void)opt;
	return error_set(e, STATUS_USAGE,
			 "this " PROGRAM " was built without ncurses");
}

#endif
