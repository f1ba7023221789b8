/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metadata: of the identity provider, and of partners. */
#include "tests/unit/forge.h"

#include "saml/metadata_read.h"
#include "saml/provider.h"

static const enum forge_key first[] = {FORGE_FIRST, FORGE_KEYS};
static const enum forge_key two[] = {FORGE_FIRST, FORGE_SECOND, FORGE_KEYS};

static int read_metadata(struct slice metadata, const char *entity_id, struct saml_provider **out, struct error *err)
{
	struct saml_provider_options options = {.entity_id = entity_id, .now = FORGE_NOW};

	return saml_provider_read(metadata, &options, out, err);
}

/* Reads and frees. */
static int try_metadata(struct slice metadata, const char *entity_id, struct error *err)
{
	struct saml_provider *p = NULL;
	int rc = read_metadata(metadata, entity_id, &p, err);

	assert_true((rc == 0) == (p != NULL));
	saml_provider_free(p);
	return rc;
}

static int try_edit(const char *from, const char *to, struct error *err)
{
	return try_metadata(forge_replace(forge_metadata("signing", two), from, to), FORGE_ISSUER, err);
}

static void reads_metadata_in_the_shape_of_entra(void **state)
{
	struct saml_provider *p = NULL;
	const struct saml_provider_info *info;
	struct error err;

	(void)state;
	assert_done(read_metadata(forge_metadata("signing", two), FORGE_ISSUER, &p, &err), err);
	info = saml_provider_info(p);
	assert_string_equal(info->entity_id, FORGE_ISSUER);
	assert_string_equal(info->sso_url, "https://login.microsoftonline.com/" FORGE_TENANT "/saml2");
	assert_int_equal(info->key_count, 2);
	assert_int_equal(info->keys_until, FORGE_NOW + 300LL * 86400);
	assert_int_equal(info->valid_until, 0);
	assert_int_equal(info->cache_seconds, 0);
	saml_provider_free(p);
}

static void takes_the_one_identity_provider_when_no_name_is_given(void **state)
{
	struct saml_provider *p = NULL;
	struct error err;

	(void)state;
	assert_done(read_metadata(forge_metadata(NULL, first), NULL, &p, &err), err);
	assert_string_equal(saml_provider_info(p)->entity_id, FORGE_ISSUER);
	saml_provider_free(p);
}

static void counts_a_certificate_once(void **state)
{
	static const enum forge_key twice[] = {FORGE_FIRST, FORGE_FIRST, FORGE_KEYS};
	struct saml_provider *p = forge_provider("signing", twice);

	(void)state;
	assert_int_equal(saml_provider_info(p)->key_count, 1);
	saml_provider_free(p);
}

static void passes_over_certificates_that_cannot_be_read(void **state)
{
	static const char *const wrong[] = {"bm90IGEgY2VydGlmaWNhdGU=", "*", "<x/>"};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct saml_provider *p = NULL;

		assert_done(read_metadata(forge_replace(forge_metadata("signing", two), forge_certificate(FORGE_FIRST),
			wrong[i]),
			FORGE_ISSUER, &p, &err), err);
		assert_int_equal(saml_provider_info(p)->key_count, 1);
		saml_provider_free(p);
	}
}

static void refuses_to_start_without_trusted_key(void **state)
{
	static const enum forge_key none[] = {FORGE_KEYS}, weak[] = {FORGE_WEAK, FORGE_KEYS}, ended[] = {FORGE_ENDED,
		FORGE_KEYS};
	static const enum forge_key ec[] = {FORGE_EC, FORGE_KEYS};
	struct error err;

	(void)state;
	assert_refused(try_metadata(forge_metadata("signing", none), FORGE_ISSUER, &err), err, REASON_METADATA);
	assert_refused(try_metadata(forge_metadata("signing", weak), FORGE_ISSUER, &err), err, REASON_METADATA);
	assert_refused(try_metadata(forge_metadata("signing", ended), FORGE_ISSUER, &err), err, REASON_METADATA);
	assert_refused(try_metadata(forge_metadata("signing", ec), FORGE_ISSUER, &err), err, REASON_METADATA);
	assert_refused(try_metadata(forge_metadata("encryption", two), FORGE_ISSUER, &err), err, REASON_METADATA);
	assert_done(try_metadata(forge_metadata("signing", first), FORGE_ISSUER, &err), err);
}

static void refuses_another_entity(void **state)
{
	struct error err;

	(void)state;
	assert_refused(try_metadata(forge_metadata("signing", two), "https://sts.windows.net/other/", &err), err,
		REASON_METADATA);
	assert_refused(try_edit(" entityID=\"" FORGE_ISSUER "\"", "", &err), err, REASON_METADATA);
}

