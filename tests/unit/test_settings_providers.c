/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several identity providers in the settings: domains, who is asked, the stable id, and which claims are read. */
#include "tests/unit/settings_lines.h"

/* One setting a line, so that a case replaces a line by its number. */
static const char *const good[] = {
	/*  1 */ "public_url: https://sso.example.org",
	/*  2 */ "key: /etc/postern/signing.key",
	/*  3 */ "certificate: /etc/postern/signing.crt",
	/*  4 */ "default_link: help",
	/*  5 */ "identity_providers:",
	/*  6 */ "  entra: {metadata: /a.xml, domains: [example.org, partner.example]}",
	/*  7 */ "  fabrikam: {metadata: /b.xml, title: Fabrikam, domains: fabrikam.example}",
	/*  8 */ "connections:",
	/*  9 */ "  organisation: {kind: managed, entity_id: o, acs: 'https://a.example/acs', start: 'https://a.example/',",
	/* 10 */ "    providers: [entra, fabrikam],",
	/* 11 */ "    stable_id: {claim: identity}}",
	/* 12 */ "  helpdesk: {kind: portal, entity_id: h, acs: 'https://h.example/acs', home: 'https://h.example/',",
	/* 13 */ "    provider: fabrikam, attributes: {x: {claim: urn:x}}}",
	/* 14 */ "directories:",
	/* 15 */ "  corp: {uri: ldaps://l.example, people: {base: dc=x}, groups: {base: dc=x}, providers: [entra, fabrikam],",
	/* 16 */ "    join: {identity: employeeNumber, urn:j: title}}",
	/* 17 */ "rules:",
	/* 18 */ "  - {name: partners, when: \"department = Partner\", outcome: portal, at: helpdesk, guests: yes}",
	/* 19 */ "  - {name: staff, when: \"department = Staff\", outcome: licensed}",
	/* 20 */ "require:",
	/* 21 */ "  - {name: r, when: \"mfa or not (claim 'urn:r' = 1 or claim 'urn:s' present)\"}",
	/* 22 */ "go:",
	/* 23 */ "  help: {licensed: organisation, portal: helpdesk, providers: [fabrikam, entra]}",
};
#define LINES (sizeof(good) / sizeof(*good))

static int read_with(struct arena *a, size_t number, const char *line, const struct settings **out, struct error *err)
{
	return settings_of(a, settings_lines(a, good, LINES, number, line), out, NULL, err);
}

static void reads_two_tenants(void **state)
{
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(read_with(a, 0, NULL, &s, &err), err);
	assert_string_equal(s->providers[0].title, "entra");
	assert_string_equal(s->providers[1].title, "Fabrikam");
	assert_string_equal(s->providers[0].domains[1], "partner.example");
	assert_string_equal(s->providers[1].domains[0], "fabrikam.example");
	assert_string_equal(s->connections[0].providers[0], "entra");
	assert_string_equal(s->connections[0].providers[1], "fabrikam");
	assert_null(s->connections[0].providers[2]);
	assert_string_equal(s->connections[1].providers[0], "fabrikam");
	assert_null(s->connections[1].providers[1]);
	assert_string_equal(s->links[0].providers[0], "fabrikam");
	assert_string_equal(s->default_link, "help");
	assert_true(s->policy.rules[0].guests);
	assert_false(s->policy.rules[1].guests);
	arena_free(a);
}

static bool is_read(const struct settings *s, const char *claim)
{
	const char *const *name = s->claims;

	while (*name && strcmp(*name, claim) != 0)
		name++;
	return *name != NULL;
}

static void knows_which_claims_are_read(void **state)
{
	static const char *const read[] = {"urn:x", "urn:j", "urn:r", "urn:s", SAML_CLAIM_EMAIL};
	struct arena *a = arena_new();
	const struct settings *s = NULL;
	struct error err;

	(void)state;
	assert_done(read_with(a, 0, NULL, &s, &err), err);
	for (size_t i = 0; i < sizeof(read) / sizeof(*read); i++)
		assert_true(is_read(s, read[i]));
	assert_false(is_read(s, "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/streetaddress"));
	arena_free(a);
}

static const struct settings_case wrong[] = {
	{6, "  entra: {metadata: /a.xml}", "p.yaml:6: domains: is missing in entra: with several identity providers"},
	{7, "  fabrikam: {metadata: /b.xml, domains: [fabrikam.example, example.org]}", "p.yaml:7: domains: \"example.org\" is a domain of entra already"},
	{7, "  fabrikam: {metadata: /b.xml, domains: fabrikam.example, entity_id: urn:e}\n  third: {metadata: 'https://c.example/', domains: c.example, entity_id: urn:e}",
		"p.yaml:8: entity_id: \"urn:e\" is the entity ID of fabrikam already"},
	{7, "  fabrikam: {metadata: /b.xml, domains: []}", "p.yaml:7: domains: is an empty list"},
	{7, "  fabrikam: {metadata: /b.xml, domains: Fabrikam.example}", "p.yaml:7: domains: \"Fabrikam.example\" must be in lower case"},
	{7, "  fabrikam: {metadata: /b.xml, domains: fabrikam}", "p.yaml:7: domains: \"fabrikam\" is not a mail domain"},
	{10, "    providers: [entra, nobody],", "p.yaml:10: providers: \"nobody\" is not an identity provider"},
	{10, "    providers: [entra, fabrikam], provider: entra,", "p.yaml:10: providers: and provider say the same"},
	{10, "", "p.yaml:9: provider: is missing in organisation: there are 2 identity providers"},
	{11, "    }", "p.yaml:9: stable_id: is missing in organisation: its people come from several identity providers"},
	{13, "    provider: nobody}", "p.yaml:13: provider: \"nobody\" is not an identity provider"},
	{23, "  help: {licensed: organisation, portal: helpdesk}", "p.yaml:23: provider: is missing in help"},
	{4, "default_link: nowhere", "p.yaml:4: default_link: \"nowhere\" is not a link of go"},
	{21, "  - {name: r, when: \"mfa or not claim upn like '*@partner.example'\"}", "p.yaml:21: when: claim \"upn\" must be written in full here"},
	{21, "  - {name: r, when: \"not claim 'nameid' = 'x'\"}", "p.yaml:21: when: \"nameid\" is no claim that can be asked for here"},
	{19, "  - {name: gone, when: \"department = Staff\", outcome: deny, guests: yes}", "p.yaml:19: guests: belongs to rules that give something"},
};

static void names_what_is_wrong_with_several_providers(void **state)
{
	(void)state;
	assert_settings_refused(good, LINES, wrong, sizeof(wrong) / sizeof(*wrong));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_two_tenants),
		cmocka_unit_test(knows_which_claims_are_read),
		cmocka_unit_test(names_what_is_wrong_with_several_providers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
