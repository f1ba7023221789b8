/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What we ask Entra: read back from the address by our own reader and from the text itself. */
#include "tests/unit/unit.h"

#include "saml/asker.h"
#include "saml/saml.h"
#include "tests/unit/keys.h"

#include "base/encode.h"

#include <time.h>
#include <zlib.h>

#define ENTRA "https://sts.windows.net/7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8/"
#define SSO "https://login.microsoftonline.com/7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8/saml2"
#define MD "urn:oasis:names:tc:SAML:2.0:metadata"
#define PROTOCOL "urn:oasis:names:tc:SAML:2.0:protocol"
#define BINDINGS "urn:oasis:names:tc:SAML:2.0:bindings:"
#define ENDPOINT(binding, location) "<SingleSignOnService Binding=\"" BINDINGS binding "\" Location=\"" location "\"/>"
#define ENTITY(id, role, content) \
	"<EntityDescriptor xmlns=\"" MD "\" entityID=\"" id "\"><" role " protocolSupportEnumeration=\"" PROTOCOL "\">" \
	content "</" role "></EntityDescriptor>"

static struct arena *arena;

static int begin(void **state)
{
	struct error err;

	(void)state;
	arena = arena_new();
	return saml_start(&err);
}

static int end(void **state)
{
	(void)state;
	saml_stop();
	arena_free(arena);
	return 0;
}

static struct saml_ask ask(void)
{
	return (struct saml_ask){
		.id = "_0123456789abcdef0123456789abcdef",
		.entity_id = "https://sso.example.org/saml/sp?a&b",
		.acs_url = "https://sso.example.org/saml/sp/acs/one?x=1&y=\"2\"",
		.relay_state = "opaque+/=&",
		.now = 1795526356,
	};
}

static const char *url_of(const char *metadata, const struct saml_ask *what)
{
	struct saml_asker *asker = NULL;
	const char *url = NULL;
	struct error err;

	assert_done(asker_new(slice_c(metadata), ENTRA, NULL, &asker, &err), err);
	assert_done(asker_write(arena, asker, what, &url, &err), err);
	asker_free(asker);
	return url;
}

static const char plain[] = ENTITY(ENTRA, "IDPSSODescriptor",
	ENDPOINT("HTTP-POST", SSO "/post") ENDPOINT("HTTP-Redirect", SSO));

static struct slice query_of(const char *url)
{
	return slice_c(strchr(url, '?') + 1);
}

static struct slice parameter_of(const char *url, const char *name)
{
	struct slice raw, decoded;

	assert_int_equal(form_find(query_of(url), name, &raw), 1);
	assert_int_equal(form_decode(arena, raw, &decoded), 0);
	return decoded;
}

static const char *xml_of(const char *url)
{
	struct slice base64 = parameter_of(url, "SAMLRequest"), deflated;
	char *xml = arena_alloc(arena, 8192);
	z_stream z = {0};

	assert_int_equal(base64_decode(arena, base64, &deflated), 0);
	z.next_in = (Bytef *)(uintptr_t)deflated.p;
	z.avail_in = (uInt)deflated.n;
	z.next_out = (Bytef *)xml;
	z.avail_out = 8191;
	assert_int_equal(inflateInit2(&z, -MAX_WBITS), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	inflateEnd(&z);
	return xml;
}

static void asks_as_entra_wants(void **state)
{
	struct saml_ask what = ask();
	const char *url = url_of(plain, &what);
	struct saml_request r;
	struct slice relay_state;
	struct error err;

	(void)state;
	assert_int_equal(strncmp(url, SSO "?SAMLRequest=", strlen(SSO "?SAMLRequest=")), 0);
	assert_done(saml_request_read(arena, SAML_REDIRECT, query_of(url), &r, &relay_state, &err), err);
	assert_string_equal(r.id, what.id);
	assert_string_equal(r.issuer, what.entity_id);
	assert_string_equal(r.acs_url, what.acs_url);
	assert_string_equal(r.destination, SSO);
	assert_string_equal(r.protocol_binding, BINDINGS "HTTP-POST");
	assert_int_equal(r.issue_instant, what.now);
	assert_false(r.force_authn || r.is_passive || r.has_acs_index);
	assert_null(r.subject);
	assert_slice_is(relay_state, what.relay_state);
}

/* Each of these breaks sign-ons at Entra, or would leave an algorithm to lasso's default. */
static void sends_nothing_that_entra_refuses(void **state)
{
	static const char *const never[] = {
		"NameIDPolicy", "RequestedAuthnContext", "Scoping", "Subject", "Signature", "Index=", "sha1", "ProviderName",
		"Consent",
	};
	struct saml_ask what = ask();
	const char *url = url_of(plain, &what), *xml = xml_of(url);
	struct slice unused;

	(void)state;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		if (strstr(xml, never[i]))
			fail_msg("%s in %s", never[i], xml);
	}
	assert_non_null(strstr(xml, "<saml:Issuer>https://sso.example.org/saml/sp?a&amp;b</saml:Issuer>"));
	assert_int_equal(form_find(query_of(url), "Signature", &unused), 0);
	assert_int_equal(form_find(query_of(url), "SigAlg", &unused), 0);
	assert_int_equal(form_find(query_of(url), "login_hint", &unused), 0);
	assert_in_range(strlen(url), 1, 2000);
}

