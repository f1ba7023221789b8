/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What we issue: canonical form, signatures, algorithms and values, each read
 * back by libxml2 and xmlsec1, which had no part in writing it.
 */
#include "tests/unit/unit.h"

#include "saml/key.h"
#include "saml/saml.h"
#include "tests/unit/keys.h"

#include "base/encode.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <xmlsec/crypto.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmltree.h>

#define NOW 1795526356                  /* 2026-11-24T13:19:16Z */
#define ACS "https://auth.atlassian.com/login/callback?connection=saml-1234&x=\"y\""
#define NS "urn:oasis:names:tc:SAML:2.0:assertion"
#define CLAIM "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"

static struct arena *arena;
static struct test_pair pair;
static struct saml_key *key;

static const enum saml_sign all_signs[] = {SAML_SIGN_ASSERTION, SAML_SIGN_RESPONSE, SAML_SIGN_BOTH};

static int begin(void **state)
{
	struct error err;

	(void)state;
	arena = arena_new();
	pair = test_rsa(arena, 2048);
	assert_done(saml_key_read(pair.key, pair.certificate, &key, &err), err);
	return saml_start(&err);
}

static int end(void **state)
{
	(void)state;
	saml_stop();
	saml_key_free(key);
	arena_free(arena);
	return 0;
}

static const char *const odd_values[] = {
	"Jürgen O'Brien", "</x>", "a & b", "]]>", "\"quoted\" 'too'", "tab\there", "line\nend", "carriage\rreturn", "\r\n",
	"", " blanks ", "&amp; &#65;", "<!-- no comment -->", "\xf0\x9f\x94\x91 key", "<![CDATA[x]]>",
};

static struct saml_answer answer(enum saml_sign sign)
{
	static const char *const given[] = {"Jürgen"};
	static const char *const groups[] = {"jira-users", "jira-agents"};
	static const struct saml_attribute attributes[] = {
		{CLAIM "givenname", given, 1},
		{"groups", groups, 2},
		{"none", NULL, 0},
		{"odd", odd_values, sizeof(odd_values) / sizeof(odd_values[0])},
	};

	return (struct saml_answer){
		.entity_id = "https://sso.example.org/saml/idp?a=1&b=2",
		.audience = "https://auth.atlassian.com/saml/1234",
		.acs_url = ACS,
		.in_response_to = "_request.1-2",
		.name_id = "juergen.o'brien@example.org",
		.name_id_format = SAML_FORMAT_EMAIL,
		.attributes = attributes,
		.attribute_count = 4,
		.authn_instant = NOW - 86400,
		.sign = sign,
		.now = NOW,
	};
}

static struct saml_issued issue(const struct saml_answer *what)
{
	struct saml_issued issued;
	struct error err;

	assert_done(saml_response_write(arena, key, what, &issued, &err), err);
	return issued;
}

static xmlDocPtr parse(struct slice xml)
{
	xmlDocPtr doc = xmlReadMemory(xml.p, (int)xml.n, NULL, NULL, XML_PARSE_NONET);

	assert_non_null(doc);
	return doc;
}

/* The string value of an XPath expression; prefixes samlp, saml, ds. */
static const char *at(xmlDocPtr doc, const char *expression)
{
	xmlXPathContextPtr ctx = xmlXPathNewContext(doc);
	xmlXPathObjectPtr found;
	xmlChar *value;
	const char *copy;

	xmlXPathRegisterNs(ctx, BAD_CAST "samlp", BAD_CAST "urn:oasis:names:tc:SAML:2.0:protocol");
	xmlXPathRegisterNs(ctx, BAD_CAST "saml", BAD_CAST "urn:oasis:names:tc:SAML:2.0:assertion");
	xmlXPathRegisterNs(ctx, BAD_CAST "ds", BAD_CAST "http://www.w3.org/2000/09/xmldsig#");
	found = xmlXPathEvalExpression(BAD_CAST expression, ctx);
	assert_non_null(found);
	value = xmlXPathCastToString(found);
	copy = arena_strdup(arena, (const char *)value);
	xmlFree(value);
	xmlXPathFreeObject(found);
	xmlXPathFreeContext(ctx);
	return copy;
}

