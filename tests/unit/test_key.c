/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our signing key: which are refused, and that its signatures are RSA with SHA-256. */
#include "tests/unit/unit.h"

#include "saml/key.h"
#include "tests/unit/keys.h"

#include "base/encode.h"

#include <time.h>

static struct arena *arena;
static struct test_pair good;

static int begin(void **state)
{
	(void)state;
	arena = arena_new();
	good = test_rsa(arena, 2048);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static EVP_PKEY *public_key(struct slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	EVP_PKEY *pkey = X509_get_pubkey(x);

	X509_free(x);
	BIO_free(bio);
	return pkey;
}

static void signs_with_rsa_and_sha256(void **state)
{
	struct saml_key *key = NULL;
	struct slice signature, text = slice_c("what is signed");
	struct error err;
	EVP_PKEY *pkey = public_key(good.certificate);

	(void)state;
	assert_done(saml_key_read(good.key, good.certificate, &key, &err), err);
	for (int i = 0; i < 3; i++) {
		EVP_MD_CTX *ctx = EVP_MD_CTX_new();

		assert_done(key_sign(key, arena, text, &signature, &err), err);
		assert_int_equal(signature.n, 256);
		assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey), 1);
		assert_int_equal(EVP_DigestVerify(ctx, (const unsigned char *)signature.p, signature.n,
			(const unsigned char *)text.p, text.n), 1);
		EVP_MD_CTX_free(ctx);
	}
	EVP_PKEY_free(pkey);
	saml_key_free(key);
}

static void digests_two_pieces_as_one(void **state)
{
	struct saml_key *key = NULL;
	unsigned char ours[KEY_DIGEST_SIZE], theirs[KEY_DIGEST_SIZE];
	unsigned int n = sizeof(theirs);
	struct error err;

	(void)state;
	assert_done(saml_key_read(good.key, good.certificate, &key, &err), err);
	assert_done(key_digest(key, slice_c("one "), slice_c("text"), ours, &err), err);
	assert_int_equal(EVP_Digest("one text", 8, theirs, &n, EVP_sha256(), NULL), 1);
	assert_memory_equal(ours, theirs, sizeof(ours));
	saml_key_free(key);
}

static void keeps_the_certificate_as_one_line(void **state)
{
	struct saml_key *key = NULL;
	const char *base64 = NULL;
	int64_t end = 0;
	struct slice der;
	struct error err;

	(void)state;
	assert_done(saml_key_read(good.key, good.certificate, &key, &err), err);
	assert_done(saml_certificate_read(arena, good.certificate, &base64, &end, &err), err);
	assert_slice_is(key_certificate(key), base64);
	assert_null(strpbrk(base64, " \r\n-"));
	assert_int_equal(base64_decode(arena, slice_c(base64), &der), 0);
	assert_int_equal((unsigned char)der.p[0], 0x30);
	assert_in_range(end, time(NULL) + 86400 * 364, time(NULL) + 86400 * 366);
	saml_key_free(key);
}

static struct slice locked(void)
{
	EVP_PKEY *pkey = EVP_RSA_gen(2048);
	BIO *bio = BIO_new(BIO_s_mem());

	PEM_write_bio_PrivateKey(bio, pkey, EVP_aes_128_cbc(), (const unsigned char *)"secret", 6, NULL, NULL);
	EVP_PKEY_free(pkey);
	return test_pem(arena, bio);
}

static void refuses_what_is_no_good_key(void **state)
{
	struct test_pair weak = test_rsa(arena, 1024), other = test_rsa(arena, 2048);
	struct test_pair ec = test_pair_of(arena, EVP_EC_gen("P-256"), 3600);
	const struct {
		const char *why;
		struct slice key, certificate;
	} bad[] = {
		{"has 1024 bits", weak.key, weak.certificate},
		{"not an RSA key", ec.key, ec.certificate},
		{"belongs to another key", good.key, other.certificate},
		{"private key cannot be read", slice_c("no key"), good.certificate},
		{"private key cannot be read", slice_of(NULL, 0), good.certificate},
		{"private key cannot be read", good.certificate, good.certificate},
		{"without a password", locked(), good.certificate},
		{"certificate cannot be read", good.key, slice_c("")},
		{"certificate cannot be read", good.key, good.key},
	};
	struct saml_key *untouched = NULL;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_refused(saml_key_read(bad[i].key, bad[i].certificate, &untouched, &err), err, REASON_SETTINGS);
		if (!strstr(err.detail, bad[i].why))
			fail_msg("row %zu: wanted \"%s\", got \"%s\"", i, bad[i].why, err.detail);
	}
	assert_null(untouched);
}

static void refuses_certificate_that_is_none(void **state)
{
	const char *base64 = NULL;
	int64_t end = 0;
	struct error err;

	(void)state;
	assert_refused(saml_certificate_read(arena, slice_c("nonsense"), &base64, &end, &err), err, REASON_SETTINGS);
	assert_null(base64);
	saml_key_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_with_rsa_and_sha256),
		cmocka_unit_test(digests_two_pieces_as_one),
		cmocka_unit_test(keeps_the_certificate_as_one_line),
		cmocka_unit_test(refuses_what_is_no_good_key),
		cmocka_unit_test(refuses_certificate_that_is_none),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
