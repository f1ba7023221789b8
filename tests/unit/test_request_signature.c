/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signed AuthnRequests: lasso signs as the connection, by both bindings, and somebody moves things about. */
#include "tests/unit/unit.h"

#include "base/encode.h"
#include "base/text.h"
#include "saml/saml.h"
#include "tests/unit/keys.h"
#include "tests/unit/lend_key.h"

#include <time.h>
#include <zlib.h>

#define IDP "https://sso.example.org/saml/idp/metadata"
#define SSO "https://sso.example.org/saml/idp/sso"
#define SP "https://auth.example/saml/1"
#define ACS "https://auth.example/login/callback?connection=saml-1"
#define PROTOCOL "urn:oasis:names:tc:SAML:2.0:protocol"
#define ASSERTION "urn:oasis:names:tc:SAML:2.0:assertion"

static struct arena *arena;
static struct test_pair pair, other;
static struct saml_signer *signer, *others;
static struct error err;

/* What is known of the connection: each test says. */
static struct saml_requester known;

static int begin(void **state)
{
	(void)state;
	arena = arena_new();
	if (saml_start(&err) < 0)
		return -1;
	pair = test_rsa(arena, 2048);
	other = test_rsa(arena, 2048);
	if (saml_signer_read(&pair.certificate, 1, (struct slice){0}, &signer, &err) < 0)
		return -1;
	return saml_signer_read(&other.certificate, 1, (struct slice){0}, &others, &err);
}

static int end(void **state)
{
	(void)state;
	saml_signer_free(signer);
	saml_signer_free(others);
	saml_stop();
	arena_free(arena);
	return 0;
}

static int accept(enum saml_binding binding, const char *parameters, struct saml_request *out)
{
	struct saml_request_source from = {
		.binding = binding, .parameters = slice_c(parameters), .requesters = &known, .requester_count = 1, .now = time(NULL),
	};
	struct slice relay_state;

	err = (struct error){0};
	return saml_request_accept(arena, &from, out, &relay_state, &err);
}

static void taken(enum saml_binding binding, const char *parameters, bool is_signed)
{
	struct saml_request r = {0};

	if (accept(binding, parameters, &r) < 0)
		fail_msg("%s: %s", reason_word(err.reason), err.detail);
	assert_int_equal(r.is_signed, is_signed);
	assert_string_equal(r.issuer, SP);
}

static void refused(enum saml_binding binding, const char *parameters, enum reason reason)
{
	struct saml_request untouched = {0};

	if (accept(binding, parameters, &untouched) == 0 || err.reason != reason)
		fail_msg("wanted %s, got %s: %s of %s", reason_word(reason), reason_word(err.reason), err.detail, parameters);
	assert_null(untouched.issuer);
}

/* By those who only may sign, and by those who must. */
static void refused_always(enum saml_binding binding, const char *parameters, enum reason reason)
{
	known = (struct saml_requester){SP, signer, false};
	refused(binding, parameters, reason);
	known.signed_only = true;
	refused(binding, parameters, reason);
}

/* ---- lasso as the connection ---- */

/* By redirect the query, by POST the document. */
static const char *lasso_asks(enum saml_binding binding, struct test_pair by, bool is_signed, const char *relay_state)
{
	const char *const acs_urls[] = {ACS, NULL}, *const none[] = {NULL};
	const struct saml_own sp = {.entity_id = SP, .certificates = none, .acs_urls = acs_urls, .requests_signed = is_signed};
	const struct saml_own idp = {.entity_id = IDP, .certificates = none, .sso_url = SSO, .requests_signed = is_signed};
	LassoServer *server = lasso_server_new_from_buffers(saml_sp_metadata(arena, &sp).p, by.key.p, NULL, by.certificate.p);
	LassoLogin *login;
	struct slice xml;
	const char *asked;

	assert_non_null(server);
	server->signature_method = LASSO_SIGNATURE_METHOD_RSA_SHA256;
	assert_int_equal(lasso_server_add_provider_from_buffer(server, LASSO_PROVIDER_ROLE_IDP, saml_idp_metadata(arena, &idp).p, NULL, NULL), 0);
	lend_key(server, IDP, by.key);
	login = lasso_login_new(server);
	lasso_profile_set_signature_hint(LASSO_PROFILE(login), is_signed ? LASSO_PROFILE_SIGNATURE_HINT_FORCE : LASSO_PROFILE_SIGNATURE_HINT_FORBID);
	assert_int_equal(lasso_login_init_authn_request(login, IDP, binding == SAML_POST ? LASSO_HTTP_METHOD_POST : LASSO_HTTP_METHOD_REDIRECT), 0);
	LASSO_PROFILE(login)->msg_relayState = g_strdup(relay_state);
	assert_int_equal(lasso_login_build_authn_request_msg(login), 0);
	if (binding == SAML_POST) {
		assert_int_equal(base64_decode(arena, slice_c(LASSO_PROFILE(login)->msg_body), &xml), 0);
		asked = arena_copy(arena, xml);
	} else {
		asked = arena_strdup(arena, strchr(LASSO_PROFILE(login)->msg_url, '?') + 1);
	}
	lasso_login_destroy(login);
	lasso_server_destroy(server);
	return asked;
}

