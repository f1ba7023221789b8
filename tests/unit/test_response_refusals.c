/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a Response must say (SAML profiles 4.1.4): each field missing, and each field wrong. */
#include "tests/unit/forge.h"

#define SUCCESS "urn:oasis:names:tc:SAML:2.0:status:Success"
#define BEARER "urn:oasis:names:tc:SAML:2.0:cm:bearer"
#define STATUS "<samlp:Status><samlp:StatusCode Value=\"" SUCCESS "\"/></samlp:Status>"
#define NAME_ID_OPEN "<NameID Format=\"" SAML_FORMAT_EMAIL "\">"
#define NAME_ID NAME_ID_OPEN FORGE_NAME_ID "</NameID>"
#define DATA "<SubjectConfirmationData InResponseTo=\"" FORGE_REQUEST "\" NotOnOrAfter=\"2026-11-24T14:19:15.013Z\" " \
	"Recipient=\"" FORGE_ACS "\"/>"
#define CONFIRMATION "<SubjectConfirmation Method=\"" BEARER "\">" DATA "</SubjectConfirmation>"
#define SUBJECT "<Subject>" NAME_ID CONFIRMATION "</Subject>"
#define AUDIENCE "<Audience>" FORGE_ENTITY "</Audience>"
#define RESTRICTION "<AudienceRestriction>" AUDIENCE "</AudienceRestriction>"
#define NOT_BEFORE "NotBefore=\"2026-11-24T13:14:15.013Z\""
#define NOT_AFTER "NotOnOrAfter=\"2026-11-24T14:19:15.013Z\""
#define CONDITIONS "<Conditions " NOT_BEFORE " " NOT_AFTER ">" RESTRICTION "</Conditions>"
#define CONTEXT "<AuthnContext><AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</AuthnContextClassRef>" \
	"</AuthnContext>"
#define INSTANT "AuthnInstant=\"2026-09-04T06:11:02.000Z\""
#define SESSION "SessionIndex=\"" FORGE_ASSERTION_ID "\""
#define STATEMENT "<AuthnStatement " INSTANT " " SESSION ">" CONTEXT "</AuthnStatement>"
#define TENANT "<Attribute Name=\"" SAML_CLAIM_TENANT "\"><AttributeValue>" FORGE_TENANT "</AttributeValue></Attribute>"
#define OBJECT_ID "<Attribute Name=\"" SAML_CLAIM_OBJECT_ID "\"><AttributeValue>" FORGE_OBJECT_ID "</AttributeValue>" \
	"</Attribute>"
#define GIVEN "<AttributeValue>Anna</AttributeValue>"

/* The edit is made before signing, so the signature is good and the field itself is what is refused. */
#define REFUSES(name, from, to, reason) \
	static void name(void **state) \
	{ \
		(void)state; \
		forge_edit_refused(from, to, reason); \
	}


/* ---- the Response ---- */

REFUSES(refuses_response_without_version, " Version=\"2.0\" IssueInstant=\"2026-11-24T13:19:15.123Z\"",
	" IssueInstant=\"2026-11-24T13:19:15.123Z\"", REASON_XML_SHAPE)
REFUSES(refuses_response_of_saml_1, "Version=\"2.0\"", "Version=\"1.1\"", REASON_XML_SHAPE)
REFUSES(refuses_response_without_issue_instant, " IssueInstant=\"2026-11-24T13:19:15.123Z\"", "", REASON_ISSUE_INSTANT)
REFUSES(refuses_response_with_issue_instant_in_local_time, "13:19:15.123Z", "13:19:15.123+01:00", REASON_ISSUE_INSTANT)
REFUSES(refuses_response_made_before_it_was_asked_for, "2026-11-24T13:19:15.123Z", "2026-11-24T13:15:50Z",
	REASON_ISSUE_INSTANT)
REFUSES(refuses_response_from_the_future, "2026-11-24T13:19:15.123Z", "2026-11-24T13:22:17Z", REASON_NOT_YET_VALID)
REFUSES(refuses_response_without_destination, " Destination=\"" FORGE_ACS "\"", "", REASON_WRONG_DESTINATION)
REFUSES(refuses_empty_destination, "Destination=\"" FORGE_ACS "\"", "Destination=\"\"", REASON_WRONG_DESTINATION)
REFUSES(refuses_wrong_destination, "Destination=\"" FORGE_ACS, "Destination=\"" FORGE_ACS "/", REASON_WRONG_DESTINATION)
REFUSES(refuses_unsolicited, " InResponseTo=\"" FORGE_REQUEST "\" xmlns", " xmlns", REASON_UNSOLICITED)
REFUSES(refuses_response_with_empty_in_response_to, "InResponseTo=\"" FORGE_REQUEST, "InResponseTo=\"",
	REASON_UNSOLICITED)
