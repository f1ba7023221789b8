/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is read out of good settings. */
#include "tests/unit/settings_good.h"

/* With the directory's providers named, what is missing is the connections' own. */
static void connections_choose_among_several_providers(void **state)
{
	struct arena *a = arena_new();
	struct slice file = file_with(a, 29, "    join: {objectidentifier: employeeNumber}\n    providers: [entra, second]");
	const char *second = strstr(arena_copy(a, file), "connections:");
	size_t before = file.n - strlen(second);
	const struct settings *s = NULL;
	struct text t;
	struct error err;

	(void)state;
	text_begin(&t, a, file.n + 64);
	text_add(&t, slice_of(file.p, before));
	text_add_c(&t, "    domains: a.example\n  second: {metadata: /etc/postern/second.xml, domains: b.example}\n");
	text_add_c(&t, second);
	assert_refused(settings_of(a, text_slice(&t), &s, NULL, &err), err, REASON_SETTINGS);
	assert_non_null(strstr(err.detail, "p.yaml:14: provider: is missing in organisation: there are 2 identity providers"));
	arena_free(a);
}

static void reads_all_of_a_good_file(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	const struct settings_link *link;
	const struct settings_connection *c;
	struct error err;

	(void)state;
	assert_done(settings_of(a, file_with(a, 0, ""), &s, NULL, &err), err);
	assert_string_equal(s->public_host, "sso.example.org");
	assert_string_equal(s->acs_url, "https://sso.example.org/saml/sp/acs/1");
	assert_string_equal(s->sp_entity_id, "https://sso.example.org/saml/sp/metadata");
	assert_string_equal(s->idp_entity_id, "https://sso.example.org/saml/idp/metadata");
	assert_string_equal(s->state_dir, "/var/lib/postern");
	assert_int_equal(s->pending_seconds, 900);
	assert_string_equal(s->slo_url, "https://sso.example.org/saml/sp/slo");
	assert_int_equal(s->logout_seconds, 43200);
	assert_int_equal(s->providers[0].logout_signed, LOGOUT_SIGNED_ANY);
	assert_int_equal(s->providers[0].logout_answer, LOGOUT_ANSWER_AUTO);
	assert_int_equal(s->audit_failure, AUDIT_REFUSE);
	assert_true(s->workers >= 1);
	assert_string_equal(s->providers[0].metadata_url, "https://login.example.com/metadata.xml");
	assert_null(s->providers[0].metadata_file);
	assert_int_equal(s->providers[0].skew, 180);
	assert_false(s->providers[0].sign_requests || settings_sign_requests(s));
	assert_null(s->providers[0].name_id_format);
	assert_null(s->links[0].login_hint);
	assert_string_equal(s->keys_dir, "/etc/postern/keys");
	c = settings_connection(s, "helpdesk");
	assert_non_null(c);
	assert_string_equal(c->idp_entity_id, s->idp_entity_id);
	assert_string_equal(c->title, c->name);
	assert_int_equal(c->kind, DOOR_PORTAL);
	assert_ptr_equal(settings_connection_by_entity(s, "opaque"), c);
	assert_null(settings_connection_by_entity(s, "opaqu"));
	assert_string_equal(c->name_id_format, SAML_FORMAT_EMAIL);
	assert_int_equal(c->refusals, REFUSALS_PAGE);
	assert_int_equal(c->requests, REQUESTS_ANY);
	assert_null(c->request_certificates);
	assert_false(settings_demands_signed_requests(s));
	assert_int_equal(s->policy.rule_count, 2);
	assert_int_equal(s->policy.rules[1].outcome, OUTCOME_PORTAL);
	assert_int_equal(s->policy.rules[1].line, 32);
	assert_true(s->policy.requirements[0].for_outcome[OUTCOME_LICENSED]);
	assert_false(s->policy.requirements[0].for_outcome[OUTCOME_CUSTOMER]);
	link = settings_link(s, slice_c("help"));
	assert_non_null(link);
	assert_string_equal(link->landing[OUTCOME_PORTAL], "https://example.atlassian.net/portals");
	assert_string_equal(link->landing_door[OUTCOME_PORTAL], "helpdesk");
	assert_string_equal(link->landing[OUTCOME_LICENSED], "https://example.atlassian.net/jira");
	assert_null(link->landing_door[OUTCOME_LICENSED]);
	assert_string_equal(link->via, "organisation");
	assert_string_equal(link->provider, "entra");
	assert_null(settings_link(s, slice_c("hel")));
	arena_free(a);
}

