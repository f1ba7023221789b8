/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Responses that are good, and what is read out of them. */
#include "tests/unit/forge.h"

static void accepts_an_assertion_signed_by_entra(void **state)
{
	struct saml_identity who = forge_accepted(&(struct forge){.sign = FORGE_ASSERTION});
	const struct saml_attribute *given;

	(void)state;
	assert_string_equal(who.issuer, FORGE_ISSUER);
	assert_string_equal(who.name_id, FORGE_NAME_ID);
	assert_string_equal(who.name_id_format, SAML_FORMAT_EMAIL);
	assert_string_equal(who.session_index, FORGE_ASSERTION_ID);
	assert_string_equal(who.assertion_id, FORGE_ASSERTION_ID);
	assert_string_equal(who.tenant, FORGE_TENANT);
	assert_string_equal(who.object_id, FORGE_OBJECT_ID);
	assert_string_equal(who.authn_context, "urn:oasis:names:tc:SAML:2.0:ac:classes:Password");
	assert_int_equal(who.authn_instant, 1788502262);
	assert_int_equal(who.not_on_or_after, FORGE_NOW + 3599 + SAML_SKEW);
	assert_true(who.mfa);
	assert_false(who.guest);
	assert_false(who.groups_overage);
	assert_int_equal(who.attribute_count, 8);
	given = saml_identity_attribute(&who, "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname");
	assert_non_null(given);
	assert_int_equal(given->n, 1);
	assert_string_equal(given->values[0], "Anna");
	assert_null(saml_identity_attribute(&who, "givenname"));
}

static void accepts_a_signed_response(void **state)
{
	struct saml_identity who = forge_accepted(&(struct forge){.sign = FORGE_RESPONSE});

	(void)state;
	assert_string_equal(who.name_id, FORGE_NAME_ID);
}

static void accepts_both_signed(void **state)
{
	struct saml_identity who = forge_accepted(&(struct forge){.sign = FORGE_BOTH});

	(void)state;
	assert_string_equal(who.name_id, FORGE_NAME_ID);
}

static void accepts_the_second_of_two_keys(void **state)
{
	(void)state;
	for (int what = FORGE_ASSERTION; what <= FORGE_BOTH; what++)
		assert_non_null(forge_accepted(&(struct forge){.sign = (enum forge_sign)what, .key = FORGE_SECOND}).name_id);
}

static int read_with(struct saml_expect *expect, const struct forge *f, struct error *err)
{
	struct saml_identity who = {0};

	return saml_response_read(forge_arena(), expect, forge_base64(forge_text(f)), &who, err);
}

static void still_verifies_with_keys_without_use(void **state)
{
	static const enum forge_key second[] = {FORGE_WEAK, FORGE_SECOND, FORGE_KEYS};
	struct saml_provider *p = forge_provider(NULL, second);
	struct saml_expect expect = forge_expect();
	struct error err;

	(void)state;
	expect.provider = p;
	assert_done(read_with(&expect, &(struct forge){.key = FORGE_SECOND}, &err), err);
	assert_refused(read_with(&expect, &(struct forge){.key = FORGE_FIRST}, &err), err, REASON_SIGNATURE_INVALID);
	assert_refused(read_with(&expect, &(struct forge){.sign = FORGE_NOTHING}, &err), err, REASON_UNSIGNED);
	saml_provider_free(p);
}

static void wants_signed_what_the_settings_say(void **state)
{
	static const struct {
		enum saml_signed wanted;
		enum forge_sign is;
		bool good;
	} table[] = {
		{SAML_SIGNED_ANY, FORGE_ASSERTION, true}, {SAML_SIGNED_ANY, FORGE_RESPONSE, true}, {SAML_SIGNED_ANY,
			FORGE_BOTH, true},
		{SAML_SIGNED_ANY, FORGE_NOTHING, false},
		{SAML_SIGNED_ASSERTION, FORGE_ASSERTION, true}, {SAML_SIGNED_ASSERTION, FORGE_RESPONSE, false},
		{SAML_SIGNED_ASSERTION, FORGE_BOTH, true}, {SAML_SIGNED_ASSERTION, FORGE_NOTHING, false},
		{SAML_SIGNED_RESPONSE, FORGE_ASSERTION, false}, {SAML_SIGNED_RESPONSE, FORGE_RESPONSE, true},
		{SAML_SIGNED_RESPONSE, FORGE_BOTH, true}, {SAML_SIGNED_RESPONSE, FORGE_NOTHING, false},
		{SAML_SIGNED_BOTH, FORGE_ASSERTION, false}, {SAML_SIGNED_BOTH, FORGE_RESPONSE, false},
		{SAML_SIGNED_BOTH, FORGE_BOTH, true}, {SAML_SIGNED_BOTH, FORGE_NOTHING, false},
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct saml_expect expect = forge_expect();

		expect.signed_part = table[i].wanted;
		if (table[i].good)
			assert_done(read_with(&expect, &(struct forge){.sign = table[i].is}, &err), err);
		else
			assert_refused(read_with(&expect, &(struct forge){.sign = table[i].is}, &err), err, REASON_UNSIGNED);
	}
}

