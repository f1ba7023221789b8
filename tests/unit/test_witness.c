/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lasso, as service provider, accepts what we issue, and notices when it is not meant for it. */
#include "tests/unit/unit.h"

#include "saml/saml.h"
#include "tests/unit/keys.h"
#include "tests/unit/lend_key.h"

#include <time.h>

#define OURS "https://sso.example.org/saml/idp"
#define SP "https://auth.atlassian.com/saml/1234"
#define ACS "https://auth.atlassian.com/login/callback?connection=saml-1234&x=y"
#define NAME "juergen.o'brien@example.org"

static struct arena *arena;
static struct saml_key *key, *other_key;
static struct slice metadata;

static struct saml_key *new_key(const char **certificate)
{
	struct test_pair pair = test_rsa(arena, 2048);
	struct saml_key *k;
	int64_t until;
	struct error err;

	assert_done(saml_key_read(pair.key, pair.certificate, &k, &err), err);
	assert_done(saml_certificate_read(arena, pair.certificate, certificate, &until, &err), err);
	return k;
}

static int begin(void **state)
{
	const char *certificates[2] = {NULL, NULL}, *unused;
	struct saml_own own = {.entity_id = OURS, .certificates = certificates, .sso_url = OURS "/sso"};
	struct error err;

	(void)state;
	arena = arena_new();
	assert_done(saml_start(&err), err);
	key = new_key(&certificates[0]);
	other_key = new_key(&unused);
	metadata = saml_idp_metadata(arena, &own);
	return 0;
}

static int end(void **state)
{
	(void)state;
	saml_key_free(key);
	saml_key_free(other_key);
	saml_stop();
	arena_free(arena);
	return 0;
}

static void what_lasso_answers_our_request_is_accepted(void **state)
{
	struct saml_rehearsal r = {
		.sp_entity_id = "https://sso.example.org/saml/sp/metadata", .acs_url = "https://sso.example.org/saml/sp/acs/1", .name_id = NAME,
		.now = time(NULL),
	};
	struct error err;

	(void)state;
	assert_done(saml_rehearse_provider(&r, &err), err);
	r.now += 1800;                  /* our clock alone: lasso's answer was then made long before it was asked */
	assert_refused(saml_rehearse_provider(&r, &err), err, REASON_ISSUE_INSTANT);
}

static int rehearsal_says(const void *context)
{
	struct error err;

	if (saml_rehearse_provider(context, &err) == 0)
		return 0;
	return err.reason == REASON_INTERNAL && strstr(err.detail, "does not take our request") ? 1 : 2;
}

static void lasso_takes_our_request_when_it_is_signed_with_our_key(void **state)
{
	struct saml_rehearsal r = {
		.sp_entity_id = "https://sso.example.org/saml/sp/metadata", .acs_url = "https://sso.example.org/saml/sp/acs/1", .name_id = NAME,
		.now = time(NULL),
	};
	struct saml_key *ours = new_key(&r.certificate), *other;

	(void)state;
	r.key = ours;
	assert_int_equal(in_a_child(rehearsal_says, &r), 0);
	other = new_key(&r.certificate);
	assert_int_equal(in_a_child(rehearsal_says, &r), 1);
	saml_key_free(ours);
	saml_key_free(other);
}

/* lasso encrypts with xmlsec1: AES-256-CBC, RSA-OAEP, the key inside or beside as it likes. */
static void what_lasso_encrypts_is_opened(void **state)
{
	const struct test_pair ours = test_rsa(arena, 2048), other = test_rsa(arena, 2048);
	const char *certificates[] = {NULL, NULL};
	struct saml_rehearsal r = {
		.sp_entity_id = "https://sso.example.org/saml/sp/metadata", .acs_url = "https://sso.example.org/saml/sp/acs/1", .name_id = NAME,
		.encryption_certificates = certificates, .now = time(NULL),
	};
	struct saml_decryption_keys *keys = NULL, *wrong = NULL;
	struct error err;
	int64_t until;

	(void)state;
	assert_done(saml_certificate_read(arena, ours.certificate, &certificates[0], &until, &err), err);
	assert_done(saml_decryption_keys_add(&wrong, other.key, other.certificate, &err), err);
	assert_done(saml_decryption_keys_add(&keys, other.key, other.certificate, &err), err);
	assert_done(saml_decryption_keys_add(&keys, ours.key, ours.certificate, &err), err);
	r.decryption_keys = keys;
	assert_done(saml_rehearse_provider(&r, &err), err);
	r.decryption_keys = wrong;
	assert_refused(saml_rehearse_provider(&r, &err), err, REASON_ENCRYPTED_ANSWER);
	r.decryption_keys = NULL;
	assert_refused(saml_rehearse_provider(&r, &err), err, REASON_ENCRYPTED);
	saml_decryption_keys_free(keys);
	saml_decryption_keys_free(wrong);
}

static void what_lasso_asks_as_a_connection_is_read(void **state)
{
	struct saml_request request;
	struct error err;

	(void)state;
	assert_done(saml_rehearse_request(arena, metadata, SP, ACS, &request, &err), err);
	assert_string_equal(request.issuer, SP);
	if (request.acs_url)
		assert_string_equal(request.acs_url, ACS);
}

