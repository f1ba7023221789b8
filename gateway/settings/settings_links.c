/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `go`: links to publish, each with a landing for every outcome that a rule can give. */
#include "gateway/settings/mail.h"
#include "gateway/settings/settings_reader.h"

/* A URL, or the name of a connection of the outcome's kind: its start or home. */
static void read_landing(struct settings_reader *r, const struct yaml_node *map, enum outcome o, const char *text, struct settings_link *link)
{
	const struct yaml_node *node = yaml_get(map, outcome_word(o));
	const struct settings_connection *c;
	const char *fault;

	if (strstr(text, "://")) {
		fault = url_fault(text);
		if (fault)
			settings_problem(r, node, "\"%.200s\" %s", text, fault);
		link->landing[o] = text;
		return;
	}
	c = settings_connection(r->settings, text);
	if (!c) {
		settings_problem(r, node, "\"%.60s\" is neither a URL nor a connection", text);
		return;
	}
	if (o == OUTCOME_PORTAL && c->kind == DOOR_MANAGED) {
		settings_problem(r, node, "\"%.60s\" is a managed connection; portal people need a portal one", text);
		return;
	}
	link->landing[o] = c->kind == DOOR_MANAGED ? c->start : c->home;
	link->landing_door[o] = c->name;
}

static bool rules_can_give(const struct settings *s, enum outcome o)
{
	const struct policy *policy = &s->policy;
	size_t i;

	if (s->ldap_rules.directory && s->ldap_rules.may_give[o])
		return true;
	for (i = 0; i < policy->rule_count; i++) {
		if (policy->rules[i].outcome == o)
			return true;
	}
	for (i = 0; i < policy->exception_count; i++) {
		if (policy->exceptions[i].outcome == o)
			return true;
	}
	return false;
}

static void require_landings(struct settings_reader *r, const struct yaml_node *map)
{
	static const enum outcome outcomes[] = {OUTCOME_LICENSED, OUTCOME_CUSTOMER, OUTCOME_PORTAL};
	size_t i;

	for (i = 0; i < sizeof(outcomes) / sizeof(*outcomes); i++) {
		const char *word = outcome_word(outcomes[i]);

		if (!yaml_get(map, word) && rules_can_give(r->settings, outcomes[i]))
			settings_problem_key(r, map, word, "is missing in %s: a rule or an exception can give this outcome, so the link needs a landing for it",
				map->key);
	}
}

/* The only managed connection, when there is one. */
static const char *only_managed(const struct settings *s, size_t *count_out)
{
	const char *name = NULL;
	size_t i, n = 0;

	for (i = 0; i < s->connection_count; i++) {
		if (s->connections[i].kind != DOOR_MANAGED)
			continue;
		name = s->connections[i].name;
		n++;
	}
	*count_out = n;
	return n == 1 ? name : NULL;
}

static void read_via(struct settings_reader *r, const struct yaml_node *map, const char *via, struct settings_link *link)
{
	const struct settings_connection *c;
	size_t count;

	if (!via) {
		link->via = only_managed(r->settings, &count);
		if (count > 1)
			settings_problem_key(r, map, "via", "is missing in %s: there are %zu managed connections to choose from", map->key, count);
		return;
	}
	c = settings_connection(r->settings, via);
	if (!c || c->kind != DOOR_MANAGED)
		settings_problem(r, yaml_get(map, "via"), "\"%.60s\" is not a managed connection", via);
	link->via = via;
}

static void read_link(struct settings_reader *r, const struct yaml_node *map, struct settings_link *link)
{
	struct link_words w = {0};
	int o;

	link->name = map->key;
	link->line = map->line;
	if (!settings_name_is_good(r, map) || section_read(r, SECTION_link, map, &w) < 0)
		return;
	for (o = 0; o < OUTCOME_COUNT; o++) {
		if (w.landing[o])
			read_landing(r, map, (enum outcome)o, w.landing[o], link);
	}
	require_landings(r, map);
	read_via(r, map, w.via, link);
	link->providers = settings_chosen_providers(r, map, w.provider, w.providers);
	link->provider = link->providers[0];
	link->login_hint = w.login_hint;
	if (w.login_hint && !mail_is_plain(w.login_hint))
		settings_problem(r, yaml_get(map, "login_hint"), "\"%.100s\" is not a mail address", w.login_hint);
}

static void require_default_link(struct settings_reader *r)
{
	const char *name = r->settings->default_link;

	if (name && !settings_link(r->settings, slice_c(name)))
		settings_problem(r, yaml_get(r->root, "default_link"), "\"%.60s\" is not a link of go", name);
}

static void read_all(struct settings_reader *r)
{
	const struct yaml_node *node = yaml_get(r->root, "go"), *n;
	struct settings_link *links;

	if (!node)
		return;
	if (node->kind != YAML_NODE_MAP) {
		settings_problem(r, node, "must be a map of names");
		return;
	}
	links = arena_alloc(r->arena, (yaml_children(node) + 1) * sizeof(*links));
	for (n = node->child; n; n = n->next)
		read_link(r, n, &links[r->settings->link_count++]);
	r->settings->links = links;
}

void settings_read_links(struct settings_reader *r)
{
	read_all(r);
	require_default_link(r);
}