static struct slice deflated(const char *xml)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)xml, .avail_in = (uInt)strlen(xml)};
	char *out = arena_alloc(arena, strlen(xml) + 512);

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)strlen(xml) + 512;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return slice_of(out, z.total_out);
}

static const char *form_of(struct slice bytes, const char *more)
{
	struct text base64, form;

	text_begin(&base64, arena, bytes.n * 2);
	text_add_base64(&base64, bytes);
	text_begin(&form, arena, base64.n * 2);
	text_add_c(&form, "SAMLRequest=");
	text_add_url(&form, text_slice(&base64));
	text_add_c(&form, more);
	return form.p;
}

static const char *form(const char *xml)
{
	return form_of(slice_c(xml), "&RelayState=r");
}

/* With the first `from` replaced; it must be there. */
static const char *edit(const char *xml, const char *from, const char *to)
{
	const char *at = strstr(xml, from);

	if (!at)
		fail_msg("no %s in %s", from, xml);
	return arena_printf(arena, "%.*s%s%s", (int)(at - xml), xml, to, at + strlen(from));
}

/* The piece from the first `open` to the first `shut` behind it. */
static const char *piece(const char *xml, const char *open, const char *shut)
{
	const char *at = strstr(xml, open), *until = at ? strstr(at + strlen(open), shut) : NULL;

	if (!until)
		fail_msg("no %s in %s", open, xml);
	return arena_printf(arena, "%.*s", (int)(until - at) + (int)strlen(shut), at);
}

static const char *signature_in(const char *xml)
{
	return piece(xml, "<Signature ", "</Signature>");
}

static const char *reference_in(const char *xml)
{
	return piece(xml, "URI=\"#", "\"");
}

/* A request of the attacker's making; extensions and children as given. */
static const char *forged(const char *id, const char *behind_issuer)
{
	return arena_printf(arena, "<samlp:AuthnRequest xmlns:samlp=\"" PROTOCOL "\" xmlns:saml=\"" ASSERTION "\" ID=\"%s\" Version=\"2.0\""
		" IssueInstant=\"2026-11-24T13:19:16Z\" Destination=\"" SSO "\" ForceAuthn=\"true\"><saml:Issuer>" SP "</saml:Issuer>%s"
		"</samlp:AuthnRequest>", id, behind_issuer);
}

/* ---- who may, who must ---- */

static void takes_what_lasso_signs_by_both_bindings(void **state)
{
	(void)state;
	known = (struct saml_requester){SP, signer, false};
	for (int i = 0; i < 2; i++, known.signed_only = true) {
		taken(SAML_REDIRECT, lasso_asks(SAML_REDIRECT, pair, true, NULL), true);
		taken(SAML_REDIRECT, lasso_asks(SAML_REDIRECT, pair, true, "https://site.example/a b?c=d&e=+"), true);
		taken(SAML_POST, form(lasso_asks(SAML_POST, pair, true, NULL)), true);
	}
}

static void takes_unsigned_requests_where_none_is_demanded(void **state)
{
	const char *query = lasso_asks(SAML_REDIRECT, pair, false, "r"), *xml = lasso_asks(SAML_POST, pair, false, NULL);

	(void)state;
	known = (struct saml_requester){SP, signer, false};
	taken(SAML_REDIRECT, query, false);
	taken(SAML_POST, form(xml), false);
	known.signed_only = true;
	refused(SAML_REDIRECT, query, REASON_REQUEST_UNSIGNED);
	refused(SAML_POST, form(xml), REASON_REQUEST_UNSIGNED);
	/* a key that is not there does not open what is closed */
	known.signer = NULL;
	refused(SAML_REDIRECT, lasso_asks(SAML_REDIRECT, pair, true, "r"), REASON_REQUEST_UNSIGNED);
}

