/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How old the data of a directory is, and what that means: a rule of the
 * settings, not an accident.
 *
 * Up to stale_after it is fresh.  For stale_grace more, people are signed on
 * by it as before (STALE_SERVED); then they are refused (STALE_DENIED).  There
 * is nothing third: stale data never leads to another outcome than fresh data
 * would, since account kinds at Atlassian cannot be changed back.  No is zero.
 *
 * The time is handed in.  The same function judges in the sign-on, `explain`,
 * /health/ready, /metrics and the alarms.
 */
#ifndef GATEWAY_STALENESS_H
#define GATEWAY_STALENESS_H

#include "gateway/settings/settings.h"

enum staleness { STALE_DENIED, STALE_SERVED, STALE_FRESH };

/* Seconds.  Data from the future is of an age that nobody knows (FACTS_AGE_UNKNOWN): a clock was wrong when it was written, or is now. */
int64_t staleness_age(int64_t as_of, int64_t now);
/* Of a directory that the settings do not know: STALE_DENIED. */
enum staleness staleness_of(const struct settings *s, const char *directory, int64_t age);
/* When its people are refused from then on, if it is not reached. */
int64_t staleness_end(const struct settings *s, const char *directory, int64_t as_of);
const char *staleness_word(enum staleness staleness);   /* "fresh", "served", "denied" */

#endif
