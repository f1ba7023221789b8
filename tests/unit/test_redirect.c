/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The signature of a query: ours as others read it, theirs as we do; OpenSSL signs here, not our own code. */
#include "tests/unit/unit.h"

#include "base/encode.h"
#include "saml/asker.h"
#include "saml/redirect.h"
#include "tests/unit/keys.h"
#include "tests/unit/lend_key.h"

#include <time.h>

#define RSA_SHA256 "http%3a%2f%2fwww.w3.org%2f2001%2f04%2fxmldsig-more%23rsa-sha256"
#define IDP "https://login.example.org/"
#define SP "https://sso.example.org/saml/sp"

static struct arena *arena;
static struct test_pair pair, other, weak, ended;
static struct saml_key *key;
static struct error err;

static struct slice der_of(struct test_pair of)
{
	const char *base64;
	struct slice der;
	int64_t until;

	assert_done(saml_certificate_read(arena, of.certificate, &base64, &until, &err), err);
	assert_int_equal(base64_decode(arena, slice_c(base64), &der), 0);
	return der;
}

static int begin(void **state)
{
	(void)state;
	arena = arena_new();
	if (saml_start(&err) < 0)
		return -1;
	pair = test_rsa(arena, 2048);
	other = test_rsa(arena, 2048);
	weak = test_rsa(arena, 1024);
	ended = test_pair_of(arena, EVP_RSA_gen(2048), -3600);
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

/* Verified with the keys of these pairs, now. */
static int verify_with(const struct test_pair *pairs, size_t n, struct slice query)
{
	struct trusted_key list[4] = {{0}};
	struct trusted_keys keys = {.list = list, .n = n};
	int rc;

	for (size_t i = 0; i < n; i++)
		assert_done(trusted_key_read(der_of(pairs[i]), &list[i], &err), err);
	err = (struct error){0};
	rc = redirect_verify(arena, query, "SAMLRequest", &keys, time(NULL), &err);
	for (size_t i = 0; i < n; i++)
		trusted_key_free(&list[i]);
	return rc;
}

static int verify(struct slice query)
{
	return verify_with(&pair, 1, query);
}

static void refused(const char *query, enum reason reason)
{
	if (verify(slice_c(query)) == 0 || err.reason != reason)
		fail_msg("wanted %s, got %s: %s of %s", reason_word(reason), reason_word(err.reason), err.detail, query);
}

/* ---- another signer ---- */

static const char *signature_of(struct slice key_pem, const char *digest, const char *bytes)
{
	BIO *bio = BIO_new_mem_buf(key_pem.p, (int)key_pem.n);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char signature[1024];
	size_t n = sizeof(signature);
	struct text base64, escaped;

	assert_int_equal(EVP_DigestSignInit_ex(context, NULL, digest, NULL, NULL, pkey, NULL), 1);
	assert_int_equal(EVP_DigestSign(context, signature, &n, (const unsigned char *)bytes, strlen(bytes)), 1);
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(pkey);
	BIO_free(bio);
	text_begin(&base64, arena, 1024);
	text_add_base64(&base64, slice_of(signature, n));
	text_begin(&escaped, arena, 2048);
	text_add_url(&escaped, text_slice(&base64));
	return escaped.p;
}

static const char *signed_query(const char *bytes)
{
	return arena_printf(arena, "%s&Signature=%s", bytes, signature_of(pair.key, "SHA256", bytes));
}

static const char plain[] = "SAMLRequest=fVNd%2b%2f&RelayState=a%20b&SigAlg=" RSA_SHA256;

/* ---- ours ---- */

static const char metadata[] = "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" entityID=\"" IDP "\">"
	"<IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">"
	"<SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\""
	" Location=\"https://login.example.org/7b1c2d3e-4f50-4a61-8b72-93a4b5c6d7e8/saml2?app=1\"/></IDPSSODescriptor></EntityDescriptor>";

static const char *ours(const char *relay_state, const char *hint)
{
	struct saml_ask ask = {
		.id = "_0123456789abcdef0123456789abcdef", .entity_id = SP, .acs_url = SP "/acs/host-with-a-long-name", .relay_state = relay_state,
		.login_hint = hint, .key = key, .now = 1795526356,
	};
	struct saml_asker *asker = NULL;
	const char *url = NULL;

	assert_done(asker_new(slice_c(metadata), IDP, NULL, &asker, &err), err);
	assert_done(asker_write(arena, asker, &ask, &url, &err), err);
	asker_free(asker);
	return url;
}

static void what_we_sign_verifies(void **state)
{
	static const char *const relay_states[] = {"0123456789abcdef0123456789abcdef", "", "a b&c=\"/+", NULL};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const char *url = ours(relay_states[i], i % 2 ? "anna@example.org" : NULL), *query = strchr(url, '?') + 1;

		assert_true(redirect_is_signed(slice_c(query)));
		assert_int_equal(verify(slice_c(query)), 0);
		assert_int_equal(verify_with(&other, 1, slice_c(query)), -1);
		assert_int_equal(err.reason, REASON_SIGNATURE_INVALID);
		assert_in_range(strlen(url), 800, 1900);
	}
}

