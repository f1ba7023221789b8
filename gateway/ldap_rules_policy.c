/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules of LDAP that count today, between those of the file. */
#include "gateway/ldap_rules.h"

bool ldap_rule_counts(const struct ldap_rule *rule, int64_t now)
{
	return now >= rule->from && (!rule->until || now < rule->until);
}

static void sooner(int64_t *until, int64_t t, int64_t now)
{
	if (t > now && (!*until || t < *until))
		*until = t;
}

void ldap_rules_policy(struct arena *a, const struct settings *s, const struct ldap_rules *rules, int64_t now, struct policy *out,
	int64_t *until_out)
{
	const struct policy *file = &s->policy;
	size_t place = s->ldap_rules.place < file->rule_count ? s->ldap_rules.place : file->rule_count, n = 0;
	struct rule *list = arena_alloc(a, (file->rule_count + rules->n + 1) * sizeof(*list));

	*until_out = 0;
	for (size_t i = 0; i < place; i++)
		list[n++] = file->rules[i];
	for (size_t i = 0; i < rules->n; i++) {
		if (ldap_rule_counts(&rules->list[i], now))
			list[n++] = rules->list[i].rule;
		sooner(until_out, rules->list[i].from, now);
		sooner(until_out, rules->list[i].until, now);
	}
	for (size_t i = place; i < file->rule_count; i++)
		list[n++] = file->rules[i];
	*out = *file;
	out->rules = list;
	out->rule_count = n;
}
