/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signatures: what they cover, with which transforms, algorithms and keys. */
#include "tests/unit/forge.h"

#include "base/encode.h"
#include "saml/signature.h"
#include "saml/xml.h"

/* ---- what the signature covers ---- */

static void refuses_saml_prefixed_id(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.after = {{"<Assertion ", "<Assertion s:ID=\"_x\" xmlns:s=\"" NS_SAML "\" "}}},
		REASON_XML_SHAPE);
	forge_refused(&(struct forge){.after = {{"<Assertion ", "<Assertion xml:id=\"_x\" "}}}, REASON_XML_SHAPE);
}

static void refuses_duplicate_id(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.after = {{"<samlp:Status>", "<samlp:Status ID=\"" FORGE_ASSERTION_ID "\">"}}},
		REASON_DUPLICATE_ID);
	forge_refused(&(struct forge){.after = {{"<KeyInfo>", "<KeyInfo Id=\"" FORGE_ASSERTION_ID "\">"}}},
		REASON_DUPLICATE_ID);
}

static void refuses_empty_reference_uri(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.before = {{"URI=\"#" FORGE_ASSERTION_ID "\"", "URI=\"\""}}},
		REASON_SIGNATURE_REFERENCE);
	forge_refused(&(struct forge){.sign = FORGE_RESPONSE, .before = {{"URI=\"#" FORGE_RESPONSE_ID "\"", "URI=\"\""}}},
		REASON_SIGNATURE_REFERENCE);
	forge_refused(&(struct forge){.after = {{" URI=\"#" FORGE_ASSERTION_ID "\"", ""}}}, REASON_SIGNATURE_REFERENCE);
}

static void refuses_xpointer_reference(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.sign = FORGE_RESPONSE, .before = {{"URI=\"#" FORGE_RESPONSE_ID "\"",
		"URI=\"#xpointer(/)\""}}},
		REASON_SIGNATURE_REFERENCE);
	forge_refused(&(struct forge){.before = {{"URI=\"#" FORGE_ASSERTION_ID "\"", "URI=\"#xpointer(id('"
		FORGE_ASSERTION_ID "'))\""}}},
		REASON_SIGNATURE_REFERENCE);
}

static void refuses_external_reference(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.after = {{"URI=\"#" FORGE_ASSERTION_ID "\"", "URI=\"file:///etc/hostname\""}}},
		REASON_SIGNATURE_REFERENCE);
	forge_refused(&(struct forge){.after = {{"URI=\"#" FORGE_ASSERTION_ID "\"", "URI=\"http://127.0.0.1:1/\""}}},
		REASON_SIGNATURE_REFERENCE);
}

static void refuses_reference_with_more_attributes(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.before = {{"<Reference ",
		"<Reference Type=\"http://www.w3.org/2000/09/xmldsig#Manifest\" "}}},
		REASON_SIGNATURE_REFERENCE);
}

static void refuses_id_that_is_no_name(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.after = {{" ID=\"" FORGE_ASSERTION_ID "\"", " ID=\"1')|id('x\""},
		{"URI=\"#" FORGE_ASSERTION_ID "\"", "URI=\"#1')|id('x\""}}}, REASON_SIGNATURE_REFERENCE);
}

/* ---- transforms ---- */

static void refuse_transforms(const char *transforms, enum reason reason)
{
	for (int what = FORGE_ASSERTION; what <= FORGE_RESPONSE; what++)
		forge_refused(&(struct forge){.sign = (enum forge_sign)what, .transforms = transforms}, reason);
}

#define TRANSFORM(algorithm) "<Transform Algorithm=\"" algorithm "\"/>"

#define XPATH "http://www.w3.org/TR/1999/REC-xpath-19991116"

static void refuses_transform_xpath(void **state)
{
	(void)state;
	refuse_transforms(TRANSFORM(ALGORITHM_ENVELOPED) "<Transform Algorithm=\"" XPATH "\">"
		"<XPath>not(ancestor-or-self::*[local-name()='Subject'])</XPath></Transform>", REASON_SIGNATURE_TRANSFORM);
	refuse_transforms(TRANSFORM(ALGORITHM_ENVELOPED) "<Transform Algorithm=\"" XPATH "\">"
		"<XPath>1</XPath></Transform>" TRANSFORM(ALGORITHM_C14N), REASON_SIGNATURE_TRANSFORM);
}

