/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The time, from one place, so that tests set it. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_LEAST INT64_C(1767225600) /* 2026-01-01, when there was no Postern: a clock of before then was not set yet */

int64_t clock_now(void);                /* seconds since 1970, UTC */
int64_t clock_monotonic_us(void);       /* for durations; never set by tests */
void clock_set(int64_t seconds);        /* tests: stand still here; 0 runs again */

#endif
