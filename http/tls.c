/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TLS 1.2 and 1.3 for the listeners of ours.
 *
 * Only suites with ephemeral keys and authenticated encryption.  No
 * renegotiation, no compression.  No session cache: every worker has its own
 * ticket keys, and a sign-on is two requests.
 */
#include "http/internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#define SECURITY_LEVEL 2               /* RSA of 2048 bits, curves of 224, no SHA-1: whatever the host's own configuration says */

static const char suites[] = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL";

static int failed(struct error *err, const char *what)
{
	unsigned long code = ERR_peek_last_error();

	error_set(err, REASON_SETTINGS, "TLS: %s: %s", what, code ? ERR_reason_error_string(code) : "not usable");
	ERR_clear_error();
	return -1;
}

/* A key with a pass phrase would make OpenSSL ask at the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

static int chain_use(SSL_CTX *context, struct slice pem, struct error *err)
{
	BIO *bio = pem.p && pem.n <= INT32_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	X509 *leaf = bio ? PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL) : NULL;
	X509 *next;
	int rc = -1;

	if (!leaf || SSL_CTX_use_certificate(context, leaf) != 1) {
		failed(err, "certificate");
		goto out;
	}
	while ((next = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL)
		if (SSL_CTX_add0_chain_cert(context, next) != 1) {
			X509_free(next);
			failed(err, "certificate chain");
			goto out;
		}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
		failed(err, "certificate chain");
		goto out;
	}
	ERR_clear_error();
	rc = 0;
out:
	X509_free(leaf);
	BIO_free(bio);
	return rc;
}

static int key_use(SSL_CTX *context, struct slice pem, struct error *err)
{
	BIO *bio = pem.p && pem.n <= INT32_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	int rc = -1;

	if (!key || SSL_CTX_use_PrivateKey(context, key) != 1)
		failed(err, "private key");
	else if (SSL_CTX_check_private_key(context) != 1)
		failed(err, "private key does not belong to the certificate");
	else
		rc = 0;
	EVP_PKEY_free(key);
	BIO_free(bio);
	return rc;
}

/*
 * A client that would rather speak HTTP/2 is told that we do not.  One that speaks nothing of ours meant another server,
 * whose bytes are not for our parser (RFC 7301 section 3.2).
 */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_size, const unsigned char *in,
	unsigned int in_size, void *context)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;

	(void)ssl;
	(void)context;
	if (SSL_select_next_proto(&chosen, out_size, ours, sizeof(ours) - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

int tls_new(struct slice certificate, struct slice key, struct ssl_ctx_st **out, struct error *err)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	int rc = -1;

	ERR_clear_error();
	if (!context || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(context, suites) != 1) {
		failed(err, "protocol");
		goto out;
	}
	SSL_CTX_set_security_level(context, SECURITY_LEVEL);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	/* otherwise one call of SSL_read goes on for as long as a client sends key updates, and nobody else is served */
	SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
	if (chain_use(context, certificate, err) < 0 || key_use(context, key, err) < 0)
		goto out;
	*out = context;
	context = NULL;
	rc = 0;
out:
	SSL_CTX_free(context);
	return rc;
}

int http_tls_check(struct slice certificate, struct slice key, struct error *err)
{
	struct ssl_ctx_st *context = NULL;
	int rc = tls_new(certificate, key, &context, err);

	SSL_CTX_free(context);
	return rc;
}

struct ssl_st *tls_accept(struct ssl_ctx_st *context)
{
	return SSL_new(context);
}

/* The type of a record stands in its header; since TLS 1.3 also inside, where it is the one that counts. */
static void on_message(int written, int version, int type, const void *bytes, size_t n, SSL *ssl, void *arg)
{
	const struct tls_watch *watch = arg;

	(void)version;
	if (written || n == 0 || (type != SSL3_RT_HEADER && type != SSL3_RT_INNER_CONTENT_TYPE) || !SSL_is_init_finished(ssl))
		return;
	if (*(const unsigned char *)bytes != SSL3_RT_APPLICATION_DATA)
		watch->seen(watch->context);
}

void tls_watch(struct ssl_st *ssl, struct tls_watch *watch)
{
	SSL_set_msg_callback(ssl, watch ? on_message : NULL);
	SSL_set_msg_callback_arg(ssl, watch);
}

void tls_say_goodbye(struct ssl_st *ssl)
{
	SSL_shutdown(ssl);
	ERR_clear_error();
}

void tls_free(struct ssl_ctx_st *context)
{
	SSL_CTX_free(context);
}
