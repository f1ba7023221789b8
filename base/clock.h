/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The time, from one place, so that tests set it. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_now(void);                /* seconds since 1970, UTC */
int64_t clock_now_us(void);             /* the same in microseconds */
int64_t clock_monotonic_us(void);       /* for durations; never set by tests */
void clock_set(int64_t seconds);        /* tests: stand still here; 0 runs again */

#endif
