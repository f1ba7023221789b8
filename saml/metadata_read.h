/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding an entity and its role in foreign metadata (SAML metadata 2.3 and 2.4).  For saml/ only. */
#ifndef SAML_METADATA_READ_H
#define SAML_METADATA_READ_H

#include "base/arena.h"
#include "saml/xml.h"

#define XML_BINDING_REDIRECT "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
#define XML_BINDING_POST "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"

struct metadata_role {
	xml_node *entity;               /* EntityDescriptor */
	xml_node *role;                 /* IDPSSODescriptor or SPSSODescriptor for SAML 2.0 */
	const char *entity_id;
	int64_t valid_until;            /* the earliest of the role, the entity and what is around it; 0: not said */
	int64_t cache_seconds;          /* the shortest; 0: not said */
};

/*
 * entity_id NULL: the document must hold exactly one entity with that role.
 * Roles of other kinds are passed over.  REASON_METADATA otherwise.
 */
int metadata_find_role(const xml_doc *doc, const char *role_name, const char *entity_id, struct metadata_role *out,
	struct error *err);

/*
 * The root is signed by one of the certificates (PEM); what the signature does
 * not cover, which is itself, is taken out of the document.  REASON_METADATA.
 */
int metadata_require_signature(xml_doc *doc, struct slice pem, struct error *err);
/* Certificates that may vouch for metadata.  REASON_METADATA: none, or not RSA from 2048 bits. */
int metadata_signers_judge(struct slice pem, struct error *err);

/* http or https, of characters that may stand in a Location header and in a form; settings decide whether http may be. */
bool metadata_is_address(const char *s);

/* xs:duration in whole seconds, a month counted as 30 days, a year as 365; 0 or -1. */
int xml_duration_read(struct slice s, int64_t *out);

/* The element as a document of its own, with the namespaces it needs. */
int metadata_entity_text(struct arena *a, const xml_node *entity, struct slice *out, struct error *err);

#endif
