/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our signing key: which are refused, and that its signatures are RSA with SHA-256. */
#include "tests/unit/unit.h"

#include "saml/key.h"
#include "tests/unit/keys.h"

#include "base/encode.h"

#include <openssl/x509v3.h>
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

/* What openssl x509 says of it is the witness for what we say. */
static void makes_a_key_and_its_certificate(void **state)
{
	int64_t now = time(NULL);
	const struct saml_new_key wish = {.common_name = "sso.example.org", .bits = 2048, .not_before = now - 300, .not_after = now + 86400};
	struct saml_certificate first, second;
	struct slice key_pem, certificate_pem;
	struct saml_key *key = NULL;
	unsigned char digest[32];
	unsigned int n = 0;
	char text[4];
	struct error err;
	X509 *x;
	BIO *bio;

	(void)state;
	assert_done(saml_key_make(arena, &wish, &key_pem, &certificate_pem, &err), err);
	assert_done(saml_key_read(key_pem, certificate_pem, &key, &err), err);
	assert_done(saml_certificate_describe(arena, certificate_pem, &first, &err), err);
	assert_slice_is(certificate_pem, first.pem);
	assert_slice_is(key_certificate(key), first.base64);
	assert_int_equal(first.not_before, wish.not_before);
	assert_int_equal(first.not_after, wish.not_after);
	assert_int_equal(first.bits, 2048);
	assert_int_equal(strlen(first.sha256), 95);
	bio = BIO_new_mem_buf(certificate_pem.p, (int)certificate_pem.n);
	x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	assert_int_equal(X509_verify(x, X509_get0_pubkey(x)), 1);
	assert_int_equal(X509_digest(x, EVP_sha256(), digest, &n), 1);
	snprintf(text, sizeof(text), "%02X:", digest[0]);
	assert_memory_equal(first.sha256, text, 3);
	snprintf(text, sizeof(text), "%02X", digest[31]);
	assert_string_equal(first.sha256 + 93, text);
	assert_int_equal(X509_check_host(x, "sso.example.org", 0, 0, NULL), 1);
	X509_free(x);
	BIO_free(bio);
	saml_key_free(key);
	assert_done(saml_key_make(arena, &wish, &key_pem, &certificate_pem, &err), err);
	assert_done(saml_certificate_describe(arena, certificate_pem, &second, &err), err);
	assert_string_not_equal(first.sha256, second.sha256);
}

static void makes_no_weak_key_and_describes_none(void **state)
{
	struct saml_new_key wish = {.common_name = "sso.example.org", .bits = 1024, .not_before = 0, .not_after = 86400};
	struct test_pair weak = test_rsa(arena, 1024), ec = test_pair_of(arena, EVP_EC_gen("P-256"), 3600);
	struct slice key = {NULL, 0}, certificate = {NULL, 0};
	struct saml_certificate c = {.bits = 7};
	struct error err;

	(void)state;
	assert_refused(saml_key_make(arena, &wish, &key, &certificate, &err), err, REASON_INTERNAL);
	wish.bits = 2048;
	wish.common_name = "";
	assert_refused(saml_key_make(arena, &wish, &key, &certificate, &err), err, REASON_INTERNAL);
	assert_null(key.p);
	assert_refused(saml_certificate_describe(arena, weak.certificate, &c, &err), err, REASON_SETTINGS);
	assert_refused(saml_certificate_describe(arena, ec.certificate, &c, &err), err, REASON_SETTINGS);
	assert_refused(saml_certificate_describe(arena, slice_c(""), &c, &err), err, REASON_SETTINGS);
	assert_int_equal(c.bits, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_with_rsa_and_sha256),
		cmocka_unit_test(digests_two_pieces_as_one),
		cmocka_unit_test(keeps_the_certificate_as_one_line),
		cmocka_unit_test(refuses_what_is_no_good_key),
		cmocka_unit_test(refuses_certificate_that_is_none),
		cmocka_unit_test(makes_a_key_and_its_certificate),
		cmocka_unit_test(makes_no_weak_key_and_describes_none),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
