/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metadata that must be signed as a whole by a certificate of the settings. */
#include "tests/unit/forge.h"

#include "saml/provider.h"

static const enum forge_key two[] = {FORGE_FIRST, FORGE_SECOND, FORGE_KEYS};

/* What the attacker would have us trust: an identity provider with a key of his. */
#define HIS "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"%s\"><IDPSSODescriptor " \
	"protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><KeyDescriptor><KeyInfo xmlns=\"" NS_DS "\"><X509Data>" \
	"<X509Certificate>%s</X509Certificate></X509Data></KeyInfo></KeyDescriptor><SingleSignOnService " \
	"Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"https://evil.example/\"/></IDPSSODescriptor></EntityDescriptor>"

static const char *his(const char *entity_id)
{
	return arena_printf(forge_arena(), HIS, entity_id, forge_certificate(FORGE_SECOND));
}

static int try_signed(struct slice metadata, struct slice signer, const char *entity_id, struct error *err)
{
	struct saml_provider_options options = {.entity_id = entity_id, .signer_pem = signer, .now = FORGE_NOW};
	struct saml_provider *p = NULL;
	int rc = saml_provider_read(metadata, &options, &p, err);

	assert_true((rc == 0) == (p != NULL));
	if (p)
		assert_string_equal(saml_provider_info(p)->sso_url, "https://login.microsoftonline.com/" FORGE_TENANT "/saml2");
	saml_provider_free(p);
	return rc;
}

static struct slice signed_by(const struct forge *f)
{
	return forge_signed_metadata(f, forge_metadata("signing", two), "EntityDescriptor");
}

static void refused(struct slice metadata)
{
	struct error err;

	assert_refused(try_signed(metadata, forge_certificate_pem(FORGE_FOREIGN), FORGE_ISSUER, &err), err, REASON_METADATA);
	assert_non_null(strstr(err.detail, "signature of the document"));
}

static void takes_a_document_that_is_signed_as_a_whole(void **state)
{
	struct slice text = signed_by(&(struct forge){.key = FORGE_FOREIGN});
	struct error err;

	(void)state;
	assert_done(try_signed(text, forge_certificate_pem(FORGE_FOREIGN), FORGE_ISSUER, &err), err);
	assert_done(try_signed(text, forge_certificate_pem(FORGE_FOREIGN), NULL, &err), err);
	/* and it reads the same where nobody asks for the signature */
	assert_done(try_signed(text, (struct slice){0}, FORGE_ISSUER, &err), err);
}

static void any_of_several_certificates_may_have_signed(void **state)
{
	struct slice both = slice_c(arena_printf(forge_arena(), "%s%s", forge_certificate_pem(FORGE_SECOND).p,
		forge_certificate_pem(FORGE_FOREIGN).p));
	struct error err;

	(void)state;
	assert_done(try_signed(signed_by(&(struct forge){.key = FORGE_FOREIGN}), both, FORGE_ISSUER, &err), err);
	assert_done(try_signed(signed_by(&(struct forge){.key = FORGE_SECOND}), both, FORGE_ISSUER, &err), err);
	assert_refused(try_signed(signed_by(&(struct forge){.key = FORGE_FIRST}), both, FORGE_ISSUER, &err), err, REASON_METADATA);
}

static void an_ended_certificate_still_vouches_since_the_settings_name_it(void **state)
{
	struct error err;

	(void)state;
	assert_done(try_signed(signed_by(&(struct forge){.key = FORGE_ENDED}), forge_certificate_pem(FORGE_ENDED), FORGE_ISSUER, &err), err);
}

static void refuses_a_document_without_signature(void **state)
{
	(void)state;
	refused(forge_metadata("signing", two));
}

static void refuses_the_signature_of_another_key_even_of_one_that_the_document_names(void **state)
{
	(void)state;
	refused(signed_by(&(struct forge){.key = FORGE_FIRST}));
	refused(signed_by(&(struct forge){.key = FORGE_WEAK}));
}