static void refuses_metadata_that_ended(void **state)
{
	struct error err;

	(void)state;
	assert_refused(try_edit("<EntityDescriptor ", "<EntityDescriptor validUntil=\"2026-11-24T13:19:16Z\" ", &err), err,
		REASON_METADATA);
	assert_refused(try_edit("<IDPSSODescriptor ", "<IDPSSODescriptor validUntil=\"2026-11-24T13:19:16Z\" ", &err), err,
		REASON_METADATA);
	/* the time that is 0 does not mean that none was said */
	assert_refused(try_edit("<EntityDescriptor ", "<EntityDescriptor validUntil=\"1970-01-01T00:00:00Z\" ", &err), err,
		REASON_METADATA);
	assert_refused(try_edit("<EntityDescriptor ", "<EntityDescriptor validUntil=\"soon\" ", &err), err, REASON_METADATA);
	assert_done(try_edit("<EntityDescriptor ", "<EntityDescriptor validUntil=\"2026-11-24T13:19:17Z\" ", &err), err);
}

static void takes_the_strictest_lifetime(void **state)
{
	struct slice text = forge_metadata("signing", two);
	struct saml_provider *p = NULL;
	struct error err;

	(void)state;
	text = forge_replace(text, "<EntityDescriptor ",
		"<EntityDescriptor validUntil=\"2026-11-26T00:00:00Z\" cacheDuration=\"PT1H\" ");
	text = forge_replace(text, "<IDPSSODescriptor ",
		"<IDPSSODescriptor validUntil=\"2026-11-25T00:00:00Z\" cacheDuration=\"P1D\" ");
	assert_done(read_metadata(text, FORGE_ISSUER, &p, &err), err);
	assert_int_equal(saml_provider_info(p)->valid_until, 1795564800);
	assert_int_equal(saml_provider_info(p)->cache_seconds, 3600);
	saml_provider_free(p);
	/* zero is said: it is not the same as nothing */
	text = forge_replace(text, "cacheDuration=\"P1D\"", "cacheDuration=\"PT0S\"");
	assert_done(read_metadata(text, FORGE_ISSUER, &p, &err), err);
	assert_int_equal(saml_provider_info(p)->cache_seconds, 1);
	saml_provider_free(p);
}

static void refuses_metadata_without_redirect_endpoint(void **state)
{
	static const char endpoint[] = "<SingleSignOnService Binding=\"" XML_BINDING_REDIRECT "\" "
		"Location=\"https://login.microsoftonline.com/" FORGE_TENANT "/saml2\"/>";
	struct error err;

	(void)state;
	assert_refused(try_edit(endpoint, "", &err), err, REASON_METADATA);
	assert_refused(try_edit(endpoint, "<SingleSignOnService Binding=\"" XML_BINDING_REDIRECT "\"/>", &err), err,
		REASON_METADATA);
	assert_refused(try_edit(endpoint, "<SingleSignOnService Binding=\""
		XML_BINDING_REDIRECT "\" Location=\"javascript:x\"/>", &err),
		err, REASON_METADATA);
	assert_refused(try_edit(endpoint, "<SingleSignOnService Binding=\""
		XML_BINDING_REDIRECT "\" Location=\"https://h/&#xa;X: y\"/>",
		&err), err, REASON_METADATA);
}

static void refuses_metadata_for_another_protocol(void **state)
{
	struct error err;

	(void)state;
	assert_refused(try_edit("protocolSupportEnumeration=\"" NS_SAMLP "\"",
		"protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:1.1:protocol\"", &err), err, REASON_METADATA);
	assert_done(try_edit("protocolSupportEnumeration=\"" NS_SAMLP "\"",
		"protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:1.1:protocol\n" NS_SAMLP "\"", &err), err);
}

static void refuses_what_is_no_metadata(void **state)
{
	static const char *const wrong[] = {"", "<", "<x/>", "<!DOCTYPE x><x/>", "<html><body>Not found</body></html>"};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_refused(try_metadata(slice_c(wrong[i]), NULL, &err), err, REASON_METADATA);
}

/* Several entities around ours, of which one has no prefixes of its own. */
static struct slice federation(const char *second_id)
{
	struct slice inner = forge_metadata("signing", two), other;
	const char *begin = memmem(inner.p, inner.n, "<EntityDescriptor", 17);

