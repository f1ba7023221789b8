/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our logout messages, read back by lasso as the identity provider that they are for. */
#include "tests/unit/lend_key.h"
#include "tests/unit/unit.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/text.h"
#include "saml/saml.h"
#include "tests/unit/keys.h"

#include <lasso/lasso.h>
#include <lasso/xml/saml-2.0/samlp2_logout_request.h>
#include <lasso/xml/saml-2.0/samlp2_logout_response.h>
#include <time.h>

#define IDP "https://login.example.org/"
#define SP "https://sso.example.org/saml/sp/metadata"
#define OUR_ID "_0123456789abcdef0123456789abcdef"

static struct arena *arena;
static struct test_pair pair, theirs;
static struct saml_key *key;
static struct error err;

static int begin(void **state)
{
	(void)state;
	arena = arena_new();
	if (saml_start(&err) < 0)
		return -1;
	pair = test_rsa(arena, 2048);
	theirs = test_rsa(arena, 2048);
	return saml_key_read(pair.key, pair.certificate, &key, &err);
}

static int end(void **state)
{
	(void)state;
	saml_key_free(key);
	saml_stop();
	arena_free(arena);
	return 0;
}

static const char *body_of(struct slice certificate)
{
	const char *base64;
	int64_t until;

	assert_done(saml_certificate_read(arena, certificate, &base64, &until, &err), err);
	return base64;
}

static const char *idp_metadata(const char *slo)
{
	return arena_printf(arena, "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"" IDP "\">"
		"<IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><KeyDescriptor>"
		"<KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo>"
		"</KeyDescriptor>%s<SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"" IDP "sso\"/>"
		"</IDPSSODescriptor></EntityDescriptor>", body_of(theirs.certificate), slo);
}

static struct saml_provider *provider_with(const char *slo)
{
	const struct saml_provider_options options = {.now = time(NULL)};
	struct saml_provider *p = NULL;

	assert_done(saml_provider_read(slice_c(idp_metadata(slo)), &options, &p, &err), err);
	return p;
}

#define BINDING "Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\""
#define ONE_ADDRESS "<SingleLogoutService " BINDING " Location=\"" IDP "slo\"/>"
#define TWO_ADDRESSES "<SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"" IDP "post\"/>" \
	"<SingleLogoutService " BINDING " Location=\"" IDP "slo?a=b\" ResponseLocation=\"" IDP "answers\"/>"

/* ---- lasso as the identity provider, with our own metadata ---- */

static LassoServer *witness(void)
{
	const char *certificates[] = {body_of(pair.certificate), NULL}, *acs_urls[] = {"https://sso.example.org/saml/sp/acs/1", NULL};
	const struct saml_own own = {
		.entity_id = SP, .certificates = certificates, .acs_urls = acs_urls, .slo_url = "https://sso.example.org/saml/sp/slo",
	};
	struct slice ours = saml_sp_metadata(arena, &own);
	LassoServer *server = lasso_server_new_from_buffers(idp_metadata(ONE_ADDRESS), theirs.key.p, NULL, theirs.certificate.p);

	assert_non_null(server);
	assert_int_equal(lasso_server_add_provider_from_buffer(server, LASSO_PROVIDER_ROLE_SP, arena_copy(arena, ours), NULL, NULL), 0);
	return server;
}

static const char *query_of(const char *url)
{
	const char *mark = strstr(url, "SAML");

	assert_non_null(mark);
	return mark;
}

static struct saml_logout_ask an_ask(const struct saml_key *with)
{
	return (struct saml_logout_ask){
		.id = OUR_ID, .entity_id = SP, .name_id = "Anna <&\"> M\xc3\xbcller", .name_id_format = SAML_FORMAT_EMAIL, .name_qualifier = "urn:q\"<",
		.sp_name_qualifier = SP, .session_index = "_c3b1f0de&2a34", .key = with, .now = time(NULL),
	};
}

/* lasso wants logout messages signed unless it is told otherwise. */
static void same_request(const char *url)
{
	LassoServer *server = witness();
	LassoLogout *logout = lasso_logout_new(server);
	LassoSamlp2LogoutRequest *r;

	lasso_profile_set_signature_verify_hint(LASSO_PROFILE(logout), LASSO_PROFILE_SIGNATURE_VERIFY_HINT_IGNORE);
	assert_int_equal(lasso_logout_process_request_msg(logout, (char *)(uintptr_t)query_of(url)), 0);
	r = LASSO_SAMLP2_LOGOUT_REQUEST(LASSO_PROFILE(logout)->request);
	assert_string_equal(r->parent.ID, OUR_ID);
	assert_string_equal(r->parent.Version, "2.0");
	assert_string_equal(r->parent.Issuer->content, SP);
	assert_string_equal(r->parent.Destination, IDP "slo");
	assert_string_equal(r->NameID->content, "Anna <&\"> M\xc3\xbcller");
	assert_string_equal(r->NameID->Format, SAML_FORMAT_EMAIL);
	assert_string_equal(r->NameID->NameQualifier, "urn:q\"<");
	assert_string_equal(r->NameID->SPNameQualifier, SP);
	assert_string_equal(r->SessionIndex, "_c3b1f0de&2a34");
	lasso_logout_destroy(logout);
	lasso_server_destroy(server);
}

