/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The signature of the HTTP-Redirect binding (SAML bindings 3.4.4.1): over the
 * query as it was sent, byte for byte.  For saml/ only.
 *
 * What is signed is `MESSAGE=…&RelayState=…&SigAlg=…` in this order, wherever
 * they stand in the query and whatever stands beside them, each value in the
 * very escapes that were sent: anybody who decodes and encodes anew gets other
 * bytes.
 */
#ifndef SAML_REDIRECT_H
#define SAML_REDIRECT_H

#include "saml/key.h"
#include "saml/trusted_key.h"

#include "base/text.h"

/* Adds SigAlg and Signature (RSA-SHA256); the query to sign begins at `from` of what was written. */
int redirect_sign(struct text *t, size_t from, const struct saml_key *key, struct error *err);

/* Whether the query says that it is signed, be it only by half. */
bool redirect_is_signed(struct slice query);

/*
 * message: "SAMLRequest" or "SAMLResponse".  REASON_SIGNATURE_SHAPE: half a
 * signature, or something there twice; SIGNATURE_ALGORITHM; WEAK_KEY,
 * CERTIFICATE_EXPIRED: right, but made with a key that may not be used;
 * SIGNATURE_INVALID: none of the keys, or changed after signing.
 */
int redirect_verify(struct arena *a, struct slice query, const char *message, struct trusted_keys *keys, int64_t now,
	struct error *err);

#endif
