/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `ldap_rules`: where rules stand in LDAP, and what they may do. */
#include "gateway/settings/settings_reader.h"

#include "base/builtin_groups.h"

#define FOLDED(c) ((char)((c) >= 'A' && (c) <= 'Z' ? (c) + 32 : (c)))

/* What people and owners of groups write about themselves, or what a server makes: no place for what licenses somebody. */
static const char everybody_writes[] =
	"description|info|comment|notes|title|displayname|givenname|initials|sn|surname|mail|rfc822mailbox|telephonenumber|mobile|"
	"homephone|pager|facsimiletelephonenumber|street|postaladdress|l|st|postalcode|jpegphoto|labeleduri|wwwhomepage|url|"
	"preferredlanguage|userpassword|usercertificate|seealso|owner|managedby|manager|member|uniquemember|memberuid|memberof";

void settings_require_no_builtin_group(struct settings_reader *r, const struct yaml_node *node, const char *const *groups)
{
	for (; groups && *groups; groups++) {
		if (group_is_builtin(*groups))
			settings_problem(r, node, "\"%.100s\" is a group of Atlassian's own (administrators, apps, a product's default), which is never given", *groups);
	}
}

static const char *folded(struct arena *a, const char *s)
{
	char *copy = arena_strdup(a, s), *p;

	for (p = copy; *p; p++)
		*p = FOLDED(*p);
	return copy;
}

/* Looks at the names that were written in the map, and at all that the section's rows or defaults have filled in. */
static void require_attributes(struct settings_reader *r, const struct yaml_node *map, const char *const *list, size_t n_list)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	const struct yaml_node *n;

	for (n = map->child; n; n = n->next) {
		const char *name = n->text ? folded(r->arena, n->text) : "";

		if (n->kind != YAML_NODE_SCALAR || !*name)
			continue;       /* section_read said so */
		if (strspn(name, good) != strlen(name) || strlen(name) > 100)
			settings_problem(r, n, "\"%.100s\" is not the name of an LDAP attribute", n->text);
		else if (words_find(everybody_writes, name) >= 0)
			settings_problem(r, n, "%s is an attribute that others than administrators commonly may write: it must not decide who gets what",
				n->text);
	}
	for (size_t i = 0; i < n_list; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcasecmp(list[i], list[j]) == 0)
				settings_problem(r, map, "%s is to say two things", list[i]);
		}
	}
}

static void read_attributes(struct settings_reader *r, const struct yaml_node *map, enum setting_section section, const char *key,
	struct settings_ldap_rules *rules)
{
	const struct yaml_node none = {.kind = YAML_NODE_MAP, .key = key, .line = map->line, .file = map->file};
	const struct yaml_node *node = yaml_get(map, key);
	bool marks = section == SECTION_ldap_mark;

	if (section_read(r, section, node ? node : &none, rules) == 0)
		require_attributes(r, node ? node : &none, marks ? rules->mark : rules->attribute, marks ? LDAP_MARK_FIELDS : LDAP_RULE_FIELDS);
}

static void read_bounds(struct settings_reader *r, const struct yaml_node *map, const struct ldap_rules_words *w,
	struct settings_ldap_rules *rules)
{
	enum outcome o;

	for (size_t i = 0; w->outcomes && w->outcomes[i]; i++) {
		if (outcome_read(w->outcomes[i], &o) < 0)
			settings_problem(r, yaml_get(map, "outcomes"), "\"%.60s\" must be one of: licensed customer portal deny", w->outcomes[i]);
		else
			rules->may_give[o] = true;
	}
	rules->change_limit = w->change_limit;
	rules->groups = w->groups;
	rules->organizations = w->organizations;
	rules->desks = w->desks;
}

/* A bound for what no connection can have would look as if something were allowed. */
static void require_portal_accounts(struct settings_reader *r, const struct yaml_node *map)
{
	const struct yaml_node *organizations = yaml_get(map, "organizations"), *desks = yaml_get(map, "desks");
	const struct settings *s = r->settings;
	bool any = false, by_rest = false;

	for (size_t i = 0; i < s->connection_count; i++) {
		const struct settings_target *t = s->connections[i].accounts;

		any |= t && t->kind != TARGET_ORGANIZATION;
		by_rest |= t && t->kind == TARGET_PORTAL_REST;
	}
	if (r->use == SETTINGS_TO_ANSWER && !s->connection_count)
		return;                 /* none is set up yet */
	if (organizations && !any)
		settings_problem(r, organizations, "no portal connection has accounts, which are what is put in customer organizations");
	if (desks && !by_rest)
		settings_problem(r, desks, "no portal connection has accounts with a site, where the desks are");
}

