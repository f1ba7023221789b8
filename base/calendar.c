/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Days and instants from text, and back. */
#include "base/calendar.h"

#include "base/encode.h"

#define FIRST_YEAR 1601
#define LAST_YEAR 9999
#define FILETIME_EPOCH ((int64_t)11644473600)   /* seconds from 1601 to 1970 */

/* Digits from `at` on, exactly n of them, as a number within [min, max]. */
static int take(struct slice in, size_t at, size_t n, int min, int max, int *out)
{
	uint64_t v;

	if (at + n > in.n || number_read(slice_of(in.p + at, n), (uint64_t)min, (uint64_t)max, &v) < 0)
		return -1;
	*out = (int)v;
	return 0;
}

static int day_of(int year, int month, int day, int64_t *out)
{
	static const int longest[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	/* years counted from March, so that the leap day is a year's last */
	int64_t y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;

	if (day > longest[month - 1] || (month == 2 && day == 29 && !leap))
		return -1;
	*out = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
	return 0;
}

int calendar_read_day(struct slice in, int64_t *day_out)
{
	int year, month, day;

	if (in.n != 10 || in.p[4] != '-' || in.p[7] != '-' || take(in, 0, 4, FIRST_YEAR, LAST_YEAR, &year) < 0 ||
		take(in, 5, 2, 1, 12, &month) < 0 || take(in, 8, 2, 1, 31, &day) < 0)
		return -1;
	return day_of(year, month, day, day_out);
}

/* The digits of a fraction that begins at `at`, which is moved behind them; none is wrong. */
static int skip_fraction(struct slice in, size_t *at)
{
	size_t first = ++*at;

	while (*at < in.n && in.p[*at] >= '0' && in.p[*at] <= '9')
		++*at;
	return *at > first ? 0 : -1;
}

/* What follows the time: Z, or +hh:mm (with `colon`), +hhmm, +hh (both without). */
static int take_offset(struct slice in, size_t at, bool colon, int *seconds_out)
{
	size_t left = at < in.n ? in.n - at : 0, minutes = at + (colon ? 4 : 3);
	int hour, minute = 0;

	if (left == 1 && in.p[at] == 'Z') {
		*seconds_out = 0;
		return 0;
	}
	if (left < 3 || (in.p[at] != '+' && in.p[at] != '-') || take(in, at + 1, 2, 0, 23, &hour) < 0)
		return -1;
	if (colon ? left != 6 || in.p[at + 3] != ':' : left != 3 && left != 5)
		return -1;
	if (left > 3 && take(in, minutes, 2, 0, 59, &minute) < 0)
		return -1;
	*seconds_out = (hour * 60 + minute) * (in.p[at] == '-' ? -60 : 60);
	return 0;
}

int calendar_read_instant(struct slice in, int64_t *out)
{
	int hour, minute, second = 0, offset;
	size_t at = 16;
	int64_t day;

	if (in.n < 17 || in.n > 40 || in.p[10] != 'T' || in.p[13] != ':' || calendar_read_day(slice_of(in.p, 10), &day) < 0 ||
		take(in, 11, 2, 0, 23, &hour) < 0 || take(in, 14, 2, 0, 59, &minute) < 0)
		return -1;
	if (in.p[at] == ':') {
		if (take(in, 17, 2, 0, 59, &second) < 0)
			return -1;
		at = 19;
		if (at < in.n && in.p[at] == '.' && skip_fraction(in, &at) < 0)
			return -1;
	}
	if (take_offset(in, at, true, &offset) < 0)
		return -1;
	*out = day * CALENDAR_DAY + (hour * 60 + minute) * 60 + second - offset;
	return 0;
}

int calendar_read_generalized(struct slice in, int64_t *out)
{
	int year, month, day_of_month, hour, minute = 0, second = 0, offset;
	size_t at = 10;
	int64_t day;

	if (in.n < 11 || in.n > 40 || take(in, 0, 4, FIRST_YEAR, LAST_YEAR, &year) < 0 || take(in, 4, 2, 1, 12, &month) < 0 ||
		take(in, 6, 2, 1, 31, &day_of_month) < 0 || day_of(year, month, day_of_month, &day) < 0 || take(in, 8, 2, 0, 23, &hour) < 0)
		return -1;
	if (take(in, at, 2, 0, 59, &minute) == 0)
		at += 2;
	/* a leap second counts as the one before it */
	if (at == 12 && take(in, at, 2, 0, 60, &second) == 0)
		at += 2;
	if (at < in.n && (in.p[at] == '.' || in.p[at] == ',') && (at != 14 || skip_fraction(in, &at) < 0))
		return -1;
	if (take_offset(in, at, false, &offset) < 0)
		return -1;
	*out = day * CALENDAR_DAY + (hour * 60 + minute) * 60 + (second == 60 ? 59 : second) - offset;
	return 0;
}

int calendar_read_filetime(struct slice in, int64_t *out)
{
	uint64_t ticks;

	/* 2650467744000000000: 1 January 10000 */
	if (number_read(in, 0, UINT64_C(2650467743999999999), &ticks) < 0)
		return -1;
	*out = (int64_t)(ticks / 10000000) - FILETIME_EPOCH;
	return 0;
}

void calendar_write_day(int64_t day, char out[11])
{
	int64_t z = day + 719468, era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
	int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100), month = (5 * of_year + 2) / 153;
	int64_t year = year_of_era + era * 400 + (month >= 10);

	if (year < 0 || year > LAST_YEAR)
		abort();
	snprintf(out, 11, "%04u-%02u-%02u", (unsigned)year % 10000, (unsigned)(month < 10 ? month + 3 : month - 9) % 100,
		(unsigned)(of_year - (153 * month + 2) / 5 + 1) % 100);
}

int calendar_weekday(int64_t day)
{
	return (int)(((day + 3) % 7 + 7) % 7);          /* 1970-01-01 was a Thursday */
}