static void refuses_what_was_changed_after_signing(void **state)
{
	(void)state;
	refused(signed_by(&(struct forge){.key = FORGE_FOREIGN, .after = {{"/saml2\"", "/evil\""}}}));
	refused(signed_by(&(struct forge){.key = FORGE_FOREIGN, .after = {{"use=\"signing\"", "use=\"encryption\""}}}));
	refused(signed_by(&(struct forge){.key = FORGE_FOREIGN,
		.after = {{"</EntityDescriptor>", "<Organization/></EntityDescriptor>"}}}));
}

static void refuses_sha1_hmac_and_other_transforms(void **state)
{
	(void)state;
	refused(signed_by(&(struct forge){.key = FORGE_FOREIGN, .signature_method = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"}));
	refused(signed_by(&(struct forge){.key = FORGE_FOREIGN, .digest_method = "http://www.w3.org/2000/09/xmldsig#sha1"}));
	refused(signed_by(&(struct forge){.key = FORGE_FOREIGN, .transforms = "<Transform Algorithm=\"" ALGORITHM_C14N "\"/>"}));
}

/* The signature covers a part only: the document around it is anybody's. */
static void refuses_a_signature_that_is_not_the_roots(void **state)
{
	struct slice text = signed_by(&(struct forge){.key = FORGE_FOREIGN});
	struct slice wrapped = slice_c(arena_printf(forge_arena(),
		"<EntitiesDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" ID=\"_a\">%s%s</EntitiesDescriptor>", his("https://his.example"), text.p));
	struct error err;

	(void)state;
	refused(wrapped);
	assert_refused(try_signed(wrapped, forge_certificate_pem(FORGE_FOREIGN), "https://his.example", &err), err, REASON_METADATA);
}

/* An enveloped signature does not cover itself: an entity inside of it is nobody's word. */
static void nothing_is_read_from_inside_the_signature(void **state)
{
	struct slice text = signed_by(&(struct forge){.key = FORGE_FOREIGN,
		.after = {{"</KeyInfo></Signature>", arena_printf(forge_arena(), "%s</KeyInfo></Signature>", his("https://his.example"))}}});
	struct error err;

	(void)state;
	assert_done(try_signed(text, forge_certificate_pem(FORGE_FOREIGN), FORGE_ISSUER, &err), err);
	assert_done(try_signed(text, forge_certificate_pem(FORGE_FOREIGN), NULL, &err), err);
	assert_refused(try_signed(text, forge_certificate_pem(FORGE_FOREIGN), "https://his.example", &err), err, REASON_METADATA);
}

static void refuses_two_signatures_and_one_that_comes_later(void **state)
{
	struct slice text = signed_by(&(struct forge){.key = FORGE_FOREIGN});
	const char *begin = strstr(text.p, "<Signature"), *end = strstr(text.p, "</Signature>") + strlen("</Signature>");
	const char *signature = arena_printf(forge_arena(), "%.*s", (int)(end - begin), begin);

	(void)state;
	refused(forge_replace(text, "<Signature", arena_printf(forge_arena(), "%s<Signature", signature)));
	refused(forge_replace(forge_replace(text, signature, ""), "</EntityDescriptor>",
		arena_printf(forge_arena(), "%s</EntityDescriptor>", signature)));
}

static void a_federation_may_be_signed_around_its_entities(void **state)
{
	struct slice inner = forge_replace(forge_metadata("signing", two), "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>", "");
	struct slice all = slice_c(arena_printf(forge_arena(),
		"<EntitiesDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" ID=\"_all\">%s</EntitiesDescriptor>", inner.p));
	struct slice text = forge_signed_metadata(&(struct forge){.key = FORGE_FOREIGN}, all, "EntitiesDescriptor");
	struct error err;

	(void)state;
	assert_done(try_signed(text, forge_certificate_pem(FORGE_FOREIGN), FORGE_ISSUER, &err), err);
	assert_refused(try_signed(forge_replace(text, "</EntitiesDescriptor>",
		arena_printf(forge_arena(), "%s</EntitiesDescriptor>", his("https://his.example"))), forge_certificate_pem(FORGE_FOREIGN),
		FORGE_ISSUER, &err), err, REASON_METADATA);
}

static void refuses_certificates_that_cannot_vouch(void **state)
{
	struct error err;

	(void)state;
	assert_done(saml_metadata_signer_judge(forge_certificate_pem(FORGE_FOREIGN), &err), err);
	assert_refused(saml_metadata_signer_judge(slice_c("not PEM"), &err), err, REASON_METADATA);
	assert_refused(saml_metadata_signer_judge(slice_c(""), &err), err, REASON_METADATA);
	assert_refused(saml_metadata_signer_judge(forge_certificate_pem(FORGE_WEAK), &err), err, REASON_METADATA);
	assert_refused(saml_metadata_signer_judge(forge_certificate_pem(FORGE_EC), &err), err, REASON_METADATA);
}

static void says_which_key_verified_last(void **state)
{
	struct saml_provider *p = forge_provider("signing", two);
	struct saml_expect expect = forge_expect();
	const struct saml_provider_info *info = saml_provider_info(p);
	struct saml_identity identity = {0};
	struct error err;

	(void)state;
	assert_int_equal(info->keys_listed, 2);
	assert_int_equal(strlen(info->keys[0].fingerprint), 64);
	assert_string_not_equal(info->keys[0].fingerprint, info->keys[1].fingerprint);
	assert_null(saml_provider_key_used(p));
	expect.provider = p;
	assert_done(saml_response_read(forge_arena(), &expect, forge_base64(forge_text(&(struct forge){.key = FORGE_SECOND})), &identity, &err), err);
	assert_string_equal(saml_provider_key_used(p)->fingerprint, info->keys[1].fingerprint);
	assert_int_equal(saml_provider_key_used(p)->not_after, info->keys[1].not_after);
	assert_done(saml_response_read(forge_arena(), &expect, forge_base64(forge_text(&(struct forge){.key = FORGE_FIRST})), &identity, &err), err);
	assert_string_equal(saml_provider_key_used(p)->fingerprint, info->keys[0].fingerprint);
	/* what does not verify says nothing */
	assert_refused(saml_response_read(forge_arena(), &expect, forge_base64(forge_text(&(struct forge){.key = FORGE_FOREIGN})), &identity, &err),
		err, REASON_SIGNATURE_INVALID);
	assert_string_equal(saml_provider_key_used(p)->fingerprint, info->keys[0].fingerprint);
	saml_provider_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(takes_a_document_that_is_signed_as_a_whole, forge_reset),
		cmocka_unit_test_teardown(any_of_several_certificates_may_have_signed, forge_reset),
		cmocka_unit_test_teardown(an_ended_certificate_still_vouches_since_the_settings_name_it, forge_reset),
		cmocka_unit_test_teardown(refuses_a_document_without_signature, forge_reset),
		cmocka_unit_test_teardown(refuses_the_signature_of_another_key_even_of_one_that_the_document_names, forge_reset),
		cmocka_unit_test_teardown(refuses_what_was_changed_after_signing, forge_reset),
		cmocka_unit_test_teardown(refuses_sha1_hmac_and_other_transforms, forge_reset),
		cmocka_unit_test_teardown(refuses_a_signature_that_is_not_the_roots, forge_reset),
		cmocka_unit_test_teardown(nothing_is_read_from_inside_the_signature, forge_reset),
		cmocka_unit_test_teardown(refuses_two_signatures_and_one_that_comes_later, forge_reset),
		cmocka_unit_test_teardown(a_federation_may_be_signed_around_its_entities, forge_reset),
		cmocka_unit_test_teardown(refuses_certificates_that_cannot_vouch, forge_reset),
		cmocka_unit_test_teardown(says_which_key_verified_last, forge_reset),
	};

	return cmocka_run_group_tests(tests, forge_begin, forge_end);
}
