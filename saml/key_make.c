/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes a key of our own and a certificate for it. */
#include "saml/key.h"

#include "base/random.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#define SERIAL_SIZE 16

static int say(struct error *err)
{
	ERR_clear_error();
	return error_set(err, REASON_INTERNAL, "OpenSSL makes no key or certificate");
}

static struct slice take(struct arena *a, BIO *bio)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);

	return arena_slice(a, slice_of(p, n > 0 ? (size_t)n : 0));
}

/* RFC 5280 4.1.2.2: positive, at most 20 bytes; two keys of one name are told apart by it. */
static bool set_serial(X509 *x)
{
	unsigned char bytes[SERIAL_SIZE];
	BIGNUM *number;
	bool good;

	random_bytes(bytes, sizeof(bytes));
	bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40);
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	good = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
	BN_free(number);
	return good;
}

/* No key usage: OpenSSL takes a certificate signed by itself without keyCertSign for one of an unknown issuer. */
static bool add_constraints(X509 *x)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:FALSE");
	bool good = extension && X509_add_ext(x, extension, -1);

	X509_EXTENSION_free(extension);
	return good;
}

static bool fill(X509 *x, const struct saml_new_key *wish, EVP_PKEY *pkey)
{
	X509_NAME *name = X509_get_subject_name(x);

	return X509_set_version(x, X509_VERSION_3) && set_serial(x) && ASN1_TIME_set(X509_getm_notBefore(x), (time_t)wish->not_before) &&
		ASN1_TIME_set(X509_getm_notAfter(x), (time_t)wish->not_after) &&
		X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)wish->common_name, -1, -1, 0) &&
		X509_set_issuer_name(x, name) && X509_set_pubkey(x, pkey) && add_constraints(x) && X509_sign(x, pkey, EVP_sha256());
}

int saml_key_make(struct arena *a, const struct saml_new_key *wish, struct slice *key_pem_out, struct slice *certificate_pem_out,
	struct error *err)
{
	EVP_PKEY *pkey = wish->bits >= KEY_BITS_MIN && wish->bits <= KEY_BITS_MAX ? EVP_RSA_gen(wish->bits) : NULL;
	BIO *key = BIO_new(BIO_s_secmem()), *certificate = BIO_new(BIO_s_mem());
	X509 *x = X509_new();
	int rc = -1;

	if (pkey && key && certificate && x && fill(x, wish, pkey) && PEM_write_bio_PrivateKey(key, pkey, NULL, NULL, 0, NULL, NULL) &&
		PEM_write_bio_X509(certificate, x)) {
		*key_pem_out = take(a, key);
		*certificate_pem_out = take(a, certificate);
		rc = 0;
	}
	X509_free(x);
	BIO_free(certificate);
	BIO_free(key);
	EVP_PKEY_free(pkey);
	return rc < 0 ? say(err) : 0;
}