/* Entra reads it from the query; whoever verifies by the order of the specification must find nothing in between. */
static void the_hint_stands_behind_what_is_signed(void **state)
{
	const char *url = ours("relay", "anna+x@example.org");
	static const char *const order[] = {"?app=1&SAMLRequest=",
		("&RelayState=relay&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256&Signature="), "&login_hint=anna%2Bx%40example.org"};
	const char *at = url;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		at = strstr(at, order[i]);
		assert_non_null(at);
	}
	assert_string_equal(at, order[2]);
}

struct taken {
	const char *url, *certificate;
};

static int lasso_says(const void *context)
{
	const struct taken *t = context;
	const char *const certificates[] = {t->certificate, NULL}, *const acs_urls[] = {SP "/acs/host-with-a-long-name", NULL};
	const struct saml_own sp = {.entity_id = SP, .certificates = certificates, .acs_urls = acs_urls, .requests_signed = true};
	LassoServer *server = lasso_server_new_from_buffers(metadata, NULL, NULL, NULL);
	LassoLogin *login;
	int rc;

	assert_non_null(server);
	assert_int_equal(lasso_server_add_provider_from_buffer(server, LASSO_PROVIDER_ROLE_SP, saml_sp_metadata(arena, &sp).p, NULL, NULL), 0);
	login = lasso_login_new(server);
	lasso_profile_set_signature_verify_hint(LASSO_PROFILE(login), LASSO_PROFILE_SIGNATURE_VERIFY_HINT_FORCE);
	rc = lasso_login_process_authn_request_msg(login, strchr(t->url, '?') + 1);
	lasso_login_destroy(login);
	lasso_server_destroy(server);
	return rc == 0 ? 0 : 1;
}

static int lasso_takes(const char *url, const char *certificate)
{
	return in_a_child(lasso_says, &(struct taken){url, certificate});
}

static void lasso_takes_what_we_sign(void **state)
{
	const char *mine, *foreign, *url = ours("relay", NULL);
	char *changed;
	int64_t until;

	(void)state;
	assert_done(saml_certificate_read(arena, pair.certificate, &mine, &until, &err), err);
	assert_done(saml_certificate_read(arena, other.certificate, &foreign, &until, &err), err);
	/* by the standard alone: lasso does not know the parameter `app` either */
	assert_int_equal(lasso_takes(url, mine), 0);
	assert_int_equal(lasso_takes(url, foreign), 1);
	changed = arena_strdup(arena, url);
	*strstr(changed, "relay&") = 'x';
	assert_int_equal(lasso_takes(changed, mine), 1);
}

/* ---- theirs ---- */

static void takes_what_lasso_signs(void **state)
{
	static const char *const relay_states[] = {NULL, "a/b c+d=", "x"};
	const char *const acs_urls[] = {SP "/acs", NULL}, *const none[] = {NULL};
	const struct saml_own sp = {.entity_id = SP, .certificates = none, .acs_urls = acs_urls, .requests_signed = true};
	LassoServer *server = lasso_server_new_from_buffers(saml_sp_metadata(arena, &sp).p, pair.key.p, NULL, pair.certificate.p);

	(void)state;
	server->signature_method = LASSO_SIGNATURE_METHOD_RSA_SHA256;
	assert_int_equal(lasso_server_add_provider_from_buffer(server, LASSO_PROVIDER_ROLE_IDP, metadata, NULL, NULL), 0);
	lend_key(server, IDP, pair.key);
	for (size_t i = 0; i < 3; i++) {
		LassoLogin *login = lasso_login_new(server);
		const char *query;

		lasso_profile_set_signature_hint(LASSO_PROFILE(login), LASSO_PROFILE_SIGNATURE_HINT_FORCE);
		assert_int_equal(lasso_login_init_authn_request(login, IDP, LASSO_HTTP_METHOD_REDIRECT), 0);
		LASSO_PROFILE(login)->msg_relayState = g_strdup(relay_states[i]);
		assert_int_equal(lasso_login_build_authn_request_msg(login), 0);
		query = strchr(LASSO_PROFILE(login)->msg_url, '?') + 1;
		assert_non_null(strstr(query, "&Signature="));
		assert_int_equal(verify(slice_c(query)), 0);
		lasso_login_destroy(login);
	}
	lasso_server_destroy(server);
}

