/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tests on values: texts, patterns, numbers and dates.
 *
 * An attribute without a value fits no comparison, as in LDAP filters (RFC
 * 4511 section 4.5.1.7).  A value that is no number where one is compared with
 * a number, or no date, says nothing: unless another one fits, that is UNSURE.
 */
#include "policies/condition.h"

#include "base/encode.h"
#include "base/text.h"

#define SHOWN_VALUES 3
#define SHOWN_BYTES 80

struct subject {
	const char *name;               /* for `why` */
	enum value_case with;
	const struct slice *values;
	size_t n;
};

static void find_values(const struct fact_attribute *list, size_t n, struct subject *s)
{
	for (size_t i = 0; i < n; i++)
		if (s->with == VALUE_CASE ? strcmp(list[i].name, s->name) == 0 : strcasecmp(list[i].name, s->name) == 0) {
			s->values = list[i].values;
			s->n = list[i].n;
			return;
		}
}

/* ---- numbers ---- */

bool comparison_is_number(enum comparison c)
{
	return c == COMPARISON_LESS || c == COMPARISON_LESS_EQUAL || c == COMPARISON_GREATER || c == COMPARISON_GREATER_EQUAL;
}

int whole_number_read(struct slice in, int64_t *out)
{
	bool sign = in.n && (in.p[0] == '-' || in.p[0] == '+');
	uint64_t v;

	if (number_read(sign ? slice_of(in.p + 1, in.n - 1) : in, 0, INT64_MAX, &v) < 0)
		return -1;
	*out = sign && in.p[0] == '-' ? -(int64_t)v : (int64_t)v;
	return 0;
}

static enum truth number_fits(const struct condition *c, struct slice value)
{
	int64_t v;

	if (whole_number_read(value, &v) < 0)
		return TRUTH_UNSURE;
	switch (c->comparison) {
	case COMPARISON_LESS: return truth_of(v < c->number);
	case COMPARISON_LESS_EQUAL: return truth_of(v <= c->number);
	case COMPARISON_GREATER: return truth_of(v > c->number);
	case COMPARISON_GREATER_EQUAL: return truth_of(v >= c->number);
	default: return TRUTH_UNSURE;
	}
}

/* ---- dates ---- */

bool comparison_is_date(enum comparison c)
{
	return c == COMPARISON_BEFORE || c == COMPARISON_SINCE || c == COMPARISON_UNTIL || c == COMPARISON_AFTER;
}

static struct span day_span(int64_t day, const struct zone *zone)
{
	return (struct span){zone_midnight(zone, day), zone_midnight(zone, day + 1)};
}

/* The instants of a moment; today is that of `now`. */
static struct span moment_span(const struct moment *m, int64_t now, const struct zone *zone)
{
	if (m->kind == MOMENT_INSTANT)
		return (struct span){m->at, m->at + 1};
	return day_span(m->kind == MOMENT_TODAY ? zone_day(zone, now) + m->at : m->at, zone);
}

enum date_value { DATE_READ, DATE_NEVER_WAS, DATE_UNREADABLE };

/*
 * Active Directory keeps these as FILETIME, INTEGER8 to LDAP ([MS-ADTS] 3.1.1.3.1.5).  The greatest
 * number means never, as does 0 of accountExpires; 0 of the others means that it has not happened.
 */
static enum date_value read_filetime(const char *name, struct slice value, struct span *out)
{
	static const char *const names[] = {
		"accountExpires", "badPasswordTime", "lastLogoff", "lastLogon", "lastLogonTimestamp", "lockoutTime",
		"msDS-UserPasswordExpiryTimeComputed", "pwdLastSet",
	};
	bool zero = slice_is(value, "0"), ends;
	int64_t t;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]) && strcasecmp(name, names[i]) != 0; i++)
		;
	if (i == sizeof(names) / sizeof(names[0]))
		return DATE_UNREADABLE;
	ends = i == 0;
	if (slice_is(value, "9223372036854775807") || (zero && ends)) {
		*out = (struct span){INT64_MAX - 1, INT64_MAX};
		return DATE_READ;
	}
	if (zero)
		return DATE_NEVER_WAS;
	if (calendar_read_filetime(value, &t) < 0)
		return DATE_UNREADABLE;
	*out = (struct span){t, t + 1};
	return DATE_READ;
}