static void lasso_reads_our_request(void **state)
{
	struct saml_provider *p = provider_with(ONE_ADDRESS);
	struct saml_logout_ask ask = an_ask(NULL);
	const char *url;

	(void)state;
	assert_done(saml_logout_request_write(arena, p, &ask, &url, &err), err);
	assert_int_equal(strncmp(url, IDP "slo?SAMLRequest=", strlen(IDP "slo?SAMLRequest=")), 0);
	assert_null(strstr(url, "Signature"));
	same_request(url);
	saml_provider_free(p);
}

static int lasso_takes(const void *url)
{
	LassoLogout *logout = lasso_logout_new(witness());
	LassoSamlp2LogoutRequest *r;

	lasso_profile_set_signature_verify_hint(LASSO_PROFILE(logout), LASSO_PROFILE_SIGNATURE_VERIFY_HINT_FORCE);
	if (lasso_logout_process_request_msg(logout, (char *)(uintptr_t)query_of(url)) != 0)
		return 0;
	r = LASSO_SAMLP2_LOGOUT_REQUEST(LASSO_PROFILE(logout)->request);
	return strcmp(r->parent.ID, OUR_ID) == 0 && strcmp(r->SessionIndex, "_c3b1f0de&2a34") == 0;
}

static void lasso_verifies_our_signed_request(void **state)
{
	struct saml_provider *p = provider_with(ONE_ADDRESS);
	struct saml_logout_ask ask = an_ask(key);
	const char *url;

	(void)state;
	assert_done(saml_logout_request_write(arena, p, &ask, &url, &err), err);
	assert_int_equal(in_a_child(lasso_takes, url), 1);
	*strstr(url, "Signature=") = 's';
	assert_int_equal(in_a_child(lasso_takes, url), 0);
	saml_provider_free(p);
}

/* The text of a message in a query of ours. */
static const char *message_of(const char *url)
{
	struct saml_logout m;

	assert_done(saml_logout_read(arena, slice_c(query_of(url)), &m, &err), err);
	return m.id;
}

static void leaves_out_what_the_assertion_did_not_say(void **state)
{
	struct saml_provider *p = provider_with(TWO_ADDRESSES);
	struct saml_logout_ask ask = {.id = OUR_ID, .entity_id = SP, .name_id = "anna", .session_index = "_s", .now = time(NULL)};
	struct saml_logout m;
	const char *url;

	(void)state;
	assert_done(saml_logout_request_write(arena, p, &ask, &url, &err), err);
	assert_int_equal(strncmp(url, IDP "slo?a=b&SAMLRequest=", strlen(IDP "slo?a=b&SAMLRequest=")), 0);
	assert_string_equal(message_of(url), OUR_ID);
	assert_done(saml_logout_read(arena, slice_c(query_of(url)), &m, &err), err);
	assert_string_equal(m.destination, IDP "slo?a=b");
	assert_string_equal(m.name_id, "anna");
	assert_int_equal(m.session_index_count, 1);
	saml_provider_free(p);
}

static void our_answer_goes_where_answers_are_wanted_and_says_what_lives_on(void **state)
{
	struct saml_provider *p = provider_with(TWO_ADDRESSES);
	struct saml_logout_answer answer = {
		.id = OUR_ID, .entity_id = SP, .in_response_to = "_theirs", .relay_state = slice_c("a/b c&"), .partial = true, .key = key, .now = time(NULL),
	};
	struct saml_logout m;
	const char *url;

	(void)state;
	assert_done(saml_logout_response_write(arena, p, &answer, &url, &err), err);
	assert_int_equal(strncmp(url, IDP "answers?SAMLResponse=", strlen(IDP "answers?SAMLResponse=")), 0);
	assert_non_null(strstr(url, "&RelayState=a%2Fb%20c%26&SigAlg="));
	assert_done(saml_logout_read(arena, slice_c(query_of(url)), &m, &err), err);
	assert_int_equal(m.kind, SAML_LOGOUT_RESPONSE);
	assert_string_equal(m.issuer, SP);
	assert_string_equal(m.in_response_to, "_theirs");
	assert_string_equal(m.destination, IDP "answers");
	assert_slice_is(m.relay_state, "a/b c&");
	assert_null(m.fault);
	saml_provider_free(p);
}

static void asks_nobody_who_offers_no_logout(void **state)
{
	static const char *const rows[] = {"", "<SingleLogoutService " BINDING " Location=\"javascript:x\"/>",
		"<SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:SOAP\" Location=\"" IDP "soap\"/>",
		"<SingleLogoutService " BINDING " Location=\"" IDP "slo\" ResponseLocation=\"data:x\"/>"};
	struct saml_logout_ask ask = an_ask(NULL);
	const char *url;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct saml_provider *p = provider_with(rows[i]);

		assert_null(saml_provider_info(p)->slo_url);
		assert_null(saml_provider_info(p)->slo_answer_url);
		assert_refused(saml_logout_request_write(arena, p, &ask, &url, &err), err, REASON_INTERNAL);
		saml_provider_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lasso_reads_our_request),
		cmocka_unit_test(lasso_verifies_our_signed_request),
		cmocka_unit_test(leaves_out_what_the_assertion_did_not_say),
		cmocka_unit_test(our_answer_goes_where_answers_are_wanted_and_says_what_lives_on),
		cmocka_unit_test(asks_nobody_who_offers_no_logout),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