static void passes_on_force_passive_and_hint(void **state)
{
	struct saml_ask what = ask();
	const char *url;
	struct saml_request r;
	struct slice relay_state, unused;
	struct error err;

	(void)state;
	what.force_authn = what.is_passive = true;
	what.login_hint = "jürgen+x&y=z@example.org";
	what.relay_state = NULL;
	url = url_of(plain, &what);
	assert_done(saml_request_read(arena, SAML_REDIRECT, query_of(url), &r, &relay_state, &err), err);
	assert_true(r.force_authn && r.is_passive);
	assert_slice_is(parameter_of(url, "login_hint"), what.login_hint);
	assert_null(strpbrk(strstr(url, "login_hint="), "+@ "));
	assert_int_equal(form_find(query_of(url), "RelayState", &unused), 0);
}

/* Most of a request is made once: the next one has nothing of the one before. */
static void asks_anew_each_time(void **state)
{
	struct saml_ask what = ask(), rows[] = {what, what, what, what, what, what};
	struct saml_asker *asker = NULL;
	struct saml_request r;
	struct slice relay_state;
	const char *url;
	struct error err;

	(void)state;
	rows[1].id = "_fedcba9876543210fedcba9876543210";
	rows[1].now += 3600;
	rows[2].is_passive = true;
	rows[3].force_authn = true;
	rows[4].entity_id = "https://other.example.org/sp";
	rows[5].acs_url = "https://other.example.org/acs";
	assert_done(asker_new(slice_c(plain), ENTRA, NULL, &asker, &err), err);
	for (size_t i = 0; i < 3 * sizeof(rows) / sizeof(rows[0]); i++) {
		what = rows[i % (sizeof(rows) / sizeof(rows[0]))];
		assert_done(asker_write(arena, asker, &what, &url, &err), err);
		assert_done(saml_request_read(arena, SAML_REDIRECT, query_of(url), &r, &relay_state, &err), err);
		assert_string_equal(r.id, what.id);
		assert_int_equal(r.issue_instant, what.now);
		assert_string_equal(r.issuer, what.entity_id);
		assert_string_equal(r.acs_url, what.acs_url);
		assert_int_equal(r.force_authn, what.force_authn);
		assert_int_equal(r.is_passive, what.is_passive);
	}
	asker_free(asker);
}

/* SAML core 3.4.1.1: a format and nothing else, where Entra takes one. */
static void asks_for_a_format_only_when_told(void **state)
{
	struct saml_asker *asker = NULL;
	struct saml_ask what = ask();
	const char *url, *xml, *at;
	struct saml_request r;
	struct slice relay_state;
	struct error err;

	(void)state;
	assert_done(asker_new(slice_c(plain), ENTRA, SAML_FORMAT_PERSISTENT, &asker, &err), err);
	assert_done(asker_write(arena, asker, &what, &url, &err), err);
	asker_free(asker);
	xml = xml_of(url);
	at = strstr(xml, "<samlp:NameIDPolicy Format=\"" SAML_FORMAT_PERSISTENT "\" AllowCreate=\"true\"/>");
	if (!at)
		fail_msg("%s", xml);
	assert_null(strstr(xml, "SPNameQualifier"));
	assert_done(saml_request_read(arena, SAML_REDIRECT, query_of(url), &r, &relay_state, &err), err);
	assert_string_equal(r.id, what.id);
}

/* Entra's form: a byte-order mark, a query in the address, descriptors of other kinds first, a wish for signatures. */
static void loads_metadata_of_odd_shapes(void **state)
{
	static const char *const rows[] = {
		"\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>"
		ENTITY(ENTRA, "IDPSSODescriptor", ENDPOINT("HTTP-Redirect", SSO "?a=b")),
		"<EntityDescriptor xmlns=\"" MD "\" entityID=\"" ENTRA "\">"
		"<RoleDescriptor xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
		" xsi:type=\"fed:SecurityTokenServiceType\" xmlns:fed=\"http://docs.oasis-open.org/wsfed/federation/200706\""
		" protocolSupportEnumeration=\"http://docs.oasis-open.org/wsfed/federation/200706\"/>"
		"<IDPSSODescriptor WantAuthnRequestsSigned=\"true\" protocolSupportEnumeration=\"" PROTOCOL "\">"
		ENDPOINT("HTTP-Redirect", SSO "?a=b") "</IDPSSODescriptor></EntityDescriptor>",
	};
	struct saml_ask what = ask();
	struct slice unused;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *url = url_of(rows[i], &what);

		assert_int_equal(strncmp(url, SSO "?a=b&SAMLRequest=", strlen(SSO "?a=b&SAMLRequest=")), 0);
		assert_int_equal(form_find(query_of(url), "Signature", &unused), 0);
	}
}

