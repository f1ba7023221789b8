/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which tests imply or exclude one another.
 *
 * An attribute may have several values, so `department = A` and `department = B`
 * may both hold; mail is one.  Each row of tests_imply keeps two promises: where
 * a is YES b is, and where b is NO a is.
 */
#include "policies/implication.h"

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* ---- values ---- */

static enum value_case case_of(const struct condition *c)
{
	return c->kind == CONDITION_CLAIM ? VALUE_CASE : VALUE_NOCASE;
}

static bool same_subject(const struct condition *a, const struct condition *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == CONDITION_MAIL)
		return true;
	if (a->kind == CONDITION_CLAIM)
		return same(a->name, b->name);
	return a->kind == CONDITION_ATTRIBUTE && strcasecmp(a->name, b->name) == 0;
}

/* `=` and `in`: the value is one of a list. */
static bool is_list(const struct condition *c)
{
	return c->comparison == COMPARISON_EQUAL || c->comparison == COMPARISON_IN;
}

static bool takes(const struct condition *c, const char *value)
{
	for (size_t i = 0; i < c->value_count; i++)
		if (is_list(c) ? value_is(c->values[i], slice_c(value), case_of(c)) :
			c->comparison == COMPARISON_LIKE && pattern_fits(c->values[i], slice_c(value), case_of(c)))
			return true;
	return false;
}

/* Each of a's values is taken by b, where a is a list. */
static bool all_taken(const struct condition *a, const struct condition *b)
{
	for (size_t i = 0; i < a->value_count; i++)
		if (!takes(b, a->values[i]))
			return false;
	return true;
}

static bool none_taken(const struct condition *a, const struct condition *b)
{
	for (size_t i = 0; i < a->value_count; i++)
		if (takes(b, a->values[i]))
			return false;
	return true;
}

/* Every pattern of a is, letter by letter, one of b. */
static bool patterns_are_among(const struct condition *a, const struct condition *b)
{
	for (size_t i = 0; i < a->value_count; i++) {
		size_t k = 0;

		while (k < b->value_count && !value_is(a->values[i], slice_c(b->values[k]), case_of(a)))
			k++;
		if (k == b->value_count)
			return false;
	}
	return true;
}

/* The numbers that fit; none is a range that ends before it begins, which lies within every other. */
static struct days numbers_of(const struct condition *c)
{
	if (c->comparison == COMPARISON_GREATER && c->number == INT64_MAX)
		return (struct days){INT64_MAX, INT64_MIN};
	switch (c->comparison) {
	case COMPARISON_LESS: return (struct days){INT64_MIN, c->number - 1};
	case COMPARISON_LESS_EQUAL: return (struct days){INT64_MIN, c->number};
	case COMPARISON_GREATER: return (struct days){c->number + 1, INT64_MAX};
	default: return (struct days){c->number, INT64_MAX};
	}
}

/* The same for days, or days from today: only where both are counted alike. */
static struct days days_of(const struct condition *c)
{
	switch (c->comparison) {
	case COMPARISON_BEFORE: return (struct days){INT64_MIN, c->moment.at - 1};
	case COMPARISON_UNTIL: return (struct days){INT64_MIN, c->moment.at};
	case COMPARISON_AFTER: return (struct days){c->moment.at + 1, INT64_MAX};
	default: return (struct days){c->moment.at, INT64_MAX};
	}
}

static bool within(struct days a, struct days b)
{
	return a.from >= b.from && a.to <= b.to;
}

static bool dates_imply(const struct condition *a, const struct condition *b)
{
	return comparison_is_date(a->comparison) && comparison_is_date(b->comparison) && a->moment.kind == b->moment.kind &&
		a->moment.kind != MOMENT_INSTANT && within(days_of(a), days_of(b));
}

static bool values_imply(const struct condition *a, const struct condition *b)
{
	if (!same_subject(a, b))
		return false;
	if (b->comparison == COMPARISON_PRESENT)
		return true;
	if (a->comparison == COMPARISON_NOT_EQUAL || b->comparison == COMPARISON_NOT_EQUAL)
		return a->comparison == b->comparison && value_is(a->values[0], slice_c(b->values[0]), case_of(a));
	if (is_list(a))
		return (is_list(b) || b->comparison == COMPARISON_LIKE) && all_taken(a, b);
	if (a->comparison == COMPARISON_LIKE)
		return b->comparison == COMPARISON_LIKE && patterns_are_among(a, b);
	if (comparison_is_number(a->comparison) && comparison_is_number(b->comparison))
		return within(numbers_of(a), numbers_of(b));
	return dates_imply(a, b);
}

/* a says which values there are, b that one is not there: `x = A` and `x != A`. */
static bool is_denied_by(const struct condition *a, const struct condition *b)
{
	if (b->comparison != COMPARISON_NOT_EQUAL || !is_list(a))
		return false;
	for (size_t i = 0; i < a->value_count; i++)
		if (!value_is(b->values[0], slice_c(a->values[i]), case_of(a)))
			return false;
	return true;
}

static bool values_exclude(const struct condition *a, const struct condition *b)
{
	if (!same_subject(a, b))
		return false;
	if (is_denied_by(a, b) || is_denied_by(b, a))
		return true;
	if (a->kind != CONDITION_MAIL)
		return false;
	if (is_list(a) && (is_list(b) || b->comparison == COMPARISON_LIKE))
		return none_taken(a, b);
	return is_list(b) && a->comparison == COMPARISON_LIKE && none_taken(b, a);
}

/* ---- groups, places, networks, days of the week ---- */

