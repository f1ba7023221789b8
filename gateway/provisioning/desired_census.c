/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the census to the desired state: see desired_census.h. */
#include "gateway/provisioning/desired_parts.h"

#include "base/encode.h"

#define NO_TARGET ((size_t)-1)

/* ---- people ---- */

struct gathering {
	struct census *census;
	const struct policy *policy;
	const struct target *targets;
	size_t target_count, organization;      /* NO_TARGET: nobody makes Atlassian accounts */
	struct desired_person *people;
	size_t count;
	struct desired_left left;
	struct name_set nameless;
};

/* The value of an attribute that has one, NULL: it has none or several. */
static const char *only_value(struct arena *a, const struct mirror_person *person, const char *name)
{
	for (size_t i = 0; i < person->attribute_count; i++) {
		const struct mirror_attribute *at = &person->attributes[i];
		const char *text;
		struct error err;

		if (strcasecmp(at->name, name) == 0 && at->n == 1 && arena_cstr(a, at->values[0], REASON_DIRECTORY, &text, &err) == 0 && *text)
			return text;
	}
	return NULL;
}

/* Bytes of a control character at the beginning (U+0080 to U+009F are two); 0: there is none. */
static size_t control_at(const char *text)
{
	unsigned char c = (unsigned char)text[0], next = (unsigned char)(c ? text[1] : 0);

	if (c < 0x20 || c == 0x7f)
		return 1;
	return c == 0xc2 && next >= 0x80 && next < 0xa0 ? 2 : 0;
}

/*
 * A name as an account can have it: entries of a directory have line feeds, tabs and essays in theirs, and nobody wants to be without an
 * account for that.  NULL: nothing is left of it, or it is no UTF-8.
 */
static const char *line_of(struct arena *a, const char *text)
{
	char *out = text ? arena_alloc(a, strlen(text) + 1) : NULL;
	size_t n = 0, control;
	bool gap = false;

	for (; text && *text; text += control ? control : 1) {
		control = control_at(text);
		if (!control && gap && n > 0 && out[n - 1] != ' ' && *text != ' ')
			out[n++] = ' ';
		gap = control > 0;
		if (!control)
			out[n++] = *text;
	}
	if (n > DESIRED_TEXT_MOST)
		for (n = DESIRED_TEXT_MOST; n > 0 && ((unsigned char)out[n] & 0xc0) == 0x80; n--)
			;
	if (n == 0 || !utf8_is_clean(slice_of(out, n)))
		return NULL;
	out[n] = 0;
	return out;
}

/* Of the person, and in the arena of the desired state. */
static const char *line_value(struct arena *a, struct arena *one_arena, const struct mirror_person *person, const char *name)
{
	return line_of(a, only_value(one_arena, person, name));
}

/* By the strongest join: object ids are compared without case, and kept as Entra writes them.  What cannot be sent as a text is none. */
static const char *stable_id(struct arena *a, const struct settings *s, const struct mirror_person *person)
{
	const struct directory_options *d = settings_directory(s, person->directory);
	const char *value;
	char *copy;

	if (!d || d->join_count == 0 || d->joins[0].is_mutable)
		return NULL;
	value = only_value(a, person, d->joins[0].attribute);
	if (!value || !utf8_is_clean(slice_c(value)))
		return NULL;
	copy = arena_strdup(a, value);
	if (strlen(copy) == 36 && strspn(copy, "0123456789abcdefABCDEF-") == 36) {
		for (char *p = copy; *p; p++)
			*p |= 0x20;     /* letters become small; digits and `-` have that bit already */
	}
	return copy;
}

static const struct settings_directory *source_of(const struct settings *s, const char *directory)
{
	const struct directory_options *d = settings_directory(s, directory);

	return d ? &s->directory_sources[d - s->directories] : NULL;
}

/* Old facts give nothing, and take nothing away. */
static const char *too_old(struct arena *a, const struct gathering *g, const struct mirror_person *person, const struct standing *standing)
{
	const struct settings_directory *source = source_of(g->census->gateway.settings, person->directory);
	int64_t age = staleness_age(person->as_of, g->census->now), most = source ? source->stale_after : 0;
	char as_of[21];

	if (standing->rule < g->policy->rule_count && g->policy->rules[standing->rule].stale_after &&
		g->policy->rules[standing->rule].stale_after < most)
		most = g->policy->rules[standing->rule].stale_after;
	if (most == 0 || age <= most)
		return NULL;
	time_write(person->as_of, as_of);
	return arena_printf(a, "%s was last heard of at %s", person->directory, as_of);
}

