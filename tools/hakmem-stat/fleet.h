/* SPDX-License-Identifier: MIT */
/*
 * fleet.h - all processes that have the library, followed from look to look
 *
 * A process is known again by its number and start time.  One without the
 * library is not searched again at every look: only when its name has changed,
 * as it does when it executes another program, and every tenth time.
 */
#ifndef FLEET_H
#define FLEET_H

#include "history.h"
#include "options.h"
#include "target.h"

struct member {
	pid_t pid;
	uint64_t start;
	uid_t uid;
	char name[32];
	enum status status; /* of its last look */
	unsigned age; /* looks since it was searched without success */
	bool seen;
	bool open; /* target and history are in use */
	struct target target;
	struct history *history;
};

struct fleet {
	struct member *member; /* by number; those with open are shown */
	size_t n;
	size_t cap;
	size_t shown; /* members with open */
	size_t denied; /* not permitted to look at */
	size_t torn; /* torn, hostile or unknown data */
};

/* Look at all that the options ask for. */
void fleet_update(struct fleet *fleet, const struct options *opt,
		  unsigned want);
void fleet_free(struct fleet *fleet);

/* STATUS_OK, or why there is nothing to show. */
enum status fleet_empty(const struct fleet *fleet, const struct options *opt,
			struct error *e);

#endif /* FLEET_H */
