/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `provision`, `accounts` and the accounts of connections in the settings: where accounts are made, and what bounds that. */
#include "tests/unit/settings_lines.h"

/* One setting a line, so that a case replaces a line by its number. */
static const char *const good[] = {
	/*  1 */ "public_url: https://sso.example.org",
	/*  2 */ "key: /etc/postern/signing.key",
	/*  3 */ "certificate: /etc/postern/signing.crt",
	/*  4 */ "claimed_domains: [example.org]",
	/*  5 */ "provision: plan",
	/*  6 */ "accounts: {organization: o-1, organization_key: /o.key, administrators: [a@example.org, root@example.net], protect: robot@example.org}",
	/*  7 */ "identity_providers:",
	/*  8 */ "  entra: {metadata: /a.xml}",
	/*  9 */ "connections:",
	/* 10 */ "  organisation: {kind: managed, entity_id: o, acs: 'https://a.example/acs', start: 'https://a.example/',",
	/* 11 */ "    accounts: {scim: 'https://api.example/scim/directory/1/', key: /scim.key, key_ends: 2030-05-31, licensed: [jira], customer: [portal]}}",
	/* 12 */ "  helpdesk: {kind: portal, entity_id: h, acs: 'https://h.example/acs', home: 'https://h.example/',",
	/* 13 */ "    accounts: {site: 'https://h.example', login: p@example.net, key: /h.token, organizations: [Partners], desks: [HELP, 15]}}",
	/* 14 */ "directories:",
	/* 15 */ "  corp: {uri: ldaps://l.example, people: {base: dc=x}, groups: {base: dc=x}, join: {objectidentifier: employeeNumber}}",
	/* 16 */ "rules:",
	/* 17 */ "  - {name: developers, when: \"title = Developer\", outcome: licensed, groups: [software]}",
	/* 18 */ "  - {name: staff, when: \"title = Staff\", outcome: customer, groups: [extra]}",
	/* 19 */ "  - {name: partners, when: \"title = Partner\", outcome: portal, at: helpdesk, organizations: [Gold], desks: [BUY]}",
	/* 20 */ "ldap_rules: {directory: corp, base: 'ou=a,dc=x', outcomes: portal, organizations: ['Silver *'], desks: [BUY]}",
};
#define LINES (sizeof(good) / sizeof(*good))

static int read_with(struct arena *a, size_t number, const char *line, const struct settings **out, struct error *err)
{
	return settings_of(a, settings_lines(a, good, LINES, number, line), out, NULL, err);
}

static bool is_kept(const struct settings *s, const char *attribute)
{
	for (size_t i = 0; s->directories[0].attributes[i]; i++) {
		if (strcasecmp(s->directories[0].attributes[i], attribute) == 0)
			return true;
	}
	return false;
}

static void reads_where_accounts_are_made(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	const struct settings_target *t;
	struct error err;

	(void)state;
	assert_done(read_with(a, 0, NULL, &s, &err), err);
	assert_int_equal(s->provision, PROVISION_PLAN);
	t = s->connections[0].accounts;
	assert_int_equal(t->kind, TARGET_ORGANIZATION);
	assert_string_equal(t->scim, "https://api.example/scim/directory/1");
	assert_string_equal(t->licensed[0], "jira");
	assert_string_equal(t->customer[0], "portal");
	assert_null(t->desks[0]);
	assert_int_equal(t->rate, 10);
	assert_int_equal(t->key_ends, 1906502400);      /* 2030-06-01T00:00:00Z */
	t = s->connections[1].accounts;
	assert_int_equal(t->kind, TARGET_PORTAL_REST);
	assert_string_equal(t->login, "p@example.net");
	assert_string_equal(t->desks[1], "15");
	assert_string_equal(s->ldap_rules.organizations[0], "Silver *");
	assert_string_equal(s->ldap_rules.desks[0], "BUY");
	assert_string_equal(s->accounts.protect[0], "robot@example.org");
	assert_null(s->accounts.protect_groups[0]);
	assert_int_equal(s->accounts.grace, 7 * 86400);
	assert_int_equal(s->accounts.deactivate_within, 86400);
	assert_false(s->accounts.external_users);
	assert_int_equal(s->accounts.seat_share, 50);
	assert_int_equal(s->accounts.plan_max_age, 7 * 86400);          /* an organization is read by itself */
	assert_string_equal(strrchr(s->accounts.audit_file, '/'), "/audit.jsonl");
	assert_non_null(strstr(s->accounts.audit_file, "/provision/"));
	assert_string_equal(s->policy.rules[0].groups[0], "software");
	assert_string_equal(s->policy.rules[2].organizations[0], "Gold");
	assert_string_equal(s->policy.rules[2].desks[0], "BUY");
	assert_true(is_kept(s, "department"));
	arena_free(a);
}

static void makes_no_accounts_unless_asked(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(read_with(a, 5, "", &s, &err), err);
	assert_int_equal(s->provision, PROVISION_OFF);
	assert_done(read_with(a, 11, "}", &s, &err), err);
	assert_null(s->connections[0].accounts);
	arena_free(a);
}

