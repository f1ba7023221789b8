/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The forge's encryption. */
#include "tests/unit/forge_encryption.h"

#include "base/random.h"
#include "base/text.h"
#include "tests/unit/keys.h"

#include <libxml/parser.h>
#include <openssl/rsa.h>

static struct arena *arena;
static struct test_pair pairs[FORGE_SEALS];

int forge_encryption_begin(void **state)
{
	if (forge_begin(state) < 0)
		return -1;
	arena = arena_new();
	for (int i = 0; i < FORGE_SEALS; i++)
		pairs[i] = test_rsa(arena, 2048);
	return 0;
}

int forge_encryption_end(void **state)
{
	arena_free(arena);
	return forge_end(state);
}

const char *forge_sealing_certificate(enum forge_sealed_for whom)
{
	return pairs[whom].certificate.p;
}

const char *forge_sealing_key(enum forge_sealed_for whom)
{
	return pairs[whom].key.p;
}

struct saml_decryption_keys *forge_keys(enum forge_sealed_for first, enum forge_sealed_for last)
{
	struct saml_decryption_keys *keys = NULL;
	struct error err;

	for (int i = (int)first; i <= (int)last; i++)
		assert_done(saml_decryption_keys_add(&keys, pairs[i].key, pairs[i].certificate, &err), err);
	return keys;
}

/* ---- cryptography ---- */

static bool is(const char *uri, const char *word)
{
	return strstr(uri, word) != NULL;
}

static struct slice wrap(const struct forge_seal *how, struct slice key)
{
	BIO *bio = BIO_new_mem_buf(pairs[how->whom].key.p, -1);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
	const char *digest = how->digest && is(how->digest, "sha256") ? "SHA256" : "SHA1";
	const char *mask = how->mask && is(how->mask, "sha256") ? "SHA256" : "SHA1";
	unsigned char *out = arena_alloc(forge_arena(), 256);
	size_t n = 256;

	assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md_name(context, digest, NULL), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, mask, NULL), 1);
	assert_int_equal(EVP_PKEY_encrypt(context, out, &n, (const unsigned char *)key.p, key.n), 1);
	if (how->spoil_key)
		how->spoil_key(out, n);
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(pkey);
	BIO_free(bio);
	return slice_of(out, n);
}

/* XML encryption 5.2.1: of what is added only the last byte means something. */
static struct slice pad(struct slice text)
{
	size_t more = 16 - text.n % 16;
	unsigned char *padded = arena_alloc(forge_arena(), text.n + more);

	memcpy(padded, text.p, text.n);
	random_bytes(padded + text.n, more);
	padded[text.n + more - 1] = (unsigned char)more;
	return slice_of(padded, text.n + more);
}

static struct slice encrypt(const char *method, struct slice key, struct slice text)
{
	bool gcm = is(method, "gcm"), large = is(method, "256");
	const EVP_CIPHER *cipher = gcm ? large ? EVP_aes_256_gcm() : EVP_aes_128_gcm() : large ? EVP_aes_256_cbc() : EVP_aes_128_cbc();
	struct slice from = gcm ? text : pad(text);
	size_t iv_size = gcm ? 12 : 16;
	unsigned char *out = arena_alloc(forge_arena(), iv_size + from.n + 32);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int n = 0, rest = 0;

	random_bytes(out, iv_size);
	assert_int_equal(EVP_EncryptInit_ex(context, cipher, NULL, (const unsigned char *)key.p, out), 1);
	EVP_CIPHER_CTX_set_padding(context, 0);
	assert_int_equal(EVP_EncryptUpdate(context, out + iv_size, &n, (const unsigned char *)from.p, (int)from.n), 1);
	assert_int_equal(EVP_EncryptFinal_ex(context, out + iv_size + n, &rest), 1);
	n += (int)iv_size + rest;
	if (gcm) {
		assert_int_equal(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, out + n), 1);
		n += 16;
	}
	EVP_CIPHER_CTX_free(context);
	return slice_of(out, (size_t)n);
}

/* ---- text ---- */

static void add_cipher_data(struct text *t, struct slice bytes)
{
	text_add_c(t, "<xenc:CipherData><xenc:CipherValue>");
	text_add_base64(t, bytes);
	text_add_c(t, "</xenc:CipherValue></xenc:CipherData>");
}

