/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `rules` and `require`: who gets which outcome, and what must hold besides. */
#include "gateway/settings/settings_reader.h"

static void read_when(struct settings_reader *r, const struct yaml_node *map, const char *text, enum condition_scope scope,
	const struct policy_names *names, struct condition **out)
{
	struct error err;

	if (text && condition_parse(r->arena, text, scope, names, out, &err) < 0)
		settings_problem_in(r, yaml_get(map, "when"), text, &err);
}

struct claim_use {
	struct settings_reader *r;
	const struct yaml_node *node;
};

/* Elsewhere there are short names.  Here one would be the name of a claim that nobody sends, and `not` of it true for all. */
static void require_claim_name(const char *claim, void *context)
{
	const struct claim_use *use = context;
	const char *name = claim_full_name(claim);

	if (strcmp(claim, "nameid") == 0 || strcmp(claim, "identity") == 0)
		settings_problem(use->r, use->node, "\"%s\" is no claim that can be asked for here", claim);
	else if (strcmp(name, claim) != 0)
		settings_problem(use->r, use->node, "claim \"%s\" must be written in full here: \"%s\"", claim, name);
}

void settings_require_sites(struct settings_reader *r, const struct yaml_node *map, enum outcome outcome, const char *const *at)
{
	const struct yaml_node *node = yaml_get(map, "at");
	size_t i;

	if (outcome != OUTCOME_PORTAL && node)
		settings_problem(r, node, "belongs to outcome portal only");
	if (outcome != OUTCOME_PORTAL)
		return;
	if (!node)
		settings_problem_key(r, map, "at", "is missing: outcome portal needs the portal connections that may be used");
	for (i = 0; at && at[i]; i++) {
		const struct settings_connection *c = settings_connection(r->settings, at[i]);

		if (!c && r->use == SETTINGS_TO_ANSWER && !r->settings->connection_count)
			continue;       /* none is set up yet */
		if (!c)
			settings_problem(r, node, "\"%.60s\" is not a connection", at[i]);
		else if (c->kind == DOOR_MANAGED)
			settings_problem(r, node, "\"%.60s\" is a managed connection; portal people need a portal one", at[i]);
	}
}

/* What accounts are put in, which each outcome has its own of. */
static void require_places(struct settings_reader *r, const struct yaml_node *map, const struct rule *rule)
{
	bool managed = rule->outcome == OUTCOME_LICENSED || rule->outcome == OUTCOME_CUSTOMER;

	if (rule->groups && !managed)
		settings_problem(r, yaml_get(map, "groups"), "belongs to outcomes licensed and customer");
	if (rule->organizations && rule->outcome != OUTCOME_PORTAL)
		settings_problem(r, yaml_get(map, "organizations"), "belongs to outcome portal");
	if (rule->desks && rule->outcome != OUTCOME_PORTAL)
		settings_problem(r, yaml_get(map, "desks"), "belongs to outcome portal");
	settings_require_no_builtin_group(r, yaml_get(map, "groups"), rule->groups);
}

static void read_rule(struct settings_reader *r, const struct yaml_node *map, const struct policy_names *names, struct rule *rule)
{
	struct rule_words w = {0};

	rule->line = map->line;
	if (section_read(r, SECTION_rule, map, &w) < 0)
		return;
	rule->name = w.name;
	rule->when_text = w.when;
	rule->at = w.at;
	rule->because = w.because;
	rule->guests = w.guests;
	rule->stale_after = w.stale_after;
	rule->groups = w.groups;
	rule->organizations = w.organizations;
	rule->desks = w.desks;
	read_when(r, map, w.when, CONDITION_RULE, names, &rule->when);
	if (!w.outcome || outcome_read(w.outcome, &rule->outcome) < 0)
		return;                 /* section_read said so */
	settings_require_sites(r, map, rule->outcome, rule->at);
	require_places(r, map, rule);
	if (w.because && rule->outcome != OUTCOME_DENY)
		settings_problem(r, yaml_get(map, "because"), "belongs to outcome deny only");
	if (w.guests && rule->outcome == OUTCOME_DENY)
		settings_problem(r, yaml_get(map, "guests"), "belongs to rules that give something; deny is for everybody");
	if (w.stale_after && rule->outcome == OUTCOME_DENY)
		settings_problem(r, yaml_get(map, "stale_after"), "belongs to rules that give something; deny is for data of any age");
}

static void read_outcomes(struct settings_reader *r, const struct yaml_node *map, const char *const *words, bool for_outcome[])
{
	enum outcome o;
	size_t i;

	for (i = 0; !words && i < OUTCOME_COUNT; i++)
		for_outcome[i] = i != OUTCOME_DENY;
	for (i = 0; words && words[i]; i++) {
		if (outcome_read(words[i], &o) < 0 || o == OUTCOME_DENY)
			settings_problem(r, yaml_get(map, "for"), "\"%.60s\" must be one of: licensed customer portal", words[i]);
		else
			for_outcome[o] = true;
	}
}

static void read_requirement(struct settings_reader *r, const struct yaml_node *map, const struct policy_names *names,
	struct requirement *requirement)
{
	struct requirement_words w = {0};

	requirement->line = map->line;
	if (section_read(r, SECTION_requirement, map, &w) < 0)
		return;
	requirement->name = w.name;
	requirement->when_text = w.when;
	requirement->otherwise = w.otherwise;
	read_when(r, map, w.when, CONDITION_REQUIRE, names, &requirement->when);
	condition_claims(requirement->when, require_claim_name, &(struct claim_use){r, yaml_get(map, "when")});
	read_outcomes(r, map, w.outcomes, requirement->for_outcome);
}

void settings_require_one_name(struct settings_reader *r, const struct yaml_node *list)
{
	const struct yaml_node *n, *other;

	for (n = list->child; n; n = n->next) {
		const struct yaml_node *name = yaml_get(n, "name");

		for (other = list->child; name && other != n; other = other->next) {
			const struct yaml_node *earlier = yaml_get(other, "name");

			if (earlier && strcmp(earlier->text ? earlier->text : "", name->text ? name->text : "") == 0)
				settings_problem(r, name, "\"%.60s\" is there twice (first in line %d)", name->text, earlier->line);
		}
	}
}

bool settings_is_list(struct settings_reader *r, const struct yaml_node *node)
{
	if (node && (node->kind != YAML_NODE_LIST || !node->child))
		settings_problem(r, node, "must be a list, with at least one: - {name: ..., ...}");
	return node && node->kind == YAML_NODE_LIST;
}

void settings_read_rules(struct settings_reader *r)
{
	const struct yaml_node *rules = yaml_get(r->root, "rules"), *requires = yaml_get(r->root, "require"), *n;
	struct policy *policy = &r->settings->policy;
	const struct policy_names *names = &r->settings->names;

	if (settings_is_list(r, rules)) {
		struct rule *list = arena_alloc(r->arena, (yaml_children(rules) + 1) * sizeof(*list));

		for (n = rules->child; n; n = n->next)
			read_rule(r, n, names, &list[policy->rule_count++]);
		policy->rules = list;
		settings_require_one_name(r, rules);
	}
	if (settings_is_list(r, requires)) {
		struct requirement *list = arena_alloc(r->arena, (yaml_children(requires) + 1) * sizeof(*list));

		for (n = requires->child; n; n = n->next)
			read_requirement(r, n, names, &list[policy->requirement_count++]);
		policy->requirements = list;
		settings_require_one_name(r, requires);
	}
}
