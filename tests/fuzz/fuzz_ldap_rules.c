/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Entries of rules and marks in LDAP, made into rules within the bounds of the settings.
 *
 * Lines: "rule DN" or "mark DN" begins an entry, "KEY=VALUE" is what it says; a
 * key that is there twice has two values.
 */
#include "tests/fuzz/fuzz.h"

#include "base/encode.h"
#include "gateway/ldap_rules.h"

#define ENTRIES_MAX 40
#define NOW INT64_C(1800000000)

static const char text[] =
	"public_url: https://sso.example.org\n"
	"listen: [127.0.0.1:8080]\n"
	"claimed_domains: [example.org]\n"
	"identity_providers: {entra: {metadata: https://login.example.com/metadata.xml}}\n"
	"connections:\n"
	"  organisation: {kind: managed, entity_id: org, acs: https://a.example.com/acs, start: https://a.example.com}\n"
	"  helpdesk: {kind: portal, entity_id: help, acs: https://h.example.com/acs, home: https://h.example.com,\n"
	"    accounts: {site: https://h.example.com, key: /k}}\n"
	"directories:\n"
	"  corp:\n"
	"    uri: ldaps://ldap1.example.org\n"
	"    people: {base: 'ou=people,dc=x'}\n"
	"    groups: {base: 'ou=groups,dc=x'}\n"
	"    attributes: [department]\n"
	"    join: {objectidentifier: employeeNumber}\n"
	"conditions: {staff: 'department = Staff'}\n"
	"rules:\n"
	"  - {name: former, when: 'member of corp:former', outcome: deny}\n"
	"  - {name: agents, when: 'member of corp:agents', outcome: licensed}\n"
	"ldap_rules: {directory: corp, base: 'ou=access,dc=x', after: former, outcomes: [customer, portal, deny], change_limit: 1,\n"
	"  marks: yes, groups: ['jsm-*'], organizations: ['jsm-*'], desks: ['jsm-*']}\n";

static const struct settings *bounds(void)
{
	static const struct settings *s;
	struct files *files;
	struct arena *a;
	struct error err;

	if (s)
		return s;
	a = arena_new();
	files = files_from_disk(a);
	files_put(files, "/etc/postern/p.yaml", FILES_ALL, slice_c(text));
	if (settings_read(a, files, "/etc/postern/p.yaml", &s, NULL, &err) < 0) {
		fprintf(stderr, "%s\n", err.detail);
		abort();
	}
	return s;
}

static void says(struct arena *a, struct ldap_rule_entry *e, const char *line)
{
	static const char *const keys[LDAP_RULE_FIELDS] = {"order", "name", "when", "outcome", "at", "because", "ask", "from", "until", "guests",
		"group", "organization", "desk"};
	size_t n = strcspn(line, "="), k = 0;
	struct ldap_rule_values *v;
	const char **list;

	while (k < LDAP_RULE_FIELDS && (strlen(keys[k]) != n || strncmp(keys[k], line, n) != 0))
		k++;
	if (!line[n] || k == LDAP_RULE_FIELDS)
		return;
	v = &e->says[k];
	list = arena_alloc(a, (v->n + 2) * sizeof(*list));
	for (size_t i = 0; i < v->n; i++)
		list[i] = v->list[i];
	list[v->n] = line + n + 1;
	*v = (struct ldap_rule_values){list, v->n + 1};
	/* as it is taken out of the mirror */
	if (!utf8_is_clean(slice_c(line))) {
		list[v->n - 1] = "";
		e->fault = "is no text";
	}
}

static void entry(struct arena *a, struct ldap_rule_set *set, const char *line)
{
	struct ldap_rule_entry e = {.dn = line + 5, .is_mark = line[0] == 'm'};

	if (set->n < ENTRIES_MAX && utf8_is_clean(slice_c(line)) && dn_normalize(a, e.dn, &e.dn_key) == 0)
		set->entries[set->n++] = e;
}

static void read_lines(struct arena *a, struct slice rest, struct ldap_rule_set *set)
{
	while (rest.n) {
		const char *end = memchr(rest.p, '\n', rest.n), *line;
		size_t n = end ? (size_t)(end - rest.p) : rest.n;

		line = memchr(rest.p, 0, n) ? "" : arena_copy(a, slice_of(rest.p, n));
		if (strncmp(line, "rule ", 5) == 0 || strncmp(line, "mark ", 5) == 0)
			entry(a, set, line);
		else if (set->n)
			says(a, &set->entries[set->n - 1], line);
		n += end != NULL;
		rest = slice_of(rest.p + n, rest.n - n);
	}
}

static void require_bounded(const char *const *names)
{
	for (; names && *names; names++) {
		if (strncasecmp(*names, "jsm-", 4) != 0)
			abort();
	}
}

/* Whoever can write entries never gets beyond the settings, and what is wrong gives nothing. */
static void require_bounds(const struct settings *s, const struct ldap_rules *rules)
{
	size_t faults = 0;

	for (size_t i = 0; i < rules->n; i++) {
		const struct rule *r = &rules->list[i].rule;

		faults += rules->list[i].fault != NULL;
		if (rules->list[i].fault ? r->outcome != OUTCOME_DENY || r->guests : !s->ldap_rules.may_give[r->outcome])
			abort();
		require_bounded(r->groups);
		require_bounded(r->organizations);
		require_bounded(r->desks);
		if (!r->name || (r->outcome == OUTCOME_PORTAL && (!r->at || !r->at[0])) || (r->outcome != OUTCOME_PORTAL && r->at))
			abort();
	}
	if (faults && !rules->problem_count)
		abort();
	for (size_t i = 0; i < rules->given_count; i++) {
		require_bounded(rules->given[i].groups);
		require_bounded(rules->given[i].organizations);
		require_bounded(rules->given[i].desks);
	}
}

/* The file's rule that denies stands first, and all of the file's are there. */
static void require_order(const struct settings *s, const struct policy *policy, size_t most)
{
	if (policy->rule_count < s->policy.rule_count || policy->rule_count > s->policy.rule_count + most ||
		strcmp(policy->rules[0].name, "former") != 0 || strcmp(policy->rules[policy->rule_count - 1].name, "agents") != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct settings *s = bounds();
	struct arena *a = arena_new();
	struct ldap_rule_set set = {.entries = arena_alloc(a, ENTRIES_MAX * sizeof(*set.entries))};
	struct ldap_rules rules;
	struct policy policy;
	int64_t until;

	read_lines(a, slice_of((const char *)data, size), &set);
	ldap_rules_compile(a, s, NULL, &set, &rules);
	require_bounds(s, &rules);
	ldap_rules_policy(a, s, &rules, NOW, &policy, &until);
	require_order(s, &policy, rules.n);
	if (until && until <= NOW)
		abort();
	fuzz_succeeded(rules.n && !rules.problem_count ? 0 : -1);
	arena_free(a);
	return 0;
}