static enum date_value read_date(const char *name, struct slice value, const struct zone *zone, struct span *out)
{
	int64_t t;

	if (calendar_read_day(value, &t) == 0) {
		*out = day_span(t, zone);
		return DATE_READ;
	}
	if (calendar_read_generalized(value, &t) == 0 || calendar_read_instant(value, &t) == 0) {
		*out = (struct span){t, t + 1};
		return DATE_READ;
	}
	return read_filetime(name, value, out);
}

/* Whether all of the span lies before `t`, or none of it; a day on which it changes is UNSURE. */
static enum truth is_before(const struct span *s, int64_t t)
{
	return s->to <= t ? TRUTH_YES : s->from >= t ? TRUTH_NO : TRUTH_UNSURE;
}

static enum truth turned(enum truth t)
{
	return t == TRUTH_YES ? TRUTH_NO : t == TRUTH_NO ? TRUTH_YES : TRUTH_UNSURE;
}

static enum truth date_compares(enum comparison comparison, const struct span *value, const struct span *with)
{
	switch (comparison) {
	case COMPARISON_BEFORE: return is_before(value, with->from);
	case COMPARISON_SINCE: return turned(is_before(value, with->from));
	case COMPARISON_UNTIL: return is_before(value, with->to);
	case COMPARISON_AFTER: return turned(is_before(value, with->to));
	default: return TRUTH_UNSURE;
	}
}

static enum truth date_fits(const struct evaluation *e, const struct condition *c, struct slice value)
{
	const struct facts *f = e->facts;
	struct span with, is;

	if (c->moment.kind == MOMENT_TODAY && f->now == 0)
		return TRUTH_UNSURE;
	with = moment_span(&c->moment, f->now, f->zone);
	switch (read_date(c->name ? c->name : "", value, f->zone, &is)) {
	case DATE_READ: return date_compares(c->comparison, &is, &with);
	case DATE_NEVER_WAS: return TRUTH_NO;
	case DATE_UNREADABLE: break;
	}
	return TRUTH_UNSURE;
}

static const char *why_today(const struct evaluation *e)
{
	char day[11];

	if (e->facts->now == 0)
		return "today is not known";
	calendar_write_day(zone_day(e->facts->zone, e->facts->now), day);
	return arena_printf(e->arena, "today is %s (%s)", day, zone_name(e->facts->zone));
}

enum truth judge_today(struct evaluation *e, const struct condition *c, const char **why)
{
	const struct facts *f = e->facts;
	struct span with, today;

	if (why)
		*why = why_today(e);
	if (f->now == 0)
		return TRUTH_UNSURE;
	with = moment_span(&c->moment, f->now, f->zone);
	today = day_span(zone_day(f->zone, f->now), f->zone);
	return date_compares(c->comparison, &today, &with);
}

/* ---- one value ---- */

static bool text_fits(const struct condition *c, const struct subject *s, struct slice value)
{
	for (size_t i = 0; i < c->value_count; i++)
		if (c->comparison == COMPARISON_LIKE ? pattern_fits(c->values[i], value, s->with) : value_is(c->values[i], value, s->with))
			return true;
	return c->comparison == COMPARISON_PRESENT;
}

static enum truth value_fits(const struct evaluation *e, const struct condition *c, const struct subject *s, struct slice value)
{
	if (comparison_is_number(c->comparison))
		return number_fits(c, value);
	if (comparison_is_date(c->comparison))
		return date_fits(e, c, value);
	return truth_of(text_fits(c, s, value));
}

/* ---- why ---- */

