/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Encrypted assertions, under a key made at the start.  First byte even: the
 * rest is what was encrypted.  Odd: the rest is the EncryptedAssertion, in which
 * @KEY@ and @CONTENT@ stand for good ones.
 */
#include "tests/fuzz/forged_provider.h"

#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#define NS_XENC "http://www.w3.org/2001/04/xmlenc#"
#define OPENING "<EncryptedAssertion xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">" \
	"<xenc:EncryptedData xmlns:xenc=\"" NS_XENC "\" " \
	"Type=\"" NS_XENC "Element\"><xenc:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\"/>" \
	"<ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm=\"" NS_XENC \
	"rsa-oaep-mgf1p\"/><xenc:CipherData><xenc:CipherValue>@KEY@</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>" \
	"</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>@CONTENT@</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>" \
	"</EncryptedAssertion>"

static const unsigned char session_key[32] = "0123456789abcdef0123456789abcde";
static struct arena *kept;
static struct saml_decryption_keys *keys;
static struct slice wrapped, before, assertion;         /* the key in base64; a signed Response, cut in two */

static void require(bool good)
{
	if (!good)
		abort();
}

static struct slice base64(struct arena *a, struct slice bytes)
{
	struct text t;

	text_begin(&t, a, bytes.n * 2 + 8);
	text_add_base64(&t, bytes);
	return text_slice(&t);
}

static struct slice wrap(struct slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
	unsigned char out[512];
	size_t n = sizeof(out);

	require(EVP_PKEY_encrypt_init(context) == 1 && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
		EVP_PKEY_encrypt(context, out, &n, session_key, sizeof(session_key)) == 1);
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(pkey);
	BIO_free(bio);
	return base64(kept, slice_of(out, n));
}

static struct slice encrypt(struct arena *a, struct slice plain)
{
	static const unsigned char iv[12] = "fuzz";
	unsigned char *out = arena_alloc(a, sizeof(iv) + plain.n + 16);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int n = 0, rest = 0;

	memcpy(out, iv, sizeof(iv));
	require(EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, session_key, iv) == 1 &&
		EVP_EncryptUpdate(context, out + sizeof(iv), &n, (const unsigned char *)plain.p, (int)plain.n) == 1 &&
		EVP_EncryptFinal_ex(context, out + sizeof(iv) + n, &rest) == 1 &&
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, out + sizeof(iv) + n) == 1);
	EVP_CIPHER_CTX_free(context);
	return slice_of(out, sizeof(iv) + (size_t)n + 16);
}

static void start(void)
{
	struct saml_new_key wish = {.common_name = "fuzz", .bits = 2048, .not_before = FORGED_NOW - 9, .not_after = FORGED_NOW + 9};
	struct slice key, certificate, response;
	struct error err;
	const char *at;

	kept = arena_new();
	forged_provider();
	require(saml_key_make(kept, &wish, &key, &certificate, &err) == 0 &&
		saml_decryption_keys_add(&keys, key, certificate, &err) == 0);
	require(file_read(kept, fuzz_path(kept, "corpus/response/assertion-signed"), FILE_PUBLIC, 1 << 20, &response, &err) == 0);
	at = memmem(response.p, response.n, "<Assertion ", 11);
	require(at != NULL);
	before = slice_of(response.p, (size_t)(at - response.p));
	assertion = slice_of(at, response.n - before.n - strlen("</samlp:Response>"));
	wrapped = wrap(key);
}

/* The first of each word replaced. */
static struct slice filled(struct arena *a, struct slice text, const char *word, struct slice with)
{
	const char *at = memmem(text.p, text.n, word, strlen(word));
	struct text t;

	if (!at)
		return text;
	text_begin(&t, a, text.n + with.n);
	text_add(&t, slice_of(text.p, (size_t)(at - text.p)));
	text_add(&t, with);
	at += strlen(word);
	text_add(&t, slice_of(at, text.n - (size_t)(at - text.p)));
	return text_slice(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of(data + (size > 0), size - (size > 0)), box;
	bool is_box = size > 0 && data[0] & 1;
	struct saml_expect expect = {
		.entity_id = FORGED_ENTITY, .acs_url = FORGED_ACS, .request_id = FORGED_REQUEST, .now = FORGED_NOW,
		.requested_at = FORGED_NOW,
	};
	struct arena *a = arena_new();
	struct saml_identity who = {0};
	struct error err;
	struct text xml;
	int rc;

	if (!kept)
		start();
	expect.provider = forged_provider();
	expect.decryption_keys = keys;
	box = filled(a, is_box ? input : slice_c(OPENING), "@KEY@", wrapped);
	box = filled(a, box, "@CONTENT@", base64(a, encrypt(a, is_box ? assertion : input)));
	text_begin(&xml, a, before.n + box.n + 32);
	text_add(&xml, before);
	text_add(&xml, box);
	text_add_c(&xml, "</samlp:Response>");
	rc = saml_response_read(a, &expect, base64(a, text_slice(&xml)), &who, &err);
	/* one person was ever signed */
	if (rc == 0 && strcmp(who.name_id, "anna.meier@example.org") != 0)
		abort();
	fuzz_succeeded(rc);
	arena_free(a);
	return 0;
}
