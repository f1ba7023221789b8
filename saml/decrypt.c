/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Opening what encrypted_read took apart: RSA-OAEP, then AES, by OpenSSL.
 *
 * xmlsec1 1.2 knows neither rsa-oaep of XML encryption 1.1 nor another mask
 * function than SHA-1, puts what it decrypts into the document before anybody
 * looked at it, and returns early where it fails.  Here every path does the
 * same: each key is tried, whether or not one before opened, and the content
 * is decrypted, with a random key if need be.
 */
#include "saml/encrypted.h"

#include "base/random.h"
#include "saml/key.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

/* One RSA operation; true with the content's key in `out`. */
static bool unwrap(EVP_PKEY *pkey, const struct saml_wrapped *w, unsigned char out[CONTENT_KEY_MAX])
{
	unsigned char plain[KEY_BITS_MAX / 8];
	size_t n = sizeof(plain);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
	bool good = context && EVP_PKEY_decrypt_init(context) == 1 &&
		EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
		EVP_PKEY_CTX_set_rsa_oaep_md_name(context, w->digest, NULL) == 1 &&
		EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, w->mgf_digest, NULL) == 1 &&
		EVP_PKEY_decrypt(context, plain, &n, (const unsigned char *)w->bytes.p, w->bytes.n) == 1 &&
		n == w->key_size && n <= CONTENT_KEY_MAX;

	if (good)
		memcpy(out, plain, n);
	OPENSSL_cleanse(plain, sizeof(plain));
	EVP_PKEY_CTX_free(context);
	ERR_clear_error();
	return good;
}

/* Every key, also behind one that opened: how long this takes says nothing about which, or whether. */
int saml_unwrap(struct saml_key *const *keys, size_t n, const struct saml_wrapped *wrapped, unsigned char key_out[SAML_CONTENT_KEY_MAX])
{
	unsigned char each[CONTENT_KEY_MAX] = {0};
	bool found = false;

	random_bytes(key_out, CONTENT_KEY_MAX);
	for (size_t i = 0; i < n; i++) {
		bool good = unwrap(key_pkey(keys[i]), wrapped, each);

		if (good && !found)
			memcpy(key_out, each, sizeof(each));
		found |= good;
	}
	OPENSSL_cleanse(each, sizeof(each));
	return found;
}

static int unwrap_by(const struct saml_decryption_keys *keys, const struct encrypted *e, unsigned char out[CONTENT_KEY_MAX],
	struct error *err)
{
	const struct saml_wrapped wrapped = {e->wrapped_key, e->oaep_digest, e->oaep_mgf_digest, e->method->key_size};

	if (!keys->holder)
		return saml_unwrap(keys->list, keys->n, &wrapped, out);
	random_bytes(out, CONTENT_KEY_MAX);
	return keys->holder->unwrap(keys->holder->context, &wrapped, out, err);
}

/* XML encryption 5.2.1: the last byte says how many were added; the others of them may be anything. */
static bool remove_padding(struct slice *plain)
{
	unsigned char last = (unsigned char)plain->p[plain->n - 1];

	if (last < 1 || last > CONTENT_BLOCK)
		return false;
	plain->n -= last;
	return true;
}

/* IV, ciphertext, and for GCM the tag, which EVP_DecryptFinal_ex compares. */
static bool decrypt(struct arena *a, const struct encrypted *e, const unsigned char *key, struct slice *out)
{
	const struct content_method *m = e->method;
	const unsigned char *iv = (const unsigned char *)e->content.p, *from = iv + m->iv_size;
	size_t n = e->content.n - m->iv_size - m->tag_size;
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, m->cipher, NULL);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	unsigned char *plain = arena_alloc(a, n + CONTENT_BLOCK), tag[CONTENT_BLOCK];
	int done = 0, rest = 0;
	bool good;

	memcpy(tag, from + n, m->tag_size);
	good = cipher && context && EVP_DecryptInit_ex2(context, cipher, key, iv, NULL) == 1 &&
		EVP_CIPHER_CTX_get_iv_length(context) == (int)m->iv_size && EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
		EVP_DecryptUpdate(context, plain, &done, from, (int)n) == 1 &&
		(!m->tag_size || EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, (int)m->tag_size, tag) == 1) &&
		EVP_DecryptFinal_ex(context, plain + done, &rest) == 1;
	EVP_CIPHER_CTX_free(context);
	EVP_CIPHER_free(cipher);
	ERR_clear_error();
	*out = slice_of(plain, good ? (size_t)(done + rest) : 0);
	return good && (m->tag_size || (out->n && remove_padding(out)));
}

int encrypted_open(struct arena *a, const struct saml_decryption_keys *keys, const struct encrypted *e, struct slice *out,
	struct error *err)
{
	unsigned char key[CONTENT_KEY_MAX];
	int found = unwrap_by(keys, e, key, err);
	struct slice plain;
	bool good;

	if (found < 0)
		return -1;
	good = decrypt(a, e, key, &plain);
	OPENSSL_cleanse(key, sizeof(key));
	if (!found)
		return error_set(err, REASON_ENCRYPTED_ANSWER, "none of the %zu decryption keys opens it: encrypted for another certificate",
			keys->n);
	if (!good)
		return error_set(err, REASON_ENCRYPTED_ANSWER, "%s does not decrypt: changed on the way", e->method->cipher);
	*out = plain;
	return 0;
}