static void takes_every_form_of_a_query(void **state)
{
	static const char lower[] = "SAMLRequest=fVNd%2b%2f&SigAlg=" RSA_SHA256, empty[] = "SAMLRequest=x&RelayState=&SigAlg=" RSA_SHA256;
	const char *signature = signature_of(pair.key, "SHA256", plain);
	struct test_pair both[] = {other, pair};

	(void)state;
	assert_int_equal(verify(slice_c(signed_query(plain))), 0);
	assert_int_equal(verify(slice_c(signed_query(lower))), 0);
	assert_int_equal(verify(slice_c(signed_query(empty))), 0);
	/* in any order, with others beside: bindings 3.4.4.1 fixes the order of what is signed, not of what is sent */
	assert_int_equal(verify(slice_c(arena_printf(arena, "x=1&Signature=%s&SigAlg=%s&RelayState=a%%20b&y&SAMLRequest=fVNd%%2b%%2f",
		signature, RSA_SHA256))), 0);
	assert_int_equal(verify_with(both, 2, slice_c(signed_query(plain))), 0);
}

static void takes_the_longer_digests(void **state)
{
	static const char *const digests[] = {"384", "512"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const char *bytes = arena_printf(arena, "SAMLRequest=x&SigAlg=http://www.w3.org/2001/04/xmldsig-more%%23rsa-sha%s", digests[i]);

		assert_int_equal(verify(slice_c(arena_printf(arena, "%s&Signature=%s", bytes,
			signature_of(pair.key, arena_printf(arena, "SHA%s", digests[i]), bytes)))), 0);
	}
}

static void refuses_doubled_query_parameter(void **state)
{
	static const char *const names[] = {"SAMLRequest", "RelayState", "SigAlg", "Signature"};
	const char *good = signed_query(plain);

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct slice value;

		refused(arena_printf(arena, "%s&%s=x", good, names[i]), REASON_SIGNATURE_SHAPE);
		refused(arena_printf(arena, "%s=x&%s", names[i], good), REASON_SIGNATURE_SHAPE);
		refused(arena_printf(arena, "%s&%s", good, names[i]), REASON_SIGNATURE_SHAPE);
		assert_int_equal(form_find(slice_c(good), names[i], &value), 1);
		refused(arena_printf(arena, "%s&%s=%.*s", good, names[i], (int)value.n, value.p), REASON_SIGNATURE_SHAPE);
	}
}

/* The same values in other escapes are other bytes. */
static void refuses_reencoded_query(void **state)
{
	const char *signature = signature_of(pair.key, "SHA256", plain);
	static const char *const changed[] = {
		"SAMLRequest=fVNd%2B%2F&RelayState=a%20b&SigAlg=" RSA_SHA256, "SAMLRequest=fVNd%2b/&RelayState=a%20b&SigAlg=" RSA_SHA256,
		"SAMLRequest=fVNd%2b%2f&RelayState=a+b&SigAlg=" RSA_SHA256, "SAMLRequest=fVNd%2b%2f&RelayState=%61%20b&SigAlg=" RSA_SHA256,
		"SAMLRequest=fVNd%2b%2f&RelayState=a%20b&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changed) / sizeof(*changed); i++)
		refused(arena_printf(arena, "%s&Signature=%s", changed[i], signature), REASON_SIGNATURE_INVALID);
}

static void refuses_what_was_changed_after_signing(void **state)
{
	const char *signature = signature_of(pair.key, "SHA256", plain);
	static const char *const changed[] = {
		"SAMLRequest=fVNd%2b%2g&RelayState=a%20b&SigAlg=" RSA_SHA256, "SAMLRequest=fVNd%2b%2f&RelayState=a%20c&SigAlg=" RSA_SHA256,
		"SAMLRequest=fVNd%2b%2f&SigAlg=" RSA_SHA256, "SAMLRequest=fVNd%2b%2f&RelayState=&SigAlg=" RSA_SHA256,
		"SAMLRequest=&RelayState=a%20b&SigAlg=" RSA_SHA256,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changed) / sizeof(*changed); i++)
		refused(arena_printf(arena, "%s&Signature=%s", changed[i], signature), REASON_SIGNATURE_INVALID);
	/* another message of the same key, under another name */
	refused(signed_query("SAMLResponse=x&SigAlg=" RSA_SHA256), REASON_SIGNATURE_SHAPE);
}