static void writes_exclusive_canonical_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct saml_answer what = answer(all_signs[i]);
		struct saml_issued issued = issue(&what);
		xmlDocPtr doc = parse(issued.xml);
		xmlChar *canonical = NULL;
		int n = xmlC14NDocDumpMemory(doc, NULL, XML_C14N_EXCLUSIVE_1_0, NULL, 1, &canonical);

		assert_int_equal(n, issued.xml.n);
		assert_memory_equal(canonical, issued.xml.p, issued.xml.n);
		xmlFree(canonical);
		xmlFreeDoc(doc);
	}
}

static xmlSecKeyPtr public_key(void)
{
	xmlSecKeyPtr k = xmlSecCryptoAppKeyLoadMemory((const xmlSecByte *)pair.certificate.p, (xmlSecSize)pair.certificate.n,
		xmlSecKeyDataFormatCertPem, NULL, NULL, NULL);

	assert_non_null(k);
	return k;
}

/* True when the signature inside the element holds, over that element, under our certificate. */
static bool verifies(xmlNodePtr element)
{
	xmlSecDSigCtxPtr ctx = xmlSecDSigCtxCreate(NULL);
	xmlAttrPtr id = xmlHasProp(element, BAD_CAST "ID");
	xmlNodePtr signature = xmlSecFindChild(element, BAD_CAST "Signature", xmlSecDSigNs);
	bool good = false;

	if (signature) {
		xmlAddID(NULL, element->doc, id->children->content, id);
		ctx->signKey = public_key();
		good = xmlSecDSigCtxVerify(ctx, signature) == 0 && ctx->status == xmlSecDSigStatusSucceeded;
		xmlRemoveID(element->doc, id);
	}
	xmlSecDSigCtxDestroy(ctx);
	return good;
}

static xmlNodePtr assertion_of(xmlDocPtr doc)
{
	return xmlSecFindChild(xmlDocGetRootElement(doc), BAD_CAST "Assertion", BAD_CAST NS);
}

static void signs_the_parts_that_are_asked_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct saml_answer what = answer(all_signs[i]);
		struct saml_issued issued = issue(&what);
		xmlDocPtr doc = parse(issued.xml);

		assert_int_equal(verifies(xmlDocGetRootElement(doc)), what.sign != SAML_SIGN_ASSERTION);
		assert_int_equal(verifies(assertion_of(doc)), what.sign != SAML_SIGN_RESPONSE);
		assert_string_equal(at(doc, "count(//ds:Signature)"), what.sign == SAML_SIGN_BOTH ? "2" : "1");
		assert_string_equal(at(doc, "name(/samlp:Response/*[1])"), "saml:Issuer");
		xmlFreeDoc(doc);
	}
}

static struct saml_rejection refusal(enum saml_rejected status)
{
	return (struct saml_rejection){
		.entity_id = "https://sso.example.org/saml/idp?a=1&b=2", .acs_url = ACS, .in_response_to = "_request.1-2", .status = status,
		.message = "denied-by-default: No rule gives you \"access\" & <that> is it.", .now = NOW,
	};
}

