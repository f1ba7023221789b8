/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Time zones: a file of the tz database (RFC 8536) as a table of changes.
 *
 * Its second, 64-bit block holds the changes that are known; the POSIX rule
 * behind it (CET-1CEST,M3.5.0,M10.5.0/3) makes those of the years after them.
 * Leap seconds ("right/" zones) are not looked at.
 */
#include "base/calendar.h"

#include "base/encode.h"

#define HEADER 44
#define FUTURE_YEARS 2100
#define CHANGES_MAX 4000

static uint32_t be32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static int64_t be64(const char *p)
{
	return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

struct counts {
	size_t times, types, chars, leaps, standard, universal;
};

static int take_header(struct slice *in, struct counts *c)
{
	const char *p = in->p;

	if (in->n < HEADER || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
		return -1;
	*c = (struct counts){.universal = be32(p + 20), .standard = be32(p + 24), .leaps = be32(p + 28), .times = be32(p + 32),
		.types = be32(p + 36), .chars = be32(p + 40)};
	if (c->times > CHANGES_MAX || c->types == 0 || c->types > 256 || c->chars > 256 || c->leaps > 256 || c->standard > 256 ||
		c->universal > 256)
		return -1;
	*in = slice_of(p + HEADER, in->n - HEADER);
	return 0;
}

static int skip_block(struct slice *in, const struct counts *c, size_t time_size)
{
	size_t size = c->times * (time_size + 1) + c->types * 6 + c->chars + c->leaps * (time_size + 4) + c->standard + c->universal;

	if (in->n < size)
		return -1;
	*in = slice_of(in->p + size, in->n - size);
	return 0;
}

/* ---- the rule for the future: RFC 8536 section 3.3.1, POSIX 8.3 ---- */

struct moment {
	int month, week, weekday;       /* week 5: the last; weekday 0: Sunday */
	int32_t seconds;                /* of the local day, may be negative or above a day */
};

struct future {
	int32_t standard, summer;
	bool has_summer;
	struct moment begins, ends;
};

static bool take_char(struct slice *in, char c)
{
	if (in->n == 0 || in->p[0] != c)
		return false;
	*in = slice_of(in->p + 1, in->n - 1);
	return true;
}

static int take_number(struct slice *in, uint64_t max, int32_t *out)
{
	size_t n = 0;
	uint64_t v;

	while (n < in->n && in->p[n] >= '0' && in->p[n] <= '9')
		n++;
	if (number_read(slice_of(in->p, n), 0, max, &v) < 0)
		return -1;
	*out = (int32_t)v;
	*in = slice_of(in->p + n, in->n - n);
	return 0;
}

/* CET or <+03> */
static int skip_name(struct slice *in)
{
	bool angled = take_char(in, '<');
	size_t n = 0;

	while (n < in->n && (angled ? in->p[n] != '>' : (in->p[n] >= 'A' && in->p[n] <= 'Z') || (in->p[n] >= 'a' && in->p[n] <= 'z')))
		n++;
	if (n < 3)
		return -1;
	*in = slice_of(in->p + n, in->n - n);
	return angled && !take_char(in, '>') ? -1 : 0;
}

/* [+-]hh[:mm[:ss]] in seconds */
static int take_hours(struct slice *in, int32_t *out)
{
	int32_t hours, minutes = 0, seconds = 0;
	bool negative = take_char(in, '-');

	if (!negative)
		take_char(in, '+');
	if (take_number(in, 167, &hours) < 0)
		return -1;
	if (take_char(in, ':') && take_number(in, 59, &minutes) < 0)
		return -1;
	if (take_char(in, ':') && take_number(in, 59, &seconds) < 0)
		return -1;
	*out = ((hours * 60 + minutes) * 60 + seconds) * (negative ? -1 : 1);
	return 0;
}

/* ,M3.5.0/3; days of the year (J60) are in no zone of today */
static int take_moment(struct slice *in, struct moment *out)
{
	out->seconds = 7200;
	if (!take_char(in, ',') || !take_char(in, 'M') || take_number(in, 12, &out->month) < 0 || !take_char(in, '.') ||
		take_number(in, 5, &out->week) < 0 || !take_char(in, '.') || take_number(in, 6, &out->weekday) < 0)
		return -1;
	if (out->month < 1 || out->week < 1)
		return -1;
	return take_char(in, '/') ? take_hours(in, &out->seconds) : 0;
}

static int take_future(struct slice in, struct future *out)
{
	int32_t west;

	*out = (struct future){0};
	if (skip_name(&in) < 0 || take_hours(&in, &west) < 0)
		return -1;
	out->standard = -west;
	if (in.n == 0)
		return 0;
	out->has_summer = true;
	out->summer = out->standard + 3600;
	if (skip_name(&in) < 0)
		return -1;
	if (in.n && in.p[0] != ',') {
		if (take_hours(&in, &west) < 0)
			return -1;
		out->summer = -west;
	}
	return take_moment(&in, &out->begins) < 0 || take_moment(&in, &out->ends) < 0 || in.n ? -1 : 0;
}

static int64_t day_in(int year, int month, int day)
{
	char text[24];
	int64_t out = 0;

	snprintf(text, sizeof(text), "%04d-%02d-%02d", year, month, day);
	calendar_read_day(slice_c(text), &out);         /* the first of a month always is a day */
	return out;
}

static int64_t moment_in(int year, const struct moment *m, int32_t offset)
{
	int64_t first = day_in(year, m->month, 1);
	int64_t next = m->month == 12 ? day_in(year + 1, 1, 1) : day_in(year, m->month + 1, 1);
	int64_t day = first + (m->weekday + 6 - calendar_weekday(first) + 7) % 7 + 7 * ((int64_t)m->week - 1);

	if (day >= next)
		day -= 7;
	return day * CALENDAR_DAY + m->seconds - offset;
}

/* ---- the table ---- */

struct table {
	struct arena *arena;
	struct zone_change *changes;
	size_t n;
};

static void add(struct table *t, int64_t from, int32_t offset)
{
	if (t->n && from <= t->changes[t->n - 1].from)
		return;
	t->changes = arena_grow(t->arena, t->changes, t->n, sizeof(*t->changes));
	t->changes[t->n++] = (struct zone_change){from, offset};
}

static void add_future(struct table *t, const struct future *f)
{
	int64_t last = t->n > 1 ? t->changes[t->n - 1].from : 0;

	for (int year = 1970; f->has_summer && year <= FUTURE_YEARS; year++) {
		int64_t begins = moment_in(year, &f->begins, f->standard), ends = moment_in(year, &f->ends, f->summer);
		bool south = ends < begins;
		int64_t first = south ? ends : begins, second = south ? begins : ends;

		if (first > last)
			add(t, first, south ? f->standard : f->summer);
		if (second > last)
			add(t, second, south ? f->summer : f->standard);
	}
}

static int add_known(struct table *t, struct slice block, const struct counts *c)
{
	const char *indexes = block.p + c->times * 8, *types = indexes + c->times;

	add(t, INT64_MIN, (int32_t)be32(types));        /* before the first change: type 0 (RFC 8536 section 3.2) */
	for (size_t i = 0; i < c->times; i++) {
		size_t type = (unsigned char)indexes[i];

		if (type >= c->types)
			return -1;
		add(t, be64(block.p + i * 8), (int32_t)be32(types + type * 6));
	}
	for (size_t i = 0; i < t->n; i++)
		if (t->changes[i].offset < -26 * 3600 || t->changes[i].offset > 26 * 3600)
			return -1;
	return 0;
}

int zone_read(struct arena *a, const char *name, struct slice tzif, const struct zone **out)
{
	struct table t = {.arena = a};
	struct counts c;
	struct future future;
	struct slice block;
	struct zone *zone;

	if (take_header(&tzif, &c) < 0 || skip_block(&tzif, &c, 4) < 0 || take_header(&tzif, &c) < 0)
		return -1;
	block = tzif;
	if (skip_block(&tzif, &c, 8) < 0 || add_known(&t, block, &c) < 0)
		return -1;
	if (tzif.n < 2 || tzif.p[0] != '\n' || tzif.p[tzif.n - 1] != '\n')
		return -1;
	tzif = slice_of(tzif.p + 1, tzif.n - 2);
	if (tzif.n && take_future(tzif, &future) < 0)
		return -1;
	if (tzif.n)
		add_future(&t, &future);
	zone = arena_alloc(a, sizeof(*zone));
	*zone = (struct zone){.name = arena_strdup(a, name), .changes = t.changes, .n = t.n};
	*out = zone;
	return 0;
}

int32_t zone_offset(const struct zone *zone, int64_t instant)
{
	size_t low = 0, high = zone ? zone->n : 0, middle;

	while (high - low > 1) {
		middle = low + (high - low) / 2;
		if (zone->changes[middle].from <= instant)
			low = middle;
		else
			high = middle;
	}
	return zone && zone->n ? zone->changes[low].offset : 0;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int64_t zone_day(const struct zone *zone, int64_t instant)
{
	return floor_div(instant + zone_offset(zone, instant), CALENDAR_DAY);
}

int zone_minute(const struct zone *zone, int64_t instant)
{
	int64_t local = instant + zone_offset(zone, instant);

	return (int)((local - floor_div(local, CALENDAR_DAY) * CALENDAR_DAY) / 60);
}

/* Where midnight is there twice, the first; where it is left out, when it would have been. */
int64_t zone_midnight(const struct zone *zone, int64_t day)
{
	int64_t local = day * CALENDAR_DAY;
	int32_t before = zone_offset(zone, local - CALENDAR_DAY), after = zone_offset(zone, local + CALENDAR_DAY);

	if (zone_offset(zone, local - before) != before && zone_offset(zone, local - after) == after)
		return local - after;
	return local - before;
}

const char *zone_name(const struct zone *zone)
{
	return zone ? zone->name : "UTC";
}
