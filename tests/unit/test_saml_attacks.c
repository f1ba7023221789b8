/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Known attacks on SAML service providers, by name: signatures elsewhere, more
 * than one of something, changes after signing.  Each begins with an honest
 * Response.
 */
#include "tests/unit/saml_attacks_stage.h"

/* ---- the signature elsewhere ---- */

static void move_signature_to_the_end(xmlDocPtr doc)
{
	xmlNodePtr element = forge_find(xmlDocGetRootElement(doc), NS_DS, "Signature")->parent;
	xmlNodePtr signature = own_signature(element);

	xmlUnlinkNode(signature);
	xmlAddChild(element, signature);
}

static void move_signature_into_the_subject(xmlDocPtr doc)
{
	xmlNodePtr signature = own_signature(target(doc, FORGE_ASSERTION));

	xmlUnlinkNode(signature);
	xmlAddChild(forge_find(xmlDocGetRootElement(doc), NS_SAML, "Subject"), signature);
}

static void move_signature_before_the_issuer(xmlDocPtr doc)
{
	xmlNodePtr element = forge_find(xmlDocGetRootElement(doc), NS_DS, "Signature")->parent;

	xmlAddPrevSibling(forge_find(element->children, NS_SAML, "Issuer"), own_signature(element));
}

static void refuses_relocated_signature(void **state)
{
	(void)state;
	for (int what = FORGE_ASSERTION; what <= FORGE_BOTH; what++) {
		forge_refused(&(struct forge){.sign = (enum forge_sign)what, .rearrange = move_signature_to_the_end},
			REASON_SIGNATURE_SHAPE);
		forge_refused(&(struct forge){.sign = (enum forge_sign)what, .rearrange = move_signature_before_the_issuer},
			REASON_SIGNATURE_SHAPE);
	}
	forge_refused(&(struct forge){.sign = FORGE_ASSERTION, .rearrange = move_signature_into_the_subject},
		REASON_SIGNATURE_SHAPE);
	forge_refused(&(struct forge){.sign = FORGE_BOTH, .rearrange = move_signature_into_the_subject},
		REASON_SIGNATURE_SHAPE);
}

/* ---- more than one of something ---- */

static void add_assertion_first(xmlDocPtr doc)
{
	xmlNodePtr honest = target(doc, FORGE_ASSERTION);

	xmlAddPrevSibling(honest, evil_copy(honest));
}

static void add_assertion_last(xmlDocPtr doc)
{
	xmlNodePtr honest = target(doc, FORGE_ASSERTION);

	xmlAddNextSibling(honest, evil_copy(honest));
}

static void refuses_two_assertions_unsigned_first(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.rearrange = add_assertion_first}, REASON_ASSERTION_COUNT);
	forge_refused(&(struct forge){.sign = FORGE_BOTH, .rearrange = add_assertion_first}, REASON_ASSERTION_COUNT);
}

static void refuses_two_assertions_unsigned_last(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.rearrange = add_assertion_last}, REASON_ASSERTION_COUNT);
	forge_refused(&(struct forge){.sign = FORGE_RESPONSE, .rearrange = add_assertion_last}, REASON_ASSERTION_COUNT);
}

/* A good signature over the Response does not make two of one. */
static void refuses_two_assertions_both_signed_over(void **state)
{
	struct slice text = forge_text(&(struct forge){.sign = FORGE_NOTHING});
	const char *begin = memmem(text.p, text.n, "<Assertion ", 11);
	const char *second = arena_copy(forge_arena(), slice_of(begin,
		text.n - (size_t)(begin - text.p) - strlen("</samlp:Response>")));

	(void)state;
	second = forge_replace(slice_c(second), FORGE_ASSERTION_ID, "_2").p;
	second = arena_printf(forge_arena(), "%s</samlp:Response>", second);
	forge_refused(&(struct forge){.sign = FORGE_RESPONSE, .before = {{"</samlp:Response>", second}}},
		REASON_ASSERTION_COUNT);
}

static void refuses_response_without_assertion(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.sign = FORGE_RESPONSE, .before = {{"<Assertion ", "<Statement "}, {"</Assertion>",
		"</Statement>"}}},
		REASON_ASSERTION_COUNT);
}