static void accepts_the_stronger_algorithms(void **state)
{
	(void)state;
	forge_accepted(&(struct forge){.signature_method = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
		.digest_method = "http://www.w3.org/2001/04/xmlenc#sha512"});
	forge_accepted(&(struct forge){.signature_method = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
		.digest_method = "http://www.w3.org/2001/04/xmldsig-more#sha384"});
}

static void accepts_inclusive_namespaces(void **state)
{
	(void)state;
	forge_accepted(&(struct forge){.sign = FORGE_BOTH, .transforms = "<Transform Algorithm=\"" ALGORITHM_ENVELOPED "\"/>"
		"<Transform Algorithm=\"" ALGORITHM_C14N "\"><InclusiveNamespaces xmlns=\""
			ALGORITHM_C14N "\" PrefixList=\"samlp xs\"/>"
		"</Transform>"});
}

/* Other identity providers write prefixes and indent. */
static void accepts_indented_xml(void **state)
{
	(void)state;
	forge_accepted(&(struct forge){.sign = FORGE_BOTH, .before = {{"<samlp:Status>", "\n  <samlp:Status>\n    "},
		{"<Subject>", "\n\t<Subject>\r\n"}, {"<AttributeStatement>", "<AttributeStatement>\n"}, {"<Conditions",
			"\n <Conditions"}}});
}

static void accepts_conditions_that_are_known(void **state)
{
	(void)state;
	forge_accepted(&(struct forge){.before = {{"</AudienceRestriction>", "</AudienceRestriction><OneTimeUse/>"}}});
	forge_accepted(&(struct forge){.before = {{"</AudienceRestriction>",
		"</AudienceRestriction><ProxyRestriction Count=\"0\"/>"}}});
}

static void accepts_own_sp_name_qualifier_and_entity_format(void **state)
{
	(void)state;
	forge_accepted(&(struct forge){.before = {{"<NameID ", "<NameID SPNameQualifier=\"" FORGE_ENTITY "\" "},
		{"<Issuer>", "<Issuer Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\">"}}});
}

static void accepts_tenant_in_capitals(void **state)
{
	struct saml_identity who = forge_accepted(&(struct forge){.before = {{"<AttributeValue>" FORGE_TENANT,
		"<AttributeValue>7B1C2D3E-4F50-4A61-8B72-93A4B5C6D7E8"}}});

	(void)state;
	assert_string_equal(who.tenant, "7B1C2D3E-4F50-4A61-8B72-93A4B5C6D7E8");
	assert_string_equal(who.who, FORGE_TENANT "/" FORGE_OBJECT_ID);
}

/* The issuer names its tenant, so nobody has to say it in the settings. */
static void pins_the_tenant_that_the_entity_id_names(void **state)
{
	static const enum forge_key first[] = {FORGE_FIRST, FORGE_KEYS};
	struct saml_provider_options options = {.now = FORGE_NOW};
	struct saml_provider *p = NULL;
	struct saml_expect expect = forge_expect();
	struct error err;

	(void)state;
	assert_done(saml_provider_read(forge_metadata("signing", first), &options, &p, &err), err);
	assert_string_equal(saml_provider_info(p)->tenant, FORGE_TENANT);
	expect.provider = p;
	assert_done(read_with(&expect, &(struct forge){0}, &err), err);
	assert_refused(read_with(&expect, &(struct forge){.before = {{"<AttributeValue>" FORGE_TENANT,
		"<AttributeValue>11111111-4f50-4a61-8b72-93a4b5c6d7e8"}}}, &err), err, REASON_WRONG_TENANT);
	saml_provider_free(p);
}

