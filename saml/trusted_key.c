/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a certificate to the key object that xmlsec1 verifies with. */
#include "saml/trusted_key.h"

#include "base/encode.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <time.h>
#include <xmlsec/keys.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/xmlsec.h>

static int64_t time_of(const ASN1_TIME *t)
{
	struct tm tm;

	/* What cannot be read has ended. */
	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

/* Takes pkey over, whatever happens. */
static struct _xmlSecKey *adopt(EVP_PKEY *pkey)
{
	xmlSecKeyDataPtr data = xmlSecOpenSSLEvpKeyAdopt(pkey);
	xmlSecKeyPtr key = NULL;

	if (!data) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	key = xmlSecKeyCreate();
	if (!key || xmlSecKeySetValue(key, data) < 0) {
		xmlSecKeyDataDestroy(data);
		xmlSecKeyDestroy(key);
		return NULL;
	}
	return key;
}

static int fingerprint(struct slice der, char out[TRUSTED_KEY_FINGERPRINT_SIZE], struct error *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (EVP_Digest(der.p, der.n, digest, &n, EVP_sha256(), NULL) != 1 || n != 32)
		return error_set(err, REASON_INTERNAL, "OpenSSL gives no SHA-256");
	hex_encode(digest, n, out);
	return 0;
}

int trusted_key_read(struct slice der, struct trusted_key *out, struct error *err)
{
	const unsigned char *p = (const unsigned char *)der.p;
	X509 *certificate = NULL;
	EVP_PKEY *pkey = NULL;
	struct trusted_key k = {0};
	int rc = -1;

	if (der.n == 0 || der.n > 65536)
		return error_set(err, REASON_METADATA, "a certificate of %zu bytes", der.n);
	certificate = d2i_X509(NULL, &p, (long)der.n);
	if (!certificate || p != (const unsigned char *)der.p + der.n) {
		error_set(err, REASON_METADATA, "a certificate that does not parse");
		goto out;
	}
	if (fingerprint(der, k.fingerprint, err) < 0)
		goto out;
	pkey = X509_get_pubkey(certificate);
	if (!pkey) {
		error_set(err, REASON_METADATA, "a certificate with a key that cannot be read");
		goto out;
	}
	k.bits = EVP_PKEY_is_a(pkey, "RSA") ? EVP_PKEY_get_bits(pkey) : 0;
	k.not_after = time_of(X509_get0_notAfter(certificate));
	k.key = adopt(pkey);
	pkey = NULL;
	if (!k.key) {
		error_set(err, REASON_METADATA, "a certificate with a key of a type that cannot verify");
		goto out;
	}
	*out = k;
	rc = 0;
out:
	ERR_clear_error();
	EVP_PKEY_free(pkey);
	X509_free(certificate);
	return rc;
}

void trusted_key_free(struct trusted_key *k)
{
	if (k->key)
		xmlSecKeyDestroy(k->key);
	k->key = NULL;
}

bool trusted_key_verifies(const struct trusted_key *k, const char *digest, struct slice bytes, struct slice signature)
{
	EVP_PKEY *pkey = k->bits ? xmlSecOpenSSLEvpKeyDataGetEvp(xmlSecKeyGetValue(k->key)) : NULL;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = pkey && context && EVP_DigestVerifyInit_ex(context, NULL, digest, NULL, NULL, pkey, NULL) == 1 &&
		EVP_DigestVerify(context, (const unsigned char *)signature.p, signature.n, (const unsigned char *)bytes.p, bytes.n) == 1;

	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return good;
}

enum reason trusted_key_judge(const struct trusted_key *k, int64_t now)
{
	if (k->bits < TRUSTED_KEY_BITS_MIN)
		return REASON_WEAK_KEY;
	if (k->not_after <= now)
		return REASON_CERTIFICATE_EXPIRED;
	return REASON_NONE;
}