REFUSES(refuses_unknown_in_response_to, "InResponseTo=\"" FORGE_REQUEST, "InResponseTo=\"_ffff",
	REASON_WRONG_IN_RESPONSE_TO)
REFUSES(refuses_in_response_to_with_a_tail, "InResponseTo=\"" FORGE_REQUEST, "InResponseTo=\"" FORGE_REQUEST "0",
	REASON_WRONG_IN_RESPONSE_TO)
REFUSES(refuses_response_without_issuer, "<Issuer xmlns=\"" NS_SAML "\">" FORGE_ISSUER "</Issuer>", "",
	REASON_WRONG_ISSUER)
REFUSES(refuses_response_of_another_issuer, FORGE_ISSUER "</Issuer>", "https://sts.windows.net/other/</Issuer>",
	REASON_WRONG_ISSUER)
REFUSES(refuses_response_with_issuer_without_slash, FORGE_TENANT "/</Issuer>", FORGE_TENANT "</Issuer>",
	REASON_WRONG_ISSUER)
REFUSES(refuses_issuer_of_another_format, "<Issuer xmlns=\"" NS_SAML "\">",
	"<Issuer xmlns=\"" NS_SAML "\" Format=\"" SAML_FORMAT_EMAIL "\">", REASON_WRONG_ISSUER)
REFUSES(refuses_two_issuers, "<samlp:Status>", "<Issuer xmlns=\"" NS_SAML "\">" FORGE_ISSUER "</Issuer><samlp:Status>",
	REASON_XML_SHAPE)
REFUSES(refuses_response_without_status, STATUS, "", REASON_STATUS_NOT_SUCCESS)
REFUSES(refuses_two_statuses, STATUS, STATUS STATUS, REASON_STATUS_NOT_SUCCESS)
REFUSES(refuses_response_without_status_code, "<samlp:StatusCode Value=\"" SUCCESS "\"/>", "", REASON_STATUS_NOT_SUCCESS)
REFUSES(refuses_status_code_without_value, " Value=\"" SUCCESS "\"", "", REASON_STATUS_NOT_SUCCESS)
REFUSES(refuses_foreign_element_in_status, "</samlp:Status>", "<NameID xmlns=\"" NS_SAML "\"/></samlp:Status>", REASON_XML_SHAPE)
REFUSES(refuses_two_status_messages, "</samlp:Status>",
	"<samlp:StatusMessage>a</samlp:StatusMessage><samlp:StatusMessage>b</samlp:StatusMessage></samlp:Status>", REASON_XML_SHAPE)
REFUSES(refuses_element_in_a_successful_status_code, "Value=\"" SUCCESS "\"/>",
	"Value=\"" SUCCESS "\"><x xmlns=\"urn:x\"/></samlp:StatusCode>", REASON_XML_SHAPE)
REFUSES(refuses_text_in_status, "</samlp:Status>", "x</samlp:Status>", REASON_XML_SHAPE)
REFUSES(refuses_extensions, STATUS, "<samlp:Extensions><x xmlns=\"urn:x\"/></samlp:Extensions>" STATUS, REASON_XML_SHAPE)
REFUSES(refuses_text_between_elements, STATUS, STATUS "and more", REASON_XML_SHAPE)

/* ---- the Assertion ---- */

REFUSES(refuses_response_without_assertion_version,
	"<Assertion ID=\"" FORGE_ASSERTION_ID "\" IssueInstant=\"2026-11-24T13:19:15.107Z\" Version=\"2.0\"",
	"<Assertion ID=\"" FORGE_ASSERTION_ID "\" IssueInstant=\"2026-11-24T13:19:15.107Z\"", REASON_XML_SHAPE)
REFUSES(refuses_response_without_assertion_issue_instant,
	"<Assertion ID=\"" FORGE_ASSERTION_ID "\" IssueInstant=\"2026-11-24T13:19:15.107Z\" Version=\"2.0\"",
	"<Assertion ID=\"" FORGE_ASSERTION_ID "\" Version=\"2.0\"", REASON_ISSUE_INSTANT)
REFUSES(refuses_assertion_older_than_the_request, "2026-11-24T13:19:15.107Z", "2026-11-24T12:19:15Z",
	REASON_ISSUE_INSTANT)
REFUSES(refuses_assertion_from_the_future, "2026-11-24T13:19:15.107Z", "2026-11-24T14:19:15Z", REASON_NOT_YET_VALID)
REFUSES(refuses_assertion_of_another_issuer, "xmlns=\"" NS_SAML "\"><Issuer>" FORGE_ISSUER,
	"xmlns=\"" NS_SAML "\"><Issuer>https://sts.windows.net/other/", REASON_WRONG_ISSUER)