static void refuses_transform_xslt(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.after = {{TRANSFORM(ALGORITHM_ENVELOPED), "<Transform Algorithm=\""
		"http://www.w3.org/TR/1999/REC-xslt-19991116\"><xsl:stylesheet version=\"1.0\" "
		"xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\"/></Transform>"}}}, REASON_SIGNATURE_TRANSFORM);
}

static void refuses_transforms_that_are_not_the_two(void **state)
{
	(void)state;
	refuse_transforms(TRANSFORM(ALGORITHM_ENVELOPED), REASON_SIGNATURE_TRANSFORM);
	refuse_transforms(TRANSFORM(ALGORITHM_ENVELOPED) TRANSFORM("http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
		REASON_SIGNATURE_TRANSFORM);
	refuse_transforms(TRANSFORM(ALGORITHM_ENVELOPED) TRANSFORM(ALGORITHM_C14N "WithComments"),
		REASON_SIGNATURE_TRANSFORM);
	refuse_transforms(TRANSFORM(ALGORITHM_ENVELOPED) TRANSFORM(ALGORITHM_C14N) TRANSFORM(ALGORITHM_C14N),
		REASON_SIGNATURE_TRANSFORM);
	forge_refused(&(struct forge){.after = {{TRANSFORM(ALGORITHM_ENVELOPED), ""}}}, REASON_SIGNATURE_TRANSFORM);
	forge_refused(&(struct forge){.after = {{TRANSFORM(ALGORITHM_ENVELOPED), TRANSFORM(ALGORITHM_C14N)}}},
		REASON_SIGNATURE_TRANSFORM);
}

static void refuses_parameters_of_transforms(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.after = {{"<Transform Algorithm=\"" ALGORITHM_C14N "\"/>", "<Transform Algorithm=\""
		ALGORITHM_C14N
		"\"><x xmlns=\"urn:x\"/></Transform>"}}}, REASON_SIGNATURE_TRANSFORM);
	forge_refused(&(struct forge){.after = {{"<Transform Algorithm=\"" ALGORITHM_ENVELOPED "\"/>",
		"<Transform Algorithm=\"" ALGORITHM_ENVELOPED "\"><x xmlns=\"urn:x\"/></Transform>"}}},
			REASON_SIGNATURE_TRANSFORM);
	forge_refused(&(struct forge){.after = {{"<Transform Algorithm=\"" ALGORITHM_ENVELOPED "\"/>",
		"<Transform Other=\"1\" Algorithm=\"" ALGORITHM_ENVELOPED "\"/>"}}}, REASON_SIGNATURE_SHAPE);
	forge_refused(&(struct forge){.after = {{"<Transform Algorithm=\"" ALGORITHM_C14N "\"/>", "<x xmlns=\"urn:x\"/>"}}},
		REASON_SIGNATURE_SHAPE);
}

static void refuses_other_canonical_form_of_signed_info(void **state)
{
	static const char usual[] = "<CanonicalizationMethod Algorithm=\"" ALGORITHM_C14N "\"/>";

	(void)state;
	forge_refused(&(struct forge){.before = {{usual, "<CanonicalizationMethod "
		"Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/>"}}}, REASON_SIGNATURE_TRANSFORM);
	forge_refused(&(struct forge){.before = {{usual, "<CanonicalizationMethod Algorithm=\""
		ALGORITHM_C14N "WithComments\"/>"}}},
		REASON_SIGNATURE_TRANSFORM);
	forge_refused(&(struct forge){.after = {{usual, ""}}}, REASON_SIGNATURE_SHAPE);
}

