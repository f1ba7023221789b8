/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whose outcome another set would change.
 *
 * Only an entry that is not the same in both sets can change anything, so who
 * is matched by none of those, whatever their dates, is passed over.  The
 * others are judged under both sets, now and at every date of either: what
 * begins to count tomorrow is counted today.  A condition may hold a date too
 * (`today since 2027-01-01`): whom it might match on another day is counted.
 */
#include "gateway/judge.h"
#include "gateway/ldap_rules_status.h"

#define MOMENTS_MAX 64                  /* with more dates, whoever a changed entry matches is counted */
#define ALIVE_EVERY 256                 /* people */

struct comparing {
	struct arena *arena;
	const struct settings *s;
	int64_t moments[MOMENTS_MAX];
	size_t moment_count;
	bool too_many;
	struct policy before[MOMENTS_MAX], after[MOMENTS_MAX];
	struct policy touching;         /* the changed entries, as rules that deny */
	struct rule *dated;             /* those of them whose condition depends on the day */
	size_t dated_count;
	const char **groups;            /* dn_keys of groups whose marks give something else */
	size_t group_count;
	int (*alive)(void *context);
	void *context;
	struct ldap_rules_change *out;
};

static void add_moment(struct comparing *c, int64_t t, int64_t now)
{
	if (t <= now)
		return;
	for (size_t i = 0; i < c->moment_count; i++) {
		if (c->moments[i] == t)
			return;
	}
	if (c->moment_count == MOMENTS_MAX)
		c->too_many = true;
	else
		c->moments[c->moment_count++] = t;
}

static void make_policies(struct comparing *c, const struct settings *s, const struct ldap_rules *before, const struct ldap_rules *after,
	int64_t now)
{
	int64_t ignored;

	c->moments[c->moment_count++] = now;
	for (size_t i = 0; i < before->n; i++) {
		add_moment(c, before->list[i].from, now);
		add_moment(c, before->list[i].until, now);
	}
	for (size_t i = 0; i < after->n; i++) {
		add_moment(c, after->list[i].from, now);
		add_moment(c, after->list[i].until, now);
	}
	for (size_t i = 0; i < c->moment_count; i++) {
		ldap_rules_policy(c->arena, s, before, c->moments[i], &c->before[i], &ignored);
		ldap_rules_policy(c->arena, s, after, c->moments[i], &c->after[i], &ignored);
		c->before[i].requirement_count = c->after[i].requirement_count = 0;
	}
}

static bool is_same_list(const char *const *x, const char *const *y)
{
	size_t i;

	if (!x || !y)
		return (!x || !*x) && (!y || !*y);
	for (i = 0; x[i] && y[i] && strcmp(x[i], y[i]) == 0; i++)
		;
	return !x[i] && !y[i];
}

static bool is_same_entry(const struct ldap_rule *x, const struct ldap_rule *y)
{
	if (strcmp(x->entry->dn_key, y->entry->dn_key) != 0 || x->entry->is_mark != y->entry->is_mark || !x->fault != !y->fault)
		return false;
	for (size_t k = 0; k < LDAP_RULE_FIELDS; k++) {
		if (!is_same_list(x->entry->says[k].list, y->entry->says[k].list))
			return false;
	}
	return true;
}

static void add_changed(struct comparing *c, const struct ldap_rules *of, const struct ldap_rules *other, struct rule *list)
{
	for (size_t i = 0; i < of->n; i++) {
		size_t k;

		for (k = 0; k < other->n && !is_same_entry(&of->list[i], &other->list[k]); k++)
			;
		if (k < other->n)
			continue;
		list[c->touching.rule_count] = (struct rule){.name = of->list[i].rule.name, .when = of->list[i].rule.when, .outcome = OUTCOME_DENY};
		if (condition_depends_on_day(of->list[i].rule.when))
			c->dated[c->dated_count++] = list[c->touching.rule_count];
		c->touching.rule_count++;
	}
}

static bool is_same_given(const struct ldap_given *x, const struct ldap_given *y)
{
	return strcmp(x->entry->dn_key, y->entry->dn_key) == 0 && is_same_list(x->groups, y->groups) &&
		is_same_list(x->organizations, y->organizations) && is_same_list(x->desks, y->desks) && is_same_list(x->at, y->at);
}

static void add_given(struct comparing *c, const struct ldap_rules *of, const struct ldap_rules *other)
{
	for (size_t i = 0; i < of->given_count; i++) {
		const struct ldap_given *g = &of->given[i];
		size_t k;

		for (k = 0; k < other->given_count && !is_same_given(&other->given[k], g); k++)
			;
		if (k < other->given_count)
			continue;
		c->groups = arena_grow(c->arena, c->groups, c->group_count, sizeof(*c->groups));
		c->groups[c->group_count++] = g->entry->dn_key;
	}
}

/* The group whose mark would give the person something else; NULL: none. */
static const char *other_mark(const struct comparing *c, const struct mirror_person *person)
{
	for (size_t i = 0; c->group_count && i < person->group_count; i++) {
		const struct mirror_group *g = &person->groups[i];

		for (size_t k = 0; k < c->group_count; k++) {
			if (strcmp(g->directory, c->s->ldap_rules.directory) == 0 && strcmp(g->dn_key, c->groups[k]) == 0)
				return g->dn;
		}
	}
	return NULL;
}

static bool is_same_decision(const struct decision *x, const struct decision *y)
{
	return x->outcome == y->outcome && x->guest_denied == y->guest_denied && is_same_list(x->at, y->at);
}