REFUSES(refuses_response_without_assertion_issuer, "<Issuer>" FORGE_ISSUER "</Issuer>", "", REASON_WRONG_ISSUER)
REFUSES(refuses_assertion_with_empty_issuer, "xmlns=\"" NS_SAML "\"><Issuer>" FORGE_ISSUER,
	"xmlns=\"" NS_SAML "\"><Issuer>", REASON_WRONG_ISSUER)
REFUSES(refuses_advice, "<AttributeStatement>", "<Advice/><AttributeStatement>", REASON_XML_SHAPE)
REFUSES(refuses_authz_decision_statement, "<AttributeStatement>",
	"<AuthzDecisionStatement Resource=\"urn:x\" Decision=\"Permit\"/><AttributeStatement>", REASON_XML_SHAPE)

/* ---- the Subject ---- */

REFUSES(refuses_response_without_subject, SUBJECT, "", REASON_NO_SUBJECT)
REFUSES(refuses_two_subjects, SUBJECT, SUBJECT SUBJECT, REASON_XML_SHAPE)
REFUSES(refuses_response_without_name_id, NAME_ID, "", REASON_NO_SUBJECT)
REFUSES(refuses_two_name_ids, NAME_ID, NAME_ID NAME_ID, REASON_NO_SUBJECT)
REFUSES(refuses_empty_name_id, NAME_ID_OPEN FORGE_NAME_ID, NAME_ID_OPEN, REASON_BAD_NAME_ID)
REFUSES(refuses_name_id_of_blanks, NAME_ID_OPEN FORGE_NAME_ID, NAME_ID_OPEN "  ", REASON_BAD_NAME_ID)
REFUSES(refuses_name_id_with_trailing_newline, FORGE_NAME_ID "</NameID>", FORGE_NAME_ID "\n</NameID>", REASON_BAD_NAME_ID)
REFUSES(refuses_name_id_with_leading_blank, NAME_ID_OPEN, NAME_ID_OPEN " ", REASON_BAD_NAME_ID)
REFUSES(refuses_name_id_with_an_element_inside, FORGE_NAME_ID "</NameID>",
	FORGE_NAME_ID "<x xmlns=\"urn:x\"/>.evil.test</NameID>", REASON_BAD_NAME_ID)
REFUSES(refuses_wrong_sp_name_qualifier, "<NameID ", "<NameID SPNameQualifier=\"https://other.example.org\" ",
	REASON_BAD_NAME_ID)
REFUSES(refuses_base_id, NAME_ID, "<BaseID/>", REASON_NO_SUBJECT)
REFUSES(refuses_encrypted_id, NAME_ID, "<EncryptedID/>", REASON_ENCRYPTED)
REFUSES(refuses_response_without_subject_confirmation, CONFIRMATION, "", REASON_WRONG_CONFIRMATION)
REFUSES(refuses_two_subject_confirmations, CONFIRMATION, CONFIRMATION CONFIRMATION, REASON_WRONG_CONFIRMATION)
REFUSES(refuses_response_without_confirmation_method, " Method=\"" BEARER "\"", "", REASON_WRONG_CONFIRMATION)
REFUSES(refuses_holder_of_key, BEARER, "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key", REASON_WRONG_CONFIRMATION)
REFUSES(refuses_response_without_subject_confirmation_data, DATA, "", REASON_WRONG_CONFIRMATION)
REFUSES(refuses_two_subject_confirmation_data, DATA, DATA DATA, REASON_WRONG_CONFIRMATION)
REFUSES(refuses_name_id_inside_subject_confirmation, DATA, NAME_ID DATA, REASON_WRONG_CONFIRMATION)
REFUSES(refuses_confirmation_with_not_before, "<SubjectConfirmationData ",
	"<SubjectConfirmationData NotBefore=\"2026-11-24T13:14:15Z\" ", REASON_WRONG_CONFIRMATION)
REFUSES(refuses_confirmation_data_with_content, "Recipient=\"" FORGE_ACS "\"/>",
	"Recipient=\"" FORGE_ACS "\"><x xmlns=\"urn:x\"/></SubjectConfirmationData>", REASON_WRONG_CONFIRMATION)
REFUSES(refuses_response_without_recipient, " Recipient=\"" FORGE_ACS "\"", "", REASON_WRONG_RECIPIENT)
REFUSES(refuses_wrong_recipient, "Recipient=\"" FORGE_ACS, "Recipient=\"https://other.example.org/acs",
	REASON_WRONG_RECIPIENT)
REFUSES(refuses_response_without_in_response_to_in_its_subject, "Data InResponseTo=\"" FORGE_REQUEST "\"", "Data",
	REASON_WRONG_IN_RESPONSE_TO)
REFUSES(refuses_answer_for_another_request_in_its_subject, "Data InResponseTo=\"" FORGE_REQUEST,
	"Data InResponseTo=\"_ffff", REASON_WRONG_IN_RESPONSE_TO)
