/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The signature of an AuthnRequest to us.  For saml/ only. */
#ifndef SAML_REQUEST_SIGNATURE_H
#define SAML_REQUEST_SIGNATURE_H

#include "saml/saml.h"
#include "saml/trusted_key.h"
#include "saml/xml.h"

struct saml_signer {
	struct arena *arena;            /* holds this struct and all below */
	struct saml_signer_info info;
	struct trusted_keys keys;       /* also those that may not be used */
};

/* root: of the document that was read from `from`; issuer: its Issuer.  *signed_out: verified. */
int request_signature_judge(struct arena *a, const struct saml_request_source *from, xml_node *root, const char *issuer, bool *signed_out,
	struct error *err);

#endif
