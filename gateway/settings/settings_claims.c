/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which claims somebody reads: joins, connections, requirements, domains.
 *
 * In these every value must have a form (saml.h); in others an empty street
 * address keeps nobody out.  "nameid" and "identity" are no claims, and harm
 * nothing here.
 */
#include "gateway/settings/settings_reader.h"

struct names {
	struct arena *arena;
	const char **list;
	size_t n;
};

static void add(const char *claim, void *context)
{
	struct names *names = context;
	size_t i;

	for (i = 0; i < names->n; i++) {
		if (strcmp(names->list[i], claim) == 0)
			return;
	}
	names->list = arena_grow(names->arena, names->list, names->n, sizeof(*names->list));
	names->list[names->n++] = claim;
}

static void add_of_connections(const struct settings *s, struct names *names)
{
	size_t i, j;

	for (i = 0; i < s->connection_count; i++) {
		const struct settings_connection *c = &s->connections[i];

		if (c->stable_id.source == ATTRIBUTE_CLAIM)
			add(c->stable_id.text, names);
		for (j = 0; j < c->attribute_count; j++) {
			if (c->attributes[j].source == ATTRIBUTE_CLAIM)
				add(c->attributes[j].text, names);
		}
	}
}

static void add_of_policy(const struct policy *policy, struct names *names)
{
	size_t i;

	for (i = 0; i < policy->requirement_count; i++)
		condition_claims(policy->requirements[i].when, add, names);
	for (i = 0; i < policy->rule_count; i++)
		condition_claims(policy->rules[i].when, add, names);
}

void settings_read_claims(struct settings_reader *r)
{
	struct settings *s = r->settings;
	struct names names = {.arena = r->arena};
	const char **list;
	size_t i, j;

	if (r->problem_count)           /* parts may be missing; nobody will use them */
		return;
	for (i = 0; i < s->provider_count; i++) {
		if (s->providers[i].domains)
			add(SAML_CLAIM_EMAIL, &names);  /* with UPN and name, which are always read: whom it speaks for */
	}
	for (i = 0; i < s->directory_count; i++) {
		for (j = 0; j < s->directories[i].join_count; j++)
			add(s->directories[i].joins[j].claim, &names);
	}
	add_of_connections(s, &names);
	add_of_policy(&s->policy, &names);
	list = arena_alloc(r->arena, (names.n + 1) * sizeof(*list));
	if (names.n > 0)
		memcpy(list, names.list, names.n * sizeof(*list));
	s->claims = list;
}
