/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metadata of our two faces, read by the readers that we turn on others. */
#include "tests/unit/unit.h"

#include "saml/asker.h"
#include "saml/saml.h"
#include "saml/xml.h"
#include "tests/unit/keys.h"

#include <time.h>

#define OURS "https://sso.example.org/saml?a=1&b=\"2\"<3>"
#define BINDINGS "urn:oasis:names:tc:SAML:2.0:bindings:"
#define SSO "https://sso.example.org/saml/idp/sso?x=1&y=2"

static struct arena *arena;
static const char *certificates[3];

static const char *new_certificate(void)
{
	struct test_pair pair = test_rsa(arena, 2048);
	const char *base64;
	int64_t until;
	struct error err;

	assert_done(saml_certificate_read(arena, pair.certificate, &base64, &until, &err), err);
	return base64;
}

static int begin(void **state)
{
	struct error err;

	(void)state;
	arena = arena_new();
	assert_done(saml_start(&err), err);
	certificates[0] = new_certificate();
	certificates[1] = new_certificate();
	return 0;
}

static int end(void **state)
{
	(void)state;
	saml_stop();
	arena_free(arena);
	return 0;
}

static void partner_reads_our_identity_provider(void **state)
{
	const struct saml_own own = {.entity_id = OURS, .certificates = certificates, .sso_url = SSO};
	const struct saml_provider_options options = {.entity_id = OURS, .now = time(NULL)};
	struct saml_provider *provider = NULL;
	const struct saml_provider_info *info;
	struct error err;

	(void)state;
	assert_done(saml_provider_read(saml_idp_metadata(arena, &own), &options, &provider, &err), err);
	info = saml_provider_info(provider);
	assert_string_equal(info->entity_id, OURS);
	assert_string_equal(info->sso_url, SSO);
	assert_int_equal(info->key_count, 2);
	saml_provider_free(provider);
}

static size_t count(struct slice metadata, const char *name, const char *attribute, const char *value)
{
	struct error err;
	xml_doc *doc = NULL;
	size_t n = 0;

	assert_done(xml_read(metadata, &xml_rules_metadata, &doc, &err), err);
	for (const xml_node *node = xml_root(doc); node; node = xml_walk(node, xml_root(doc))) {
		const char *is = attribute ? xml_attribute(node, attribute) : NULL;

		n += xml_is(node, XML_NS_METADATA, name) && (!attribute || (is && strcmp(is, value) == 0));
	}
	xml_free(doc);
	return n;
}

static void identity_provider_offers_both_bindings_and_no_other(void **state)
{
	const struct saml_own own = {.entity_id = OURS, .certificates = certificates, .sso_url = SSO};
	struct slice metadata = saml_idp_metadata(arena, &own);

	(void)state;
	assert_int_equal(count(metadata, "SingleSignOnService", NULL, NULL), 2);
	assert_int_equal(count(metadata, "SingleSignOnService", "Binding", BINDINGS "HTTP-Redirect"), 1);
	assert_int_equal(count(metadata, "SingleSignOnService", "Binding", BINDINGS "HTTP-POST"), 1);
	assert_int_equal(count(metadata, "SingleSignOnService", "Location", SSO), 2);
	assert_int_equal(count(metadata, "KeyDescriptor", "use", "signing"), 2);
	assert_int_equal(count(metadata, "ArtifactResolutionService", NULL, NULL), 0);
	assert_int_equal(count(metadata, "SingleLogoutService", NULL, NULL), 0);
	assert_int_equal(count(metadata, "IDPSSODescriptor", "WantAuthnRequestsSigned", "false"), 1);
}

/* An artifact would be fetched from whoever names himself in it. */
static void offers_no_artifact_binding(void **state)
{
	const char *const acs_urls[] = {"https://sso.example.org/saml/sp/acs/1", NULL};
	const struct saml_own own = {.entity_id = OURS, .certificates = certificates, .sso_url = SSO, .acs_urls = acs_urls};
	const struct slice faces[] = {saml_idp_metadata(arena, &own), saml_sp_metadata(arena, &own)};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_true(memmem(faces[i].p, faces[i].n, BINDINGS "HTTP-POST", strlen(BINDINGS "HTTP-POST")) != NULL);
		assert_null(memmem(faces[i].p, faces[i].n, "rtifact", 7));
		assert_null(memmem(faces[i].p, faces[i].n, "SOAP", 4));
	}
}

