/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `accounts`, of a connection and of all: where accounts are made, and what bounds that. */
#include "gateway/settings/settings_reader.h"

#include "base/calendar.h"
#include "base/clock.h"
#include "base/log.h"

static const char *const none[] = {NULL};

/* ---- words ---- */

static void read_day(struct settings_reader *r, const struct yaml_node *map, const char *key, const char *text, int64_t *end_out)
{
	int64_t day;

	if (!text)
		return;
	if (calendar_read_day(slice_c(text), &day) < 0)
		settings_problem(r, yaml_get(map, key), "\"%.40s\" is not a day, as 2027-05-31", text);
	else
		*end_out = zone_midnight(NULL, day + 1);
}

static bool is_in(const char *const *list, const char *name)
{
	for (; list && *list; list++) {
		if (strcmp(*list, name) == 0)
			return true;
	}
	return false;
}

static void require_groups(struct settings_reader *r, const struct yaml_node *node, const char *const *groups)
{
	settings_require_no_builtin_group(r, node, groups);
	for (size_t i = 0; groups[i]; i++) {
		if (strlen(groups[i]) > 200)
			settings_problem(r, node, "\"%.40s...\" is longer than 200 bytes", groups[i]);
	}
}

/* Addresses that a path is put behind. */
static const char *base_address(struct settings_reader *r, const struct yaml_node *map, const char *key, const char *address)
{
	size_t n = address ? strlen(address) : 0;
	struct url_parts u;

	if (!address)
		return NULL;
	/* web.c says the same, but only when somebody plans */
	if (url_split(address, &u) == 0 && slice_is(u.scheme, "http") && !slice_is(u.host, "127.0.0.1") && !slice_is(u.host, "::1") &&
		!slice_is(u.host, "[::1]"))
		settings_problem(r, yaml_get(map, key), "\"%.200s\" is no address that a key may be sent to: https, or http to 127.0.0.1 or [::1]",
			address);
	if (url_split(address, &u) == 0 && (memchr(u.rest.p, '?', u.rest.n) || memchr(u.rest.p, '#', u.rest.n)))
		settings_problem(r, yaml_get(map, key), "\"%.200s\" must have no query", address);
	while (n && address[n - 1] == '/')
		n--;
	return arena_printf(r->arena, "%.*s", (int)n, address);
}

/* ---- of a connection ---- */

static void require_kind(struct settings_reader *r, const struct yaml_node *map, const struct settings_target *t, bool managed)
{
	static const char *const of_portals[] = {"site", "login", "organizations", "desks"}, *const of_managed[] = {"licensed", "customer"};
	size_t i;

	for (i = 0; managed && i < sizeof(of_portals) / sizeof(*of_portals); i++) {
		if (yaml_get(map, of_portals[i]))
			settings_problem(r, yaml_get(map, of_portals[i]), "belongs to portal connections only");
	}
	for (i = 0; !managed && i < sizeof(of_managed) / sizeof(*of_managed); i++) {
		if (yaml_get(map, of_managed[i]))
			settings_problem(r, yaml_get(map, of_managed[i]), "belongs to managed connections only");
	}
	if (managed && !yaml_get(map, "scim"))
		settings_problem_key(r, map, "scim", "is missing: Atlassian accounts are made in a SCIM directory");
	if (!managed && !yaml_get(map, "scim") == !yaml_get(map, "site"))
		settings_problem(r, map, "must have one of scim and site");
	if (!managed && t->scim && (yaml_get(map, "login") || yaml_get(map, "desks")))
		settings_problem(r, yaml_get(map, yaml_get(map, "desks") ? "desks" : "login"), "belongs to a site, not to scim");
}

/* One person's account would have two places. */
static void require_one_managed(struct settings_reader *r, const struct yaml_node *map, const struct settings_connection *c)
{
	for (size_t i = 0; c->kind == DOOR_MANAGED && i < r->settings->connection_count; i++) {
		if (r->connections[i].kind == DOOR_MANAGED && r->connections[i].accounts)
			settings_problem(r, map, "connection %s has accounts already, and only one managed connection may", r->connections[i].name);
	}
}