/* "Void canonicalisation": a namespace that has no canonical form leaves the empty string to be hashed. */
static void refuses_relative_namespace(void **state)
{
	(void)state;
	for (int what = FORGE_ASSERTION; what <= FORGE_BOTH; what++)
		forge_refused(&(struct forge){.sign = (enum forge_sign)what, .after = {{"<Subject>",
			"<Subject xmlns:x=\"1\">"}}},
			REASON_XML_SHAPE);
}

static void refuses_digest_of_empty_string(void **state)
{
	struct slice text = forge_text(&(struct forge){0});
	const char *from = memmem(text.p, text.n, "<DigestValue>", 13), *to = memmem(text.p, text.n, "</DigestValue>", 14);
	const char *digest = arena_copy(forge_arena(), slice_of(from, (size_t)(to - from)));

	(void)state;
	forge_text_refused(forge_replace(text, digest, "<DigestValue>47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
		REASON_SIGNATURE_INVALID);
	forge_text_refused(forge_replace(text, digest, "<DigestValue>"), REASON_SIGNATURE_SHAPE);
}

/* ---- algorithms and keys ---- */

static void refuses_rsa_sha1(void **state)
{
	(void)state;
	for (int what = FORGE_ASSERTION; what <= FORGE_BOTH; what++)
		forge_refused(&(struct forge){.sign = (enum forge_sign)what, .signature_method = NS_DS "rsa-sha1"},
			REASON_SIGNATURE_ALGORITHM);
}

static void refuses_sha1_digest(void **state)
{
	(void)state;
	for (int what = FORGE_ASSERTION; what <= FORGE_BOTH; what++)
		forge_refused(&(struct forge){.sign = (enum forge_sign)what, .digest_method = NS_DS "sha1"},
			REASON_SIGNATURE_ALGORITHM);
}

static void refuses_md5(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.after = {{ALGORITHM_SHA256, "http://www.w3.org/2001/04/xmldsig-more#md5"}}},
		REASON_SIGNATURE_ALGORITHM);
	forge_refused(&(struct forge){.after = {{ALGORITHM_RSA_SHA256, "http://www.w3.org/2001/04/xmldsig-more#rsa-md5"}}},
		REASON_SIGNATURE_ALGORITHM);
}

static void refuses_hmac_with_public_key(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.hmac_with_certificate = true,
		.signature_method = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"}, REASON_SIGNATURE_ALGORITHM);
}

static void refuses_hmac_output_length(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.after = {{"<SignatureMethod Algorithm=\"" ALGORITHM_RSA_SHA256 "\"/>",
		"<SignatureMethod Algorithm=\""
		ALGORITHM_RSA_SHA256 "\"><HMACOutputLength>0</HMACOutputLength></SignatureMethod>"}}},
			REASON_SIGNATURE_ALGORITHM);
}

static void refuses_other_key_type(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.key = FORGE_EC,
		.signature_method = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"},
		REASON_SIGNATURE_ALGORITHM);
}

/* KeyInfo names the attacker's own certificate; that it verifies with it proves nothing. */
static void refuses_foreign_key(void **state)
{
	(void)state;
	for (int what = FORGE_ASSERTION; what <= FORGE_BOTH; what++)
		forge_refused(&(struct forge){.sign = (enum forge_sign)what, .key = FORGE_FOREIGN}, REASON_SIGNATURE_INVALID);
}

static void refuses_foreign_key_that_names_the_trusted_certificate(void **state)
{
	(void)state;
	forge_refused(&(struct forge){.key = FORGE_FOREIGN, .after = {{forge_certificate(FORGE_FOREIGN),
		forge_certificate(FORGE_FIRST)}}},
		REASON_SIGNATURE_INVALID);
}

