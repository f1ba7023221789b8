/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads our signing key and its certificate, and signs with it. */
#include "saml/key.h"

#include "base/encode.h"
#include "base/text.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

struct saml_key {
	EVP_PKEY *pkey;
	EVP_MD *sha256;
	EVP_MD_CTX *prepared;           /* after EVP_DigestSignInit; never used, only copied */
	EVP_MD_CTX *work;               /* the copy */
	EVP_MD_CTX *digest;             /* a context that has signed cannot digest any more */
	struct arena *arena;
	struct slice certificate;
	const struct saml_holder *holder;       /* then all else is empty */
};

/* What OpenSSL has to say, in one line; its queue is empty afterwards. */
static const char *openssl_says(void)
{
	const char *words = NULL;
	unsigned long code;

	while ((code = ERR_get_error()) != 0)
		words = ERR_reason_error_string(code);
	return words ? words : "no reason given";
}

/* A key with a password would make OpenSSL ask at the terminal: there is none. */
static int no_password(char *buf, int size, int writing, void *data)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)data;
	return -1;
}

static BIO *bio_of(struct slice pem)
{
	if (pem.n > INT_MAX)
		return NULL;
	return BIO_new_mem_buf(pem.p ? pem.p : "", (int)pem.n);
}

static X509 *certificate_of(struct slice pem, struct error *err)
{
	BIO *bio = bio_of(pem);
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, no_password, NULL) : NULL;

	if (!certificate)
		error_set(err, REASON_SETTINGS, "the certificate cannot be read as PEM: %s", openssl_says());
	BIO_free(bio);
	return certificate;
}

static int certificate_base64(struct arena *a, X509 *certificate, struct slice *out, struct error *err)
{
	unsigned char *der = NULL;
	int n = i2d_X509(certificate, &der);
	struct text t;

	if (n <= 0)
		return error_set(err, REASON_SETTINGS, "the certificate cannot be written: %s", openssl_says());
	text_begin(&t, a, (size_t)n * 4 / 3 + 8);
	text_add_base64(&t, slice_of(der, (size_t)n));
	OPENSSL_free(der);
	*out = text_slice(&t);
	return 0;
}

static int certificate_time(const ASN1_TIME *time, int64_t *out, struct error *err)
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(time, &tm))
		return error_set(err, REASON_SETTINGS, "a time of the certificate cannot be read: %s", openssl_says());
	*out = (int64_t)timegm(&tm);
	return 0;
}

int saml_certificate_read(struct arena *a, struct slice pem, const char **base64_out, int64_t *not_after_out, struct error *err)
{
	X509 *certificate = certificate_of(pem, err);
	struct slice base64;
	int64_t end = 0;
	int rc = -1;

	if (!certificate)
		return -1;
	if (certificate_time(X509_get0_notAfter(certificate), &end, err) < 0 || certificate_base64(a, certificate, &base64, err) < 0)
		goto out;
	*base64_out = base64.p;
	*not_after_out = end;
	rc = 0;
out:
	X509_free(certificate);
	return rc;
}

static int certificate_pem(struct arena *a, X509 *certificate, const char **out, struct error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p = NULL;
	int rc = -1;
	long n;

	if (!bio || PEM_write_bio_X509(bio, certificate) != 1) {
		error_set(err, REASON_SETTINGS, "the certificate cannot be written: %s", openssl_says());
	} else {
		n = BIO_get_mem_data(bio, &p);
		*out = arena_copy(a, slice_of(p, (size_t)n));
		rc = 0;
	}
	BIO_free(bio);
	return rc;
}

static int certificate_fingerprint(X509 *certificate, char out[SAML_FINGERPRINT_SIZE], struct error *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0, i;

	if (X509_digest(certificate, EVP_sha256(), digest, &n) != 1 || n != KEY_DIGEST_SIZE)
		return error_set(err, REASON_SETTINGS, "the certificate has no fingerprint: %s", openssl_says());
	for (i = 0; i < n; i++)
		snprintf(out + 3 * (size_t)i, SAML_FINGERPRINT_SIZE - 3 * (size_t)i, i + 1 < n ? "%02X:" : "%02X", digest[i]);
	return 0;
}

static int require_rsa(const EVP_PKEY *pkey, const char *what, struct error *err)
{
	int bits;

	if (!pkey || !EVP_PKEY_is_a(pkey, "RSA"))
		return error_set(err, REASON_SETTINGS, "the %s is not an RSA key", what);
	bits = EVP_PKEY_get_bits(pkey);
	if (bits < KEY_BITS_MIN || bits > KEY_BITS_MAX)
		return error_set(err, REASON_SETTINGS, "the %s has %d bits; %d to %d are accepted", what, bits, KEY_BITS_MIN, KEY_BITS_MAX);
	return 0;
}