/* Whoever may say any tenant could say another one's, and be taken for its people. */
static void joins_tenant_and_object_id_only_where_the_tenant_is_pinned(void **state)
{
	static const enum forge_key first[] = {FORGE_FIRST, FORGE_KEYS};
	static const char issuer[] = FORGE_ISSUER "</Issuer>", other[] = "https://idp.example/</Issuer>";
	const struct forge f = {.before = {{issuer, other}, {issuer, other}}};
	struct slice metadata = forge_replace(forge_metadata("signing", first), "entityID=\"" FORGE_ISSUER, "entityID=\"https://idp.example/");

	(void)state;
	for (int pinned = 0; pinned < 2; pinned++) {
		struct saml_provider_options options = {.tenant = pinned ? FORGE_TENANT : NULL, .now = FORGE_NOW};
		struct saml_expect expect = forge_expect();
		struct saml_provider *p = NULL;
		struct saml_identity who;
		struct error err;

		assert_done(saml_provider_read(metadata, &options, &p, &err), err);
		expect.provider = p;
		assert_done(saml_response_read(forge_arena(), &expect, forge_base64(forge_text(&f)), &who, &err), err);
		assert_string_equal(who.tenant, FORGE_TENANT);
		assert_true(pinned ? strcmp(who.who, FORGE_TENANT "/" FORGE_OBJECT_ID) == 0 : !who.who);
		saml_provider_free(p);
	}
}

#define STREET "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/streetaddress"
#define WITH_STREET(values) {"<AttributeStatement>", "<AttributeStatement><Attribute Name=\"" STREET "\">" values "</Attribute>"}

static const char *const nothing_is_read[] = {NULL};
static const char *const street_is_read[] = {"urn:x", STREET, NULL};

static const char *const formless[] = {
	"", "<AttributeValue/>", "<AttributeValue></AttributeValue>", "<AttributeValue>One Street&#13;&#10;Two Town</AttributeValue>",
	"<AttributeValue>a\tb</AttributeValue>", "<AttributeValue>right</AttributeValue><AttributeValue/>",
};

static void leaves_out_formless_values_that_nobody_reads(void **state)
{
	struct saml_expect expect = forge_expect();
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(formless) / sizeof(*formless); i++) {
		struct forge f = {.before = {{"<AttributeStatement>", arena_printf(forge_arena(),
			"<AttributeStatement><Attribute Name=\"" STREET "\">%s</Attribute>", formless[i])}}};
		struct saml_identity who = {0};

		expect.claims = nothing_is_read;
		assert_done(saml_response_read(forge_arena(), &expect, forge_base64(forge_text(&f)), &who, &err), err);
		assert_int_equal(who.attribute_count, 8);
		assert_null(saml_identity_attribute(&who, STREET));
		assert_non_null(saml_identity_attribute(&who, "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"));
		expect.claims = street_is_read;
		assert_refused(read_with(&expect, &f, &err), err, REASON_BAD_ATTRIBUTE);
		expect.claims = NULL;
		assert_refused(read_with(&expect, &f, &err), err, REASON_BAD_ATTRIBUTE);
	}
}

static void keeps_a_value_with_form_that_nobody_reads(void **state)
{
	struct saml_expect expect = forge_expect();
	struct saml_identity who = {0};
	struct error err;

	(void)state;
	expect.claims = nothing_is_read;
	assert_done(saml_response_read(forge_arena(), &expect,
		forge_base64(forge_text(&(struct forge){.before = {WITH_STREET("<AttributeValue>One Street</AttributeValue>")}})), &who, &err),
		err);
	assert_non_null(saml_identity_attribute(&who, STREET));
}

/* What makes two readers see two values is refused whoever reads it; and so is what names a person. */
static void stays_strict_where_it_matters(void **state)
{
	static const struct {
		struct forge_edit edit;
		enum reason reason;
	} rows[] = {
		{WITH_STREET("<AttributeValue>a<b xmlns=\"urn:x\"/>c</AttributeValue>"), REASON_BAD_ATTRIBUTE},
		{WITH_STREET("<AttributeValue><b xmlns=\"urn:x\"/></AttributeValue>"), REASON_BAD_ATTRIBUTE},
		{WITH_STREET("<AttributeValue>a</AttributeValue><Other/>"), REASON_BAD_ATTRIBUTE},
		{WITH_STREET("text"), REASON_BAD_ATTRIBUTE},
		{WITH_STREET("<AttributeValue/></Attribute><Attribute Name=\"" STREET "\"><AttributeValue>b</AttributeValue>"),
			REASON_DUPLICATE_ATTRIBUTE},
		{{FORGE_OBJECT_ID "</AttributeValue>", "\n" FORGE_OBJECT_ID "</AttributeValue>"}, REASON_BAD_ATTRIBUTE},
		{{SAML_METHOD_MULTIPLE "</AttributeValue>", SAML_METHOD_MULTIPLE "\n</AttributeValue>"}, REASON_BAD_ATTRIBUTE},
		{{FORGE_ISSUER "</AttributeValue>", "</AttributeValue>"}, REASON_BAD_ATTRIBUTE},
	};
	struct saml_expect expect = forge_expect();
	struct error err;

	(void)state;
	expect.claims = nothing_is_read;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_refused(read_with(&expect, &(struct forge){.before = {rows[i].edit}}, &err), err, rows[i].reason);
}