/* Nobody could say whether it is right, and a request is taken for nothing but where the answer goes. */
static void passes_over_signatures_whose_key_is_not_known(void **state)
{
	const char *query = lasso_asks(SAML_REDIRECT, pair, true, "r"), *xml = lasso_asks(SAML_POST, pair, true, NULL);
	struct saml_request r;

	(void)state;
	known = (struct saml_requester){SP, NULL, false};
	taken(SAML_REDIRECT, query, false);
	taken(SAML_POST, form(xml), false);
	taken(SAML_POST, form(edit(xml, "#rsa-sha256", "#rsa-sha1")), false);
	known = (struct saml_requester){"https://auth.example/saml/2", signer, true};
	assert_int_equal(accept(SAML_REDIRECT, query, &r), 0);
	assert_false(r.is_signed);
}

static void refuses_a_signature_by_another_key(void **state)
{
	(void)state;
	refused_always(SAML_REDIRECT, lasso_asks(SAML_REDIRECT, other, true, "r"), REASON_REQUEST_SIGNATURE);
	refused_always(SAML_POST, form(lasso_asks(SAML_POST, other, true, NULL)), REASON_REQUEST_SIGNATURE);
	known = (struct saml_requester){SP, others, true};
	taken(SAML_POST, form(lasso_asks(SAML_POST, other, true, NULL)), true);
}

/* ---- the query ---- */

static void refuses_doubled_query_parameter(void **state)
{
	static const struct { const char *name; enum reason reason; } rows[] = {
		{"SAMLRequest", REASON_REQUEST_DOUBLED}, {"RelayState", REASON_REQUEST_DOUBLED}, {"SigAlg", REASON_REQUEST_SIGNATURE_SHAPE},
		{"Signature", REASON_REQUEST_SIGNATURE_SHAPE},
	};
	const char *good = lasso_asks(SAML_REDIRECT, pair, true, "r");

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		refused_always(SAML_REDIRECT, arena_printf(arena, "%s&%s=x", good, rows[i].name), rows[i].reason);
		refused_always(SAML_REDIRECT, arena_printf(arena, "%s=x&%s", rows[i].name, good), rows[i].reason);
	}
}

static void refuses_reencoded_query(void **state)
{
	const char *good = lasso_asks(SAML_REDIRECT, pair, true, "a/b");

	(void)state;
	taken(SAML_REDIRECT, good, true);
	refused_always(SAML_REDIRECT, edit(good, "RelayState=a%2F", strstr(good, "RelayState=a%2F") ? "RelayState=a%2f" : "x"), REASON_REQUEST_SIGNATURE);
	refused_always(SAML_REDIRECT, edit(good, "RelayState=a", "RelayState=%61"), REASON_REQUEST_SIGNATURE);
	refused_always(SAML_REDIRECT, edit(good, "xmldsig-more", "xmldsig%2Dmore"), REASON_REQUEST_SIGNATURE);
}

static void refuses_a_query_whose_signature_is_cut_or_weak(void **state)
{
	const char *good = lasso_asks(SAML_REDIRECT, pair, true, "r");

	(void)state;
	refused_always(SAML_REDIRECT, edit(good, "RelayState=r", "RelayState=s"), REASON_REQUEST_SIGNATURE);
	refused_always(SAML_REDIRECT, edit(good, "&RelayState=r", ""), REASON_REQUEST_SIGNATURE);
	refused_always(SAML_REDIRECT, edit(good, "&Signature=", "&Sig="), REASON_REQUEST_SIGNATURE_SHAPE);
	refused_always(SAML_REDIRECT, edit(good, "&SigAlg=", "&Alg="), REASON_REQUEST_SIGNATURE_SHAPE);
	refused_always(SAML_REDIRECT, edit(good, "rsa-sha256", "rsa-sha1"), REASON_REQUEST_SIGNATURE_ALGORITHM);
}

/* The request of one query under the signature of another. */
static void refuses_another_message_under_a_good_signature(void **state)
{
	const char *one = lasso_asks(SAML_REDIRECT, pair, true, "r"), *two = lasso_asks(SAML_REDIRECT, pair, false, "r");
	struct slice of_one, of_two;

	(void)state;
	assert_int_equal(form_find(slice_c(one), "SAMLRequest", &of_one), 1);
	assert_int_equal(form_find(slice_c(two), "SAMLRequest", &of_two), 1);
	refused_always(SAML_REDIRECT, edit(one, arena_copy(arena, of_one), arena_copy(arena, of_two)), REASON_REQUEST_SIGNATURE);
}