static void refuses_key_of_another_role(void **state)
{
	static const enum forge_key first[] = {FORGE_FIRST, FORGE_KEYS};
	struct slice metadata = forge_replace(forge_metadata("signing", first), "<SingleLogoutService",
		arena_printf(forge_arena(), "<KeyDescriptor use=\"encryption\"><KeyInfo xmlns=\""
			NS_DS "\"><X509Data><X509Certificate>%s"
			"</X509Certificate></X509Data></KeyInfo></KeyDescriptor><SingleLogoutService",
				forge_certificate(FORGE_SECOND)));
	struct saml_provider_options options = {.now = FORGE_NOW};
	struct saml_provider *p = NULL;
	struct saml_expect expect = forge_expect();
	struct saml_identity who;
	struct error err;

	(void)state;
	assert_done(saml_provider_read(metadata, &options, &p, &err), err);
	expect.provider = p;
	assert_done(saml_response_read(forge_arena(), &expect, forge_base64(forge_text(&(struct forge){0})), &who, &err),
		err);
	assert_refused(saml_response_read(forge_arena(), &expect,
		forge_base64(forge_text(&(struct forge){.key = FORGE_SECOND})), &who, &err),
		err, REASON_SIGNATURE_INVALID);
	/* The usual metadata names FORGE_FOREIGN in a RoleDescriptor of WS-Federation. */
	assert_refused(saml_response_read(forge_arena(), &expect,
		forge_base64(forge_text(&(struct forge){.key = FORGE_FOREIGN})), &who, &err),
		err, REASON_SIGNATURE_INVALID);
	saml_provider_free(p);
}

static void refuses_with_key(enum forge_key key, enum reason reason)
{
	const enum forge_key list[] = {key, FORGE_FIRST, FORGE_KEYS};
	struct saml_provider *p = forge_provider("signing", list);
	struct saml_expect expect = forge_expect();
	struct saml_identity who;
	struct error err;

	expect.provider = p;
	assert_done(saml_response_read(forge_arena(), &expect, forge_base64(forge_text(&(struct forge){0})), &who, &err),
		err);
	assert_refused(saml_response_read(forge_arena(), &expect, forge_base64(forge_text(&(struct forge){.key = key})),
		&who, &err), err,
		reason);
	saml_provider_free(p);
}

static void refuses_rsa_512(void **state)
{
	(void)state;
	refuses_with_key(FORGE_WEAK, REASON_WEAK_KEY);
}

static void refuses_certificate_that_ended(void **state)
{
	(void)state;
	refuses_with_key(FORGE_ENDED, REASON_CERTIFICATE_EXPIRED);
}

static void refuses_certificate_that_ended_since_it_was_loaded(void **state)
{
	struct saml_expect expect = forge_expect();
	struct slice text = forge_base64(forge_text(&(struct forge){0}));
	struct saml_identity who;
	struct error err;

	(void)state;
	expect.now += 301LL * 86400;
	assert_refused(saml_response_read(forge_arena(), &expect, text, &who, &err), err, REASON_CERTIFICATE_EXPIRED);
}

/* The order in which keys are tried changes with use; what is accepted does not. */
static void verifies_with_each_key_in_any_order(void **state)
{
	static const enum forge_key order[] = {FORGE_SECOND, FORGE_FIRST, FORGE_FIRST, FORGE_FOREIGN, FORGE_SECOND,
		FORGE_FOREIGN,
		FORGE_FIRST};

	(void)state;
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		if (order[i] == FORGE_FOREIGN)
			forge_refused(&(struct forge){.key = order[i]}, REASON_SIGNATURE_INVALID);
		else
			forge_accepted(&(struct forge){.key = order[i]});
	}
}

/* ---- asked alone: a signature counts for its own element only ---- */

static void counts_only_for_its_own_element(void **state)
{
	struct trusted_key key = {0};
	struct trusted_keys keys = {.list = &key, .n = 1}, none_trusted = {0};
	struct slice der;
	struct error err;
	xml_doc *doc = NULL;
	xml_node *response, *assertion = NULL, *signature = NULL, *none = NULL;

	(void)state;
	assert_int_equal(base64_decode(forge_arena(), slice_c(forge_certificate(FORGE_FIRST)), &der), 0);
	assert_done(trusted_key_read(der, &key, &err), err);
	assert_done(xml_read(forge_text(&(struct forge){0}), &xml_rules_response, &doc, &err), err);
	response = xml_root(doc);
	assert_int_equal(xml_children(response, XML_NS_ASSERTION, "Assertion", &assertion), 1);
	assert_done(signature_find(response, &none, &err), err);
	assert_null(none);
	assert_done(signature_find(assertion, &signature, &err), err);
	assert_done(signature_verify(assertion, signature, &keys, FORGE_NOW, &err), err);
	assert_refused(signature_verify(response, signature, &keys, FORGE_NOW, &err), err, REASON_SIGNATURE_REFERENCE);
	assert_refused(signature_verify(xml_first(assertion), signature, &keys, FORGE_NOW, &err), err,
		REASON_SIGNATURE_REFERENCE);
	assert_refused(signature_verify(assertion, signature, &none_trusted, FORGE_NOW, &err), err, REASON_SIGNATURE_INVALID);
	xml_free(doc);
	trusted_key_free(&key);
}

