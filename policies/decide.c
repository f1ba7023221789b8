/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The decision: an exception of the person (exceptions.c), or else the first
 * rule that matches, gives the outcome; none is deny;
 * then every requirement for that outcome must hold.
 *
 * A guest whom the rule does not mean is denied at that rule, and no later one
 * is tried: what the rules give must not depend on the sign-on.
 *
 * Nor is one tried after a rule that wants fresher facts than there are:
 * account kinds cannot be changed back, so what the rules give must not depend
 * on how long a directory has not been reached.
 *
 * Where a condition is UNSURE, the side that refuses wins: a granting rule
 * does not match, a denying rule does, a requirement fails.
 */
#include "policies/exceptions.h"

#define INDEX_FROM 500                  /* rules times groups */

static bool rule_matches(const struct rule *rule, enum truth t)
{
	return rule->outcome == OUTCOME_DENY ? t != TRUTH_NO : t == TRUTH_YES;
}

static void trace_add(struct arena *a, const struct trace_rule **list, size_t *n, const char *name, bool matched,
	const struct evaluation *e)
{
	struct trace_rule *grown = arena_grow(a, (void *)*list, *n, sizeof(*grown));

	grown[*n] = (struct trace_rule){name, matched, e->steps, e->step_count};
	*list = grown;
	++*n;
}

static void take_rule(const struct rule *rule, const struct facts *facts, const struct evaluation *e, struct decision *d)
{
	static const char *const nowhere[] = {NULL};

	d->outcome = rule->outcome;
	d->rule = rule->name;
	d->groups = e->groups;
	d->group_count = e->group_count;
	d->granted = rule->outcome != OUTCOME_DENY;
	d->reason = d->granted ? REASON_NONE : REASON_DENIED_BY_RULE;
	d->sentence = d->granted ? NULL : rule->because;
	d->ask = rule->ask;
	if (d->granted && facts->guest && !rule->guests) {
		d->granted = false;
		d->guest_denied = true;
		d->reason = REASON_GUEST_DENIED;
	}
	d->stale = rule->outcome != OUTCOME_DENY && rule->stale_after && facts->age > rule->stale_after;
	if (d->granted && d->stale) {
		d->granted = false;
		d->reason = REASON_RULE_STALE;
	}
	d->at = rule->outcome == OUTCOME_PORTAL && rule->at ? rule->at : nowhere;
}

/* No condition made it match, so no group did. */
static void take_exception(const struct exception *x, const struct facts *facts, struct decision *d)
{
	const struct rule rule = {
		.name = x->name, .outcome = x->outcome, .at = x->at, .because = x->because, .guests = x->guests,
	};
	const struct evaluation none = {0};

	take_rule(&rule, facts, &none, d);
	d->exception = x->name;
}

/* A few groups are looked through as fast. */
static const struct group_index *index_of(struct arena *a, const struct policy *policy, const struct facts *facts)
{
	return policy->rule_count * facts->group_count > INDEX_FROM ? group_index_make(a, facts) : NULL;
}

static void apply_rules(struct arena *a, const struct policy *policy, const struct facts *facts, enum policy_trace trace,
	struct decision *d)
{
	const struct group_index *index = index_of(a, policy, facts);
	struct evaluation e;
	bool matched = false;

	for (size_t i = 0; i < policy->rule_count && !matched; i++) {
		evaluation_begin(&e, a, facts, trace);
		e.index = index;
		matched = rule_matches(&policy->rules[i], condition_evaluate(&e, policy->rules[i].when));
		if (trace == TRACE_YES)
			trace_add(a, &d->rules, &d->rule_count, policy->rules[i].name, matched, &e);
		if (matched)
			take_rule(&policy->rules[i], facts, &e, d);
	}
}

/* The first that fails is the one that is told; a trace shows the others too. */
static void apply_requirements(struct arena *a, const struct policy *policy, const struct facts *facts, enum policy_trace trace,
	struct decision *d)
{
	const struct requirement *r;
	struct evaluation e;
	bool held;

	for (size_t i = 0; i < policy->requirement_count && (d->granted || trace == TRACE_YES); i++) {
		r = &policy->requirements[i];
		if (!r->for_outcome[d->outcome])
			continue;
		evaluation_begin(&e, a, facts, trace);
		held = condition_evaluate(&e, r->when) == TRUTH_YES;
		if (trace == TRACE_YES)
			trace_add(a, &d->requirements, &d->requirement_count, r->name, held, &e);
		if (held || !d->granted)
			continue;
		d->granted = false;
		d->reason = REASON_REQUIREMENT_FAILED;
		d->requirement = r->name;
		d->sentence = r->otherwise;
	}
}

void policy_decide(struct arena *a, const struct policy *policy, const struct facts *facts, enum policy_trace trace,
	struct decision *out)
{
	static const char *const nowhere[] = {NULL};
	struct decision d = {.outcome = OUTCOME_DENY, .reason = REASON_DENIED_BY_DEFAULT, .at = nowhere};
	const struct exception *exception;

	exception = exceptions_find(a, policy, facts, trace, &d);
	if (exception)
		take_exception(exception, facts, &d);
	else
		apply_rules(a, policy, facts, trace, &d);
	exceptions_require_kind(policy, facts, &d);
	if (d.granted || (trace == TRACE_YES && (d.guest_denied || d.stale || d.exception_ended)))
		apply_requirements(a, policy, facts, trace, &d);
	*out = d;
}
