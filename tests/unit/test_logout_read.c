/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logout messages of the identity provider: what is read, and why the others are refused. */
#include "tests/unit/forge.h"

#define SLO "https://sso.example.org/saml/sp/slo"
#define LOGIN_ISSUER "https://login.microsoftonline.com/" FORGE_TENANT "/"
#define ID " ID=\"_6c1d3e2f-0a4b-4c5d-8e6f-708192a3b4c5\""
#define HEAD ID " Version=\"2.0\" IssueInstant=\"2026-11-24T13:19:15.123Z\""
#define TO_US " Destination=\"" SLO "\""
#define ISSUER "<Issuer xmlns=\"" NS_SAML "\">" FORGE_ISSUER "</Issuer>"
#define NAME "<NameID xmlns=\"" NS_SAML "\">" FORGE_NAME_ID "</NameID>"
#define INDEX "<samlp:SessionIndex>" FORGE_ASSERTION_ID "</samlp:SessionIndex>"
#define STATUS "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>"

#define REQUEST(attributes, children) \
	"<samlp:LogoutRequest xmlns:samlp=\"" NS_SAMLP "\"" attributes ">" children "</samlp:LogoutRequest>"
#define RESPONSE(attributes, children) \
	"<samlp:LogoutResponse xmlns:samlp=\"" NS_SAMLP "\"" attributes ">" children "</samlp:LogoutResponse>"

/* As Microsoft's documentation shows them: no Destination, no Format, no signature. */
#define PLAIN REQUEST(HEAD, ISSUER NAME INDEX)
#define ANSWER RESPONSE(HEAD " InResponseTo=\"" FORGE_REQUEST "\"", ISSUER STATUS)

static struct saml_provider *provider;
static struct error err;

static int begin(void **state)
{
	static const enum forge_key keys[] = {FORGE_FIRST, FORGE_SECOND, FORGE_ENDED, FORGE_KEYS};

	if (forge_begin(state) < 0)
		return -1;
	provider = forge_provider("signing", keys);
	return provider ? 0 : -1;
}

static int end(void **state)
{
	saml_provider_free(provider);
	return forge_end(state);
}

static struct saml_logout_expect expect(void)
{
	return (struct saml_logout_expect){.provider = provider, .slo_url = SLO, .now = FORGE_NOW};
}

static int take(const struct saml_logout_expect *e, const char *query, struct saml_logout *m)
{
	if (saml_logout_read(forge_arena(), slice_c(query), m, &err) < 0)
		return -1;
	return saml_logout_judge(forge_arena(), e, slice_c(query), m, &err);
}

static struct saml_logout taken(const char *query)
{
	struct saml_logout_expect e = expect();
	struct saml_logout m;

	assert_done(take(&e, query, &m), err);
	return m;
}

static void refused_by(const struct saml_logout_expect *e, const char *query, enum reason reason)
{
	struct saml_logout m;

	if (take(e, query, &m) == 0)
		fail_msg("accepted, wanted %s: %s", reason_word(reason), query);
	if (err.reason != reason)
		fail_msg("%s (%s), wanted %s", reason_word(err.reason), err.detail, reason_word(reason));
}

static void refused(const char *query, enum reason reason)
{
	struct saml_logout_expect e = expect();

	refused_by(&e, query, reason);
}

/* ---- what is read ---- */

static void reads_the_request_of_the_documentation(void **state)
{
	struct saml_logout m = taken(forge_query("SAMLRequest", PLAIN, ""));

	(void)state;
	assert_int_equal(m.kind, SAML_LOGOUT_REQUEST);
	assert_string_equal(m.issuer, FORGE_ISSUER);
	assert_string_equal(m.id, "_6c1d3e2f-0a4b-4c5d-8e6f-708192a3b4c5");
	assert_null(m.destination);
	assert_int_equal(m.issue_instant, FORGE_NOW - 1);
	assert_string_equal(m.name_id, FORGE_NAME_ID);
	assert_int_equal(m.session_index_count, 1);
	assert_string_equal(m.session_indexes[0], FORGE_ASSERTION_ID);
	assert_null(m.relay_state.p);
	assert_false(m.is_signed);
}

