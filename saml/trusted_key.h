/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A certificate that an identity provider's metadata names, made ready for
 * verifying: the key object of xmlsec1 is built once and lent to each
 * verification (a third of the cost of loading it each time).
 *
 * The certificate is a container: it is trusted because the metadata is.  Keys
 * that may not be used are kept too, so that a signature made with one is
 * refused with the right reason.  For saml/ only.
 */
#ifndef SAML_TRUSTED_KEY_H
#define SAML_TRUSTED_KEY_H

#include "base/error.h"
#include "base/slice.h"

#include <stddef.h>
#include <stdint.h>

#define TRUSTED_KEY_BITS_MIN 2048
#define TRUSTED_KEY_FINGERPRINT_SIZE 65

struct trusted_key {
	struct _xmlSecKey *key;
	int bits;                       /* of an RSA key; 0: of another type */
	int64_t not_after;
	char fingerprint[TRUSTED_KEY_FINGERPRINT_SIZE];         /* SHA-256 of the certificate, in hex */
};

/* All keys of one provider. */
struct trusted_keys {
	struct trusted_key *list;
	size_t n;
	bool used;                      /* one of them verified something */
	size_t last;                    /* which verified last: tried first, since providers keep to one for years */
	/* of signatures in documents, for whoever evens out what that cost: */
	size_t tried;                   /* how often a key was tried */
	size_t unused;                  /* those of them that ended before the key was used: another digest, or no signature of its length */
};

/* REASON_METADATA: not a certificate, or a key that xmlsec1 cannot take. */
int trusted_key_read(struct slice der, struct trusted_key *out, struct error *err);
void trusted_key_free(struct trusted_key *k);           /* what it holds, not itself; all zero is fine */

/* RSA PKCS#1 v1.5 over bytes; digest: "SHA256" and the like. */
bool trusted_key_verifies(const struct trusted_key *k, const char *digest, struct slice bytes, struct slice signature);

/* REASON_WEAK_KEY: not RSA or too short; REASON_CERTIFICATE_EXPIRED; REASON_NONE: may be used. */
enum reason trusted_key_judge(const struct trusted_key *k, int64_t now);

#endif