/* A rule that denies stands before those of LDAP, so that nobody there can give what the file refuses. */
static void read_place(struct settings_reader *r, const struct yaml_node *map, const struct ldap_rules_words *w,
	struct settings_ldap_rules *rules)
{
	const struct policy *policy = &r->settings->policy;
	size_t i;

	rules->place = policy->rule_count;
	if (!w->after)
		return;
	for (i = 0; i < policy->rule_count && (!policy->rules[i].name || strcmp(policy->rules[i].name, w->after) != 0); i++)
		;
	if (i == policy->rule_count) {
		settings_problem(r, yaml_get(map, "after"), "\"%.60s\" is not a rule of this file", w->after);
		return;
	}
	rules->place = i + 1;
	for (i = rules->place; i < policy->rule_count && !w->overtake_deny; i++) {
		if (policy->rules[i].outcome == OUTCOME_DENY && policy->rules[i].name)
			settings_problem(r, yaml_get(map, "after"), "\"%.60s\" denies and stands behind \"%.60s\", so rules in LDAP could give first: "
				"move it up, or set overtake_deny: yes", policy->rules[i].name, w->after);
	}
}

/* What is asked for from the server, as the mirror wants it: sorted, each once. */
static const char *const *asked_for(struct arena *a, const char *const *names, size_t count)
{
	const char **list = arena_alloc(a, (count + 1) * sizeof(*list));
	size_t n = 0, k;

	for (size_t i = 0; i < count; i++) {
		const char *name = folded(a, names[i]);

		for (k = n; k > 0 && strcmp(list[k - 1], name) > 0; k--)
			list[k] = list[k - 1];
		list[k] = name;
		n++;
	}
	return list;
}

static bool is_same_dn(struct arena *a, const char *one, const char *other)
{
	const char *x, *y;

	return other && dn_normalize(a, one, &x) == 0 && dn_normalize(a, other, &y) == 0 && strcmp(x, y) == 0;
}

static void require_source(struct settings_reader *r, const struct yaml_node *map, const struct settings_ldap_rules *rules)
{
	struct directory_options *d = NULL;
	const char *key;

	for (size_t i = 0; i < r->settings->directory_count; i++) {
		if (rules->directory && r->directories[i].options.name && strcmp(r->directories[i].options.name, rules->directory) == 0)
			d = &r->directories[i].options;
	}
	if (rules->directory && !d)
		settings_problem(r, yaml_get(map, "directory"), "\"%.60s\" is not a directory", rules->directory);
	if (rules->base && dn_normalize(r->arena, rules->base, &key) < 0)
		settings_problem(r, yaml_get(map, "base"), "\"%.200s\" is not a DN", rules->base);
	else if (d && rules->base && (is_same_dn(r->arena, rules->base, d->people_base) || is_same_dn(r->arena, rules->base, d->groups_base)))
		settings_problem(r, yaml_get(map, "base"), "is the base of people or groups: who may add one of those could write rules");
	if (rules->filter && (*rules->filter != '(' || rules->filter[strlen(rules->filter) - 1] != ')'))
		settings_problem(r, yaml_get(map, "filter"), "\"%.200s\" is not an LDAP filter (parentheses around the whole)", rules->filter);
	if (!d)
		return;
	d->rules_base = rules->base;
	d->rules_filter = rules->filter;
	d->rules_attributes = asked_for(r->arena, rules->attribute, LDAP_RULE_FIELDS);
	if (rules->marks)
		d->group_attributes = asked_for(r->arena, rules->mark, LDAP_MARK_FIELDS);
}

void settings_read_ldap_rules(struct settings_reader *r)
{
	const struct yaml_node *map = yaml_get(r->root, "ldap_rules");
	struct settings_ldap_rules *rules = &r->settings->ldap_rules;
	struct ldap_rules_words w = {0};

	if (!map || section_read(r, SECTION_ldap_rules, map, &w) < 0)
		return;
	rules->line = map->line;
	rules->directory = w.directory;
	rules->base = w.base;
	rules->filter = w.filter;
	rules->marks = w.marks;
	read_attributes(r, map, SECTION_ldap_rule, "attributes", rules);
	read_attributes(r, map, SECTION_ldap_mark, "mark_attributes", rules);
	if (!w.marks && yaml_get(map, "mark_attributes"))
		settings_problem(r, yaml_get(map, "mark_attributes"), "is about marks, which marks: yes switches on");
	read_bounds(r, map, &w, rules);
	settings_require_no_builtin_group(r, yaml_get(map, "groups"), w.groups);
	require_portal_accounts(r, map);
	read_place(r, map, &w, rules);
	require_source(r, map, rules);
}
