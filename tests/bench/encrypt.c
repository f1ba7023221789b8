/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See encrypt.h.  What fails here is a fault of the bench: it ends. */
#include "tests/bench/encrypt.h"

#include "base/random.h"
#include "base/text.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>

#define XENC "http://www.w3.org/2001/04/xmlenc#"
#define BLOCK 16
#define KEY_SIZE 32

EVP_PKEY *encrypt_key_read(struct slice certificate_pem)
{
	BIO *bio = BIO_new_mem_buf(certificate_pem.p, (int)certificate_pem.n);
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	EVP_PKEY *key = certificate ? X509_get_pubkey(certificate) : NULL;

	X509_free(certificate);
	BIO_free(bio);
	return key;
}

static void must(bool good)
{
	if (!good)
		abort();
}

static struct slice wrap(struct arena *a, EVP_PKEY *to, const unsigned char key[KEY_SIZE])
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(to, NULL);
	size_t n = (size_t)EVP_PKEY_get_size(to);
	unsigned char *out = arena_alloc(a, n);

	must(EVP_PKEY_encrypt_init(context) == 1 && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
		EVP_PKEY_encrypt(context, out, &n, key, KEY_SIZE) == 1);
	EVP_PKEY_CTX_free(context);
	return slice_of(out, n);
}

/* The padding of OpenSSL is one that XML encryption allows. */
static struct slice encrypt(struct arena *a, const unsigned char key[KEY_SIZE], struct slice text)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	unsigned char *out = arena_alloc(a, text.n + 2 * BLOCK);
	int n = 0, rest = 0;

	random_bytes(out, BLOCK);
	must(EVP_EncryptInit_ex(context, EVP_aes_256_cbc(), NULL, key, out) == 1 &&
		EVP_EncryptUpdate(context, out + BLOCK, &n, (const unsigned char *)text.p, (int)text.n) == 1 &&
		EVP_EncryptFinal_ex(context, out + BLOCK + n, &rest) == 1);
	EVP_CIPHER_CTX_free(context);
	return slice_of(out, BLOCK + (size_t)(n + rest));
}

static void add_value(struct text *t, struct slice bytes)
{
	text_add_c(t, "<x:CipherData><x:CipherValue>");
	text_add_base64(t, bytes);
	text_add_c(t, "</x:CipherValue></x:CipherData>");
}

static void add_encrypted(struct text *t, struct arena *a, EVP_PKEY *to, struct slice assertion)
{
	unsigned char key[KEY_SIZE];

	random_bytes(key, sizeof(key));
	text_add_c(t, "<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><x:EncryptedData xmlns:x=\"" XENC "\""
		" Type=\"" XENC "Element\"><x:EncryptionMethod Algorithm=\"" XENC "aes256-cbc\"/>"
		"<d:KeyInfo xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\"><x:EncryptedKey>"
		"<x:EncryptionMethod Algorithm=\"" XENC "rsa-oaep-mgf1p\"/>");
	add_value(t, wrap(a, to, key));
	text_add_c(t, "</x:EncryptedKey></d:KeyInfo>");
	add_value(t, encrypt(a, key, assertion));
	text_add_c(t, "</x:EncryptedData></saml:EncryptedAssertion>");
}

const char *encrypt_assertion(struct arena *a, EVP_PKEY *to, struct slice response)
{
	static const char end_tag[] = "</saml:Assertion>";
	const char *begin = memmem(response.p, response.n, "<saml:Assertion", 15);
	const char *end = memmem(response.p, response.n, end_tag, sizeof(end_tag) - 1);
	struct text xml, base64;

	must(begin && end && begin < end);
	end += sizeof(end_tag) - 1;
	text_begin(&xml, a, 2 * response.n);
	text_add(&xml, slice_of(response.p, (size_t)(begin - response.p)));
	add_encrypted(&xml, a, to, slice_of(begin, (size_t)(end - begin)));
	text_add(&xml, slice_of(end, (size_t)(response.p + response.n - end)));
	text_begin(&base64, a, 2 * xml.n);
	text_add_base64(&base64, text_slice(&xml));
	return base64.p;
}