static void reads_the_claims_of_entra(void **state)
{
	struct saml_identity who;

	(void)state;
	who = forge_accepted(&(struct forge){.before = {
		{FORGE_NAME_ID "</NameID>", "carl_partner.example#EXT#@example.onmicrosoft.com</NameID>"},
		{SAML_METHOD_MULTIPLE, "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/x509"},
		{"</AttributeStatement>", "<Attribute Name=\""
			SAML_CLAIM_GROUPS_LINK "\"><AttributeValue>https://graph.windows.net/x"
			"</AttributeValue></Attribute></AttributeStatement>"}}});
	assert_true(who.guest);
	assert_false(who.mfa);
	assert_true(who.groups_overage);
	who = forge_accepted(&(struct forge){.before = {{"claims/name\"><AttributeValue>anna",
		"claims/name\"><AttributeValue>a_b#ext#@example"}}});
	assert_true(who.guest);
	who = forge_accepted(&(struct forge){.before = {{"<Attribute Name=\"" SAML_CLAIM_OBJECT_ID "\"",
		"<Attribute Name=\"other\""}}});
	assert_null(who.object_id);
}

static void reads_values_with_escapes_whole(void **state)
{
	struct saml_identity who = forge_accepted(&(struct forge){.before = {
		{"<AttributeValue>Anna Meier",
			"<AttributeValue>Anna &lt;&amp;&gt; &quot;M\xc3\xbcller&#x2D;O&apos;Hara&quot; ]]&gt;"}}});

	(void)state;
	assert_string_equal(saml_identity_attribute(&who,
		"http://schemas.microsoft.com/identity/claims/displayname")->values[0],
		"Anna <&> \"M\xc3\xbcller-O'Hara\" ]]>");
}

/* Each limit to the second: the last moment that is good, the first that is not. */
static void keeps_to_the_skew_exactly(void **state)
{
	static const struct {
		const char *from, *good, *bad;
		enum reason reason;
	} table[] = {
		{"NotBefore=\"2026-11-24T13:14:15.013Z\"", "NotBefore=\"2026-11-24T13:22:16Z\"",
			"NotBefore=\"2026-11-24T13:22:17Z\"",
			REASON_NOT_YET_VALID},
		{"NotOnOrAfter=\"2026-11-24T14:19:15.013Z\">", "NotOnOrAfter=\"2026-11-24T13:16:17Z\">",
			"NotOnOrAfter=\"2026-11-24T13:16:16Z\">", REASON_EXPIRED},
		{"NotOnOrAfter=\"2026-11-24T14:19:15.013Z\" R", "NotOnOrAfter=\"2026-11-24T13:16:17Z\" R",
			"NotOnOrAfter=\"2026-11-24T13:16:16Z\" R", REASON_CONFIRMATION_EXPIRED},
		{"IssueInstant=\"2026-11-24T13:19:15.123Z\"", "IssueInstant=\"2026-11-24T13:22:16Z\"",
			"IssueInstant=\"2026-11-24T13:22:17Z\"",
			REASON_NOT_YET_VALID},
		{"IssueInstant=\"2026-11-24T13:19:15.107Z\"", "IssueInstant=\"2026-11-24T13:15:56Z\"",
			"IssueInstant=\"2026-11-24T13:15:55Z\"",
			REASON_ISSUE_INSTANT},
		{"AuthnInstant=\"2026-09-04T06:11:02.000Z\"", "AuthnInstant=\"2026-11-24T13:22:16Z\"",
			"AuthnInstant=\"2026-11-24T13:22:17Z\"",
			REASON_NOT_YET_VALID},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		forge_accepted(&(struct forge){.before = {{table[i].from, table[i].good}}});
		forge_refused(&(struct forge){.before = {{table[i].from, table[i].bad}}}, table[i].reason);
	}
}

static void takes_the_skew_that_is_set(void **state)
{
	struct saml_expect expect = forge_expect();
	struct forge late = {.before = {{"NotOnOrAfter=\"2026-11-24T14:19:15.013Z\">",
		"NotOnOrAfter=\"2026-11-24T13:19:07Z\">"}}};
	struct error err;

	(void)state;
	expect.skew = 10;
	assert_done(read_with(&expect, &late, &err), err);
	expect.skew = 9;
	assert_refused(read_with(&expect, &late, &err), err, REASON_EXPIRED);
}

