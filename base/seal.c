/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AES-256-GCM sealing with keys derived for one purpose each. */
#include "base/seal.h"
#include "base/random.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#define NONCE_SIZE 12
#define TAG_SIZE 16

/* One a thread, whose key and nonce each use sets anew: making one costs more than sealing a cookie with it. */
static EVP_CIPHER_CTX *aes_256_gcm(void)
{
	static _Thread_local EVP_CIPHER_CTX *ctx;
	EVP_CIPHER *cipher;

	if (ctx)
		return ctx;
	ctx = EVP_CIPHER_CTX_new();
	cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	if (!ctx || !cipher || EVP_CipherInit_ex(ctx, cipher, NULL, NULL, NULL, 1) != 1)
		abort();
	EVP_CIPHER_free(cipher);                /* ctx has its own */
	return ctx;
}

int seal_derive(struct slice secret, const char *purpose, struct seal_key *out)
{
	EVP_KDF *kdf = NULL;
	EVP_KDF_CTX *ctx = NULL;
	OSSL_PARAM params[4];
	int rc = -1;

	if (secret.n < 32)
		return -1;
	kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	if (!ctx)
		goto out;
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0);
	params[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)secret.p, secret.n);
	params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)purpose, strlen(purpose));
	params[3] = OSSL_PARAM_construct_end();
	out->also = NULL;
	if (EVP_KDF_derive(ctx, out->bytes, sizeof(out->bytes), params) == 1)
		rc = 0;
out:
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return rc;
}

struct slice seal(struct arena *a, const struct seal_key *key, struct slice bound, struct slice plain)
{
	unsigned char *out = arena_alloc(a, plain.n + SEAL_OVERHEAD);
	EVP_CIPHER_CTX *ctx = aes_256_gcm();
	int n;

	if (plain.n > INT32_MAX / 2 || bound.n > INT32_MAX / 2)
		abort();
	random_bytes(out, NONCE_SIZE);
	if (EVP_EncryptInit_ex(ctx, NULL, NULL, key->bytes, out) != 1 ||
		EVP_EncryptUpdate(ctx, NULL, &n, (const unsigned char *)bound.p, (int)bound.n) != 1 ||
		EVP_EncryptUpdate(ctx, out + NONCE_SIZE, &n, (const unsigned char *)plain.p, (int)plain.n) != 1 ||
		EVP_EncryptFinal_ex(ctx, out + NONCE_SIZE + plain.n, &n) != 1 ||
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, out + NONCE_SIZE + plain.n) != 1)
		abort();
	return slice_of(out, plain.n + SEAL_OVERHEAD);
}

static int open_by(struct arena *a, const struct seal_key *key, struct slice bound, struct slice sealed, struct slice *out)
{
	const unsigned char *in = (const unsigned char *)sealed.p;
	EVP_CIPHER_CTX *ctx = aes_256_gcm();
	unsigned char *plain;
	size_t size;
	int n, rc = -1;

	if (sealed.n < SEAL_OVERHEAD || sealed.n > INT32_MAX / 2 || bound.n > INT32_MAX / 2)
		return -1;
	size = sealed.n - SEAL_OVERHEAD;
	plain = arena_alloc(a, size + 1);
	if (EVP_DecryptInit_ex(ctx, NULL, NULL, key->bytes, in) == 1 &&
		EVP_DecryptUpdate(ctx, NULL, &n, (const unsigned char *)bound.p, (int)bound.n) == 1 &&
		EVP_DecryptUpdate(ctx, plain, &n, in + NONCE_SIZE, (int)size) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, (void *)(in + NONCE_SIZE + size)) == 1 &&
		EVP_DecryptFinal_ex(ctx, plain + size, &n) == 1) {
		*out = slice_of(plain, size);
		rc = 0;
	}
	return rc;
}

int seal_open(struct arena *a, const struct seal_key *key, struct slice bound, struct slice sealed, struct slice *out)
{
	for (; key; key = key->also) {
		if (open_by(a, key, bound, sealed, out) == 0)
			return 0;
	}
	return -1;
}
