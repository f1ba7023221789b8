/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Our signing key, kept ready: what Atlassian trusts.
 *
 * RSA with SHA-256 and nothing else.  The digest is fetched once and the
 * context of a signature prepared once; a signature copies that context, so it
 * costs the RSA operation and hardly more.  Internal to saml/; one thread.
 */
#ifndef SAML_KEY_H
#define SAML_KEY_H

#include "saml/holder.h"

#define KEY_DIGEST_SIZE 32
#define KEY_BITS_MIN 2048
#define KEY_BITS_MAX 8192               /* more costs a sign-on longer than anybody waits */

/* SHA-256 of two pieces as if they were one: an element around its own signature (XML signature 6.6.4). */
int key_digest(const struct saml_key *k, struct slice first, struct slice second, unsigned char out[KEY_DIGEST_SIZE],
	struct error *err);
/* RSA PKCS#1 v1.5 with SHA-256 over bytes, which of a held key must be a query; the signature lives in the arena. */
int key_sign(const struct saml_key *k, struct arena *a, struct slice bytes, struct slice *out, struct error *err);
/* The key itself, lent; what opens encrypted assertions uses it. */
struct evp_pkey_st *key_pkey(const struct saml_key *k);
/* The certificate as one line of base64 (DER); lives as long as the key. */
struct slice key_certificate(const struct saml_key *k);

#endif
