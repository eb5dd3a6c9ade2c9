/* SPDX-License-Identifier: MIT */
#include "history.h"

double look_rate(const struct look *look, uint64_t now, uint64_t before)
{
	if (look->seconds <= 0)
		return -1;
	return (double)minus(now, before) / look->seconds;
}

enum status history_take(struct history *h, struct target *t, unsigned want,
			 struct error *e)
{
	struct snapshot *snap = &h->snap[h->n & 1];
	enum status status = snapshot_take(snap, t, want, e);

	h->resident = want & WANT_RESIDENCE;
	if (status == STATUS_OK && h->resident)
		status = pages_read(snap, t, &h->residence, e);
	if (status != STATUS_OK)
		return status;
	snapshot_figures(snap, &h->figures[h->n & 1]);
	h->n++;
	return STATUS_OK;
}

void history_look(const struct history *h, struct look *look)
{
	static const struct figures none;
	unsigned now = (h->n - 1) & 1;
	const struct snapshot *snap = &h->snap[now];
	bool first = h->n < 2;
	uint64_t since = first ? snap->s.start_time : h->snap[!now].time;

	look->now = snap;
	look->before = first ? NULL : &h->snap[!now];
	look->figures = &h->figures[now];
	look->figures_before = first ? &none : &h->figures[!now];
	look->residence = h->resident ? &h->residence : NULL;
	look->seconds = (double)minus(snap->time, since) * 1e-9;
}

void history_free(struct history *h)
{
	snapshot_free(&h->snap[0]);
	snapshot_free(&h->snap[1]);
	h->n = 0;
}