REFUSES(refuses_response_without_end_of_confirmation, "\" " NOT_AFTER " Recipient", "\" Recipient",
	REASON_WRONG_CONFIRMATION)
REFUSES(refuses_expired_confirmation, NOT_AFTER " Recipient", "NotOnOrAfter=\"2026-11-24T13:16:16Z\" Recipient",
	REASON_CONFIRMATION_EXPIRED)

/* ---- the Conditions ---- */

REFUSES(refuses_response_without_conditions, CONDITIONS, "", REASON_NO_CONDITIONS)
REFUSES(refuses_two_conditions, CONDITIONS, CONDITIONS CONDITIONS, REASON_XML_SHAPE)
REFUSES(refuses_response_without_not_before, NOT_BEFORE, "", REASON_NO_CONDITIONS)
REFUSES(refuses_response_without_not_on_or_after, NOT_BEFORE " " NOT_AFTER, NOT_BEFORE, REASON_NO_CONDITIONS)
REFUSES(refuses_conditions_with_a_time_that_is_none, NOT_BEFORE, "NotBefore=\"yesterday\"", REASON_NO_CONDITIONS)
REFUSES(refuses_conditions_that_end_before_they_begin, NOT_BEFORE " " NOT_AFTER,
	"NotBefore=\"2026-11-24T13:20:00Z\" NotOnOrAfter=\"2026-11-24T13:18:00Z\"", REASON_NO_CONDITIONS)
REFUSES(refuses_expired_conditions, NOT_BEFORE " " NOT_AFTER, NOT_BEFORE " NotOnOrAfter=\"2026-11-24T13:16:16Z\"",
	REASON_EXPIRED)
REFUSES(refuses_not_yet_valid, NOT_BEFORE, "NotBefore=\"2026-11-24T13:22:17Z\"", REASON_NOT_YET_VALID)
REFUSES(refuses_response_without_audience_restriction, RESTRICTION, "", REASON_WRONG_AUDIENCE)
REFUSES(refuses_response_without_audience, AUDIENCE, "", REASON_WRONG_AUDIENCE)
REFUSES(refuses_empty_audience, "<Audience>" FORGE_ENTITY, "<Audience>", REASON_WRONG_AUDIENCE)
REFUSES(refuses_wrong_audience, "<Audience>" FORGE_ENTITY, "<Audience>https://other.example.org", REASON_WRONG_AUDIENCE)
REFUSES(refuses_audience_that_begins_like_ours, "<Audience>" FORGE_ENTITY, "<Audience>" FORGE_ENTITY ".evil.test",
	REASON_WRONG_AUDIENCE)
REFUSES(refuses_two_audiences, AUDIENCE, "<Audience>https://other.example.org</Audience>" AUDIENCE, REASON_WRONG_AUDIENCE)
REFUSES(refuses_two_audience_restrictions, RESTRICTION, RESTRICTION RESTRICTION, REASON_WRONG_AUDIENCE)
REFUSES(refuses_unknown_condition, RESTRICTION, RESTRICTION "<Condition/>", REASON_UNKNOWN_CONDITION)
REFUSES(refuses_condition_of_another_namespace, RESTRICTION, RESTRICTION "<OneTimeUse xmlns=\"urn:x\"/>",
	REASON_UNKNOWN_CONDITION)

/* ---- the AuthnStatement ---- */

REFUSES(refuses_response_without_authn_statement, STATEMENT, "", REASON_NO_AUTHN_STATEMENT)
REFUSES(refuses_two_authn_statements, STATEMENT, STATEMENT STATEMENT, REASON_XML_SHAPE)
REFUSES(refuses_response_without_authn_instant, INSTANT " ", "", REASON_NO_AUTHN_STATEMENT)
REFUSES(refuses_authn_instant_in_the_future, INSTANT, "AuthnInstant=\"2026-11-24T13:22:17Z\"", REASON_NOT_YET_VALID)
REFUSES(refuses_response_without_session_index, SESSION, "", REASON_NO_AUTHN_STATEMENT)
REFUSES(refuses_session_that_ended, SESSION, SESSION " SessionNotOnOrAfter=\"2026-11-24T13:16:16Z\"",
	REASON_SESSION_EXPIRED)
REFUSES(refuses_session_end_that_is_no_time, SESSION, SESSION " SessionNotOnOrAfter=\"never\"", REASON_SESSION_EXPIRED)

/* ---- the attributes ---- */

REFUSES(refuses_duplicate_attribute, OBJECT_ID, OBJECT_ID OBJECT_ID, REASON_DUPLICATE_ATTRIBUTE)
REFUSES(refuses_two_attribute_statements, "<AttributeStatement>",
	"<AttributeStatement>" TENANT "</AttributeStatement><AttributeStatement>", REASON_XML_SHAPE)