/* An attribute may hold any XML; a second assertion in it is one too many. */
static void refuses_assertion_inside_an_attribute(void **state)
{
	(void)state;
	forge_edit_refused("<AttributeValue>Anna Meier", "<AttributeValue><Assertion ID=\"_x\"/>", REASON_ASSERTION_COUNT);
}

static void refuses_response_that_is_no_response(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.sign = FORGE_BOTH, .before = {{"<samlp:Response ", "<samlp:ArtifactResponse "},
		{"</samlp:Response>", "</samlp:ArtifactResponse>"}}}, REASON_XML_SHAPE);
}

static void refuses_assertion_alone(void **state)
{
	struct slice text = forge_text(&(struct forge){0});
	const char *begin = memmem(text.p, text.n, "<Assertion ", 11);

	(void)state;
	forge_text_refused(slice_of(begin, text.n - (size_t)(begin - text.p) - strlen("</samlp:Response>")),
		REASON_XML_SHAPE);
}

static void duplicate_signature(xmlDocPtr doc)
{
	xmlNodePtr signature = forge_find(xmlDocGetRootElement(doc), NS_DS, "Signature");

	xmlAddNextSibling(signature, xmlCopyNode(signature, 1));
}

static void refuses_two_signatures(void **state)
{
	(void)state;
	for (int what = FORGE_ASSERTION; what <= FORGE_BOTH; what++)
		forge_refused(&(struct forge){.sign = (enum forge_sign)what, .rearrange = duplicate_signature},
			REASON_SIGNATURE_SHAPE);
}

static void refuses_two_signed_infos(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.after = {{"<SignedInfo>", "<SignedInfo><CanonicalizationMethod Algorithm=\""
		ALGORITHM_C14N "\"/></SignedInfo><SignedInfo>"}}}, REASON_SIGNATURE_SHAPE);
	forge_refused(&(struct forge){.after = {{"<KeyInfo>", "<SignedInfo/><KeyInfo>"}}}, REASON_SIGNATURE_SHAPE);
}

static void refuses_two_references(void **state)
{
	static const char reference[] = "<Reference URI=\"#" FORGE_RESPONSE_ID "\"><Transforms><Transform Algorithm=\""
		ALGORITHM_ENVELOPED
		"\"/><Transform Algorithm=\"" ALGORITHM_C14N "\"/></Transforms><DigestMethod Algorithm=\"" ALGORITHM_SHA256
		"\"/><DigestValue></DigestValue></Reference>";

	(void)state;
	forge_refused(&(struct forge){.after = {{"</Reference>", forge_replace(slice_c("</Reference>@"), "@",
		reference).p}}},
		REASON_SIGNATURE_SHAPE);
}

static void refuses_response_without_reference(void **state)
{
	struct slice text = forge_text(&(struct forge){0});
	const char *from = memmem(text.p, text.n, "<Reference", 10), *to = memmem(text.p, text.n, "</SignedInfo>", 13);

	(void)state;
	forge_text_refused(forge_replace(text, arena_copy(forge_arena(), slice_of(from, (size_t)(to - from))), ""),
		REASON_SIGNATURE_SHAPE);
}

static void refuses_second_digest_in_extension(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.after = {{"<samlp:Status>", "<samlp:Extensions><DigestValue xmlns=\""
		NS_DS "\">AAAA</DigestValue>"
		"</samlp:Extensions><samlp:Status>"}}}, REASON_XML_SHAPE);
	forge_refused(&(struct forge){.after = {{"</KeyInfo>",
		"</KeyInfo><Object><DigestValue>AAAA</DigestValue></Object>"}}},
		REASON_SIGNATURE_SHAPE);
	forge_refused(&(struct forge){.after = {{"<DigestValue>", "<DigestValue>AAAA</DigestValue><DigestValue>"}}},
		REASON_SIGNATURE_SHAPE);
}

static void refuses_comment_in_digest_value(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.after = {{"<DigestValue>", "<DigestValue><!-- x -->"}}}, REASON_XML_COMMENT);
	forge_refused(&(struct forge){.after = {{"<DigestValue>", "<DigestValue><x xmlns=\"urn:x\"/>"}}},
		REASON_SIGNATURE_SHAPE);
	forge_refused(&(struct forge){.after = {{"<SignatureValue>", "<SignatureValue><x xmlns=\"urn:x\"/>"}}},
		REASON_SIGNATURE_SHAPE);
}