/* NULL: none decided, or an exception. */
static const struct rule *rule_of(const struct policy *policy, const struct decision *d)
{
	for (size_t i = 0; d->rule && i < policy->rule_count; i++) {
		if (policy->rules[i].name == d->rule)
			return &policy->rules[i];
	}
	return NULL;
}

/* What accounts are put in besides. */
static bool is_same_places(const struct rule *x, const struct rule *y)
{
	static const struct rule nothing;

	x = x ? x : &nothing;
	y = y ? y : &nothing;
	return is_same_list(x->groups, y->groups) && is_same_list(x->organizations, y->organizations) && is_same_list(x->desks, y->desks);
}

static const char *words(struct arena *a, const struct decision *d)
{
	return arena_printf(a, "%s by %s", outcome_word(d->outcome), d->rule ? d->rule : "default");
}

/* What is told of the first ones stays in the arena; of the others nothing is made. */
static void note(struct comparing *c, const struct mirror_person *person, const char *what)
{
	struct ldap_rules_change *out = c->out;

	out->told = arena_grow(c->arena, out->told, out->told_count, sizeof(*out->told));
	out->told[out->told_count++] = arena_printf(c->arena, "%s: %s", person->mail ? person->mail : person->dn, what);
}

static bool matches(struct arena *a, const struct rule *dated, enum outcome as, const struct facts *facts)
{
	const struct rule rule = {.name = dated->name, .when = dated->when, .outcome = as};
	const struct policy one = {.rules = &rule, .rule_count = 1};
	struct decision d;

	policy_decide(a, &one, facts, TRACE_NO, &d);
	return d.rule != NULL;
}

/* A changed entry that is about the person or not, as the day may be; in doubt a rule that denies matches, and one that gives does not. */
static const char *depends_on_day(struct arena *a, const struct comparing *c, const struct mirror_one *one)
{
	struct facts facts;

	if (!c->dated_count)
		return NULL;
	judge_facts(a, c->s, one->person, 0, &facts);
	for (size_t i = 0; i < c->dated_count; i++) {
		if (matches(a, &c->dated[i], OUTCOME_DENY, &facts) && !matches(a, &c->dated[i], OUTCOME_CUSTOMER, &facts))
			return c->dated[i].name;
	}
	return NULL;
}

static bool is_other_outcome(struct arena *a, struct comparing *c, const struct mirror_one *one)
{
	struct decision was, is;
	struct facts facts;

	judge_facts(a, c->s, one->person, c->moments[0], &facts);
	facts.age = 0;
	/* what a rule does for guests counts too */
	facts.guest = true;
	policy_decide(a, &c->touching, &facts, TRACE_NO, &was);
	if (!was.rule)
		return false;
	for (size_t i = 0; i < c->moment_count; i++) {
		judge_facts(a, c->s, one->person, c->moments[i], &facts);
		facts.age = 0;  /* a state of the service, and none of the person's */
		facts.guest = true;
		policy_decide(a, &c->before[i], &facts, TRACE_NO, &was);
		policy_decide(a, &c->after[i], &facts, TRACE_NO, &is);
		if (!c->too_many && is_same_decision(&was, &is) && is_same_places(rule_of(&c->before[i], &was), rule_of(&c->after[i], &is)))
			continue;
		if (c->out->told_count < LDAP_RULES_TOLD)
			note(c, one->person, arena_printf(a, "%s, would be %s%s", words(a, &was), words(a, &is), c->too_many ||
				!is_same_decision(&was, &is) ? "" : " with other Atlassian groups, customer organizations or desks"));
		return true;
	}
	return false;
}

static int compare_one(struct arena *a, const struct mirror_one *one, void *context)
{
	struct comparing *c = context;
	const char *through, *dated;

	if (++c->out->people % ALIVE_EVERY == 0 && c->alive(c->context) != 0)
		return 1;
	if (one->refusal->reason == REASON_PERSON_DISABLED)
		return 0;
	if (is_other_outcome(a, c, one)) {
		c->out->changed++;
		return 0;
	}
	dated = depends_on_day(a, c, one);
	through = dated ? NULL : other_mark(c, one->person);
	if (!dated && !through)
		return 0;
	c->out->changed++;
	if (c->out->told_count < LDAP_RULES_TOLD)
		note(c, one->person, dated ? arena_printf(a, "on another day %s may match, which is changed", dated) :
			arena_printf(a, "other Atlassian groups, customer organizations or desks through %s", through));
	return 0;
}

int ldap_rules_compare(struct arena *a, const struct settings *s, struct mirror *mirror, const struct ldap_rules *before,
	const struct ldap_rules *after, int64_t now, int (*alive)(void *context), void *context, struct ldap_rules_change *out, struct error *err)
{
	struct comparing *c = arena_alloc(a, sizeof(*c));
	struct rule *touching = arena_alloc(a, (before->n + after->n + 1) * sizeof(*touching));
	int rc;

	*out = (struct ldap_rules_change){0};
	*c = (struct comparing){.arena = a, .s = s, .alive = alive, .context = context, .out = out};
	c->dated = arena_alloc(a, (before->n + after->n + 1) * sizeof(*c->dated));
	add_changed(c, before, after, touching);
	add_changed(c, after, before, touching);
	c->touching.rules = touching;
	add_given(c, before, after);
	add_given(c, after, before);
	if (!c->touching.rule_count && !c->group_count)
		return 0;
	make_policies(c, s, before, after, now);
	rc = mirror_each(mirror, s->directories, s->directory_count, compare_one, c, err);
	return rc > 0 ? error_set(err, REASON_INTERNAL, "stopped") : rc;
}