REFUSES(refuses_attribute_without_name, " Name=\"" SAML_CLAIM_OBJECT_ID "\"", "", REASON_BAD_ATTRIBUTE)
REFUSES(refuses_attribute_without_value, GIVEN, "", REASON_BAD_ATTRIBUTE)
REFUSES(refuses_empty_attribute_value, GIVEN, "<AttributeValue/>", REASON_BAD_ATTRIBUTE)
REFUSES(refuses_attribute_value_with_trailing_newline, "Anna</AttributeValue>", "Anna\n</AttributeValue>",
	REASON_BAD_ATTRIBUTE)
REFUSES(refuses_attribute_value_with_an_element, "Anna</AttributeValue>", "<b xmlns=\"urn:x\">Anna</b></AttributeValue>",
	REASON_BAD_ATTRIBUTE)
REFUSES(refuses_attribute_value_of_two_nodes, "Anna</AttributeValue>",
	"Anna<b xmlns=\"urn:x\"/>.evil.test</AttributeValue>", REASON_BAD_ATTRIBUTE)
REFUSES(refuses_foreign_element_in_an_attribute, GIVEN, GIVEN "<Other/>", REASON_BAD_ATTRIBUTE)
REFUSES(refuses_foreign_element_among_attributes, OBJECT_ID, OBJECT_ID "<Other/>", REASON_BAD_ATTRIBUTE)
REFUSES(refuses_encrypted_attribute, OBJECT_ID, "<EncryptedAttribute/>", REASON_ENCRYPTED)
REFUSES(refuses_two_object_ids, FORGE_OBJECT_ID "</AttributeValue>",
	FORGE_OBJECT_ID "</AttributeValue><AttributeValue>1</AttributeValue>", REASON_BAD_ATTRIBUTE)
REFUSES(refuses_two_tenants, "<AttributeValue>" FORGE_TENANT,
	"<AttributeValue>1</AttributeValue><AttributeValue>" FORGE_TENANT, REASON_BAD_ATTRIBUTE)
REFUSES(refuses_another_tenant, "<AttributeValue>" FORGE_TENANT, "<AttributeValue>11111111-4f50-4a61-8b72-93a4b5c6d7e8",
	REASON_WRONG_TENANT)
REFUSES(refuses_response_without_tenant, TENANT, "", REASON_WRONG_TENANT)

/* ---- what a table of edits cannot say ---- */

static void refuses_response_without_assertion_id(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.sign = FORGE_RESPONSE, .before = {{" ID=\"" FORGE_ASSERTION_ID "\"", ""}}},
		REASON_XML_SHAPE);
}

/* A character reference gets past the check of the document's bytes. */
static void refuse_c1_control(const char *from, const char *to, enum reason reason)
{
	for (int what = FORGE_ASSERTION; what <= FORGE_BOTH; what++)
		forge_refused(&(struct forge){.sign = (enum forge_sign)what, .before = {{from, to}},
			.after = {{"\xc2\x85", "&#x85;"}}}, reason);
}

static void refuses_name_id_with_control_character(void **state)
{
	(void)state;
	refuse_c1_control(FORGE_NAME_ID "</NameID>", FORGE_NAME_ID "&#x85;</NameID>", REASON_BAD_NAME_ID);
}

static void refuses_attribute_value_with_control_character(void **state)
{
	(void)state;
	refuse_c1_control("Anna</AttributeValue>", "Anna&#x85;</AttributeValue>", REASON_BAD_ATTRIBUTE);
}

/* What is handed out goes into logs, the audit and messages of our own, each on one line. */
static void refuses_attributes_of_xml_with_control_characters(void **state)
{
	(void)state;
	forge_edit_refused("Name=\"" SAML_CLAIM_OBJECT_ID, "Name=\"" SAML_CLAIM_OBJECT_ID "&#10;", REASON_BAD_ATTRIBUTE);
	forge_edit_refused(SESSION, "SessionIndex=\"_a&#13;b\"", REASON_NO_AUTHN_STATEMENT);
	forge_edit_refused(NAME_ID_OPEN, "<NameID Format=\"urn:a&#9;b\">", REASON_BAD_NAME_ID);
	forge_refused(&(struct forge){.sign = FORGE_RESPONSE, .before = {{"<Assertion ID=\"_", "<Assertion ID=\"&#10;_"}}},
		REASON_XML_SHAPE);
}

/* Parsers that go by the schema refuse it, others read it: nobody sends it. */
static void refuses_parts_out_of_order(void **state)
{
	static const char issuer[] = "<Issuer xmlns=\"" NS_SAML "\">" FORGE_ISSUER "</Issuer>";
	static const char begin[] = "<Assertion ", subject[] = "<Subject>", end[] = "</samlp:Response>";

	(void)state;
	forge_refused(&(struct forge){.before = {{issuer, ""}, {begin, arena_printf(forge_arena(), "%s%s", issuer, begin)}}},
		REASON_XML_SHAPE);
	forge_refused(&(struct forge){.before = {{STATUS, ""}, {end, arena_printf(forge_arena(), STATUS "%s", end)}}}, REASON_XML_SHAPE);
	forge_refused(&(struct forge){.before = {{CONDITIONS, ""}, {subject, CONDITIONS "<Subject>"}}}, REASON_XML_SHAPE);
}