static void a_refusal_is_signed_and_canonical_and_names_nobody(void **state)
{
	static const struct { enum saml_rejected status; const char *word; } rows[] = {
		{SAML_REQUEST_DENIED, "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"}, {SAML_NO_PASSIVE, "urn:oasis:names:tc:SAML:2.0:status:NoPassive"},
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct saml_rejection what = refusal(rows[i].status);
		struct saml_issued issued;
		xmlChar *canonical = NULL;
		xmlDocPtr doc;

		assert_done(saml_rejection_write(arena, key, &what, &issued, &err), err);
		assert_null(issued.assertion_id);
		doc = parse(issued.xml);
		assert_int_equal(xmlC14NDocDumpMemory(doc, NULL, XML_C14N_EXCLUSIVE_1_0, NULL, 1, &canonical), issued.xml.n);
		assert_memory_equal(canonical, issued.xml.p, issued.xml.n);
		assert_true(verifies(xmlDocGetRootElement(doc)));
		assert_string_equal(at(doc, "/samlp:Response/samlp:Status/samlp:StatusCode/@Value"), "urn:oasis:names:tc:SAML:2.0:status:Responder");
		assert_string_equal(at(doc, "/samlp:Response/samlp:Status/samlp:StatusCode/samlp:StatusCode/@Value"), rows[i].word);
		assert_string_equal(at(doc, "/samlp:Response/samlp:Status/samlp:StatusMessage"), what.message);
		assert_string_equal(at(doc, "/samlp:Response/@Destination"), ACS);
		assert_string_equal(at(doc, "/samlp:Response/@InResponseTo"), "_request.1-2");
		assert_string_equal(at(doc, "/samlp:Response/@ID"), issued.response_id);
		assert_string_equal(at(doc, "/samlp:Response/saml:Issuer"), what.entity_id);
		assert_string_equal(at(doc, "count(//saml:Assertion)"), "0");
		assert_string_equal(at(doc, "count(//ds:Signature)"), "1");
		xmlFree(canonical);
		xmlFreeDoc(doc);
	}
}

static void refuses_to_refuse_without_what_is_needed(void **state)
{
	struct saml_rejection bad[5];
	struct saml_issued untouched = {0};
	struct error err;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		bad[i] = refusal(SAML_NO_PASSIVE);
	bad[0].entity_id = NULL;
	bad[1].acs_url = "";
	bad[2].in_response_to = NULL;
	bad[3].message = "a\x01";
	bad[4].now = 0;
	for (size_t i = 0; i < 5; i++)
		assert_refused(saml_rejection_write(arena, key, &bad[i], &untouched, &err), err, i < 4 ? REASON_UNSENDABLE : REASON_INTERNAL);
	assert_null(untouched.base64);
}

static void signature_covers_every_byte_of_the_assertion(void **state)
{
	struct saml_answer what = answer(SAML_SIGN_ASSERTION);
	struct saml_issued issued = issue(&what);
	xmlDocPtr doc = parse(issued.xml);
	xmlNodePtr subject = xmlSecFindNode(xmlDocGetRootElement(doc), BAD_CAST "NameID", BAD_CAST NS);

	(void)state;
	assert_true(verifies(assertion_of(doc)));
	xmlNodeSetContent(subject, BAD_CAST "other@example.org");
	assert_false(verifies(assertion_of(doc)));
	xmlFreeDoc(doc);
}

/* SECURITY.md: RSA with SHA-256 in whatever we emit, by name in the message. */
static void names_rsa_sha256_and_nothing_weaker(void **state)
{
	static const struct {
		const char *where, *algorithm;
	} rows[] = {
		{"//ds:SignatureMethod/@Algorithm", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"},
		{"//ds:DigestMethod/@Algorithm", "http://www.w3.org/2001/04/xmlenc#sha256"},
		{"//ds:CanonicalizationMethod/@Algorithm", "http://www.w3.org/2001/10/xml-exc-c14n#"},
		{"//ds:Transform[1]/@Algorithm", "http://www.w3.org/2000/09/xmldsig#enveloped-signature"},
		{"//ds:Transform[2]/@Algorithm", "http://www.w3.org/2001/10/xml-exc-c14n#"},
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct saml_answer what = answer(all_signs[i]);
		struct saml_issued issued = issue(&what);
		xmlDocPtr doc = parse(issued.xml);

		for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
			const char *others = arena_printf(arena, "count(%s[. != '%s'])", rows[r].where, rows[r].algorithm);

			assert_string_equal(at(doc, rows[r].where), rows[r].algorithm);
			assert_string_equal(at(doc, others), "0");
		}
		assert_null(strstr(arena_copy(arena, issued.xml), "sha1"));
		xmlFreeDoc(doc);
	}
}