void settings_read_target(struct settings_reader *r, const struct yaml_node *connection, struct settings_connection *c)
{
	const struct yaml_node *map = yaml_get(connection, "accounts");
	struct settings_target *t;

	if (!map)
		return;
	t = arena_alloc(r->arena, sizeof(*t));
	*t = (struct settings_target){.line = map->line, .licensed = none, .customer = none, .organizations = none, .desks = none};
	if (section_read(r, SECTION_target, map, t) < 0)
		return;
	require_kind(r, map, t, c->kind == DOOR_MANAGED);
	require_one_managed(r, map, c);
	t->kind = c->kind == DOOR_MANAGED ? TARGET_ORGANIZATION : t->site ? TARGET_PORTAL_REST : TARGET_PORTAL_SCIM;
	t->scim = base_address(r, map, "scim", t->scim);
	t->site = base_address(r, map, "site", t->site);
	read_day(r, map, "key_ends", t->key_ends_text, &t->key_ends);
	require_groups(r, yaml_get(map, "licensed"), t->licensed);
	require_groups(r, yaml_get(map, "customer"), t->customer);
	for (size_t i = 0; t->customer[i]; i++) {
		if (is_in(t->licensed, t->customer[i]))
			settings_problem(r, yaml_get(map, "customer"), "\"%.100s\" is a licensed group, too: customers would be billed", t->customer[i]);
	}
	c->accounts = t;
}

/* ---- bounds ---- */

/* What a rule with outcome licensed names, or the connection calls licensed, must not be a customer's. */
static void require_no_seat_for_customers(struct settings_reader *r, const struct settings_target *t)
{
	const struct policy *policy = &r->settings->policy;
	const struct yaml_node *map = yaml_get(r->root, "rules")->child;

	for (size_t i = 0; i < policy->rule_count; i++, map = map->next) {
		const struct rule *rule = &policy->rules[i];

		for (size_t j = 0; rule->outcome == OUTCOME_CUSTOMER && rule->groups && rule->groups[j]; j++) {
			bool licensed = is_in(t->licensed, rule->groups[j]);

			for (size_t k = 0; k < policy->rule_count && !licensed; k++)
				licensed = policy->rules[k].outcome == OUTCOME_LICENSED && is_in(policy->rules[k].groups, rule->groups[j]);
			if (licensed)
				settings_problem(r, yaml_get(map, "groups"), "\"%.100s\" is a group of licensed people: customers would be billed",
					rule->groups[j]);
		}
		for (size_t j = 0; rule->outcome == OUTCOME_LICENSED && rule->groups && rule->groups[j]; j++) {
			if (is_in(t->customer, rule->groups[j]))
				settings_problem(r, yaml_get(map, "groups"), "\"%.100s\" is the group of customers, who would be billed", rule->groups[j]);
		}
	}
}

/* Whoever else has a mail of a claimed domain signs on by what provisioning could take away. */
static void require_administrator(struct settings_reader *r, const struct settings *s, const struct yaml_node *map)
{
	const char *const *mail, *const *domain, *at;

	for (mail = s->accounts.administrators; *mail; mail++) {
		at = strrchr(*mail, '@');
		if (!at) {
			settings_problem(r, yaml_get(map, "administrators"), "\"%.100s\" is not a mail address", *mail);
			return;
		}
		for (domain = s->claimed_domains; *domain && strcasecmp(*domain, at + 1) != 0; domain++)
			;
		if (!*domain)
			return;
	}
	settings_problem_key(r, map ? map : r->root, "administrators", "must name an administrator outside of the claimed domains, who gets in when "
		"sign-on fails, and every one inside of them, since nothing finds them; unless provision is off");
}