static void remembers_an_assertion_until_its_earliest_end(void **state)
{
	struct saml_identity who = forge_accepted(&(struct forge){.before = {
		{"NotOnOrAfter=\"2026-11-24T14:19:15.013Z\" R", "NotOnOrAfter=\"2026-11-24T13:24:16Z\" R"}}});

	(void)state;
	assert_int_equal(who.not_on_or_after, FORGE_NOW + 300 + SAML_SKEW);
}

static void wants_a_fresh_sign_on_only_when_it_was_asked_for(void **state)
{
	struct saml_expect expect = forge_expect();
	struct error err;

	(void)state;
	assert_done(read_with(&expect, &(struct forge){0}, &err), err);
	expect.force_authn = true;
	assert_refused(read_with(&expect, &(struct forge){0}, &err), err, REASON_NOT_FRESH);
	assert_done(read_with(&expect, &(struct forge){.before = {{"AuthnInstant=\"2026-09-04T06:11:02.000Z\"",
		"AuthnInstant=\"2026-11-24T13:19:10Z\""}}}, &err), err);
}

/* A guest whose names do not tell: renamed, or with a mail address as NameID. */
static void sees_a_guest_by_the_tenant_that_signed_him_on(void **state)
{
	static const char own[] = "<AttributeValue>" FORGE_ISSUER "</AttributeValue>";
	static const char *const elsewhere[] = {
		"https://sts.windows.net/11111111-4f50-4a61-8b72-93a4b5c6d7e8/", "live.com", "mail", "https://sts.windows.net/",
		FORGE_ISSUER "x", "https://idp.partner.example/" FORGE_TENANT "/",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(*elsewhere); i++) {
		const char *value = arena_printf(forge_arena(), "<AttributeValue>%s</AttributeValue>", elsewhere[i]);

		assert_true(forge_accepted(&(struct forge){.before = {{own, value}}}).guest);
	}
	assert_true(forge_accepted(&(struct forge){.before = {{own, "<AttributeValue>" FORGE_ISSUER
		"</AttributeValue><AttributeValue>live.com</AttributeValue>"}}}).guest);
	assert_false(forge_accepted(&(struct forge){.before = {{own, "<AttributeValue>HTTPS://sts.windows.net/" FORGE_TENANT
		"/</AttributeValue>"}}}).guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(accepts_an_assertion_signed_by_entra, forge_reset),
		cmocka_unit_test_teardown(sees_a_guest_by_the_tenant_that_signed_him_on, forge_reset),
		cmocka_unit_test_teardown(accepts_a_signed_response, forge_reset),
		cmocka_unit_test_teardown(accepts_both_signed, forge_reset),
		cmocka_unit_test_teardown(accepts_the_second_of_two_keys, forge_reset),
		cmocka_unit_test_teardown(still_verifies_with_keys_without_use, forge_reset),
		cmocka_unit_test_teardown(wants_signed_what_the_settings_say, forge_reset),
		cmocka_unit_test_teardown(accepts_the_stronger_algorithms, forge_reset),
		cmocka_unit_test_teardown(accepts_inclusive_namespaces, forge_reset),
		cmocka_unit_test_teardown(accepts_indented_xml, forge_reset),
		cmocka_unit_test_teardown(accepts_conditions_that_are_known, forge_reset),
		cmocka_unit_test_teardown(accepts_own_sp_name_qualifier_and_entity_format, forge_reset),
		cmocka_unit_test_teardown(accepts_tenant_in_capitals, forge_reset),
		cmocka_unit_test_teardown(pins_the_tenant_that_the_entity_id_names, forge_reset),
		cmocka_unit_test_teardown(joins_tenant_and_object_id_only_where_the_tenant_is_pinned, forge_reset),
		cmocka_unit_test_teardown(leaves_out_formless_values_that_nobody_reads, forge_reset),
		cmocka_unit_test_teardown(keeps_a_value_with_form_that_nobody_reads, forge_reset),
		cmocka_unit_test_teardown(stays_strict_where_it_matters, forge_reset),
		cmocka_unit_test_teardown(reads_the_claims_of_entra, forge_reset),
		cmocka_unit_test_teardown(reads_values_with_escapes_whole, forge_reset),
		cmocka_unit_test_teardown(keeps_to_the_skew_exactly, forge_reset),
		cmocka_unit_test_teardown(takes_the_skew_that_is_set, forge_reset),
		cmocka_unit_test_teardown(remembers_an_assertion_until_its_earliest_end, forge_reset),
		cmocka_unit_test_teardown(wants_a_fresh_sign_on_only_when_it_was_asked_for, forge_reset),
	};

	return cmocka_run_group_tests(tests, forge_begin, forge_end);
}