	inner = slice_of(begin, inner.n - (size_t)(begin - inner.p));
	inner = forge_replace(inner, " ID=\"_d1f5c4e2\"", "");
	other = forge_replace(inner, FORGE_ISSUER, second_id);
	inner = forge_replace(inner, "<EntityDescriptor entityID=\""
		FORGE_ISSUER "\" xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\"",
		"<EntityDescriptor entityID=\"" FORGE_ISSUER "\"");
	return slice_c(arena_printf(forge_arena(),
		"<!-- two --><EntitiesDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" "
		"validUntil=\"2026-12-01T00:00:00Z\">%s<EntityDescriptor entityID=\"https://sp.example.org\">"
		"<SPSSODescriptor protocolSupportEnumeration=\"" NS_SAMLP "\"/></EntityDescriptor>%s</EntitiesDescriptor>",
			other.p, inner.p));
}

static void finds_its_entity_among_several(void **state)
{
	struct slice text = federation("https://sts.windows.net/other/");
	struct saml_provider *p = NULL;
	struct error err;

	(void)state;
	assert_done(read_metadata(text, FORGE_ISSUER, &p, &err), err);
	assert_string_equal(saml_provider_info(p)->entity_id, FORGE_ISSUER);
	assert_int_equal(saml_provider_info(p)->valid_until, 1796083200);
	/* What is kept for writing is that entity alone, and reads the same. */
	assert_null(memmem(p->metadata.p, p->metadata.n, "windows.net/other", 17));
	assert_done(try_metadata(p->metadata, FORGE_ISSUER, &err), err);
	saml_provider_free(p);
	assert_refused(try_metadata(text, NULL, &err), err, REASON_METADATA);
	assert_refused(try_metadata(federation(FORGE_ISSUER), FORGE_ISSUER, &err), err, REASON_METADATA);
}

static void writes_a_request_to_the_provider_it_read(void **state)
{
	struct saml_provider *p = forge_provider("signing", two);
	struct saml_ask ask = {.id = FORGE_REQUEST, .entity_id = FORGE_ENTITY, .acs_url = FORGE_ACS, .relay_state = "r",
		.now = FORGE_NOW};
	const char *url = NULL;
	struct error err;

	(void)state;
	assert_done(saml_request_write(forge_arena(), p, &ask, &url, &err), err);
	assert_ptr_equal(strstr(url, "https://login.microsoftonline.com/" FORGE_TENANT "/saml2?SAMLRequest="), url);
	saml_provider_free(p);
}

static void reads_durations(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = {{"PT1H", 3600}, {"P1D", 86400}, {"P1Y2M3DT4H5M6S", 31536000 + 5184000 + 259200 + 14400 + 300 + 6},
		{"PT0S", 0}, {"P2M", 5184000},
		{"PT2M", 120}};
	static const char *const wrong[] = {"", "P", "PT", "1H", "P1H", "PT1D", "P1D1Y", "PT1H ", "-PT1H", "PTH", "PT1H1H",
		"PT99999999999H"};
	int64_t seconds;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(xml_duration_read(slice_c(good[i].text), &seconds), 0);
		assert_int_equal(seconds, good[i].seconds);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(xml_duration_read(slice_c(wrong[i]), &seconds), -1);
}

/* ---- partners ---- */

#define ACS(location, more) "<AssertionConsumerService Binding=\"" XML_BINDING_POST "\" Location=\"" location "\" " more "/>"
#define ARTIFACT "<AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact\" " \
	"Location=\"https://a.test/artifact\" isDefault=\"true\" index=\"0\"/>"

static int read_partner(const char *services, const char **acs, struct error *err)
{
	const char *entity_id = NULL;
	int rc = saml_sp_metadata_read(forge_arena(), slice_c(arena_printf(forge_arena(),
		"<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"https://auth.example.com/saml/1\">"
		"<SPSSODescriptor protocolSupportEnumeration=\"" NS_SAMLP "\">%s</SPSSODescriptor></EntityDescriptor>",
			services)),
		&entity_id, acs, err);

	if (rc == 0)
		assert_string_equal(entity_id, "https://auth.example.com/saml/1");
	return rc;
}

static void reads_the_default_acs_of_a_partner(void **state)
{
	const char *acs = NULL;
	struct error err;

	(void)state;
	assert_done(read_partner(ARTIFACT ACS("https://a.test/1", "index=\"1\"") ACS("https://a.test/2",
		"isDefault=\"true\" index=\"2\""),
		&acs, &err), err);
	assert_string_equal(acs, "https://a.test/2");
	assert_done(read_partner(ACS("https://a.test/1",
		"isDefault=\"false\" index=\"1\"") ACS("https://a.test/2?c=d&amp;e", "index=\"2\""),
		&acs, &err), err);
	assert_string_equal(acs, "https://a.test/2?c=d&e");
	assert_done(read_partner(ACS("https://a.test/1", "isDefault=\"0\" index=\"1\"") ACS("https://a.test/2",
		"isDefault=\"0\" index=\"2\""),
		&acs, &err), err);
	assert_string_equal(acs, "https://a.test/1");
}