static void reads_one_cookie_secret_or_two(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(settings_of(a, file_with(a, 6, "state_dir: /s"), &s, NULL, &err), err);
	assert_string_equal(s->cookie_secrets[0], "/s/cookie.secret");
	assert_null(s->cookie_secrets[1]);
	assert_true(s->cookie_secret_is_made);
	assert_done(settings_of(a, file_with(a, 6, "cookie_secret: /c"), &s, NULL, &err), err);
	assert_string_equal(s->cookie_secrets[0], "/c");
	assert_null(s->cookie_secrets[1]);
	assert_false(s->cookie_secret_is_made);
	assert_done(settings_of(a, file_with(a, 6, "cookie_secret: [new, /c]"), &s, NULL, &err), err);
	assert_string_equal(s->cookie_secrets[0], "/etc/postern/new");
	assert_string_equal(s->cookie_secrets[1], "/c");
	assert_null(s->cookie_secrets[2]);
	arena_free(a);
}

static void reads_how_requests_are_made_and_taken(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(settings_of(a, file_with(a, 10, "    sign_requests: yes\n    name_id_format: transient"), &s, NULL, &err), err);
	assert_true(s->providers[0].sign_requests && settings_sign_requests(s));
	assert_string_equal(s->providers[0].name_id_format, SAML_FORMAT_TRANSIENT);
	assert_done(settings_of(a, file_with(a, 36, "  help: {licensed: https://x.example, portal: helpdesk, login_hint: h@x.example}"), &s, NULL, &err), err);
	assert_string_equal(s->links[0].login_hint, "h@x.example");
	assert_done(settings_of(a, file_with(a, 16, "    start: https://x.example\n    requests: signed\n    request_certificates: [a.crt, /b.crt]"), &s,
		NULL, &err), err);
	assert_int_equal(s->connections[0].requests, REQUESTS_SIGNED);
	assert_string_equal(s->connections[0].request_certificates[0], "/etc/postern/a.crt");
	assert_string_equal(s->connections[0].request_certificates[1], "/b.crt");
	assert_null(s->connections[0].request_certificates[2]);
	/* not of every connection, so not said in our metadata */
	assert_false(settings_demands_signed_requests(s));
	arena_free(a);
}

static const struct settings_attribute *attribute_of(const struct settings *s, const char *end)
{
	const struct settings_connection *c = settings_connection(s, "organisation");
	size_t i;

	for (i = 0; i < c->attribute_count; i++) {
		size_t n = strlen(c->attributes[i].name);

		if (n >= strlen(end) && strcmp(c->attributes[i].name + n - strlen(end), end) == 0)
			return &c->attributes[i];
	}
	return NULL;
}

static void reads_how_a_directory_is_followed(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(settings_of(a, file_with(a, 0, ""), &s, NULL, &err), err);
	assert_int_equal(s->directories[0].kind, DIRECTORY_OPENLDAP);
	assert_done(settings_of(a, file_with(a, 24, "    uri: ldaps://ldap.example.org\n    kind: other\n    poll: 1m\n    compare: 10s\n"
		"    id: ipaUniqueID"), &s, NULL, &err), err);
	assert_int_equal(s->directories[0].kind, DIRECTORY_OTHER);
	assert_int_equal(s->directories[0].poll_seconds, 60);
	assert_int_equal(s->directories[0].compare_seconds, 10);
	assert_string_equal(s->directories[0].id_attribute, "ipaUniqueID");
	arena_free(a);
}