static struct saml_answer answer(void)
{
	static const char *const values[] = {"</x>", "a & b", "]]>", "Jürgen", "x\r\ny"};
	static const struct saml_attribute attributes[] = {{"displayname", values, 5}};

	return (struct saml_answer){
		.entity_id = OURS,
		.audience = SP,
		.acs_url = ACS,
		.in_response_to = "_r1",
		.name_id = NAME,
		.name_id_format = SAML_FORMAT_EMAIL,
		.attributes = attributes,
		.attribute_count = 1,
		.authn_instant = time(NULL),
		.now = time(NULL),
	};
}

static int judge(const struct saml_key *k, const struct saml_answer *what, const char *request_id, struct error *err)
{
	struct saml_issued issued;

	if (saml_response_write(arena, k, what, &issued, err) < 0)
		return -1;
	return saml_witness_issued(metadata, SP, ACS, request_id, issued.base64, NAME, err);
}

static void accepts_every_way_of_signing(void **state)
{
	static const enum saml_sign all[] = {SAML_SIGN_ASSERTION, SAML_SIGN_RESPONSE, SAML_SIGN_BOTH};
	struct error err;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct saml_answer what = answer();

		what.sign = all[i];
		assert_done(judge(key, &what, "_r1", &err), err);
		what.in_response_to = NULL;
		assert_done(judge(key, &what, NULL, &err), err);
	}
}

static void notices_what_is_wrong(void **state)
{
	static const char *const why[7] = {
		"another audience", "another destination", "inResponseTo", "another name ID", "not valid at this time",
		"not valid at this time", "does not accept the response",
	};
	struct saml_answer bad[7];
	struct error err;

	(void)state;
	for (size_t i = 0; i < 7; i++)
		bad[i] = answer();
	bad[0].audience = SP "5";
	bad[1].acs_url = ACS "z";
	bad[2].in_response_to = "_r2";
	bad[3].name_id = "other@example.org";
	bad[4].now = time(NULL) - 4000;
	bad[5].now = time(NULL) + 4000;
	bad[6].entity_id = OURS "x";
	for (size_t i = 0; i < 7; i++) {
		assert_refused(judge(key, &bad[i], "_r1", &err), err, REASON_INTERNAL);
		if (!strstr(err.detail, why[i]))
			fail_msg("row %zu: wanted \"%s\", got \"%s\"", i, why[i], err.detail);
	}
}

static void notices_signature_of_another_key(void **state)
{
	struct saml_answer what = answer();
	struct error err;

	(void)state;
	assert_refused(judge(other_key, &what, "_r1", &err), err, REASON_INTERNAL);
	assert_non_null(strstr(err.detail, "signature"));
}

static void notices_metadata_that_is_none(void **state)
{
	struct saml_answer what = answer();
	struct saml_issued issued;
	struct error err;

	(void)state;
	assert_done(saml_response_write(arena, key, &what, &issued, &err), err);
	assert_refused(saml_witness_issued(slice_c("<x/>"), SP, ACS, "_r1", issued.base64, NAME, &err), err, REASON_INTERNAL);
	assert_non_null(strstr(err.detail, "does not take our metadata"));
}

/* A rollover: both keys are in the metadata, in either order, and each signs. */
static void lasso_takes_answers_of_both_keys_that_are_published(void **state)
{
	const char *certificates[3] = {NULL}, *mixed;
	struct saml_key *old = new_key(&certificates[0]), *new = new_key(&certificates[1]), *stranger = new_key(&mixed);
	const struct saml_own own = {.entity_id = OURS, .certificates = certificates, .sso_url = OURS "/sso"};
	const struct { const struct saml_key *key; int good; } rows[] = {{old, 1}, {new, 1}, {stranger, 0}};
	struct saml_answer a = answer();
	struct saml_issued issued;
	struct slice both;
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < 6; i++) {
		if (i == 3) {
			mixed = certificates[0];
			certificates[0] = certificates[1];
			certificates[1] = mixed;
		}
		both = saml_idp_metadata(arena, &own);
		assert_done(saml_response_write(arena, rows[i % 3].key, &a, &issued, &err), err);
		if (rows[i % 3].good)
			assert_done(saml_witness_issued(both, SP, ACS, "_r1", issued.base64, NAME, &err), err);
		else
			assert_refused(saml_witness_issued(both, SP, ACS, "_r1", issued.base64, NAME, &err), err, REASON_INTERNAL);
	}
	saml_key_free(old);
	saml_key_free(new);
	saml_key_free(stranger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lasso_takes_answers_of_both_keys_that_are_published),
		cmocka_unit_test(what_lasso_answers_our_request_is_accepted),
		cmocka_unit_test(lasso_takes_our_request_when_it_is_signed_with_our_key),
		cmocka_unit_test(what_lasso_encrypts_is_opened),
		cmocka_unit_test(what_lasso_asks_as_a_connection_is_read),
		cmocka_unit_test(accepts_every_way_of_signing),
		cmocka_unit_test(notices_what_is_wrong),
		cmocka_unit_test(notices_signature_of_another_key),
		cmocka_unit_test(notices_metadata_that_is_none),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