static void partner_reads_our_service_provider(void **state)
{
	const char *const acs_urls[] = {
		"https://sso.example.org/saml/sp/acs/one?a=1&b=2", "https://sso.example.org/saml/sp/acs/two", NULL,
	};
	const struct saml_own own = {.entity_id = OURS, .acs_urls = acs_urls, .slo_url = "https://sso.example.org/saml/sp/slo"};
	struct slice metadata = saml_sp_metadata(arena, &own);
	const char *entity_id, *acs;
	struct error err;

	(void)state;
	assert_done(saml_sp_metadata_read(arena, metadata, &entity_id, &acs, &err), err);
	assert_string_equal(entity_id, OURS);
	assert_string_equal(acs, acs_urls[0]);
	assert_int_equal(count(metadata, "AssertionConsumerService", NULL, NULL), 2);
	assert_int_equal(count(metadata, "AssertionConsumerService", "isDefault", "true"), 1);
	assert_int_equal(count(metadata, "SingleLogoutService", NULL, NULL), 1);
	assert_int_equal(count(metadata, "SingleLogoutService", "Binding", BINDINGS "HTTP-Redirect"), 1);
	assert_int_equal(count(metadata, "SingleLogoutService", "Location", own.slo_url), 1);
	assert_int_equal(count(metadata, "AssertionConsumerService", "index", "1"), 1);
	assert_int_equal(count(metadata, "AssertionConsumerService", "Binding", BINDINGS "HTTP-POST"), 2);
	assert_int_equal(count(metadata, "SPSSODescriptor", "WantAssertionsSigned", "true"), 1);
	assert_int_equal(count(metadata, "SPSSODescriptor", "AuthnRequestsSigned", "false"), 1);
	assert_int_equal(count(metadata, "KeyDescriptor", NULL, NULL), 0);
}

static void service_provider_shows_its_certificates(void **state)
{
	const char *const acs_urls[] = {"https://sso.example.org/saml/sp/acs", NULL};
	const struct saml_own own = {.entity_id = OURS, .certificates = certificates, .acs_urls = acs_urls, .requests_signed = true};
	struct slice metadata = saml_sp_metadata(arena, &own);

	(void)state;
	assert_int_equal(count(metadata, "SPSSODescriptor", "AuthnRequestsSigned", "true"), 1);
	assert_int_equal(count(metadata, "KeyDescriptor", "use", "signing"), 2);
	assert_non_null(strstr(metadata.p, certificates[0]));
	assert_non_null(strstr(metadata.p, certificates[1]));
}

/* The first is the one to encrypt for; the best method stands first too. */
static void service_provider_says_how_to_encrypt(void **state)
{
	const char *const acs_urls[] = {"https://sso.example.org/saml/sp/acs", NULL};
	const struct saml_own own = {.entity_id = OURS, .encryption_certificates = certificates, .acs_urls = acs_urls};
	struct slice metadata = saml_sp_metadata(arena, &own);
	const char *first = strstr(metadata.p, certificates[0]), *second = strstr(metadata.p, certificates[1]);

	(void)state;
	assert_int_equal(count(metadata, "KeyDescriptor", "use", "encryption"), 2);
	assert_int_equal(count(metadata, "KeyDescriptor", "use", "signing"), 0);
	assert_int_equal(count(metadata, "EncryptionMethod", "Algorithm", "http://www.w3.org/2009/xmlenc11#aes256-gcm"), 2);
	assert_int_equal(count(metadata, "EncryptionMethod", NULL, NULL), 12);
	assert_true(first && second && first < second);
	assert_true(strstr(first, "#aes256-gcm") < strstr(first, "#aes256-cbc"));
}

/* The service provider and the identity provider of one document must not be mixed up. */
static void neither_face_passes_for_the_other(void **state)
{
	const char *const acs_urls[] = {"https://sso.example.org/saml/sp/acs", NULL};
	const struct saml_own own = {.entity_id = OURS, .certificates = certificates, .sso_url = SSO, .acs_urls = acs_urls};
	const struct saml_provider_options options = {.now = time(NULL)};
	struct saml_provider *provider = NULL;
	const char *entity_id = NULL, *acs = NULL;
	struct error err;

	(void)state;
	assert_refused(saml_provider_read(saml_sp_metadata(arena, &own), &options, &provider, &err), err, REASON_METADATA);
	assert_refused(saml_sp_metadata_read(arena, saml_idp_metadata(arena, &own), &entity_id, &acs, &err), err,
		REASON_METADATA);
	assert_null(provider);
	assert_null(acs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(partner_reads_our_identity_provider),
		cmocka_unit_test(identity_provider_offers_both_bindings_and_no_other),
		cmocka_unit_test(offers_no_artifact_binding),
		cmocka_unit_test(partner_reads_our_service_provider),
		cmocka_unit_test(service_provider_shows_its_certificates),
		cmocka_unit_test(service_provider_says_how_to_encrypt),
		cmocka_unit_test(neither_face_passes_for_the_other),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