static void reads_no_key_from_what_is_no_certificate(void **state)
{
	struct trusted_key key = {0};
	struct slice der;
	struct error err;

	(void)state;
	assert_refused(trusted_key_read(slice_c(""), &key, &err), err, REASON_METADATA);
	assert_refused(trusted_key_read(slice_c("no certificate"), &key, &err), err, REASON_METADATA);
	assert_int_equal(base64_decode(forge_arena(), slice_c(forge_certificate(FORGE_FIRST)), &der), 0);
	assert_refused(trusted_key_read(slice_of(der.p, der.n - 1), &key, &err), err, REASON_METADATA);
	assert_null(key.key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(refuses_saml_prefixed_id, forge_reset),
		cmocka_unit_test_teardown(refuses_duplicate_id, forge_reset),
		cmocka_unit_test_teardown(refuses_empty_reference_uri, forge_reset),
		cmocka_unit_test_teardown(refuses_xpointer_reference, forge_reset),
		cmocka_unit_test_teardown(refuses_external_reference, forge_reset),
		cmocka_unit_test_teardown(refuses_reference_with_more_attributes, forge_reset),
		cmocka_unit_test_teardown(refuses_id_that_is_no_name, forge_reset),
		cmocka_unit_test_teardown(refuses_transform_xpath, forge_reset),
		cmocka_unit_test_teardown(refuses_transform_xslt, forge_reset),
		cmocka_unit_test_teardown(refuses_transforms_that_are_not_the_two, forge_reset),
		cmocka_unit_test_teardown(refuses_parameters_of_transforms, forge_reset),
		cmocka_unit_test_teardown(refuses_other_canonical_form_of_signed_info, forge_reset),
		cmocka_unit_test_teardown(refuses_relative_namespace, forge_reset),
		cmocka_unit_test_teardown(refuses_digest_of_empty_string, forge_reset),
		cmocka_unit_test_teardown(refuses_rsa_sha1, forge_reset),
		cmocka_unit_test_teardown(refuses_sha1_digest, forge_reset),
		cmocka_unit_test_teardown(refuses_md5, forge_reset),
		cmocka_unit_test_teardown(refuses_hmac_with_public_key, forge_reset),
		cmocka_unit_test_teardown(refuses_hmac_output_length, forge_reset),
		cmocka_unit_test_teardown(refuses_other_key_type, forge_reset),
		cmocka_unit_test_teardown(refuses_foreign_key, forge_reset),
		cmocka_unit_test_teardown(refuses_foreign_key_that_names_the_trusted_certificate, forge_reset),
		cmocka_unit_test_teardown(refuses_key_of_another_role, forge_reset),
		cmocka_unit_test_teardown(refuses_rsa_512, forge_reset),
		cmocka_unit_test_teardown(refuses_certificate_that_ended, forge_reset),
		cmocka_unit_test_teardown(refuses_certificate_that_ended_since_it_was_loaded, forge_reset),
		cmocka_unit_test_teardown(verifies_with_each_key_in_any_order, forge_reset),
		cmocka_unit_test_teardown(counts_only_for_its_own_element, forge_reset),
		cmocka_unit_test_teardown(reads_no_key_from_what_is_no_certificate, forge_reset),
	};

	return cmocka_run_group_tests(tests, forge_begin, forge_end);
}