static void sends_the_usual_attributes_and_further_ones(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(settings_of(a, file_with(a, 16, "    start: https://x.example\n    stable_id: {claim: upn}\n"
		"    attributes: {groups: {groups: \"jira-*\", as: dn}, id: {stable_id: yes}, "
		"\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname\": {value: x}}"), &s, NULL, &err), err);
	assert_string_equal(attribute_of(s, "/claims/givenname")->text, "givenName");
	assert_int_equal(attribute_of(s, "/claims/givenname")->source, ATTRIBUTE_LDAP);
	assert_string_equal(attribute_of(s, "/claims/name")->text, "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn");
	assert_int_equal(attribute_of(s, "/claims/name")->source, ATTRIBUTE_CLAIM);
	assert_int_equal(attribute_of(s, "/claims/surname")->source, ATTRIBUTE_VALUE);
	assert_int_equal(attribute_of(s, "groups")->source, ATTRIBUTE_GROUPS);
	assert_true(attribute_of(s, "groups")->as_dn);
	assert_string_equal(attribute_of(s, "id")->text, "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn");
	assert_int_equal(settings_connection(s, "organisation")->attribute_count, 6);
	assert_done(settings_of(a, file_with(a, 16, "    start: https://x.example\n    usual_attributes: no"), &s, NULL, &err), err);
	assert_int_equal(settings_connection(s, "organisation")->attribute_count, 0);
	assert_done(settings_of(a, file_with(a, 0, ""), &s, NULL, &err), err);
	assert_string_equal(attribute_of(s, "/claims/name")->text, SAML_CLAIM_OBJECT_ID);
	arena_free(a);
}

static bool keeps(const struct settings *s, const char *name)
{
	const char *const *n;
	int found = 0;

	for (n = s->directories[0].attributes; *n; n++)
		found += strcasecmp(*n, name) == 0;
	return found == 1;
}

static void keeps_every_attribute_that_is_named_anywhere(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(settings_of(a, file_with(a, 16, "    start: https://x.example\n    attributes: {a: {ldap: costCenter}, b: {ldap: MAIL}}"),
		&s, NULL, &err), err);
	assert_true(keeps(s, "mail"));
	assert_true(keeps(s, "givenName"));
	assert_true(keeps(s, "sn"));
	assert_true(keeps(s, "displayName"));
	assert_true(keeps(s, "employeeNumber"));
	assert_true(keeps(s, "department"));
	assert_true(keeps(s, "costCenter"));
	assert_false(keeps(s, "title"));
	assert_string_equal(s->directory_sources[0].password_file, "/etc/postern/password");
	arena_free(a);
}

static void allows_mutable_joins_when_told_so(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(settings_of(a, file_with(a, 29, "    join: {objectidentifier: employeeNumber, upn: mail}\nallow_mutable_join: yes"),
		&s, NULL, &err), err);
	assert_false(s->directories[0].joins[0].is_mutable);
	assert_string_equal(s->directories[0].joins[0].claim, SAML_CLAIM_OBJECT_ID);
	assert_true(s->directories[0].joins[1].is_mutable);
	arena_free(a);
}

static void active_directory_has_filters_of_its_own(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(settings_of(a, file_with(a, 24, "    uri: ldaps://dc1.example.org\n    kind: active-directory\n    poll: 5s"), &s, NULL, &err),
		err);
	assert_int_equal(s->directories[0].kind, DIRECTORY_ACTIVE_DIRECTORY);
	assert_int_equal(s->directories[0].poll_seconds, 5);
	assert_string_equal(s->directories[0].people_filter, "(&(objectCategory=person)(objectClass=user))");
	assert_string_equal(s->directories[0].groups_filter, "(objectClass=group)");
	assert_done(settings_of(a, file_with(a, 27, "    people: {base: \"ou=p,dc=e\", filter: (mail=*)}\n    kind: active-directory"), &s, NULL,
		&err), err);
	assert_string_equal(s->directories[0].people_filter, "(mail=*)");
	arena_free(a);
}

