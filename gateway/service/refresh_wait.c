/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See refresh_wait.h. */
#include "gateway/service/refresh_wait.h"

static int64_t shorter(int64_t wait, int64_t asked)
{
	int64_t at_least = asked > REFRESH_WAIT_LEAST ? asked : REFRESH_WAIT_LEAST;

	return at_least < wait ? at_least : wait;
}

int64_t refresh_wait(const struct refresh_wishes *w, int64_t now)
{
	int64_t wait = w->refresh;

	if (w->cache)
		wait = shorter(wait, w->cache);
	if (w->max_age)
		wait = shorter(wait, w->max_age);
	if (w->valid_until)
		wait = shorter(wait, (w->valid_until - now) / 2);
	return wait;
}