static void reads_signed_queries_with_escapes_in_lower_case(void **state)
{
	const char *query = forge_query("SAMLRequest", REQUEST(HEAD TO_US, ISSUER NAME INDEX), "&RelayState=a%2fb%3d+c");
	struct saml_logout m;

	(void)state;
	assert_non_null(strstr(query, "%2f"));
	m = taken(forge_signed_query(query, FORGE_SIG_ALG, FORGE_SECOND));
	assert_true(m.is_signed);
	assert_slice_is(m.relay_state, "a/b= c");
	assert_string_equal(m.destination, SLO);
}

static void reads_every_way_to_name_the_person(void **state)
{
	struct saml_logout m;

	(void)state;
	m = taken(forge_query("SAMLRequest", REQUEST(HEAD, ISSUER "<EncryptedID xmlns=\"" NS_SAML "\"><x xmlns=\"urn:x\"/></EncryptedID>"
		INDEX "<samlp:SessionIndex>_other</samlp:SessionIndex>"), ""));
	assert_null(m.name_id);
	assert_int_equal(m.session_index_count, 2);
	assert_string_equal(m.session_indexes[1], "_other");
	m = taken(forge_query("SAMLRequest", REQUEST(HEAD " NotOnOrAfter=\"2026-11-24T13:24:15Z\" Reason=\"urn:x\"",
		ISSUER "<samlp:Extensions><x xmlns=\"urn:x\"/></samlp:Extensions><NameID xmlns=\"" NS_SAML
		"\" Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">pairwise</NameID>"), ""));
	assert_string_equal(m.name_id, "pairwise");
	assert_int_equal(m.session_index_count, 0);
	assert_int_equal(m.not_on_or_after, FORGE_NOW + 299);
}

static void reads_the_answer_of_either_issuer(void **state)
{
	struct saml_logout m = taken(forge_query("SAMLResponse", ANSWER, ""));

	(void)state;
	assert_int_equal(m.kind, SAML_LOGOUT_RESPONSE);
	assert_string_equal(m.in_response_to, FORGE_REQUEST);
	assert_null(m.fault);
	m = taken(forge_query("SAMLResponse", RESPONSE(HEAD TO_US " InResponseTo=\"_x\"", "<Issuer xmlns=\"" NS_SAML "\">" LOGIN_ISSUER
		"</Issuer>" STATUS), ""));
	assert_string_equal(m.issuer, LOGIN_ISSUER);
}

#define APPLICATION "c1a2b3c4-d5e6-4f70-8192-a3b4c5d6e7f8"
#define OTHER_APPLICATION "d1a2b3c4-d5e6-4f70-8192-a3b4c5d6e7f8"

static void knows_a_tenant_of_entra_by_each_of_its_names(void **state)
{
	static const enum forge_key keys[] = {FORGE_FIRST, FORGE_KEYS};
	static const struct {
		const char *entity_id, *issuer;
		bool same;
	} rows[] = {
		{FORGE_ISSUER, LOGIN_ISSUER, true}, {FORGE_ISSUER, "https://login.microsoftonline.us/" FORGE_TENANT "/", true},
		{"https://sts.chinacloudapi.cn/" FORGE_TENANT "/", "https://login.partner.microsoftonline.cn/" FORGE_TENANT "/", true},
		{LOGIN_ISSUER, FORGE_ISSUER, true}, {FORGE_ISSUER APPLICATION, FORGE_ISSUER, true},
		{FORGE_ISSUER APPLICATION, LOGIN_ISSUER, true}, {FORGE_ISSUER, LOGIN_ISSUER APPLICATION, true},
		{FORGE_ISSUER APPLICATION, LOGIN_ISSUER APPLICATION, true},
		{FORGE_ISSUER APPLICATION, LOGIN_ISSUER OTHER_APPLICATION, false}, {FORGE_ISSUER, LOGIN_ISSUER "x", false},
		{FORGE_ISSUER, LOGIN_ISSUER APPLICATION "/", false}, {FORGE_ISSUER, LOGIN_ISSUER APPLICATION "8", false},
		{"https://idp.example/" FORGE_TENANT "/", LOGIN_ISSUER, false},
		{"https://idp.example/" FORGE_TENANT "/", "https://idp.example/" FORGE_TENANT "/", true},
		{"https://login.microsoftonline.us/" FORGE_TENANT "/", "https://login.microsoftonline.us//", false},
	};
	struct saml_provider_options options = {.now = FORGE_NOW};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct saml_provider *p = NULL;

		assert_done(saml_provider_read(forge_replace(forge_metadata("signing", keys), FORGE_ISSUER, rows[i].entity_id), &options, &p, &err),
			err);
		assert_int_equal(saml_logout_is_from(p, rows[i].issuer), rows[i].same);
		saml_provider_free(p);
	}
}

static void a_partial_logout_is_a_success_and_another_status_is_a_fault(void **state)
{
	static const char partial[] = "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"><samlp:StatusCode"
		" Value=\"urn:oasis:names:tc:SAML:2.0:status:PartialLogout\"/></samlp:StatusCode></samlp:Status>";
	static const char failed[] = "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Requester\"/>"
		"<samlp:StatusMessage>AADSTS75005</samlp:StatusMessage></samlp:Status>";
	char xml[2048];

	(void)state;
	snprintf(xml, sizeof(xml), RESPONSE(HEAD " InResponseTo=\"_x\"", ISSUER "%s"), partial);
	assert_null(taken(forge_query("SAMLResponse", xml, "")).fault);
	snprintf(xml, sizeof(xml), RESPONSE(HEAD " InResponseTo=\"_x\"", ISSUER "%s"), failed);
	assert_string_equal(taken(forge_query("SAMLResponse", xml, "")).fault, "Requester: AADSTS75005");
}

/* ---- what is refused ---- */

static void refuses_messages_that_are_not_as_they_must_be(void **state)
{
	static const struct {
		const char *parameter, *xml;
	} rows[] = {
		{"SAMLRequest", REQUEST(" Version=\"2.0\" IssueInstant=\"2026-11-24T13:19:15Z\"", ISSUER NAME)},
		{"SAMLRequest", REQUEST(ID " IssueInstant=\"2026-11-24T13:19:15Z\"", ISSUER NAME)},
		{"SAMLRequest", REQUEST(ID " Version=\"1.1\" IssueInstant=\"2026-11-24T13:19:15Z\"", ISSUER NAME)},
		{"SAMLRequest", REQUEST(ID " Version=\"2.0\"", ISSUER NAME)},
		{"SAMLRequest", REQUEST(HEAD " NotOnOrAfter=\"soon\"", ISSUER NAME)},
		{"SAMLRequest", REQUEST(HEAD, NAME)},
		{"SAMLRequest", REQUEST(HEAD, ISSUER ISSUER NAME)},
		{"SAMLRequest", REQUEST(HEAD, ISSUER)},
		{"SAMLRequest", REQUEST(HEAD, ISSUER NAME NAME)},
		{"SAMLRequest", REQUEST(HEAD, ISSUER NAME "<EncryptedID xmlns=\"" NS_SAML "\"/>")},
		{"SAMLRequest", REQUEST(HEAD, ISSUER INDEX NAME)},
		{"SAMLRequest", REQUEST(HEAD, ISSUER NAME "<samlp:SessionIndex/>")},
		{"SAMLRequest", REQUEST(HEAD, ISSUER "<NameID xmlns=\"" NS_SAML "\"/>")},
		{"SAMLRequest", REQUEST(HEAD, ISSUER "<NameID xmlns=\"" NS_SAML "\">a<b/></NameID>")},
		{"SAMLRequest", REQUEST(HEAD, ISSUER "<Signature xmlns=\"" NS_DS "\"/>" NAME)},
		{"SAMLRequest", REQUEST(HEAD, ISSUER NAME "text")},
		{"SAMLRequest", "<!DOCTYPE x>" PLAIN},
		{"SAMLRequest", REQUEST(HEAD, ISSUER "<NameID xmlns=\"" NS_SAML "\">a<!-- -->b</NameID>")},
		{"SAMLRequest", REQUEST(HEAD " Destination=\"a&#10;b\"", ISSUER NAME)},
		{"SAMLRequest", ANSWER}, {"SAMLResponse", PLAIN}, {"SAMLRequest", ""}, {"SAMLRequest", "garbage"},
		{"SAMLResponse", RESPONSE(HEAD, ISSUER STATUS)},
		{"SAMLResponse", RESPONSE(HEAD " InResponseTo=\"\"", ISSUER STATUS)},
		{"SAMLResponse", RESPONSE(HEAD " InResponseTo=\"_x\"", ISSUER)},
		{"SAMLResponse", RESPONSE(HEAD " InResponseTo=\"_x\"", ISSUER STATUS STATUS)},
		{"SAMLResponse", RESPONSE(HEAD " InResponseTo=\"_x\"", STATUS)},
		{"SAMLResponse", RESPONSE(HEAD " InResponseTo=\"_x\"", ISSUER "<Signature xmlns=\"" NS_DS "\"/>" STATUS)},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		refused(forge_query(rows[i].parameter, rows[i].xml, ""), REASON_LOGOUT_MALFORMED);
}

/* What one reader cuts there, another joins. */
static void refuses_markup_in_the_name_of_a_logout(void **state)
{
	static const char *const names[] = {
		"maya@example.org<!-- -->.evil.test", "<!-- -->maya@example.org", "maya@example.org<?x y?>", "maya@<![CDATA[example.org]]>", "<![CDATA[maya@example.org]]>",
		"maya@example.org&undeclared;", "maya@example.org&#0;", "maya@example.org&#10;", "maya@example.org&#x7f;", "<b>maya@example.org</b>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *xml = arena_printf(forge_arena(), REQUEST(HEAD TO_US, ISSUER "<NameID xmlns=\"" NS_SAML "\">%s</NameID>" INDEX), names[i]);

		refused(forge_query("SAMLRequest", xml, ""), REASON_LOGOUT_MALFORMED);
		refused(forge_signed_query(forge_query("SAMLRequest", xml, ""), FORGE_SIG_ALG, FORGE_FIRST), REASON_LOGOUT_MALFORMED);
	}
	/* the entities of XML itself are no markup */
	assert_string_equal(taken(forge_query("SAMLRequest", REQUEST(HEAD, ISSUER "<NameID xmlns=\"" NS_SAML "\">a&amp;b&#x40;c</NameID>"), "")).name_id, "a&b@c");
}

/* Whoever signed, and wherever the second one stands. */
static void refuses_logout_query_of_two_messages(void **state)
{
	const char *good = forge_signed_query(forge_query("SAMLRequest", PLAIN, "&RelayState=a"), FORGE_SIG_ALG, FORGE_FIRST);
	const char *other = forge_query("SAMLRequest", PLAIN, ""), *answer = forge_query("SAMLResponse", ANSWER, "");
	const char *const rows[] = {
		arena_printf(forge_arena(), "%s&%s", good, other), arena_printf(forge_arena(), "%s&%s", other, good),
		arena_printf(forge_arena(), "%s&%s", good, answer), arena_printf(forge_arena(), "%s&%s", answer, good),
		arena_printf(forge_arena(), "%s&SAMLResponse", good), arena_printf(forge_arena(), "SAMLRequest&%s", good),
		arena_printf(forge_arena(), "%s&RelayState=b", good), arena_printf(forge_arena(), "RelayState&%s", good),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		refused(rows[i], REASON_LOGOUT_MALFORMED);
	assert_true(taken(arena_printf(forge_arena(), "&&SAMLart=x&samlrequest=y&%s&=&", good)).is_signed);
}

static void refuses_queries_that_are_not_as_they_must_be(void **state)
{
	const char *plain = forge_query("SAMLRequest", PLAIN, "");
	char *large = arena_alloc(forge_arena(), 70000);

	(void)state;
	refused("", REASON_LOGOUT_MISSING);
	refused("RelayState=x", REASON_LOGOUT_MISSING);
	refused("SAMLResponse=", REASON_LOGOUT_MISSING);
	refused(arena_printf(forge_arena(), "%s&%s", plain, plain), REASON_LOGOUT_MALFORMED);
	refused(arena_printf(forge_arena(), "%s&%s", plain, forge_query("SAMLResponse", ANSWER, "")), REASON_LOGOUT_MALFORMED);
	refused(forge_query("SAMLRequest", PLAIN, "&RelayState=a&RelayState=a"), REASON_LOGOUT_MALFORMED);
	refused(forge_query("SAMLRequest", PLAIN, "&RelayState=%0a"), REASON_LOGOUT_MALFORMED);
	refused(forge_query("SAMLRequest", PLAIN, "&SAMLEncoding=x"), REASON_LOGOUT_MALFORMED);
	refused("SAMLRequest=%zz", REASON_LOGOUT_MALFORMED);
	refused("SAMLRequest=abcd", REASON_LOGOUT_MALFORMED);
	memset(large, ' ', 65536);
	memcpy(large + 65536, PLAIN, sizeof(PLAIN));
	refused(forge_query("SAMLRequest", large, ""), REASON_LOGOUT_TOO_LARGE);
}

static void refuses_issuers_that_are_not_the_provider(void **state)
{
	static const char *const issuers[] = {
		"https://sts.windows.net/7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e9/", "https://login.microsoftonline.com/other/",
		"https://login.microsoftonline.com/" FORGE_TENANT, "https://login.microsoftonline.com.evil.example/" FORGE_TENANT "/",
		"https://login.microsoftonline.us/other/", "https://evil.example/" FORGE_TENANT "/", "http://sts.windows.net/" FORGE_TENANT "/", FORGE_ISSUER "x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(issuers) / sizeof(*issuers); i++) {
		refused(forge_query("SAMLRequest", forge_replace(slice_c(PLAIN), FORGE_ISSUER, issuers[i]).p, ""), REASON_LOGOUT_UNKNOWN_ISSUER);
		refused(forge_query("SAMLResponse", forge_replace(slice_c(ANSWER), FORGE_ISSUER, issuers[i]).p, ""), REASON_LOGOUT_UNKNOWN_ISSUER);
	}
}

static void refuses_signatures_that_are_not_good(void **state)
{
	const char *query = forge_query("SAMLRequest", PLAIN, "&RelayState=a%2fb");
	const char *good = forge_signed_query(query, FORGE_SIG_ALG, FORGE_FIRST);
	struct slice changed;

	(void)state;
	refused(forge_signed_query(query, FORGE_SIG_ALG, FORGE_FOREIGN), REASON_SIGNATURE_INVALID);
	refused(forge_signed_query(query, FORGE_SIG_ALG, FORGE_ENDED), REASON_CERTIFICATE_EXPIRED);
	refused(forge_signed_query(query, "http%3a%2f%2fwww.w3.org%2f2000%2f09%2fxmldsig%23rsa-sha1", FORGE_FIRST),
		REASON_SIGNATURE_ALGORITHM);
	/* the same message in other escapes is not what was signed */
	changed = forge_replace(slice_c(good), "a%2fb", "a%2Fb");
	refused(changed.p, REASON_SIGNATURE_INVALID);
	changed = forge_replace(slice_c(good), "a%2fb", "other");
	refused(changed.p, REASON_SIGNATURE_INVALID);
	changed = forge_replace(slice_c(good), "&RelayState=a%2fb", "");
	refused(changed.p, REASON_SIGNATURE_INVALID);
	refused(arena_printf(forge_arena(), "%s&SigAlg=%s", query, FORGE_SIG_ALG), REASON_SIGNATURE_SHAPE);
	refused(arena_printf(forge_arena(), "%s&Signature=abcd", query), REASON_SIGNATURE_SHAPE);
	refused(arena_printf(forge_arena(), "%s&Signature=abcd", good), REASON_SIGNATURE_SHAPE);
}

static void a_setting_demands_signature_and_destination(void **state)
{
	const char *plain = forge_query("SAMLRequest", PLAIN, ""), *to_us = forge_query("SAMLRequest", REQUEST(HEAD TO_US, ISSUER NAME), "");
	struct saml_logout_expect e = expect();
	struct saml_logout m;

	(void)state;
	e.signed_only = true;
	refused_by(&e, plain, REASON_UNSIGNED);
	refused_by(&e, to_us, REASON_UNSIGNED);
	refused_by(&e, forge_signed_query(plain, FORGE_SIG_ALG, FORGE_FIRST), REASON_LOGOUT_WRONG_DESTINATION);
	assert_done(take(&e, forge_signed_query(to_us, FORGE_SIG_ALG, FORGE_FIRST), &m), err);
}

static void refuses_another_destination(void **state)
{
	static const char *const rows[] = {
		REQUEST(HEAD " Destination=\"\"", ISSUER NAME), REQUEST(HEAD " Destination=\"" SLO "/\"", ISSUER NAME),
		REQUEST(HEAD " Destination=\"" FORGE_ACS "\"", ISSUER NAME), REQUEST(HEAD " Destination=\"http://sso.example.org/saml/sp/slo\"", ISSUER NAME),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		refused(forge_signed_query(forge_query("SAMLRequest", rows[i], ""), FORGE_SIG_ALG, FORGE_FIRST), REASON_LOGOUT_WRONG_DESTINATION);
}

static void refuses_messages_of_another_time(void **state)
{
	const char *query = forge_query("SAMLRequest", REQUEST(HEAD " NotOnOrAfter=\"2026-11-24T13:24:15Z\"", ISSUER NAME), "");
	const char *first = forge_query("SAMLRequest", REQUEST(HEAD " NotOnOrAfter=\"1970-01-01T00:00:00Z\"", ISSUER NAME), "");
	const char *answer = forge_query("SAMLResponse", ANSWER, "");
	struct saml_logout_expect e = expect();
	struct saml_logout m;

	(void)state;
	e.skew = 60;
	e.now = FORGE_NOW + 299 + 59;
	assert_done(take(&e, query, &m), err);
	e.now = FORGE_NOW + 299 + 60;
	refused_by(&e, query, REASON_LOGOUT_EXPIRED);
	e.now = FORGE_NOW;
	/* instant 0 is one, and not the absence of one */
	refused_by(&e, first, REASON_LOGOUT_EXPIRED);
	e.now = FORGE_NOW - 1 + SAML_LOGOUT_AGE_MAX + 60;
	assert_done(take(&e, answer, &m), err);
	e.now++;
	refused_by(&e, answer, REASON_LOGOUT_EXPIRED);
	e.now = FORGE_NOW - 61;
	assert_done(take(&e, answer, &m), err);
	e.now--;
	refused_by(&e, answer, REASON_NOT_YET_VALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(reads_the_request_of_the_documentation, forge_reset),
		cmocka_unit_test_teardown(reads_signed_queries_with_escapes_in_lower_case, forge_reset),
		cmocka_unit_test_teardown(reads_every_way_to_name_the_person, forge_reset),
		cmocka_unit_test_teardown(reads_the_answer_of_either_issuer, forge_reset),
		cmocka_unit_test_teardown(knows_a_tenant_of_entra_by_each_of_its_names, forge_reset),
		cmocka_unit_test_teardown(a_partial_logout_is_a_success_and_another_status_is_a_fault, forge_reset),
		cmocka_unit_test_teardown(refuses_messages_that_are_not_as_they_must_be, forge_reset),
		cmocka_unit_test_teardown(refuses_markup_in_the_name_of_a_logout, forge_reset),
		cmocka_unit_test_teardown(refuses_logout_query_of_two_messages, forge_reset),
		cmocka_unit_test_teardown(refuses_queries_that_are_not_as_they_must_be, forge_reset),
		cmocka_unit_test_teardown(refuses_issuers_that_are_not_the_provider, forge_reset),
		cmocka_unit_test_teardown(refuses_signatures_that_are_not_good, forge_reset),
		cmocka_unit_test_teardown(a_setting_demands_signature_and_destination, forge_reset),
		cmocka_unit_test_teardown(refuses_another_destination, forge_reset),
		cmocka_unit_test_teardown(refuses_messages_of_another_time, forge_reset),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
