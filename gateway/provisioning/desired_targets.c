/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which groups, customer organizations and desks are looked after where: all that settings, rules and marks name. */
#include "gateway/provisioning/desired_parts.h"

/* ---- sorted sets of names ---- */

static int in_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void name_set_add(struct name_set *names, const char *const *more)
{
	for (; more && *more; more++) {
		names->list = arena_grow(names->arena, names->list, names->n, sizeof(*names->list));
		names->list[names->n++] = *more;
	}
}

const char *const *name_set_end(struct name_set *names, struct arena *copy_to)
{
	const char **out = arena_alloc(copy_to, (names->n + 1) * sizeof(*out));
	size_t n = 0;

	if (names->n)
		qsort(names->list, names->n, sizeof(*names->list), in_order);
	for (size_t i = 0; i < names->n; i++) {
		if (i == 0 || strcmp(names->list[i], names->list[i - 1]) != 0)
			out[n++] = arena_strdup(copy_to, names->list[i]);
	}
	return out;
}

bool name_list_has(const char *const *sorted, const char *name)
{
	for (; *sorted; sorted++) {
		if (strcmp(*sorted, name) == 0)
			return true;
	}
	return false;
}

/* ---- targets ---- */

static bool is_of_ldap(const struct rule *rule)
{
	return rule->origin != NULL;
}

/* What is written out among patterns is named by the settings: who was given it by a mark that is gone is taken out. */
static void add_written_out(struct name_set *names, const char *const *patterns)
{
	for (; patterns && *patterns; patterns++) {
		if (!strpbrk(*patterns, "*?\\"))
			name_set_add(names, (const char *const []){*patterns, NULL});
	}
}

static size_t all_given(const struct gateway *g, const struct ldap_given **out)
{
	return g->ldap_rules ? ldap_rules_live_all_given(g->ldap_rules, out) : 0;
}

/* Groups that LDAP may give. */
static void add_marked(struct name_set *names, const struct gateway *g, const struct policy *policy)
{
	const struct ldap_given *given;
	size_t n = all_given(g, &given);

	for (size_t i = 0; i < n; i++)
		name_set_add(names, given[i].groups);
	for (size_t i = 0; i < policy->rule_count; i++)
		name_set_add(names, is_of_ldap(&policy->rules[i]) ? policy->rules[i].groups : NULL);
	add_written_out(names, g->settings->ldap_rules.groups);
}

static void groups_of_organization(struct arena *a, const struct gateway *g, const struct policy *policy, const struct settings_target *t,
	struct target *out)
{
	struct name_set licensed = {.arena = a}, customer = {.arena = a}, all = {.arena = a};
	const char *const *customers, *const *name;

	name_set_add(&customer, t->customer);
	name_set_add(&licensed, t->licensed);
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];

		if (!is_of_ldap(rule))
			name_set_add(rule->outcome == OUTCOME_LICENSED ? &licensed : &customer, rule->groups);
	}
	customers = name_set_end(&customer, a);
	add_marked(&all, g, policy);
	/* whether a group that LDAP gives gives access is not known, so it counts as if it did: no customer gets into it */
	for (name = name_set_end(&all, a); *name; name++) {
		if (!name_list_has(customers, *name))
			name_set_add(&licensed, (const char *const []){*name, NULL});
	}
	name_set_add(&all, customers);
	out->licensed = name_set_end(&licensed, a);
	name_set_add(&all, out->licensed);
	out->groups = name_set_end(&all, a);
}

bool given_counts_at(const struct ldap_given *given, const char *site)
{
	return !given->at || name_list_has(given->at, site);
}

static void groups_of_portal(struct arena *a, const struct gateway *g, const struct policy *policy, const struct settings_target *t,
	struct target *out)
{
	struct name_set organizations = {.arena = a}, desks = {.arena = a};
	const struct ldap_given *given;
	size_t n = all_given(g, &given);

	name_set_add(&organizations, t->organizations);
	name_set_add(&desks, t->desks);
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];

		if (!rule->at || !name_list_has(rule->at, out->name))
			continue;
		name_set_add(&organizations, rule->organizations);
		name_set_add(&desks, rule->desks);
	}
	for (size_t i = 0; i < n; i++) {
		if (!given_counts_at(&given[i], out->name))
			continue;
		name_set_add(&organizations, given[i].organizations);
		name_set_add(&desks, given[i].desks);
	}
	add_written_out(&organizations, g->settings->ldap_rules.organizations);
	add_written_out(&desks, g->settings->ldap_rules.desks);
	out->groups = name_set_end(&organizations, a);
	out->desks = name_set_end(&desks, a);
}

static int attachment_order(const void *a, const void *b)
{
	const struct desired_attachment *x = a, *y = b;
	int order = strcmp(x->organization, y->organization);

	return order ? order : strcmp(x->desk, y->desk);
}

/* Only what one rule names together: two settings that happen to stand side by side say nothing of each other. */
static void attachments_of(struct arena *a, const struct policy *policy, struct target *out)
{
	struct desired_attachment *list = NULL;
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];

		if (!rule->at || !name_list_has(rule->at, out->name))
			continue;
		for (const char *const *organization = rule->organizations; organization && *organization; organization++)
			for (const char *const *desk = rule->desks; desk && *desk; desk++) {
				list = arena_grow(a, list, n, sizeof(*list));
				list[n++] = (struct desired_attachment){*organization, *desk};
			}
	}
	if (n)
		qsort(list, n, sizeof(*list), attachment_order);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || attachment_order(&list[kept - 1], &list[i]) != 0)
			list[kept++] = list[i];
	out->attach = list;
	out->attach_count = kept;
}

int desired_targets(struct arena *a, const struct gateway *g, const struct policy *policy, struct target **out, size_t *n_out,
	struct error *err)
{
	static const char *const none[] = {NULL};
	const struct settings *s = g->settings;
	struct target *targets = arena_alloc(a, (s->connection_count + 1) * sizeof(*targets));
	size_t n = 0;

	for (size_t i = 0; i < s->connection_count; i++) {
		const struct settings_target *t = s->connections[i].accounts;
		struct target *one = &targets[n];

		if (!t)
			continue;
		*one = (struct target){
			.name = s->connections[i].name, .kind = t->kind, .base = t->scim ? t->scim : t->site, .login = t->login,
			.key_ends = t->key_ends, .proxy = t->proxy, .rate = (unsigned)t->rate, .groups = none, .licensed = none, .desks = none,
		};
		if (t->kind == TARGET_ORGANIZATION)
			groups_of_organization(a, g, policy, t, one);
		else
			groups_of_portal(a, g, policy, t, one);
		if (t->kind == TARGET_PORTAL_REST)
			attachments_of(a, policy, one);
		n++;
	}
	*out = targets;
	*n_out = n;
	return n ? 0 : error_set(err, REASON_SETTINGS, "no connection has accounts, so there is nowhere to make any");
}