/* The whole way: a federation's document with two entities, read once, asked twice. */
static void asks_the_provider_that_was_read(void **state)
{
	struct test_pair pair = test_rsa(arena, 2048);
	const struct saml_provider_options options = {.entity_id = ENTRA, .now = time(NULL)};
	struct saml_provider *provider = NULL;
	const char *base64, *metadata, *url;
	struct saml_ask what = ask();
	int64_t until;
	struct error err;

	(void)state;
	assert_done(saml_certificate_read(arena, pair.certificate, &base64, &until, &err), err);
	metadata = arena_printf(arena, "<EntitiesDescriptor xmlns=\"" MD "\">%s" ENTITY(ENTRA, "IDPSSODescriptor",
		"<KeyDescriptor><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:X509Data><ds:X509Certificate>%s"
		"</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>"
		ENDPOINT("HTTP-Redirect", SSO)) "</EntitiesDescriptor>",
		ENTITY("https://other.example.org/", "IDPSSODescriptor",
			ENDPOINT("HTTP-Redirect", "https://other.example.org/sso")), base64);
	assert_done(saml_provider_read(slice_c(metadata), &options, &provider, &err), err);
	for (int i = 0; i < 2; i++) {
		assert_done(saml_request_write(arena, provider, &what, &url, &err), err);
		assert_int_equal(strncmp(url, SSO "?SAMLRequest=", strlen(SSO "?SAMLRequest=")), 0);
	}
	saml_provider_free(provider);
}

static void refuses_metadata_that_gives_nobody_to_ask(void **state)
{
	static const struct {
		const char *why, *metadata;
	} rows[] = {
		{"empty", ""},
		{"cannot load", "garbage"},
		{"cannot load", "<x/>"},
		{"does not find", ENTITY("https://other.example.org/", "IDPSSODescriptor", ENDPOINT("HTTP-Redirect", SSO))},
		{"no HTTP-Redirect endpoint", ENTITY(ENTRA, "IDPSSODescriptor", ENDPOINT("HTTP-POST", SSO))},
		{"lasso", ENTITY(ENTRA, "SPSSODescriptor", ENDPOINT("HTTP-Redirect", SSO))},
	};
	struct saml_asker *untouched = NULL;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_refused(asker_new(slice_c(rows[i].metadata), ENTRA, NULL, &untouched, &err), err, REASON_METADATA);
		if (!strstr(err.detail, rows[i].why))
			fail_msg("row %zu: wanted \"%s\", got \"%s\"", i, rows[i].why, err.detail);
	}
	assert_refused(asker_new(slice_of("<x>\0</x>", 8), ENTRA, NULL, &untouched, &err), err, REASON_METADATA);
	assert_null(untouched);
}

static void refuses_to_ask_without_what_is_needed(void **state)
{
	struct saml_ask bad[6];
	struct saml_asker *asker = NULL;
	const char *untouched = NULL;
	struct error err;

	(void)state;
	for (size_t i = 0; i < 6; i++)
		bad[i] = ask();
	bad[0].id = NULL;
	bad[1].entity_id = NULL;
	bad[2].acs_url = NULL;
	bad[3].now = 0;
	bad[4].relay_state = "123456789012345678901234567890123456789012345678901234567890123456789012345678901";
	bad[5].id = "_23456789012345678901234567890123456789012345678901234567890123456";
	assert_done(asker_new(slice_c(plain), ENTRA, NULL, &asker, &err), err);
	for (size_t i = 0; i < 6; i++)
		assert_refused(asker_write(arena, asker, &bad[i], &untouched, &err), err, REASON_INTERNAL);
	assert_null(untouched);
	asker_free(asker);
	asker_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_as_entra_wants),
		cmocka_unit_test(sends_nothing_that_entra_refuses),
		cmocka_unit_test(passes_on_force_passive_and_hint),
		cmocka_unit_test(asks_anew_each_time),
		cmocka_unit_test(asks_for_a_format_only_when_told),
		cmocka_unit_test(loads_metadata_of_odd_shapes),
		cmocka_unit_test(asks_the_provider_that_was_read),
		cmocka_unit_test(refuses_metadata_that_gives_nobody_to_ask),
		cmocka_unit_test(refuses_to_ask_without_what_is_needed),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