static void refuses_too_many_attributes(void **state)
{
	struct slice text;
	char more[16000] = "<AttributeStatement>";
	size_t n = strlen(more);

	(void)state;
	for (int i = 0; i < 200; i++)
		n += (size_t)snprintf(more + n, sizeof(more) - n,
			"<Attribute Name=\"a%d\"><AttributeValue>b</AttributeValue></Attribute>", i);
	text = forge_text(&(struct forge){.before = {{"<AttributeStatement>", more}}});
	forge_text_refused(text, REASON_BAD_ATTRIBUTE);
}

static void tells_why_the_identity_provider_refused(void **state)
{
	static const char refusal[] =
		"<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\">"
		"<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:NoPassive\"/></samlp:StatusCode>"
		"<samlp:StatusMessage>AADSTS50105: not assigned. Trace ID: 1</samlp:StatusMessage></samlp:Status>";
	struct saml_expect expect = forge_expect();
	struct saml_identity who = {0};
	struct slice text = forge_text(&(struct forge){.sign = FORGE_NOTHING, .before = {{STATUS, refusal}}});
	struct error err;

	(void)state;
	assert_refused(saml_response_read(forge_arena(), &expect, forge_base64(text), &who, &err), err,
		REASON_STATUS_NOT_SUCCESS);
	assert_string_equal(err.detail, "Responder, NoPassive: AADSTS50105: not assigned. Trace ID: 1");
}

/* Entra sends no assertion with a refusal. */
static void tells_a_refusal_without_assertion(void **state)
{
	struct slice text = slice_c("<samlp:Response xmlns:samlp=\"" NS_SAMLP "\" ID=\"_1\" Version=\"2.0\"><samlp:Status>"
		"<samlp:StatusCode Value=\"urn:x:mine\"/></samlp:Status></samlp:Response>");

	(void)state;
	forge_text_refused(text, REASON_STATUS_NOT_SUCCESS);
}

static void refuses_replies_that_cannot_be_read(void **state)
{
	static const char *const wrong[] = {"%", "PHg+", "PHg", "bm8gWE1M", "PHgvPg==PHgvPg=="};
	struct saml_expect expect = forge_expect();
	struct saml_identity who;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_refused(saml_response_read(forge_arena(), &expect, slice_c(wrong[i]), &who, &err), err,
			REASON_RESPONSE_MALFORMED);
	assert_refused(saml_response_read(forge_arena(), &expect, slice_c(""), &who, &err), err, REASON_RESPONSE_MISSING);
	assert_refused(saml_response_read(forge_arena(), &expect, slice_c("PHgvPg=="), &who, &err), err, REASON_XML_SHAPE);
}

static void refuses_large_response(void **state)
{
	char *padding = arena_alloc(forge_arena(), SAML_RESPONSE_MAX + 1);
	struct saml_expect expect = forge_expect();
	struct saml_identity who;
	struct error err;

	(void)state;
	memset(padding, ' ', SAML_RESPONSE_MAX);
	forge_text_refused(forge_replace(slice_c("@<x/>"), "@", padding), REASON_RESPONSE_TOO_LARGE);
	memset(padding, 'A', SAML_RESPONSE_MAX);
	assert_refused(saml_response_read(forge_arena(), &expect,
		forge_replace(forge_replace(slice_c("@@"), "@", padding), "@", padding), &who, &err), err,
			REASON_RESPONSE_TOO_LARGE);
}

static void refuses_what_was_accepted_when_its_metadata_is_too_old(void **state)
{
	static const enum forge_key first[] = {FORGE_FIRST, FORGE_KEYS};
	struct slice metadata = forge_replace(forge_metadata("signing", first), "<EntityDescriptor ",
		"<EntityDescriptor validUntil=\"2026-11-24T13:19:17Z\" ");
	struct saml_provider_options options = {.entity_id = FORGE_ISSUER, .now = FORGE_NOW};
	struct saml_provider *p = NULL;
	struct saml_expect expect = forge_expect();
	struct slice base64 = forge_base64(forge_text(&(struct forge){.sign = FORGE_BOTH}));
	struct saml_identity who = {0};
	struct error err;

	(void)state;
	assert_done(saml_provider_read(metadata, &options, &p, &err), err);
	expect.provider = p;
	assert_done(saml_response_read(forge_arena(), &expect, base64, &who, &err), err);
	expect.now++;
	assert_refused(saml_response_read(forge_arena(), &expect, base64, &who, &err), err, REASON_METADATA);
	saml_provider_free(p);
}