static void refuses_manifest(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.after = {{"</KeyInfo>", "</KeyInfo><Object><Manifest/></Object>"}}},
		REASON_SIGNATURE_SHAPE);
}

/* ---- changed after signing ---- */

static void refuses_edit_after_signing(void **state)
{
	static const struct forge_edit edits[] = {
		{FORGE_NAME_ID "</NameID>", "admin@example.org</NameID>"},
		{FORGE_OBJECT_ID, "1d9c8b7a-6f5e-4d3c-8b2a-190817263544"},
		{"<Audience>" FORGE_ENTITY, "<Audience>https://other.example.org"},
		{"<Conditions ", "<Conditions Extra=\"1\" "},
		{"<Subject>", "<Subject> "},
	};

	(void)state;
	for (int what = FORGE_ASSERTION; what <= FORGE_BOTH; what++) {
		for (size_t i = 0; i < sizeof(edits) / sizeof(*edits); i++)
			forge_refused(&(struct forge){.sign = (enum forge_sign)what, .after = {edits[i]}},
				REASON_SIGNATURE_INVALID);
	}
}

/* Only the Response's signature breaks; the assertion's alone would do. */
static void refuses_bad_response_signature_beside_good_assertion(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.sign = FORGE_BOTH, .after = {{"IssueInstant=\"2026-11-24T13:19:15.123Z\"",
		"IssueInstant=\"2026-11-24T13:19:16.123Z\""}}}, REASON_SIGNATURE_INVALID);
}

static void refuses_unsigned(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.sign = FORGE_NOTHING}, REASON_UNSIGNED);
}

static void refuses_empty_signature_parts(void **state)
{
	struct slice text = forge_text(&(struct forge){0});
	const char *from = memmem(text.p, text.n, "<SignatureValue>", 16), *to = memmem(text.p, text.n,
		"</SignatureValue>", 17);
	const char *value = arena_copy(forge_arena(), slice_of(from, (size_t)(to - from)));

	(void)state;
	forge_text_refused(forge_replace(text, value, "<SignatureValue>"), REASON_SIGNATURE_SHAPE);
	forge_text_refused(forge_replace(text, value, "<SignatureValue>AAAA"), REASON_SIGNATURE_INVALID);
	forge_text_refused(forge_replace(text, value, "<SignatureValue>*"), REASON_SIGNATURE_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(refuses_relocated_signature, forge_reset),
		cmocka_unit_test_teardown(refuses_two_assertions_unsigned_first, forge_reset),
		cmocka_unit_test_teardown(refuses_two_assertions_unsigned_last, forge_reset),
		cmocka_unit_test_teardown(refuses_two_assertions_both_signed_over, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_assertion, forge_reset),
		cmocka_unit_test_teardown(refuses_assertion_inside_an_attribute, forge_reset),
		cmocka_unit_test_teardown(refuses_response_that_is_no_response, forge_reset),
		cmocka_unit_test_teardown(refuses_assertion_alone, forge_reset),
		cmocka_unit_test_teardown(refuses_two_signatures, forge_reset),
		cmocka_unit_test_teardown(refuses_two_signed_infos, forge_reset),
		cmocka_unit_test_teardown(refuses_two_references, forge_reset),
		cmocka_unit_test_teardown(refuses_response_without_reference, forge_reset),
		cmocka_unit_test_teardown(refuses_second_digest_in_extension, forge_reset),
		cmocka_unit_test_teardown(refuses_comment_in_digest_value, forge_reset),
		cmocka_unit_test_teardown(refuses_manifest, forge_reset),
		cmocka_unit_test_teardown(refuses_edit_after_signing, forge_reset),
		cmocka_unit_test_teardown(refuses_bad_response_signature_beside_good_assertion, forge_reset),
		cmocka_unit_test_teardown(refuses_unsigned, forge_reset),
		cmocka_unit_test_teardown(refuses_empty_signature_parts, forge_reset),
	};

	return cmocka_run_group_tests(tests, forge_begin, forge_end);
}