static void says_what_atlassian_reads(void **state)
{
	static const struct {
		const char *where, *value;
	} rows[] = {
		{"/samlp:Response/@Version", "2.0"},
		{"/samlp:Response/@Destination", ACS},
		{"/samlp:Response/@InResponseTo", "_request.1-2"},
		{"/samlp:Response/@IssueInstant", "2026-11-24T13:19:16Z"},
		{"/samlp:Response/saml:Issuer", "https://sso.example.org/saml/idp?a=1&b=2"},
		{"/samlp:Response/samlp:Status/samlp:StatusCode/@Value", "urn:oasis:names:tc:SAML:2.0:status:Success"},
		{"count(/samlp:Response/saml:Assertion)", "1"},
		{"//saml:Assertion/@Version", "2.0"},
		{"//saml:Assertion/@IssueInstant", "2026-11-24T13:19:16Z"},
		{"//saml:Assertion/saml:Issuer", "https://sso.example.org/saml/idp?a=1&b=2"},
		{"//saml:Subject/saml:NameID", "juergen.o'brien@example.org"},
		{"//saml:Subject/saml:NameID/@Format", SAML_FORMAT_EMAIL},
		{"count(//saml:SubjectConfirmation)", "1"},
		{"//saml:SubjectConfirmation/@Method", "urn:oasis:names:tc:SAML:2.0:cm:bearer"},
		{"//saml:SubjectConfirmationData/@InResponseTo", "_request.1-2"},
		{"//saml:SubjectConfirmationData/@Recipient", ACS},
		{"//saml:SubjectConfirmationData/@NotOnOrAfter", "2026-11-24T13:24:16Z"},
		{"count(//saml:SubjectConfirmationData/@NotBefore)", "0"},
		{"//saml:Conditions/@NotBefore", "2026-11-24T13:18:16Z"},
		{"//saml:Conditions/@NotOnOrAfter", "2026-11-24T13:24:16Z"},
		{"count(//saml:Audience)", "1"},
		{"//saml:AudienceRestriction/saml:Audience", "https://auth.atlassian.com/saml/1234"},
		{"//saml:AuthnStatement/@AuthnInstant", "2026-11-23T13:19:16Z"},
		{"//saml:AuthnStatement/@SessionIndex = //saml:Assertion/@ID", "true"},
		{"//saml:AuthnContextClassRef", "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"},
		{"count(//saml:Attribute)", "3"},
		{"//saml:Attribute[@Name='" CLAIM "givenname']/saml:AttributeValue", "Jürgen"},
		{"//saml:Attribute[@Name='" CLAIM "givenname']/@NameFormat", "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"},
		{"count(//saml:Attribute[@Name='groups']/@NameFormat)", "0"},
		{"//saml:Attribute[@Name='groups']/saml:AttributeValue[2]", "jira-agents"},
	};
	struct saml_answer what = answer(SAML_SIGN_ASSERTION);
	struct saml_issued issued = issue(&what);
	xmlDocPtr doc = parse(issued.xml);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(at(doc, rows[i].where), rows[i].value);
	assert_string_equal(at(doc, "/samlp:Response/@ID"), issued.response_id);
	assert_string_equal(at(doc, "//saml:Assertion/@ID"), issued.assertion_id);
	xmlFreeDoc(doc);
}

static void escapes_ldap_value_in_assertion(void **state)
{
	struct saml_answer what = answer(SAML_SIGN_BOTH);
	struct saml_issued issued = issue(&what);
	xmlDocPtr doc = parse(issued.xml);

	(void)state;
	for (size_t i = 0; i < sizeof(odd_values) / sizeof(odd_values[0]); i++)
		assert_string_equal(odd_values[i],
			at(doc, arena_printf(arena, "//saml:Attribute[@Name='odd']/saml:AttributeValue[%zu]", i + 1)));
	xmlFreeDoc(doc);
}

static void leaves_out_what_an_unsolicited_response_has_not(void **state)
{
	struct saml_answer what = answer(SAML_SIGN_BOTH);
	struct saml_issued issued;
	xmlDocPtr doc;

	(void)state;
	what.in_response_to = NULL;
	what.attribute_count = 0;
	what.lifetime = 60;
	what.authn_context = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
	issued = issue(&what);
	doc = parse(issued.xml);
	assert_string_equal(at(doc, "count(//@InResponseTo)"), "0");
	assert_string_equal(at(doc, "count(//saml:AttributeStatement)"), "0");
	assert_string_equal(at(doc, "//saml:Conditions/@NotOnOrAfter"), "2026-11-24T13:20:16Z");
	assert_string_equal(at(doc, "//saml:AuthnContextClassRef"), what.authn_context);
	assert_true(verifies(xmlDocGetRootElement(doc)) && verifies(assertion_of(doc)));
	xmlFreeDoc(doc);
}