static void accepts_what_stays_on_this_host(void **state)
{
	static const struct { size_t number; const char *line; } fine[] = {
		{1, "public_url: http://sso.localhost:8080/"},
		{1, "public_url: http://127.0.0.1:8080"},
		{1, "public_url: http://[::1]:8080"},
		{2, "listen: [127.0.0.2:0, \"[::1]:8080\"]"},
		{2, "listen: 0.0.0.0:443\ntls_certificate: t.crt\ntls_key: t.key"},
		{9, "    metadata: http://127.0.0.1:9000/metadata"},
		{9, "    metadata: entra.xml"},
		{24, "    uri: ldap://127.0.0.1:3890"},
		{24, "    uri: ldap://ldap.example.org\n    starttls: yes"},
		{24, "    uri: ldapi://%2frun%2fldapi"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(fine) / sizeof(*fine); i++) {
		struct arena *a = arena_new();
		const struct settings *s = NULL;
		struct error err;

		assert_done(settings_of(a, file_with(a, fine[i].number, fine[i].line), &s, NULL, &err), err);
		assert_null(strstr(s->acs_url, "//saml"));
		if (s->tls_key_file)
			assert_string_equal(s->tls_key_file, "/etc/postern/t.key");
		if (s->providers[0].metadata_file)
			assert_string_equal(s->providers[0].metadata_file, "/etc/postern/entra.xml");
		arena_free(a);
	}
}

/* ---- the sample file ---- */

static void limits_have_defaults_and_can_be_off(void **state)
{
	static const struct {
		const char *line;
		struct settings_limits wanted;
	} rows[] = {
		{"", {20000, 600, 60, 1024, 32, 64, NULL, 2}},
		{"limits: off", {0, 0, 0, 0, 32, 64, NULL, 2}},
		{"limits: {failures: off, sign_ons: 5, ipv6_prefix: 48, exempt: 192.0.2.0/24}", {20000, 0, 5, 1024, 32, 48, NULL, 3}},
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct settings_limits wanted = rows[i].wanted;
		const char *const *problems;
		const struct settings *s;
		struct error err;

		assert_done(settings_of(a, file_with(a, 6, rows[i].line), &s, &problems, &err), err);
		wanted.exempt = s->limits.exempt;
		assert_memory_equal(&s->limits, &wanted, sizeof(wanted));
		/* this host itself, always */
		assert_int_equal(s->limits.exempt[0].bits, 96 + 8);
		assert_int_equal(s->limits.exempt[1].bits, 128);
	}
	arena_free(a);
}

static void a_rule_that_denies_stands_before_those_of_ldap(void **state)
{
	static const char ldap[] = "ldap_rules: {directory: corp, base: \"dc=x\", outcomes: licensed, after: agents%s}";
	struct arena *a = arena_new();
	const char *deny = "  - {name: partners, when: \"department = Partner\", outcome: deny}", *const *problems;
	const struct settings *s;
	struct error err;
	struct slice text = file_with(a, 32, deny);

	(void)state;
	text = slice_c(arena_printf(a, "%.*s%s", (int)text.n, text.p, arena_printf(a, ldap, "")));
	assert_refused(settings_of(a, text, &s, &problems, &err), err, REASON_SETTINGS);
	assert_non_null(strstr(err.detail, "after: \"partners\" denies and stands behind \"agents\""));
	text = file_with(a, 32, deny);
	text = slice_c(arena_printf(a, "%.*s%s", (int)text.n, text.p, arena_printf(a, ldap, ", overtake_deny: yes")));
	assert_done(settings_of(a, text, &s, &problems, &err), err);
	assert_int_equal(s->ldap_rules.place, 1);
	assert_int_equal(s->ldap_rules.change_limit, 50);
	assert_string_equal(s->ldap_rules.attribute[LDAP_RULE_WHEN], "posternCondition");
	assert_string_equal(s->directories[0].rules_attributes[3], "posterncondition");
	assert_string_equal(s->directories[0].rules_base, "dc=x");
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_have_defaults_and_can_be_off),
		cmocka_unit_test(connections_choose_among_several_providers),
		cmocka_unit_test(reads_all_of_a_good_file),
		cmocka_unit_test(reads_one_cookie_secret_or_two),
		cmocka_unit_test(reads_how_requests_are_made_and_taken),
		cmocka_unit_test(reads_how_a_directory_is_followed),
		cmocka_unit_test(sends_the_usual_attributes_and_further_ones),
		cmocka_unit_test(keeps_every_attribute_that_is_named_anywhere),
		cmocka_unit_test(allows_mutable_joins_when_told_so),
		cmocka_unit_test(active_directory_has_filters_of_its_own),
		cmocka_unit_test(accepts_what_stays_on_this_host),
		cmocka_unit_test(a_rule_that_denies_stands_before_those_of_ldap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
