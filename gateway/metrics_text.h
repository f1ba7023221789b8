/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metrics as text for Prometheus (its exposition format 0.0.4). */
#ifndef GATEWAY_METRICS_TEXT_H
#define GATEWAY_METRICS_TEXT_H

#include "base/text.h"
#include "gateway/metrics.h"

#define METRICS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* GAUGEs of one answer, in the order in which they were added. */
struct gauges {
	struct arena *arena;
	struct gauge *list;
	size_t n;
};

/* A text for each label of the metric, then NULL. */
void gauge_add(struct gauges *g, enum metric metric, int64_t value, ...) __attribute__((sentinel));

/* Every metric of the table that has a value; what was counted comes from `m` (NULL: nothing). */
struct slice metrics_text(struct arena *a, const struct metrics *m, const struct gauges *gauges);

#endif
