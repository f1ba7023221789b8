/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parts of an assertion, one file each, in the order in which
 * saml_response_read asks them.  For saml/ only.
 *
 * The document was parsed strictly and its signature verified before any of
 * these is called.  Each copies what it found into the arena and the identity;
 * when one refuses, the identity is thrown away.
 */
#ifndef SAML_ASSERTION_H
#define SAML_ASSERTION_H

#include "saml/saml.h"
#include "saml/xml.h"

#define SAML_BEARER "urn:oasis:names:tc:SAML:2.0:cm:bearer"

/* Seconds that the identity provider's clock may differ. */
int64_t expect_skew(const struct saml_expect *expect);

/* From here on it is that check that refuses. */
static inline void check_begins(const struct saml_expect *expect, enum saml_check check)
{
	struct saml_checks *checks = expect->checks;

	if (checks && checks->n < sizeof(checks->begun) / sizeof(*checks->begun))
		checks->begun[checks->n++] = check;
}

/* samlp:Status (SAML core 3.2.2); also of messages that nobody signed, since it can only refuse. */
int require_status(const xml_node *response, struct error *err);
/* Of a LogoutResponse: success, also where it says that sessions live on elsewhere (PartialLogout, core 3.7.3.2). */
int require_logout_status(const xml_node *response, struct error *err);

/* saml:Subject (SAML core 2.4, profiles 4.1.4.2 and 4.1.4.3): name_id, name_id_format; not_on_or_after. */
int subject_read(struct arena *a, const xml_node *assertion, const struct saml_expect *expect, struct saml_identity *out,
	struct error *err);
/* saml:Conditions (SAML core 2.5): not_on_or_after becomes the earlier of the two. */
int conditions_read(const xml_node *assertion, const struct saml_expect *expect, struct saml_identity *out, struct error *err);
/* saml:AuthnStatement (SAML core 2.7.2): session_index, authn_instant, authn_context. */
int authn_statement_read(struct arena *a, const xml_node *assertion, const struct saml_expect *expect,
	struct saml_identity *out, struct error *err);
/* saml:AttributeStatement (SAML core 2.7.3): attributes. */
int attributes_read(struct arena *a, const xml_node *assertion, const struct saml_expect *expect, struct saml_identity *out,
	struct error *err);
/* What the attributes of Entra mean: tenant, object_id, who, mfa, guest, groups_overage. */
int claims_read(struct arena *a, const struct saml_expect *expect, struct saml_identity *out, struct error *err);

#endif