int saml_certificate_describe(struct arena *a, struct slice pem, struct saml_certificate *out, struct error *err)
{
	X509 *x = certificate_of(pem, err);
	struct saml_certificate c = {0};
	struct slice base64;
	int rc = -1;

	if (!x)
		return -1;
	if (require_rsa(X509_get0_pubkey(x), "key of the certificate", err) < 0 || certificate_base64(a, x, &base64, err) < 0 ||
		certificate_pem(a, x, &c.pem, err) < 0 || certificate_fingerprint(x, c.sha256, err) < 0 ||
		certificate_time(X509_get0_notBefore(x), &c.not_before, err) < 0 || certificate_time(X509_get0_notAfter(x), &c.not_after, err) < 0)
		goto out;
	c.base64 = base64.p;
	c.bits = EVP_PKEY_get_bits(X509_get0_pubkey(x));
	*out = c;
	rc = 0;
out:
	X509_free(x);
	return rc;
}

static int read_private_key(struct saml_key *k, struct slice pem, struct error *err)
{
	BIO *bio = bio_of(pem);

	k->pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
	BIO_free(bio);
	if (!k->pkey)
		return error_set(err, REASON_SETTINGS, "the private key cannot be read as PEM without a password: %s",
			openssl_says());
	return require_rsa(k->pkey, "private key", err);
}

static int read_certificate(struct saml_key *k, struct slice pem, struct error *err)
{
	X509 *certificate = certificate_of(pem, err);
	int rc = -1;

	if (!certificate)
		return -1;
	if (!X509_check_private_key(certificate, k->pkey)) {
		openssl_says();
		error_set(err, REASON_SETTINGS, "the certificate belongs to another key");
		goto out;
	}
	rc = certificate_base64(k->arena, certificate, &k->certificate, err);
out:
	X509_free(certificate);
	return rc;
}

static int prepare(struct saml_key *k, struct error *err)
{
	EVP_PKEY_CTX *owned_by_prepared = NULL;

	k->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	k->prepared = EVP_MD_CTX_new();
	k->work = EVP_MD_CTX_new();
	k->digest = EVP_MD_CTX_new();
	if (!k->sha256 || !k->prepared || !k->work || !k->digest
		|| EVP_DigestSignInit(k->prepared, &owned_by_prepared, k->sha256, NULL, k->pkey) != 1)
		return error_set(err, REASON_SETTINGS, "the private key cannot sign: %s", openssl_says());
	return 0;
}

int saml_key_read(struct slice key_pem, struct slice certificate_pem, struct saml_key **out, struct error *err)
{
	struct saml_key *k = calloc(1, sizeof(*k));
	unsigned char digest[KEY_DIGEST_SIZE];
	struct slice signature;

	if (!k)
		return error_set(err, REASON_INTERNAL, "out of memory");
	k->arena = arena_new();
	if (read_private_key(k, key_pem, err) < 0 || read_certificate(k, certificate_pem, err) < 0 || prepare(k, err) < 0)
		goto out;
	/* Once for nothing: the first use fills OpenSSL's caches (blinding), and a key that cannot sign is known now. */
	if (key_digest(k, k->certificate, slice_c(""), digest, err) < 0
		|| key_sign(k, k->arena, k->certificate, &signature, err) < 0)
		goto out;
	*out = k;
	return 0;
out:
	saml_key_free(k);
	return -1;
}

int saml_key_held(const struct saml_holder *holder, struct saml_key **out, struct error *err)
{
	struct saml_key *k = calloc(1, sizeof(*k));

	if (!k)
		return error_set(err, REASON_INTERNAL, "out of memory");
	k->arena = arena_new();
	k->holder = holder;
	*out = k;
	return 0;
}

void saml_key_free(struct saml_key *k)
{
	if (!k)
		return;
	EVP_MD_CTX_free(k->digest);
	EVP_MD_CTX_free(k->work);
	EVP_MD_CTX_free(k->prepared);
	EVP_MD_free(k->sha256);
	EVP_PKEY_free(k->pkey);
	arena_free(k->arena);
	free(k);
}

struct slice key_certificate(const struct saml_key *k)
{
	return k->certificate;
}

EVP_PKEY *key_pkey(const struct saml_key *k)
{
	return k->pkey;
}

int key_digest(const struct saml_key *k, struct slice first, struct slice second, unsigned char out[KEY_DIGEST_SIZE],
	struct error *err)
{
	if (k->holder)
		return error_set(err, REASON_INTERNAL, "digest by a key that somebody else holds");
	if (EVP_DigestInit_ex(k->digest, k->sha256, NULL) != 1 || EVP_DigestUpdate(k->digest, first.p, first.n) != 1
		|| EVP_DigestUpdate(k->digest, second.p, second.n) != 1 || EVP_DigestFinal_ex(k->digest, out, NULL) != 1)
		return error_set(err, REASON_INTERNAL, "digest: %s", openssl_says());
	return 0;
}

int key_sign(const struct saml_key *k, struct arena *a, struct slice bytes, struct slice *out, struct error *err)
{
	unsigned char *signature;
	size_t n;

	if (k->holder)
		return k->holder->sign_query(k->holder->context, a, bytes, out, err);
	n = (size_t)EVP_PKEY_get_size(k->pkey);
	signature = arena_alloc(a, n);
	if (EVP_MD_CTX_copy_ex(k->work, k->prepared) != 1
		|| EVP_DigestSign(k->work, signature, &n, (const unsigned char *)bytes.p, bytes.n) != 1)
		return error_set(err, REASON_INTERNAL, "signature: %s", openssl_says());
	*out = slice_of(signature, n);
	return 0;
}