static void refuses_half_a_signature(void **state)
{
	const char *signature = signature_of(pair.key, "SHA256", plain);

	(void)state;
	assert_false(redirect_is_signed(slice_c("SAMLRequest=x&RelayState=y&Sig=1&signature=2")));
	assert_true(redirect_is_signed(slice_c(plain)));
	assert_true(redirect_is_signed(slice_c("Signature")));
	refused(plain, REASON_SIGNATURE_SHAPE);
	refused(arena_printf(arena, "SAMLRequest=x&Signature=%s", signature), REASON_SIGNATURE_SHAPE);
	refused(arena_printf(arena, "%s&Signature=", plain), REASON_SIGNATURE_SHAPE);
	refused(arena_printf(arena, "%s&Signature=%%zz", plain), REASON_SIGNATURE_SHAPE);
	refused(arena_printf(arena, "%s&Signature=AAA", plain), REASON_SIGNATURE_SHAPE);
	refused(arena_printf(arena, "%s&Signature=AAAA", plain), REASON_SIGNATURE_INVALID);
	refused(arena_printf(arena, "%s&Signature=%s%s%s%s%s%s%s%s%s%s%s%s", plain, signature, signature, signature, signature, signature, signature,
		signature, signature, signature, signature, signature, signature), REASON_SIGNATURE_SHAPE);
}

static void refuses_weak_and_unknown_algorithms(void **state)
{
	static const char *const uris[] = {
		"http://www.w3.org/2000/09/xmldsig%23rsa-sha1", "http://www.w3.org/2000/09/xmldsig%23dsa-sha1",
		"http://www.w3.org/2001/04/xmldsig-more%23hmac-sha256", "http://www.w3.org/2001/04/xmldsig-more%23rsa-md5", "", "SHA256",
		"http://www.w3.org/2001/04/xmldsig-more%23rsa-sha256%00",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(uris) / sizeof(*uris); i++) {
		const char *bytes = arena_printf(arena, "SAMLRequest=x&SigAlg=%s", uris[i]);

		refused(arena_printf(arena, "%s&Signature=%s", bytes, signature_of(pair.key, "SHA1", bytes)), REASON_SIGNATURE_ALGORITHM);
	}
	refused("SAMLRequest=x&SigAlg=%0&Signature=AAAA", REASON_SIGNATURE_SHAPE);
	/* said to be one digest, made with another */
	refused(arena_printf(arena, "%s&Signature=%s", plain, signature_of(pair.key, "SHA1", plain)), REASON_SIGNATURE_INVALID);
}

static void refuses_keys_that_may_not_be_used(void **state)
{
	const struct { struct test_pair by; enum reason reason; } rows[] = {
		{weak, REASON_WEAK_KEY}, {ended, REASON_CERTIFICATE_EXPIRED}, {other, REASON_SIGNATURE_INVALID},
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct test_pair known[] = {pair, i < 2 ? rows[i].by : pair};
		const char *query = arena_printf(arena, "%s&Signature=%s", plain, signature_of(rows[i].by.key, "SHA256", plain));

		assert_int_equal(verify_with(known, 2, slice_c(query)), -1);
		assert_int_equal(err.reason, rows[i].reason);
	}
	assert_int_equal(verify_with(NULL, 0, slice_c(signed_query(plain))), -1);
	assert_int_equal(err.reason, REASON_SIGNATURE_INVALID);
}

/* A certificate that was made anew for the same key: the old one beside it is no reason to refuse. */
static void takes_a_key_whose_older_certificate_ended(void **state)
{
	EVP_PKEY *shared = EVP_RSA_gen(2048);
	struct test_pair both[2];
	const char *query;

	(void)state;
	assert_int_equal(EVP_PKEY_up_ref(shared), 1);
	both[0] = test_pair_of(arena, shared, -3600);
	both[1] = test_pair_of(arena, shared, 3600);
	query = arena_printf(arena, "%s&Signature=%s", plain, signature_of(both[0].key, "SHA256", plain));
	assert_done(verify_with(both, 2, slice_c(query)), err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_key_whose_older_certificate_ended),
		cmocka_unit_test(what_we_sign_verifies),
		cmocka_unit_test(the_hint_stands_behind_what_is_signed),
		cmocka_unit_test(lasso_takes_what_we_sign),
		cmocka_unit_test(takes_what_lasso_signs),
		cmocka_unit_test(takes_every_form_of_a_query),
		cmocka_unit_test(takes_the_longer_digests),
		cmocka_unit_test(refuses_doubled_query_parameter),
		cmocka_unit_test(refuses_reencoded_query),
		cmocka_unit_test(refuses_what_was_changed_after_signing),
		cmocka_unit_test(refuses_half_a_signature),
		cmocka_unit_test(refuses_weak_and_unknown_algorithms),
		cmocka_unit_test(refuses_keys_that_may_not_be_used),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