static void ids_are_ours_and_never_the_same(void **state)
{
	struct saml_answer what = answer(SAML_SIGN_ASSERTION);
	struct saml_issued one = issue(&what), two = issue(&what);
	const char *ids[] = {one.assertion_id, one.response_id, two.assertion_id, two.response_id};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(strlen(ids[i]), 33);
		assert_int_equal(ids[i][0], '_');
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(ids[i], ids[j]);
	}
}

static void base64_holds_the_same_bytes(void **state)
{
	struct saml_answer what = answer(SAML_SIGN_BOTH);
	struct saml_issued issued = issue(&what);
	struct slice decoded;

	(void)state;
	assert_int_equal(base64_decode(arena, slice_c(issued.base64), &decoded), 0);
	assert_true(slice_equal(decoded, issued.xml));
}

static void refuses_what_xml_cannot_carry(void **state)
{
	static const char *const bad[] = {
		"nul-like \x01", "\xff latin", "cut \xc3", "\xef\xbf\xbe", "\xed\xa0\x80", "bell\a", NULL,
	};
	struct saml_issued untouched = {.assertion_id = "untouched"};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct saml_attribute attribute = {"displayname", &bad[i], 1};
		struct saml_answer in_attribute = answer(SAML_SIGN_ASSERTION), in_name_id = answer(SAML_SIGN_ASSERTION);

		in_attribute.attributes = &attribute;
		in_attribute.attribute_count = 1;
		assert_refused(saml_response_write(arena, key, &in_attribute, &untouched, &err), err, REASON_UNSENDABLE);
		assert_non_null(strstr(err.detail, "displayname"));
		in_name_id.name_id = bad[i];
		assert_refused(saml_response_write(arena, key, &in_name_id, &untouched, &err), err, REASON_UNSENDABLE);
	}
	assert_string_equal(untouched.assertion_id, "untouched");
}

static void refuses_answer_without_a_needed_value(void **state)
{
	struct saml_answer bad[7];
	struct saml_issued untouched;
	struct error err;

	(void)state;
	for (size_t i = 0; i < 7; i++)
		bad[i] = answer(SAML_SIGN_ASSERTION);
	bad[0].entity_id = NULL;
	bad[1].audience = "";
	bad[2].acs_url = NULL;
	bad[3].name_id = "";
	bad[4].name_id_format = NULL;
	bad[5].in_response_to = "";
	bad[6].audience = NULL;
	for (size_t i = 0; i < 7; i++)
		assert_refused(saml_response_write(arena, key, &bad[i], &untouched, &err), err, REASON_UNSENDABLE);
	bad[0] = bad[1] = answer(SAML_SIGN_ASSERTION);
	bad[0].now = 0;
	bad[1].authn_instant = 0;
	for (size_t i = 0; i < 2; i++)
		assert_refused(saml_response_write(arena, key, &bad[i], &untouched, &err), err, REASON_INTERNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_exclusive_canonical_form),
		cmocka_unit_test(signs_the_parts_that_are_asked_for),
		cmocka_unit_test(a_refusal_is_signed_and_canonical_and_names_nobody),
		cmocka_unit_test(refuses_to_refuse_without_what_is_needed),
		cmocka_unit_test(signature_covers_every_byte_of_the_assertion),
		cmocka_unit_test(names_rsa_sha256_and_nothing_weaker),
		cmocka_unit_test(says_what_atlassian_reads),
		cmocka_unit_test(escapes_ldap_value_in_assertion),
		cmocka_unit_test(leaves_out_what_an_unsolicited_response_has_not),
		cmocka_unit_test(ids_are_ours_and_never_the_same),
		cmocka_unit_test(base64_holds_the_same_bytes),
		cmocka_unit_test(refuses_what_xml_cannot_carry),
		cmocka_unit_test(refuses_answer_without_a_needed_value),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
