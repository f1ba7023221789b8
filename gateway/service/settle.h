/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When changes of the mirror are followed by a plan: once they have settled, so that many of them make one plan. */
#ifndef GATEWAY_SETTLE_H
#define GATEWAY_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

#define SETTLE_SECONDS 10               /* without a further change */
#define SETTLE_LATEST_SECONDS 60        /* after the first one, however many follow */

/* Microseconds of the monotonic clock; first: of the changes since the last plan, 0: there were none. */
bool settled(int64_t first, int64_t last, int64_t now);

#endif
