/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Days, instants and time zones, without a clock and without the C library's
 * own idea of a zone: what is judged by them must not depend on a process's
 * environment.
 *
 * An instant is seconds since 1970 in UTC.  A day is the number of days since
 * 1970-01-01 of the Gregorian calendar, wherever one is.  A zone says which
 * instants a day holds; NULL is UTC everywhere.  Years 1601 to 9999.
 */
#ifndef BASE_CALENDAR_H
#define BASE_CALENDAR_H

#include "base/arena.h"

#include <stdint.h>

#define CALENDAR_DAY ((int64_t)86400)

/* "2026-12-31", no other form; 0 or -1. */
int calendar_read_day(struct slice in, int64_t *day_out);
/* "2026-12-31T18:00[:00[.5]]", then Z or +01:00; fractions are dropped.  Without a zone it is no instant: -1. */
int calendar_read_instant(struct slice in, int64_t *out);
/* LDAP's generalizedTime (RFC 4517 section 3.3.13): 20261231[18[00[00]]][.5](Z|+0100); fractions of seconds only. */
int calendar_read_generalized(struct slice in, int64_t *out);
/* Windows' FILETIME: 100 ns since 1601, decimal, up to the year 9999. */
int calendar_read_filetime(struct slice in, int64_t *out);

void calendar_write_day(int64_t day, char out[11]);     /* 2026-12-31 */
int calendar_weekday(int64_t day);                      /* 0: Monday */

struct zone_change {
	int64_t from;                   /* instant; the first one is INT64_MIN */
	int32_t offset;                 /* seconds east of UTC */
};

struct zone {
	const char *name;
	const struct zone_change *changes;
	size_t n;
};

/* A file of the tz database (RFC 8536, version 2 or later); its rule for the future is followed up to the year 2100.  0 or -1. */
int zone_read(struct arena *a, const char *name, struct slice tzif, const struct zone **out);

int32_t zone_offset(const struct zone *zone, int64_t instant);
int64_t zone_day(const struct zone *zone, int64_t instant);     /* which day it is there */
int zone_minute(const struct zone *zone, int64_t instant);      /* 0 to 1439 */
int64_t zone_midnight(const struct zone *zone, int64_t day);    /* the instant at which the day begins there */
const char *zone_name(const struct zone *zone);                 /* "UTC" for NULL */

#endif
