/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Exceptions: one person, an outcome, until a day.
 *
 * They come before the rules; the first that is this person's and has not
 * ended gives the outcome.  When the day is over, the rules decide again: but
 * not to an account of another kind, since that would be a second account, or
 * one that cannot be changed back.  Then nothing is given until a person has
 * changed the account and taken the exception away.
 *
 * Where the facts do not say (whose entry it is, what day it is), the side
 * that refuses wins, as with rules.
 */
#include "policies/exceptions.h"

static enum truth is_directory(const struct exception *x, const struct facts *f)
{
	if (!x->directory)
		return TRUTH_YES;
	return f->directory ? truth_of(strcmp(x->directory, f->directory) == 0) : TRUTH_UNSURE;
}

/* Ids are compared as they are: base64 tells capitals from small letters. */
static enum truth has_id(const struct exception *x, const struct facts *f)
{
	for (size_t i = 0; i < f->id_count; i++)
		if (slice_is(f->ids[i], x->id))
			return TRUTH_YES;
	return TRUTH_NO;
}

static enum truth concerns(const struct exception *x, const struct facts *f)
{
	enum truth directory = is_directory(x, f), person = TRUTH_NO;

	if (x->dn_key)
		person = f->dn_key ? truth_of(strcmp(x->dn_key, f->dn_key) == 0) : TRUTH_UNSURE;
	else if (x->id)
		person = has_id(x, f);
	else if (x->mail)
		person = truth_of(f->mail && value_is(x->mail, slice_c(f->mail), VALUE_NOCASE));
	return person < directory ? person : directory;
}

bool exception_is_of(const struct exception *exception, const struct facts *facts)
{
	return concerns(exception, facts) == TRUTH_YES;
}

static enum truth has_ended(const struct exception *x, const struct facts *f)
{
	return f->now ? truth_of(zone_day(f->zone, f->now) > x->until) : TRUTH_UNSURE;
}

static bool refuses(const struct exception *x)
{
	return x->outcome == OUTCOME_DENY;
}

static bool applies(const struct exception *x, const struct facts *f)
{
	enum truth person = concerns(x, f), ended = has_ended(x, f);

	return refuses(x) ? person != TRUTH_NO && ended != TRUTH_YES : person == TRUTH_YES && ended == TRUTH_NO;
}

static struct trace_rule trace_of(struct arena *a, const struct exception *x, const struct facts *f)
{
	struct trace_step *step = arena_alloc(a, sizeof(*step));
	char day[11];

	calendar_write_day(x->until, day);
	step->text = arena_printf(a, "the person is %s %s", x->dn_key ? "DN" : x->id ? "id" : "mail", x->dn_key ? x->dn : x->id ? x->id : x->mail);
	step->matched = applies(x, f);
	step->why = arena_printf(a, "%s %s: %s", has_ended(x, f) == TRUTH_YES ? "ended after" : "until", day, x->because ? x->because : "");
	return (struct trace_rule){arena_printf(a, "exception %s", x->name), step->matched, step, 1};
}

const struct exception *exceptions_find(struct arena *a, const struct policy *policy, const struct facts *facts, enum policy_trace trace,
	struct decision *d)
{
	for (size_t i = 0; i < policy->exception_count; i++) {
		const struct exception *x = &policy->exceptions[i];

		if (concerns(x, facts) == TRUTH_NO)
			continue;
		if (trace == TRACE_YES) {
			struct trace_rule *grown = arena_grow(a, (void *)d->rules, d->rule_count, sizeof(*grown));

			grown[d->rule_count++] = trace_of(a, x, facts);
			d->rules = grown;
		}
		if (applies(x, facts))
			return x;
	}
	return NULL;
}

enum kind { KIND_NONE, KIND_MANAGED, KIND_PORTAL };

static enum kind kind_of(enum outcome o)
{
	static const enum kind kinds[OUTCOME_COUNT] = {
		[OUTCOME_LICENSED] = KIND_MANAGED, [OUTCOME_CUSTOMER] = KIND_MANAGED, [OUTCOME_PORTAL] = KIND_PORTAL,
	};

	return (unsigned int)o < OUTCOME_COUNT ? kinds[o] : KIND_NONE;
}

void exceptions_require_kind(const struct policy *policy, const struct facts *facts, struct decision *d)
{
	for (size_t i = 0; i < policy->exception_count; i++) {
		const struct exception *x = &policy->exceptions[i];

		if (refuses(x) || kind_of(d->outcome) == KIND_NONE || kind_of(d->outcome) == kind_of(x->outcome))
			continue;
		if (concerns(x, facts) == TRUTH_NO || has_ended(x, facts) == TRUTH_NO)
			continue;
		d->exception = x->name;
		d->exception_ended = true;
		if (d->granted) {
			d->granted = false;
			d->reason = REASON_EXCEPTION_ENDED;
		}
		return;
	}
}