/* Why nothing at all may be done; NULL: the judgement is sure. */
static const char *doubt(struct arena *a, const struct gathering *g, const struct mirror_one *one, const struct standing *standing)
{
	const struct decision *d = &standing->judgement.decision;
	const struct ldap_rules_live *ldap = g->census->gateway.ldap_rules;
	const char *fault = ldap && d->rule ? ldap_rules_live_rule_fault(ldap, d->rule) : NULL;

	if (d->exception_ended)
		return arena_printf(a, "exception %s has ended", d->exception);
	if (fault)
		return arena_printf(a, "rule %s cannot be followed: %s", d->rule, fault);
	if (d->stale)
		return "a rule wants newer facts";
	switch (one->refusal->reason) {
	case REASON_NONE:
	case REASON_PERSON_DISABLED:
		break;
	default:
		return arena_strdup(a, one->refusal->detail);
	}
	switch (standing->refusal.reason) {
	case REASON_NONE:
	case REASON_PERSON_DISABLED:
	case REASON_DENIED_BY_RULE:
	case REASON_DENIED_BY_DEFAULT:
	case REASON_ACCOUNT_KIND:       /* a plan knows what to do about it */
		break;
	default:
		return arena_strdup(a, standing->refusal.detail);
	}
	return too_old(a, g, one->person, standing);
}

static const char *reason_in_words(struct arena *a, const struct standing *standing)
{
	const struct decision *d = &standing->judgement.decision;
	const char *path = census_path(a, &standing->judgement);

	if (d->exception)
		return arena_printf(a, "exception %s", d->exception);
	if (!d->rule)
		return "no rule";
	return arena_printf(a, "rule %s%s%s", d->rule, *path ? ", by " : "", path);
}

/* The one that matched; NULL: none did, or an exception. */
static const struct rule *rule_of(const struct gathering *g, const struct standing *standing)
{
	return standing->rule < g->policy->rule_count ? &g->policy->rules[standing->rule] : NULL;
}

/* What the group's mark gives to its members; NULL: nothing. */
static const struct ldap_given *given_by(const struct gateway *g, const struct mirror_group *group)
{
	return g->ldap_rules ? ldap_rules_live_given(g->ldap_rules, group->directory, group->dn_key) : NULL;
}

static void want_account(struct gathering *g, const struct mirror_person *person, const struct standing *standing, struct desired_person *out)
{
	const struct gateway *gateway = &g->census->gateway;
	const struct target *t = &g->targets[g->organization];
	const struct settings_target *accounts = settings_connection(gateway->settings, t->name)->accounts;
	const struct rule *rule = rule_of(g, standing);
	bool licensed = standing->judgement.decision.outcome == OUTCOME_LICENSED;
	struct name_set names = {.arena = g->census->arena};

	name_set_add(&names, licensed ? accounts->licensed : accounts->customer);
	if (rule)
		name_set_add(&names, rule->groups);
	for (size_t i = 0; i < person->group_count; i++) {
		const struct ldap_given *given = given_by(gateway, &person->groups[i]);

		for (const char *const *name = given ? given->groups : NULL; name && *name; name++) {
			if (licensed || !name_list_has(t->licensed, *name))
				name_set_add(&names, (const char *const []){*name, NULL});
		}
	}
	out->kind = licensed ? DESIRED_LICENSED : DESIRED_CUSTOMER;
	out->target = g->organization;
	out->groups = name_set_end(&names, g->census->arena);
}

/* One site: what its accounts have, what the rule gives, and marks on the groups that the person is in. */
static struct desired_place place_at(const struct gathering *g, size_t target, const struct mirror_person *person, const struct rule *rule)
{
	struct arena *a = g->census->arena;
	const struct target *t = &g->targets[target];
	const struct settings_target *accounts = settings_connection(g->census->gateway.settings, t->name)->accounts;
	struct name_set organizations = {.arena = a}, desks = {.arena = a};

	name_set_add(&organizations, accounts->organizations);
	name_set_add(&desks, accounts->desks);
	if (rule) {
		name_set_add(&organizations, rule->organizations);
		name_set_add(&desks, rule->desks);
	}
	for (size_t i = 0; i < person->group_count; i++) {
		const struct ldap_given *given = given_by(&g->census->gateway, &person->groups[i]);

		if (!given || !given_counts_at(given, t->name))
			continue;
		name_set_add(&organizations, given->organizations);
		name_set_add(&desks, given->desks);
	}
	if (t->kind != TARGET_PORTAL_REST)
		desks.n = 0;            /* SCIM knows none */
	return (struct desired_place){.target = target, .organizations = name_set_end(&organizations, a), .desks = name_set_end(&desks, a)};
}

static void want_portal(struct gathering *g, const struct mirror_person *person, const struct standing *standing, struct desired_person *out)
{
	struct desired_place *places = arena_alloc(g->census->arena, (g->target_count + 1) * sizeof(*places));
	const char *const *at = standing->judgement.decision.at;

	for (size_t i = 0; i < g->target_count; i++) {
		if (g->targets[i].kind != TARGET_ORGANIZATION && at && name_list_has(at, g->targets[i].name))
			places[out->place_count++] = place_at(g, i, person, rule_of(g, standing));
	}
	out->kind = out->place_count ? DESIRED_PORTAL : DESIRED_NOTHING;
	out->places = places;
}