/* Where the binding has it, and nowhere else. */
static void refuses_a_signature_of_the_other_binding(void **state)
{
	const char *xml = lasso_asks(SAML_POST, pair, true, NULL), *query = lasso_asks(SAML_REDIRECT, pair, true, NULL);

	(void)state;
	refused_always(SAML_REDIRECT, form_of(deflated(xml), ""), REASON_REQUEST_SIGNATURE_SHAPE);
	refused_always(SAML_POST, form_of(slice_c(edit(xml, signature_in(xml), "")), strstr(query, "&SigAlg=")), REASON_REQUEST_SIGNATURE_SHAPE);
	refused_always(SAML_POST, form_of(slice_c(xml), "&Signature=x"), REASON_REQUEST_SIGNATURE_SHAPE);
}

/* ---- the document ---- */

static void refuses_a_request_that_was_changed_after_signing(void **state)
{
	const char *xml = lasso_asks(SAML_POST, pair, true, NULL), *id = reference_in(xml);

	(void)state;
	taken(SAML_POST, form(xml), true);
	refused_always(SAML_POST, form(edit(xml, "IsPassive=\"false\"", "IsPassive=\"true\"")), REASON_REQUEST_SIGNATURE);
	refused_always(SAML_POST, form(edit(xml, SSO, SSO "?x")), REASON_REQUEST_SIGNATURE);
	refused_always(SAML_POST, form(edit(xml, "#rsa-sha256", "#rsa-sha1")), REASON_REQUEST_SIGNATURE_ALGORITHM);
	refused_always(SAML_POST, form(edit(xml, "xmlenc#sha256", "xmldsig#sha1")), REASON_REQUEST_SIGNATURE_ALGORITHM);
	refused_always(SAML_POST, form(edit(xml, id, "URI=\"\"")), REASON_REQUEST_SIGNATURE_SHAPE);
	refused_always(SAML_POST, form(edit(xml, id, "URI=\"#_other\"")), REASON_REQUEST_SIGNATURE_SHAPE);
	refused_always(SAML_POST, form(edit(xml, "xmldsig#enveloped-signature", "xmldsig#base64")), REASON_REQUEST_SIGNATURE_SHAPE);
}

/* The signed request is kept whole, and another one is read (signature wrapping). */
static void refuses_wrapped_request(void **state)
{
	const char *xml = lasso_asks(SAML_POST, pair, true, NULL), *signature = signature_in(xml), *bare = edit(xml, signature, "");
	const char *in_extensions = arena_printf(arena, "<samlp:Extensions>%s</samlp:Extensions>", strstr(xml, "<samlp:AuthnRequest"));

	(void)state;
	bare = strstr(bare, "<samlp:AuthnRequest");
	/* the signed one in Extensions, its signature in it, in ours, and in neither's place */
	refused_always(SAML_POST, form(forged("_evil", in_extensions)), REASON_REQUEST_SIGNATURE_SHAPE);
	refused_always(SAML_POST, form(forged("_evil", arena_printf(arena, "%s<samlp:Extensions>%s</samlp:Extensions>", signature, bare))),
		REASON_REQUEST_SIGNATURE_SHAPE);
	refused_always(SAML_POST, form(forged("_evil", arena_printf(arena, "<samlp:Extensions>%s%s</samlp:Extensions>", signature, bare))),
		REASON_REQUEST_SIGNATURE_SHAPE);
	refused_always(SAML_POST, form(forged("_evil", arena_printf(arena, "%s%s", signature, in_extensions))), REASON_REQUEST_SIGNATURE_SHAPE);
	/* in an Object of the signature */
	refused_always(SAML_POST, form(forged("_evil", edit(signature, "</Signature>", arena_printf(arena, "<Object>%s</Object></Signature>",
		bare)))), REASON_REQUEST_SIGNATURE_SHAPE);
}

/* Both under one ID, so that a reference could lead to either. */
static void refuses_two_requests_of_one_id(void **state)
{
	const char *xml = lasso_asks(SAML_POST, pair, true, NULL), *signature = signature_in(xml);
	const char *uri = reference_in(xml), *id = arena_printf(arena, "%.*s", (int)strlen(uri) - 7, uri + 6);
	const char *bare = strstr(edit(xml, signature, ""), "<samlp:AuthnRequest");

	(void)state;
	refused_always(SAML_POST, form(forged(id, arena_printf(arena, "%s<samlp:Extensions>%s</samlp:Extensions>", signature, bare))),
		REASON_REQUEST_MALFORMED);
	/* the ID alone does not make it what was signed */
	refused_always(SAML_POST, form(forged(id, signature)), REASON_REQUEST_SIGNATURE);
}