static void add_key(struct text *t, const struct forge_seal *how, struct slice key)
{
	text_add_c(t, "<xenc:EncryptedKey Id=\"_key\"");
	if (how->recipient)
		text_addf(t, " Recipient=\"%s\"", how->recipient);
	text_addf(t, "><xenc:EncryptionMethod Algorithm=\"%s\">", how->transport ? how->transport : OAEP_MGF1P);
	if (how->digest)
		text_addf(t, "<ds:DigestMethod xmlns:ds=\"" NS_DS "\" Algorithm=\"%s\"/>", how->digest);
	if (how->mask)
		text_addf(t, "<xenc11:MGF xmlns:xenc11=\"" NS_XENC11 "\" Algorithm=\"%s\"/>", how->mask);
	text_add_c(t, "</xenc:EncryptionMethod><ds:KeyInfo xmlns:ds=\"" NS_DS "\"><ds:KeyName>of no meaning</ds:KeyName></ds:KeyInfo>");
	add_cipher_data(t, wrap(how, key));
	if (how->place != FORGE_INSIDE)
		text_add_c(t, "<xenc:ReferenceList><xenc:DataReference URI=\"#_data\"/></xenc:ReferenceList>");
	text_add_c(t, "</xenc:EncryptedKey>");
}

static struct slice encrypted_assertion(const struct forge_seal *how, struct slice assertion)
{
	const char *method = how->content ? how->content : AES256_CBC;
	unsigned char key[32];
	size_t key_size = is(method, "256") ? 32 : 16;
	struct slice content;
	struct text t;

	random_bytes(key, sizeof(key));
	content = encrypt(method, slice_of(key, key_size), assertion);
	if (how->spoil)
		how->spoil((unsigned char *)(uintptr_t)content.p, content.n);
	text_begin(&t, forge_arena(), assertion.n * 2);
	text_addf(&t, "<EncryptedAssertion xmlns=\"" NS_SAML "\"><xenc:EncryptedData xmlns:xenc=\"" NS_XENC "\" Id=\"_data\" "
		"Type=\"" NS_XENC "Element\"><xenc:EncryptionMethod Algorithm=\"%s\"/><ds:KeyInfo xmlns:ds=\"" NS_DS "\">", method);
	if (how->place == FORGE_INSIDE)
		add_key(&t, how, slice_of(key, how->key_bytes ? how->key_bytes : key_size));
	else if (how->place == FORGE_RETRIEVED)
		text_add_c(&t, "<ds:RetrievalMethod Type=\"" NS_XENC "EncryptedKey\" URI=\"#_key\"/>");
	text_add_c(&t, "</ds:KeyInfo>");
	add_cipher_data(&t, content);
	text_add_c(&t, "</xenc:EncryptedData>");
	if (how->place != FORGE_INSIDE) {
		struct text beside;

		text_begin(&beside, forge_arena(), 2048);
		add_key(&beside, how, slice_of(key, key_size));
		text_add(&t, forge_replace(text_slice(&beside), "<xenc:EncryptedKey ",
			"<xenc:EncryptedKey xmlns:xenc=\"" NS_XENC "\" "));
	}
	text_add_c(&t, "</EncryptedAssertion>");
	return text_slice(&t);
}

static struct slice text_of(xmlNodePtr node, const struct forge_seal *how)
{
	xmlBufferPtr buffer = xmlBufferCreate();
	struct slice text;

	xmlNodeDump(buffer, node->doc, node, 0, 0);
	text = how->instead ? slice_c(how->instead) :
		arena_slice(forge_arena(), slice_of(xmlBufferContent(buffer), (size_t)xmlBufferLength(buffer)));
	xmlBufferFree(buffer);
	for (size_t i = 0; i < 3 && how->inside[i].from; i++)
		text = forge_replace(text, how->inside[i].from, how->inside[i].to);
	return text;
}

void forge_seal(xmlDocPtr doc, const struct forge_seal *how)
{
	xmlNodePtr assertion = forge_find(xmlDocGetRootElement(doc), NS_SAML, "Assertion");
	struct slice text = encrypted_assertion(how, text_of(assertion, how));
	xmlDocPtr sealed = xmlReadMemory(text.p, (int)text.n, NULL, NULL, XML_PARSE_NONET);

	assert_non_null(sealed);
	xmlReplaceNode(assertion, xmlDocCopyNode(xmlDocGetRootElement(sealed), doc, 1));
	xmlFreeNode(assertion);
	xmlFreeDoc(sealed);
}