static int gather_one(struct arena *one_arena, const struct mirror_one *one, void *context)
{
	struct gathering *g = context;
	struct arena *a = g->census->arena;
	const struct mirror_person *person = one->person;
	const char *id = stable_id(one_arena, g->census->gateway.settings, person);
	struct standing standing;
	struct desired_person *p;
	enum outcome outcome;

	if (!id) {
		if (g->left.without_id++ == 0)
			g->left.example = arena_strdup(a, person->dn);
		if (person->mail)
			name_set_add(&g->nameless, (const char *const []){arena_strdup(a, person->mail), NULL});
		return 0;
	}
	census_judge(one_arena, g->census, g->policy, one, &standing);
	outcome = person->disabled ? OUTCOME_DENY : standing.judgement.decision.outcome;
	g->people = arena_grow(a, g->people, g->count, sizeof(*g->people));
	p = &g->people[g->count++];
	*p = (struct desired_person){
		.id = arena_strdup(a, id), .directory = settings_directory(g->census->gateway.settings, person->directory)->name,
		.dn = arena_strdup(a, person->dn), .mail = arena_strdup(a, person->mail),
		.display_name = line_value(a, one_arena, person, "displayName"),
		.given_name = line_value(a, one_arena, person, "givenName"),
		.family_name = line_value(a, one_arena, person, "sn"),
		.title = line_value(a, one_arena, person, "title"),
		.department = line_value(a, one_arena, person, "department"),
		.disabled = person->disabled, .kind = DESIRED_NOTHING, .held = doubt(a, g, one, &standing),
		.rule = arena_strdup(a, standing.judgement.decision.rule),
		.why = arena_strdup(a, person->disabled ? "switched off in the directory" : reason_in_words(one_arena, &standing)),
	};
	if (!p->held && outcome != OUTCOME_DENY && !p->mail)
		p->held = "no mail address";
	if ((outcome == OUTCOME_LICENSED || outcome == OUTCOME_CUSTOMER) && g->organization != NO_TARGET)
		want_account(g, person, &standing, p);
	else if (outcome == OUTCOME_PORTAL)
		want_portal(g, person, &standing, p);
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct desired_person *x = a, *y = b;
	int d = strcmp(x->id, y->id);

	return d ? d : strcmp(x->dn, y->dn);
}

/* Two entries of one id: who of them it is, nobody knows. */
static size_t each_once(struct arena *a, struct desired_person *people, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (n && strcmp(people[n - 1].id, people[i].id) == 0)
			people[n - 1].held = arena_printf(a, "%.200s and %.200s have the same id", people[n - 1].dn, people[i].dn);
		else
			people[n++] = people[i];
	}
	return n;
}

static const char *missing_in_old(struct arena *a, const char *directory, int64_t as_of)
{
	char when[21];

	time_write(as_of, when);
	return arena_printf(a, "%s was last heard of at %s, so whoever is missing in it may be there", directory, when);
}

/* Without its rules everybody would be denied, and without its marks groups would be nobody's. */
static int require_ldap_rules(const struct gateway *g, struct error *err)
{
	const char *fault = g->ldap_rules ? ldap_rules_live_fault(g->ldap_rules) : NULL;

	return fault ? error_set(err, REASON_MIRROR_EMPTY, "%s, so nothing is known of who shall have which account", fault) : 0;
}

static int require_mirror(struct census *c, struct desired *out, struct error *err)
{
	const struct settings *s = c->gateway.settings;
	struct mirror_state state;

	out->as_of = INT64_MAX;
	for (size_t i = 0; i < s->directory_count; i++) {
		if (mirror_state(c->arena, c->gateway.mirror, s->directories[i].name, &state, err) < 0)
			return -1;
		if (!state.filled)
			return error_set(err, REASON_MIRROR_EMPTY, "%s was not read whole yet", s->directories[i].name);
		if (state.as_of < out->as_of)
			out->as_of = state.as_of;
		if (!out->stale && staleness_age(state.as_of, c->now) > s->directory_sources[i].stale_after)
			out->stale = missing_in_old(c->arena, s->directories[i].name, state.as_of);
	}
	return mirror_generation(c->gateway.mirror, &out->generation, err);
}

int desired_of_census(struct census *c, const struct policy *policy, struct desired *out, struct desired_left *left, struct error *err)
{
	struct gathering g = {.census = c, .policy = policy, .organization = NO_TARGET, .nameless = {.arena = c->arena}};
	struct desired desired = {0};
	struct target *targets;

	if (require_mirror(c, &desired, err) < 0 || require_ldap_rules(&c->gateway, err) < 0 ||
		desired_targets(c->arena, &c->gateway, policy, &targets, &g.target_count, err) < 0)
		return -1;
	g.targets = targets;
	for (size_t i = 0; i < g.target_count; i++) {
		if (targets[i].kind == TARGET_ORGANIZATION)
			g.organization = i;
	}
	if (census_each(c, gather_one, &g, err) < 0)
		return -1;
	if (g.count)
		qsort(g.people, g.count, sizeof(*g.people), by_id);
	desired.targets = targets;
	desired.target_count = g.target_count;
	desired.people = g.people;
	desired.count = each_once(c->arena, g.people, g.count);
	desired.groups_unsure = c->gateway.ldap_rules && !ldap_rules_live_are_sound(c->gateway.ldap_rules);
	desired.nameless = name_set_end(&g.nameless, c->arena);
	*left = g.left;
	*out = desired;
	return 0;
}
