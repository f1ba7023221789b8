/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Enveloped XML signatures (SAML core 5.4): first the shape, word for word what
 * SAML allows, then the cryptography by xmlsec1.  For saml/ only.
 *
 * A signature counts for the element it was asked about and for nothing else:
 * it is that element's child behind its Issuer, its one Reference names that
 * element's ID, and the ID leads back to that element.  KeyInfo is not read:
 * only keys from the metadata verify.
 */
#ifndef SAML_SIGNATURE_H
#define SAML_SIGNATURE_H

#include "saml/trusted_key.h"
#include "saml/xml.h"

/*
 * The signature of `element`: 0 with *out NULL when it has none.
 * REASON_SIGNATURE_SHAPE: more than one, or not directly behind the Issuer.
 */
int signature_find(const xml_node *element, xml_node **out, struct error *err);

/*
 * 0 when one of the keys made it.  REASON_SIGNATURE_SHAPE, _REFERENCE,
 * _TRANSFORM, _ALGORITHM: not built as it must be, no key was tried;
 * REASON_WEAK_KEY, REASON_CERTIFICATE_EXPIRED: right, but made with a key that
 * may not be used; REASON_SIGNATURE_INVALID: none of the keys, or changed
 * after signing.
 */
int signature_verify(xml_node *element, xml_node *signature, struct trusted_keys *keys, int64_t now, struct error *err);

#endif
