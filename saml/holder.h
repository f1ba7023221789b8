/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Private keys that another process holds: the side that has none and asks,
 * and the side that has them.  How they talk is not this folder's business.
 */
#ifndef SAML_HOLDER_H
#define SAML_HOLDER_H

#include "saml/saml.h"

/* ---- the side that asks ---- */

/* What wraps the key of an encrypted assertion (XML encryption 1.1 section 5.5), taken apart. */
struct saml_wrapped {
	struct slice bytes;             /* one RSA block */
	const char *digest, *mgf_digest;        /* of OAEP, as OpenSSL names them: "SHA1", "SHA256" */
	size_t key_size;                /* of what must come out */
};
#define SAML_CONTENT_KEY_MAX 32

/*
 * Who keeps the private keys of a process that has none itself: another one,
 * which is asked.  Errors are passed on as they are.
 */
struct saml_holder {
	int (*sign_query)(void *context, struct arena *a, struct slice query, struct slice *signature_out, struct error *err);
	/* With every key there is.  1 opened, 0 none of them does, -1. */
	int (*unwrap)(void *context, const struct saml_wrapped *wrapped, unsigned char key_out[SAML_CONTENT_KEY_MAX], struct error *err);
	void *context;
};
/* A key that only the holder has; it signs queries, and nothing else.  The holder is lent. */
int saml_key_held(const struct saml_holder *holder, struct saml_key **out, struct error *err);

/* What stands in for an assertion that could not be read (saml_response_read): texts signed with the first key, as many as these. */
#define SAML_STAND_INS 9
struct slice saml_decryption_stand_in(const struct saml_decryption_keys *keys, size_t which);
/* n keys that only the holder has.  certificate_pem: of the first; stand_ins: of whoever had the key itself. */
int saml_decryption_keys_held(const struct saml_holder *holder, size_t n, struct slice certificate_pem,
	const struct slice stand_ins[SAML_STAND_INS], struct saml_decryption_keys **out, struct error *err);

/* ---- the side that has the keys ---- */

/* The query that it is asked to sign. */
struct saml_query {
	const char *kind;               /* "AuthnRequest", "LogoutRequest", "LogoutResponse" */
	const char *id;
};
/*
 * Signs a query of HTTP-Redirect that ends in SigAlg, when it is one of ours:
 * one message that is no assertion and no answer to a sign-on, RelayState at
 * most, RSA-SHA256, nothing else.  REASON_KEYS_REFUSED.
 */
int saml_query_sign(struct arena *a, const struct saml_key *k, struct slice query, struct saml_query *seen_out, struct slice *signature_out,
	struct error *err);

/* 1 opened, 0 none of the n keys does, after the same work. */
int saml_unwrap(struct saml_key *const *keys, size_t n, const struct saml_wrapped *wrapped, unsigned char key_out[SAML_CONTENT_KEY_MAX]);

#endif