static void refuses_partner_without_usable_acs(void **state)
{
	const char *acs = NULL;
	struct error err;

	(void)state;
	assert_refused(read_partner("", &acs, &err), err, REASON_METADATA);
	assert_refused(read_partner(ARTIFACT, &acs, &err), err, REASON_METADATA);
	assert_refused(read_partner(ACS("javascript:alert(1)", ""), &acs, &err), err, REASON_METADATA);
	assert_null(acs);
	assert_refused(saml_sp_metadata_read(forge_arena(), forge_metadata("signing", two), &acs, &acs, &err), err,
		REASON_METADATA);
}

static int read_as(const char *entity_id, const char *tenant, struct saml_provider **out, struct error *err)
{
	struct saml_provider_options options = {.tenant = tenant, .now = FORGE_NOW};

	return saml_provider_read(forge_replace(forge_metadata("signing", two), FORGE_ISSUER, entity_id), &options, out, err);
}

static void knows_the_tenant_by_the_entity_id_of_entra(void **state)
{
	static const struct {
		const char *entity_id, *tenant;
	} rows[] = {
		{FORGE_ISSUER, FORGE_TENANT}, {FORGE_ISSUER "c1a2b3c4-d5e6-4f70-8192-a3b4c5d6e7f8", FORGE_TENANT},
		{"https://sts.chinacloudapi.cn/" FORGE_TENANT "/", FORGE_TENANT},
		{"https://login.microsoftonline.com/" FORGE_TENANT "/", FORGE_TENANT},
		{"https://idp.example.org/" FORGE_TENANT "/", NULL}, {"urn:idp", NULL},
	};
	struct saml_provider *p = NULL;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_done(read_as(rows[i].entity_id, NULL, &p, &err), err);
		if (rows[i].tenant)
			assert_string_equal(saml_provider_info(p)->tenant, rows[i].tenant);
		else
			assert_null(saml_provider_info(p)->tenant);
		saml_provider_free(p);
	}
	assert_done(read_as("urn:idp", "some-tenant", &p, &err), err);
	assert_string_equal(saml_provider_info(p)->tenant, "some-tenant");
	saml_provider_free(p);
}

static void refuses_the_document_of_another_tenant_or_of_all(void **state)
{
	struct saml_provider *p = NULL;
	struct error err;

	(void)state;
	assert_refused(read_as(FORGE_ISSUER, "11111111-4f50-4a61-8b72-93a4b5c6d7e8", &p, &err), err, REASON_METADATA);
	assert_refused(read_as("https://sts.windows.net/{tenantid}/", NULL, &p, &err), err, REASON_METADATA);
	assert_non_null(strstr(err.detail, "is of no tenant"));
	assert_null(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(reads_metadata_in_the_shape_of_entra, forge_reset),
		cmocka_unit_test_teardown(takes_the_one_identity_provider_when_no_name_is_given, forge_reset),
		cmocka_unit_test_teardown(counts_a_certificate_once, forge_reset),
		cmocka_unit_test_teardown(passes_over_certificates_that_cannot_be_read, forge_reset),
		cmocka_unit_test_teardown(refuses_to_start_without_trusted_key, forge_reset),
		cmocka_unit_test_teardown(refuses_another_entity, forge_reset),
		cmocka_unit_test_teardown(refuses_metadata_that_ended, forge_reset),
		cmocka_unit_test_teardown(takes_the_strictest_lifetime, forge_reset),
		cmocka_unit_test_teardown(refuses_metadata_without_redirect_endpoint, forge_reset),
		cmocka_unit_test_teardown(refuses_metadata_for_another_protocol, forge_reset),
		cmocka_unit_test_teardown(refuses_what_is_no_metadata, forge_reset),
		cmocka_unit_test_teardown(finds_its_entity_among_several, forge_reset),
		cmocka_unit_test_teardown(writes_a_request_to_the_provider_it_read, forge_reset),
		cmocka_unit_test_teardown(reads_durations, forge_reset),
		cmocka_unit_test_teardown(reads_the_default_acs_of_a_partner, forge_reset),
		cmocka_unit_test_teardown(refuses_partner_without_usable_acs, forge_reset),
		cmocka_unit_test_teardown(knows_the_tenant_by_the_entity_id_of_entra, forge_reset),
		cmocka_unit_test_teardown(refuses_the_document_of_another_tenant_or_of_all, forge_reset),
	};

	return cmocka_run_group_tests(tests, forge_begin, forge_end);
}