/* Read by itself, an inventory is hours old; after a week something is wrong. */
static int64_t plan_max_age(const struct settings *s)
{
	if (s->accounts.plan_max_age)
		return s->accounts.plan_max_age;
	return s->accounts_max_age || !s->accounts.organization ? s->accounts_max_age : 7 * CALENDAR_DAY;
}

void settings_read_accounts(struct settings_reader *r)
{
	const struct yaml_node *map = yaml_get(r->root, "accounts");
	struct settings *s = r->settings;
	struct settings_accounts *a = &s->accounts;
	bool any = false;

	a->protect = a->protect ? a->protect : none;
	a->protect_groups = a->protect_groups ? a->protect_groups : none;
	a->administrators = a->administrators ? a->administrators : none;
	a->organization_api = base_address(r, map, "organization_api", a->organization_api);
	read_day(r, map, "organization_key_ends", a->organization_key_ends_text, &a->organization_key_ends);
	a->plan_max_age = plan_max_age(s);
	if (!a->organization != !a->organization_key_file)
		settings_problem_key(r, map, a->organization ? "organization_key" : "organization",
			"is missing: organization and organization_key belong together");
	for (size_t i = 0; i < s->connection_count; i++) {
		const struct settings_connection *c = &s->connections[i];

		if (!c->accounts)
			continue;
		any = true;
		if (c->kind == DOOR_MANAGED && settings_is_list(r, yaml_get(r->root, "rules")))
			require_no_seat_for_customers(r, c->accounts);
	}
	if (s->provision == PROVISION_OFF)
		return;
	if (!any)
		settings_problem(r, yaml_get(r->root, "provision"), "needs a connection with accounts, where they are made");
	require_administrator(r, s, map);
}

/* ---- files ---- */

static void load_key(struct settings_reader *r, const struct yaml_node *map, const char *key, const char *path, int64_t ends)
{
	struct slice bytes;
	struct error err;

	if (files_get(r->files, path, FILE_SECRET, FILES_PROVISION, &bytes, &err) < 0)
		settings_problem(r, yaml_get(map, key), "%s", err.detail);
	else if (settings_key_bytes(bytes).n == 0)
		settings_problem(r, yaml_get(map, key), "%s: is empty", path);
	/* only told: sign-ons need no such key, and must not wait for a new one */
	if (ends && ends <= clock_now())
		log_warning("the last day of an API key is over: make a new one at Atlassian", "key", path, NULL);
}

void settings_load_accounts(struct settings_reader *r)
{
	const struct settings *s = r->settings;
	const struct yaml_node *map = yaml_get(r->root, "connections")->child;
	struct slice bytes;
	struct error err;

	for (size_t i = 0; i < s->connection_count; i++, map = map->next) {
		const struct settings_target *t = s->connections[i].accounts;
		const struct yaml_node *node = yaml_get(map, "accounts");

		if (!t)
			continue;
		load_key(r, node, "key", t->key_file, t->key_ends);
		if (t->ca_file && files_get(r->files, t->ca_file, FILE_PUBLIC, FILES_PROVISION, &bytes, &err) < 0)
			settings_problem(r, yaml_get(node, "ca_file"), "%s", err.detail);
	}
	if (s->accounts.organization_key_file)
		load_key(r, yaml_get(r->root, "accounts"), "organization_key", s->accounts.organization_key_file,
			s->accounts.organization_key_ends);
}

struct slice settings_key_bytes(struct slice bytes)
{
	while (bytes.n && strchr(" \t\r\n", bytes.p[bytes.n - 1]))
		bytes.n--;
	return bytes;
}

int settings_target_secrets(struct files *files, const struct settings_target *t, struct target *out, struct error *err)
{
	struct slice key, ca = {NULL, 0};

	if (files_get(files, t->key_file, FILE_SECRET, FILES_PROVISION, &key, err) < 0 ||
		(t->ca_file && files_get(files, t->ca_file, FILE_PUBLIC, FILES_PROVISION, &ca, err) < 0))
		return -1;
	out->key = settings_key_bytes(key);
	out->ca_pem = ca;
	return 0;
}
