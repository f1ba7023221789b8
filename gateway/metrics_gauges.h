/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The GAUGE metrics of a running service, read from its stores at this moment. */
#ifndef GATEWAY_METRICS_GAUGES_H
#define GATEWAY_METRICS_GAUGES_H

#include "gateway/gateway.h"
#include "gateway/metrics_text.h"

void metrics_gauges(struct gauges *out, const struct gateway *g);

#endif