static void refuses_captured_response_for_another_pending_request(void **state)
{
	struct saml_expect expect = forge_expect();
	struct saml_identity who = {0};
	struct error err;

	(void)state;
	expect.request_id = "_ffffffffffffffffffffffffffffffff";
	assert_refused(saml_response_read(forge_arena(), &expect,
		forge_base64(forge_text(&(struct forge){.sign = FORGE_BOTH})), &who,
		&err), err, REASON_WRONG_IN_RESPONSE_TO);
}

static void refuses_answer_for_other_host(void **state)
{
	struct saml_expect expect = forge_expect();
	struct saml_identity who = {0};
	struct error err;

	(void)state;
	expect.acs_url = "https://sso.example.org/saml/sp/acs/host2";
	assert_refused(saml_response_read(forge_arena(), &expect, forge_base64(forge_text(&(struct forge){0})), &who,
		&err), err,
		REASON_WRONG_DESTINATION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(refuses_response_without_version, forge_reset),
		cmocka_unit_test_teardown(refuses_response_of_saml_1, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_issue_instant, forge_reset),
		cmocka_unit_test_teardown(refuses_response_with_issue_instant_in_local_time, forge_reset),
		cmocka_unit_test_teardown(refuses_response_made_before_it_was_asked_for, forge_reset),
		cmocka_unit_test_teardown(refuses_response_from_the_future, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_destination, forge_reset),
		cmocka_unit_test_teardown(refuses_empty_destination, forge_reset),
		cmocka_unit_test_teardown(refuses_wrong_destination, forge_reset),
		cmocka_unit_test_teardown(refuses_unsolicited, forge_reset),
		cmocka_unit_test_teardown(refuses_response_with_empty_in_response_to, forge_reset),
		cmocka_unit_test_teardown(refuses_unknown_in_response_to, forge_reset),
		cmocka_unit_test_teardown(refuses_in_response_to_with_a_tail, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_issuer, forge_reset),
		cmocka_unit_test_teardown(refuses_response_of_another_issuer, forge_reset),
		cmocka_unit_test_teardown(refuses_response_with_issuer_without_slash, forge_reset),
		cmocka_unit_test_teardown(refuses_issuer_of_another_format, forge_reset),
		cmocka_unit_test_teardown(refuses_two_issuers, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_status, forge_reset),
		cmocka_unit_test_teardown(refuses_two_statuses, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_status_code, forge_reset),
		cmocka_unit_test_teardown(refuses_status_code_without_value, forge_reset),
		cmocka_unit_test_teardown(refuses_foreign_element_in_status, forge_reset),
		cmocka_unit_test_teardown(refuses_two_status_messages, forge_reset),
		cmocka_unit_test_teardown(refuses_element_in_a_successful_status_code, forge_reset),
		cmocka_unit_test_teardown(refuses_text_in_status, forge_reset),
		cmocka_unit_test_teardown(refuses_extensions, forge_reset),
		cmocka_unit_test_teardown(refuses_text_between_elements, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_assertion_version, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_assertion_issue_instant, forge_reset),
		cmocka_unit_test_teardown(refuses_assertion_older_than_the_request, forge_reset),
		cmocka_unit_test_teardown(refuses_assertion_from_the_future, forge_reset),
		cmocka_unit_test_teardown(refuses_assertion_of_another_issuer, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_assertion_issuer, forge_reset),
		cmocka_unit_test_teardown(refuses_assertion_with_empty_issuer, forge_reset),
		cmocka_unit_test_teardown(refuses_advice, forge_reset),
		cmocka_unit_test_teardown(refuses_authz_decision_statement, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_subject, forge_reset),
		cmocka_unit_test_teardown(refuses_two_subjects, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_name_id, forge_reset),
		cmocka_unit_test_teardown(refuses_two_name_ids, forge_reset),
		cmocka_unit_test_teardown(refuses_empty_name_id, forge_reset),
		cmocka_unit_test_teardown(refuses_name_id_of_blanks, forge_reset),
		cmocka_unit_test_teardown(refuses_name_id_with_trailing_newline, forge_reset),
		cmocka_unit_test_teardown(refuses_name_id_with_leading_blank, forge_reset),
		cmocka_unit_test_teardown(refuses_name_id_with_an_element_inside, forge_reset),
		cmocka_unit_test_teardown(refuses_wrong_sp_name_qualifier, forge_reset),
		cmocka_unit_test_teardown(refuses_base_id, forge_reset),
		cmocka_unit_test_teardown(refuses_encrypted_id, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_subject_confirmation, forge_reset),
		cmocka_unit_test_teardown(refuses_two_subject_confirmations, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_confirmation_method, forge_reset),
		cmocka_unit_test_teardown(refuses_holder_of_key, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_subject_confirmation_data, forge_reset),
		cmocka_unit_test_teardown(refuses_two_subject_confirmation_data, forge_reset),
		cmocka_unit_test_teardown(refuses_name_id_inside_subject_confirmation, forge_reset),
		cmocka_unit_test_teardown(refuses_confirmation_with_not_before, forge_reset),
		cmocka_unit_test_teardown(refuses_confirmation_data_with_content, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_recipient, forge_reset),
		cmocka_unit_test_teardown(refuses_wrong_recipient, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_in_response_to_in_its_subject, forge_reset),
		cmocka_unit_test_teardown(refuses_answer_for_another_request_in_its_subject, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_end_of_confirmation, forge_reset),
		cmocka_unit_test_teardown(refuses_expired_confirmation, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_conditions, forge_reset),
		cmocka_unit_test_teardown(refuses_two_conditions, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_not_before, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_not_on_or_after, forge_reset),
		cmocka_unit_test_teardown(refuses_conditions_with_a_time_that_is_none, forge_reset),
		cmocka_unit_test_teardown(refuses_conditions_that_end_before_they_begin, forge_reset),
		cmocka_unit_test_teardown(refuses_expired_conditions, forge_reset),
		cmocka_unit_test_teardown(refuses_not_yet_valid, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_audience_restriction, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_audience, forge_reset),
		cmocka_unit_test_teardown(refuses_empty_audience, forge_reset),
		cmocka_unit_test_teardown(refuses_wrong_audience, forge_reset),
		cmocka_unit_test_teardown(refuses_audience_that_begins_like_ours, forge_reset),
		cmocka_unit_test_teardown(refuses_two_audiences, forge_reset),
		cmocka_unit_test_teardown(refuses_two_audience_restrictions, forge_reset),
		cmocka_unit_test_teardown(refuses_unknown_condition, forge_reset),
		cmocka_unit_test_teardown(refuses_condition_of_another_namespace, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_authn_statement, forge_reset),
		cmocka_unit_test_teardown(refuses_two_authn_statements, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_authn_instant, forge_reset),
		cmocka_unit_test_teardown(refuses_authn_instant_in_the_future, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_session_index, forge_reset),
		cmocka_unit_test_teardown(refuses_session_that_ended, forge_reset),
		cmocka_unit_test_teardown(refuses_session_end_that_is_no_time, forge_reset),
		cmocka_unit_test_teardown(refuses_duplicate_attribute, forge_reset),
		cmocka_unit_test_teardown(refuses_two_attribute_statements, forge_reset),
		cmocka_unit_test_teardown(refuses_attribute_without_name, forge_reset),
		cmocka_unit_test_teardown(refuses_attribute_without_value, forge_reset),
		cmocka_unit_test_teardown(refuses_empty_attribute_value, forge_reset),
		cmocka_unit_test_teardown(refuses_attribute_value_with_trailing_newline, forge_reset),
		cmocka_unit_test_teardown(refuses_attribute_value_with_an_element, forge_reset),
		cmocka_unit_test_teardown(refuses_attribute_value_of_two_nodes, forge_reset),
		cmocka_unit_test_teardown(refuses_foreign_element_in_an_attribute, forge_reset),
		cmocka_unit_test_teardown(refuses_foreign_element_among_attributes, forge_reset),
		cmocka_unit_test_teardown(refuses_encrypted_attribute, forge_reset),
		cmocka_unit_test_teardown(refuses_two_object_ids, forge_reset),
		cmocka_unit_test_teardown(refuses_two_tenants, forge_reset),
		cmocka_unit_test_teardown(refuses_another_tenant, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_tenant, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_assertion_id, forge_reset),
		cmocka_unit_test_teardown(refuses_name_id_with_control_character, forge_reset),
		cmocka_unit_test_teardown(refuses_attribute_value_with_control_character, forge_reset),
		cmocka_unit_test_teardown(refuses_attributes_of_xml_with_control_characters, forge_reset),
		cmocka_unit_test_teardown(refuses_parts_out_of_order, forge_reset),
		cmocka_unit_test_teardown(refuses_too_many_attributes, forge_reset),
		cmocka_unit_test_teardown(tells_why_the_identity_provider_refused, forge_reset),
		cmocka_unit_test_teardown(tells_a_refusal_without_assertion, forge_reset),
		cmocka_unit_test_teardown(refuses_replies_that_cannot_be_read, forge_reset),
		cmocka_unit_test_teardown(refuses_large_response, forge_reset),
		cmocka_unit_test_teardown(refuses_what_was_accepted_when_its_metadata_is_too_old, forge_reset),
		cmocka_unit_test_teardown(refuses_captured_response_for_another_pending_request, forge_reset),
		cmocka_unit_test_teardown(refuses_answer_for_other_host, forge_reset),
	};

	return cmocka_run_group_tests(tests, forge_begin, forge_end);
}
