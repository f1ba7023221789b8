/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When metadata is fetched next, while nothing is wrong. */
#ifndef GATEWAY_REFRESH_WAIT_H
#define GATEWAY_REFRESH_WAIT_H

#include <stdint.h>

#define REFRESH_WAIT_LEAST 60   /* seconds: never more often because of what document or answer say */

/* Seconds; 0: not said. */
struct refresh_wishes {
	int64_t refresh;                /* of the settings: never later, whatever the others say */
	int64_t cache;                  /* the document's cacheDuration */
	int64_t max_age;                /* the answer's Cache-Control */
	int64_t valid_until;            /* an instant: half of what is left of the document */
};

/* Seconds from `now`: `refresh`, or sooner where document or answer ask for it. */
int64_t refresh_wait(const struct refresh_wishes *wishes, int64_t now);

#endif
