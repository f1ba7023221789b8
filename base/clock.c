/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The time, from one place. */
#include "base/clock.h"

#include <time.h>

static int64_t set_to;

static int64_t microseconds(clockid_t id)
{
	struct timespec t;

	if (clock_gettime(id, &t) != 0)
		abort();
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_now(void)
{
	return set_to ? set_to : microseconds(CLOCK_REALTIME) / 1000000;
}

int64_t clock_monotonic_us(void)
{
	return microseconds(CLOCK_MONOTONIC);
}

void clock_set(int64_t seconds)
{
	set_to = seconds;
}