static bool groups_imply(const struct condition *a, const struct condition *b)
{
	if (b->directory && !same(a->directory, b->directory))
		return false;
	if (a->dn_key || b->dn_key)
		return same(a->dn_key, b->dn_key);
	return a->cn && b->cn && strcasecmp(a->cn, b->cn) == 0;
}

static bool networks_imply(const struct condition *a, const struct condition *b)
{
	for (size_t i = 0; i < a->network_count; i++) {
		size_t k = 0;

		while (k < b->network_count && (a->networks[i].bits < b->networks[k].bits ||
			!network_holds(&b->networks[k], a->networks[i].address)))
			k++;
		if (k == b->network_count)
			return false;
	}
	return true;
}

static bool networks_exclude(const struct condition *a, const struct condition *b)
{
	for (size_t i = 0; i < a->network_count; i++)
		for (size_t k = 0; k < b->network_count; k++)
			if (network_holds(&b->networks[k], a->networks[i].address) || network_holds(&a->networks[i], b->networks[k].address))
				return false;
	return true;
}

static bool is_about_guests(const struct condition *c)
{
	return c->kind == CONDITION_GUEST || c->kind == CONDITION_USER;
}

static bool wants_guests(const struct condition *c)
{
	return c->kind == CONDITION_GUEST || c->guest;
}

static bool spans_are_same(const struct condition *a, const struct condition *b)
{
	if (a->span_count != b->span_count)
		return false;
	for (size_t i = 0; i < a->span_count; i++)
		if (a->spans[i].from != b->spans[i].from || a->spans[i].to != b->spans[i].to)
			return false;
	return true;
}

static bool tests_imply(const struct condition *a, const struct condition *b)
{
	if (is_about_guests(a) && is_about_guests(b))
		return wants_guests(a) == wants_guests(b);
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case CONDITION_MEMBER: return groups_imply(a, b);
	case CONDITION_DN_UNDER: return condition_dn_is_under(a->dn_key, b->dn_key);
	case CONDITION_MAIL: case CONDITION_ATTRIBUTE: case CONDITION_CLAIM: return values_imply(a, b);
	case CONDITION_TODAY: return dates_imply(a, b);
	case CONDITION_CLIENT: return networks_imply(a, b);
	case CONDITION_WEEKDAY: return (a->weekdays & ~b->weekdays) == 0;
	case CONDITION_TIME: return spans_are_same(a, b);
	case CONDITION_TENANT: return strcasecmp(a->name, b->name) == 0;
	case CONDITION_DIRECTORY: case CONDITION_METHOD: case CONDITION_DOOR: case CONDITION_LINK: return same(a->name, b->name);
	case CONDITION_DOOR_KIND: return a->door_kind == b->door_kind;
	case CONDITION_MFA: return true;
	default: return false;
	}
}

static bool tests_exclude(const struct condition *a, const struct condition *b)
{
	if (is_about_guests(a) && is_about_guests(b))
		return wants_guests(a) != wants_guests(b);
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case CONDITION_DN_UNDER: return !condition_dn_is_under(a->dn_key, b->dn_key) && !condition_dn_is_under(b->dn_key, a->dn_key);
	case CONDITION_MAIL: case CONDITION_ATTRIBUTE: case CONDITION_CLAIM: return values_exclude(a, b);
	case CONDITION_CLIENT: return networks_exclude(a, b);
	case CONDITION_WEEKDAY: return (a->weekdays & b->weekdays) == 0;
	case CONDITION_TENANT: return strcasecmp(a->name, b->name) != 0;
	case CONDITION_DIRECTORY: case CONDITION_DOOR: case CONDITION_LINK: return !same(a->name, b->name);
	case CONDITION_DOOR_KIND: return a->door_kind != b->door_kind;
	default: return false;
	}
}

/* ---- with `not` ---- */

bool literal_implies(const struct literal *a, const struct literal *b)
{
	if (a->negated)
		return b->negated && tests_imply(b->test, a->test);
	return b->negated ? tests_exclude(a->test, b->test) : tests_imply(a->test, b->test);
}

bool literals_exclude(const struct literal *a, const struct literal *b)
{
	if (a->negated && b->negated)
		return false;
	if (a->negated)
		return tests_imply(b->test, a->test);
	return b->negated ? tests_imply(a->test, b->test) : tests_exclude(a->test, b->test);
}

bool literal_days(const struct literal *l, struct days *out)
{
	struct days held;

	if (l->test->kind != CONDITION_TODAY || l->test->moment.kind != MOMENT_DAY)
		return false;
	held = days_of(l->test);
	if (!l->negated)
		*out = held;
	else if (held.from == INT64_MIN)
		*out = (struct days){held.to + 1, INT64_MAX};
	else
		*out = (struct days){INT64_MIN, held.from - 1};
	return true;
}

bool literal_is_impossible(const struct literal *l)
{
	const struct condition *c = l->test;

	if (l->negated)
		return false;
	switch (c->kind) {
	case CONDITION_MAIL: case CONDITION_ATTRIBUTE: case CONDITION_CLAIM:
		return (c->comparison == COMPARISON_IN || c->comparison == COMPARISON_LIKE) && c->value_count == 0;
	case CONDITION_CLIENT: return c->network_count == 0;
	default: return false;
	}
}

bool literal_is_sure(const struct literal *l)
{
	const struct condition *c = l->test;

	switch (c->kind) {
	case CONDITION_MEMBER: return c->dn_key;
	case CONDITION_MAIL: case CONDITION_ATTRIBUTE: return !comparison_is_number(c->comparison) && !comparison_is_date(c->comparison);
	case CONDITION_DIRECTORY: case CONDITION_TODAY: return true;
	default: return false;
	}
}
