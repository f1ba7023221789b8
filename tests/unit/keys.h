/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys and certificates for tests, made on the spot: none is kept in the tree. */
#ifndef TESTS_UNIT_KEYS_H
#define TESTS_UNIT_KEYS_H

#include "base/arena.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

struct test_pair {
	struct slice key, certificate;  /* PEM */
};

static inline struct slice test_pem(struct arena *a, BIO *bio)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);
	struct slice out = {arena_copy(a, slice_of(p, (size_t)n)), (size_t)n};

	BIO_free(bio);
	return out;
}

/* A certificate for pkey, signed by itself, that ends `seconds` from now. */
static inline struct slice test_certificate(struct arena *a, EVP_PKEY *pkey, long seconds)
{
	X509 *x = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	X509_NAME *name = X509_get_subject_name(x);

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -86400);
	X509_gmtime_adj(X509_getm_notAfter(x), seconds);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"postern test", -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_set_pubkey(x, pkey);
	X509_sign(x, pkey, EVP_sha256());
	PEM_write_bio_X509(bio, x);
	X509_free(x);
	return test_pem(a, bio);
}

static inline struct test_pair test_pair_of(struct arena *a, EVP_PKEY *pkey, long seconds)
{
	struct test_pair pair;
	BIO *bio = BIO_new(BIO_s_mem());

	PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL);
	pair.key = test_pem(a, bio);
	pair.certificate = test_certificate(a, pkey, seconds);
	EVP_PKEY_free(pkey);
	return pair;
}

static inline struct test_pair test_rsa(struct arena *a, unsigned int bits)
{
	return test_pair_of(a, EVP_RSA_gen(bits), 86400L * 365);
}

#endif