static void refuses_signatures_that_stand_wrong(void **state)
{
	const char *xml = lasso_asks(SAML_POST, pair, true, NULL), *signature = signature_in(xml), *bare = edit(xml, signature, "");
	const char *twice = edit(xml, signature, arena_printf(arena, "%s%s", signature, signature));

	(void)state;
	refused_always(SAML_POST, form(twice), REASON_REQUEST_MALFORMED);
	refused_always(SAML_POST, form(edit(bare, "<saml:Issuer>", arena_printf(arena, "%s<saml:Issuer>", signature))), REASON_REQUEST_MALFORMED);
	refused_always(SAML_POST, form(edit(bare, "</saml:Issuer>", arena_printf(arena, "</saml:Issuer><samlp:Extensions>%s</samlp:Extensions>",
		signature))), REASON_REQUEST_SIGNATURE_SHAPE);
}

/* ---- the keys ---- */

static void reads_signers_from_certificates_and_metadata(void **state)
{
	const char *const acs_urls[] = {ACS, NULL};
	const char *certificates[3] = {NULL};
	const struct saml_own own = {.entity_id = SP, .certificates = certificates, .acs_urls = acs_urls}, none = {.entity_id = SP, .acs_urls = acs_urls};
	const struct slice both[] = {other.certificate, pair.certificate};
	struct saml_signer *s = NULL;
	int64_t until;

	(void)state;
	assert_done(saml_signer_read(both, 2, (struct slice){0}, &s, &err), err);
	assert_int_equal(saml_signer_info(s)->key_count, 2);
	known = (struct saml_requester){SP, s, true};
	taken(SAML_REDIRECT, lasso_asks(SAML_REDIRECT, pair, true, "r"), true);
	saml_signer_free(s);
	assert_done(saml_certificate_read(arena, pair.certificate, &certificates[0], &until, &err), err);
	assert_done(saml_signer_read(NULL, 0, saml_sp_metadata(arena, &own), &s, &err), err);
	assert_int_equal(saml_signer_info(s)->keys_until, until);
	known.signer = s;
	taken(SAML_POST, form(lasso_asks(SAML_POST, pair, true, NULL)), true);
	saml_signer_free(s);
	assert_done(saml_signer_read(NULL, 0, saml_sp_metadata(arena, &none), &s, &err), err);
	assert_null(s);
	assert_done(saml_signer_read(NULL, 0, (struct slice){0}, &s, &err), err);
	assert_null(s);
	saml_signer_free(NULL);
}

static void refuses_certificates_that_sign_nothing(void **state)
{
	struct test_pair weak = test_rsa(arena, 1024), ended = test_pair_of(arena, EVP_RSA_gen(2048), -3600);
	const struct slice bad[] = {weak.certificate, slice_c("garbage"), pair.key};
	struct saml_signer *s = NULL;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_refused(saml_signer_read(&bad[i], 1, (struct slice){0}, &s, &err), err, REASON_SETTINGS);
	assert_refused(saml_signer_read(NULL, 0, slice_c("<x/>"), &s, &err), err, REASON_METADATA);
	assert_null(s);
	/* one that has ended is read, and refuses at the sign-on */
	assert_done(saml_signer_read(&ended.certificate, 1, (struct slice){0}, &s, &err), err);
	known = (struct saml_requester){SP, s, false};
	refused(SAML_REDIRECT, lasso_asks(SAML_REDIRECT, ended, true, "r"), REASON_REQUEST_SIGNATURE);
	assert_non_null(strstr(err.detail, "ends at"));
	saml_signer_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_lasso_signs_by_both_bindings),
		cmocka_unit_test(takes_unsigned_requests_where_none_is_demanded),
		cmocka_unit_test(passes_over_signatures_whose_key_is_not_known),
		cmocka_unit_test(refuses_a_signature_by_another_key),
		cmocka_unit_test(refuses_doubled_query_parameter),
		cmocka_unit_test(refuses_reencoded_query),
		cmocka_unit_test(refuses_a_query_whose_signature_is_cut_or_weak),
		cmocka_unit_test(refuses_another_message_under_a_good_signature),
		cmocka_unit_test(refuses_a_signature_of_the_other_binding),
		cmocka_unit_test(refuses_a_request_that_was_changed_after_signing),
		cmocka_unit_test(refuses_wrapped_request),
		cmocka_unit_test(refuses_two_requests_of_one_id),
		cmocka_unit_test(refuses_signatures_that_stand_wrong),
		cmocka_unit_test(reads_signers_from_certificates_and_metadata),
		cmocka_unit_test(refuses_certificates_that_sign_nothing),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