static const struct settings_case bad[] = {
	{6, "accounts: {administrators: [a@example.org]}", "p.yaml:6: administrators: must name an administrator outside of the claimed domains"},
	{6, "", "p.yaml:1: administrators: must name an administrator outside"},
	{6, "accounts: {seat_share: 101, administrators: [root@example.net]}", "p.yaml:6: seat_share: "},
	{6, "accounts: {external_users: some, administrators: [root@example.net]}", "p.yaml:6: external_users: "},
	{6, "accounts: {deactivate_within: 32d, administrators: [root@example.net]}", "p.yaml:6: deactivate_within: "},
	{6, "accounts: {plan_max_age: 30m, administrators: [root@example.net]}", "p.yaml:6: plan_max_age: "},
	{6, "accounts: {audit_file: '', administrators: [root@example.net]}", "p.yaml:6: audit_file: "},
	{6, "accounts: {administrators: [root]}", "p.yaml:6: administrators: \"root\" is not a mail address"},
	{6, "accounts: {organization: o-1, administrators: [root@example.net]}", "p.yaml:6: organization_key: is missing"},
	{6, "accounts: {organization_key: /o.key, administrators: [root@example.net]}", "p.yaml:6: organization: is missing"},
	{6, "accounts: {organization: o, organization_key: /o, organization_key_ends: soon, administrators: [root@example.net]}",
		"p.yaml:6: organization_key_ends: \"soon\" is not a day"},
	{11, "accounts: {key: /scim.key}}", "p.yaml:11: scim: is missing"},
	{13, "}", "p.yaml:20: organizations: no portal connection has accounts"},
	{13, "accounts: {scim: 'https://api.example/2', key: /k}}", "p.yaml:20: desks: no portal connection has accounts with a site"},
	{11, "accounts: {scim: 'https://api.example/1'}}", "p.yaml:11: key: is missing"},
	{11, "accounts: {scim: 'https://api.example/1?x=1', key: /k}}", "p.yaml:11: scim: \"https://api.example/1?x=1\" must have no query"},
	{11, "accounts: {scim: 'http://api.example/1', key: /k}}", "p.yaml:11: scim: "},
	{11, "accounts: {scim: 'http://localhost/1', key: /k}}", "p.yaml:11: scim: \"http://localhost/1\" is no address that a key may be sent to"},
	{11, "accounts: {scim: 'https://api.example/1', key: /k, key_ends: 2030-02-30}}", "p.yaml:11: key_ends: \"2030-02-30\" is not a day"},
	{11, "accounts: {scim: 'https://api.example/1', key: /k, desks: [A]}}", "p.yaml:11: desks: belongs to portal connections only"},
	{11, "accounts: {scim: 'https://api.example/1', key: /k, licensed: [a], customer: [a]}}", "p.yaml:11: customer: \"a\" is a licensed group"},
	{11, "accounts: {scim: 'https://api.example/1', key: /k, licensed: [org-admins]}}", "p.yaml:11: licensed: \"org-admins\" is a group of"},
	{11, "accounts: {scim: 'https://api.example/1', key: /k, licensed: [extra]}}", "p.yaml:18: groups: \"extra\" is a group of licensed people"},
	{11, "accounts: {scim: 'https://api.example/1', key: /k, customer: [software]}}", "p.yaml:17: groups: \"software\" is the group of customers"},
	{13, "accounts: {key: /k}}", "p.yaml:13: accounts: must have one of scim and site"},
	{13, "accounts: {scim: 'https://a.example', site: 'https://h.example', key: /k}}", "p.yaml:13: accounts: must have one of scim and site"},
	{13, "accounts: {scim: 'https://a.example', key: /k, desks: [A]}}", "p.yaml:13: desks: belongs to a site, not to scim"},
	{13, "accounts: {scim: 'https://a.example', key: /k, licensed: [a]}}", "p.yaml:13: licensed: belongs to managed connections only"},
	{17, "  - {name: d, when: \"title = D\", outcome: licensed, groups: [site-admins]}", "p.yaml:17: groups: \"site-admins\" is a group of"},
	{17, "  - {name: d, when: \"title = D\", outcome: licensed, groups: [jira-software-users-example]}",
		"p.yaml:17: groups: \"jira-software-users-example\" is a group of Atlassian's own"},
	{17, "  - {name: d, when: \"title = D\", outcome: licensed, desks: [A]}", "p.yaml:17: desks: belongs to outcome portal"},
	{18, "  - {name: s, when: \"title = S\", outcome: customer, groups: [software]}", "p.yaml:18: groups: \"software\" is a group of licensed"},
	{19, "  - {name: p, when: \"title = P\", outcome: portal, at: helpdesk, groups: [a]}", "p.yaml:19: groups: belongs to outcomes licensed"},
	{19, "  - {name: p, when: \"title = P\", outcome: deny, organizations: [a]}", "p.yaml:19: organizations: belongs to outcome portal"},
};

static void says_what_is_wrong(void **state)
{
	(void)state;
	assert_settings_refused(good, LINES, bad, sizeof(bad) / sizeof(*bad));
}

static void two_managed_connections_are_one_too_many(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s;
	struct error err;

	(void)state;
	assert_int_equal(read_with(a, 12, "  helpdesk: {kind: managed, entity_id: h, acs: 'https://h.example/acs', start: 'https://h.example/', "
		"accounts: {scim: 'https://api.example/2', key: /k}}", &s, &err), -1);
	arena_free(a);
}

static void nothing_to_make_accounts_at(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s;
	struct error err;
	struct files *files = files_from_disk(a);
	struct text t;

	(void)state;
	text_begin(&t, a, 2048);
	for (size_t i = 0; i < LINES - 1; i++) {        /* without ldap_rules, which would miss them, too */
		text_add_c(&t, i == 10 || i == 12 ? "}" : good[i]);
		text_add_c(&t, "\n");
	}
	files_put(files, "p.yaml", FILES_ALL, text_slice(&t));
	assert_int_equal(settings_read(a, files, "p.yaml", &s, NULL, &err), -1);
	assert_string_equal(err.detail, "p.yaml:5: provision: needs a connection with accounts, where they are made");
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_where_accounts_are_made),
		cmocka_unit_test(makes_no_accounts_unless_asked),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(two_managed_connections_are_one_too_many),
		cmocka_unit_test(nothing_to_make_accounts_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