static void show_value(struct text *t, struct slice value)
{
	size_t n = value.n;

	if (n > SHOWN_BYTES)
		for (n = SHOWN_BYTES; n > 0 && ((unsigned char)value.p[n] & 0xc0) == 0x80;)
			n--;
	text_add_c(t, "\"");
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)value.p[i] < 0x20 || value.p[i] == 0x7f)
			text_addf(t, "\\x%02x", (unsigned char)value.p[i]);
		else
			text_add(t, slice_of(value.p + i, 1));
	text_add_c(t, n < value.n ? "…\"" : "\"");
}

/* `department is "Sales"`: the value that fits, or what is there instead. */
static const char *why_values(struct arena *a, const struct subject *s, const struct slice *fits)
{
	size_t shown = s->n < SHOWN_VALUES ? s->n : SHOWN_VALUES;
	struct text t;

	text_begin(&t, a, 128);
	text_add_c(&t, s->name);
	if (s->n == 0) {
		text_add_c(&t, " has no value");
		return t.p;
	}
	text_add_c(&t, fits && s->n > 1 ? " has the value " : " is ");
	if (fits) {
		show_value(&t, *fits);
		return t.p;
	}
	for (size_t i = 0; i < shown; i++) {
		text_add_c(&t, i ? ", " : "");
		show_value(&t, s->values[i]);
	}
	if (shown < s->n)
		text_addf(&t, " and %zu more", s->n - shown);
	return t.p;
}

/* What a number or date needs besides: why it was in doubt, what day it is. */
static const char *why_compared(const struct evaluation *e, const struct condition *c, enum truth t, const char *why)
{
	if (t == TRUTH_UNSURE && comparison_is_number(c->comparison))
		return arena_printf(e->arena, "%s, which is no whole number", why);
	if (t == TRUTH_UNSURE && (c->moment.kind != MOMENT_TODAY || e->facts->now != 0))
		return arena_printf(e->arena, "%s, which does not say it", why);
	if (comparison_is_date(c->comparison) && c->moment.kind == MOMENT_TODAY)
		return arena_printf(e->arena, "%s; %s", why, why_today(e));
	return why;
}

static enum truth test_values(struct evaluation *e, const struct condition *c, const struct subject *s, const char **why)
{
	const struct slice *fits = NULL;
	enum truth any = TRUTH_NO, t;

	for (size_t i = 0; i < s->n && !fits; i++) {
		t = value_fits(e, c, s, s->values[i]);
		any = t > any ? t : any;
		if (t == TRUTH_YES)
			fits = &s->values[i];
	}
	if (why)
		*why = why_compared(e, c, any, why_values(e->arena, s, fits));
	if (c->comparison == COMPARISON_NOT_EQUAL)
		return truth_of(s->n > 0 && !fits);
	return any;
}

enum truth judge_attribute(struct evaluation *e, const struct condition *c, const char **why)
{
	struct subject s = {.name = c->name, .with = VALUE_NOCASE};

	find_values(e->facts->attributes, e->facts->attribute_count, &s);
	return test_values(e, c, &s, why);
}

/* A claim that may be missing because it would have been too long says nothing, under `not` either. */
enum truth judge_claim_values(struct evaluation *e, const struct condition *c, const char **why)
{
	struct subject s = {.name = c->name, .with = VALUE_CASE};

	find_values(e->facts->claims, e->facts->claim_count, &s);
	if (s.n == 0 && e->facts->claims_left_out) {
		if (why)
			*why = arena_printf(e->arena, "the identity provider left a claim out that would hold too much: %s perhaps", c->name);
		return TRUTH_UNSURE;
	}
	return test_values(e, c, &s, why);
}

enum truth judge_mail(struct evaluation *e, const struct condition *c, const char **why)
{
	struct slice mail = slice_c(e->facts->mail);
	struct subject s = {.name = "mail", .with = VALUE_NOCASE, .values = &mail, .n = mail.n > 0};

	return test_values(e, c, &s, why);
}
