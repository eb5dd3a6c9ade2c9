/* SPDX-License-Identifier: MIT */
/*
 * prometheus.h - figures in Prometheus' text format
 */
#ifndef PROMETHEUS_H
#define PROMETHEUS_H

#include "fleet.h"

#include <stdio.h>

/* One family after the other, each with the figures of all n processes; fleet:
 * how many could not be shown, or NULL. */
void prometheus_print(FILE *f, const struct look *look, size_t n,
		      const struct fleet *fleet);

#endif /* PROMETHEUS_H */
