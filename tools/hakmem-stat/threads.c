/* SPDX-License-Identifier: MIT */
#include "threads.h"

#include <stdlib.h>
#include <string.h>

#define SPAN 2048u /* bytes looked at from a thread pointer on */
#define SAMPLE 16u /* heaps that decide on the offset */

struct owner {
	uint64_t thread;
	char memory[SPAN];
};

static int by_inner(const void *a, const void *b)
{
	const struct task *x = a, *y = b;

	return (x->inner > y->inner) - (x->inner < y->inner);
}

static const struct task *task_of(const struct tasks *tasks, int32_t inner)
{
	struct task key = { .inner = inner };

	if (inner <= 0 || !tasks->n)
		return NULL;
	return bsearch(&key, tasks->task, tasks->n, sizeof(key), by_inner);
}

static int32_t word(const struct owner *o, unsigned offset)
{
	int32_t value;

	memcpy(&value, o->memory + offset, sizeof(value));
	return value;
}

/* Owners that the offset leads to a thread from; 0 if two share one. */
static size_t offset_score(const struct owner *owner, size_t n,
			   const struct tasks *tasks, unsigned offset)
{
	size_t score = 0;

	for (size_t i = 0; i < n; i++) {
		int32_t value = word(&owner[i], offset);

		if (!task_of(tasks, value))
			continue;
		for (size_t j = 0; j < i; j++)
			if (word(&owner[j], offset) == value &&
			    owner[j].thread != owner[i].thread)
				return 0;
		score++;
	}
	return score;
}

static bool has_owner(const struct heap *h)
{
	return h->pub.state == HAKMEM_HEAP_LIVE && h->pub.thread;
}

static size_t sample(const struct snapshot *snap, struct target *t,
		     struct owner *owner)
{
	size_t n = 0;

	for (size_t i = 0; i < snap->heaps && n < SAMPLE; i++) {
		const struct heap *h = &snap->heap[i];

		owner[n].thread = h->pub.thread;
		if (has_owner(h) &&
		    target_peek(t, h->pub.thread, owner[n].memory, SPAN))
			n++;
	}
	return n;
}

static void assign(struct snapshot *snap, struct target *t,
		   const struct tasks *tasks, unsigned offset)
{
	for (size_t i = 0; i < snap->heaps; i++) {
		struct heap *h = &snap->heap[i];
		const struct task *task;
		int32_t inner;

		if (!has_owner(h) || !target_peek(t, h->pub.thread + offset,
						  &inner, sizeof(inner)))
			continue;
		task = task_of(tasks, inner);
		if (!task)
			continue;
		h->tid = task->tid;
		memcpy(h->name, task->name, sizeof(h->name));
	}
}

void threads_name(struct snapshot *snap, struct target *t)
{
	struct owner *owner = xcalloc(SAMPLE, sizeof(*owner));
	struct tasks tasks;
	size_t n, best = 0;
	unsigned best_offset = 0;

	target_tasks(t, &tasks);
	if (tasks.n)
		qsort(tasks.task, tasks.n, sizeof(*tasks.task), by_inner);
	n = sample(snap, t, owner);
	for (unsigned offset = 0; n && offset < SPAN; offset += 4) {
		size_t score = offset_score(owner, n, &tasks, offset);

		if (score > best) {
			best = score;
			best_offset = offset;
		}
	}
	if (best)
		assign(snap, t, &tasks, best_offset);
	free(owner);
	free(tasks.task);
}
