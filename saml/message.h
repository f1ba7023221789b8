/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What all protocol messages have in common (SAML core 3.2.1 and 3.2.2), as
 * AuthnRequest and logout messages are read.  For saml/ only.
 *
 * `reason` is that of a message which is not built as it must be.  What is
 * handed out lives in the arena, and is free of control characters.
 */
#ifndef SAML_MESSAGE_H
#define SAML_MESSAGE_H

#include "saml/xml.h"

#include "base/arena.h"

#define MESSAGE_ID_MAX 256              /* bytes; an id comes back in a browser's cookie and in the answer */
#define MESSAGE_VALUE_MAX 2048          /* bytes of an address, an issuer or a name */

struct message_child {
	const char *ns, *name;
	bool many;                      /* else at most once */
};

/* Version 2.0; only these children (name NULL ends them), in this order, and no text between them. */
int message_require(const xml_node *root, const struct message_child *children, enum reason reason, struct error *err);
/* An xs:ID in plain characters: it is echoed in InResponseTo, where it must be one again. */
int message_id(struct arena *a, const xml_node *root, enum reason reason, const char **out, struct error *err);
int message_issuer(struct arena *a, const xml_node *root, enum reason reason, const char **out, struct error *err);
/* An attribute that may be missing (*out NULL). */
int message_attribute(struct arena *a, const xml_node *node, const char *name, enum reason reason, const char **out, struct error *err);
/* The text of an element. */
int message_value(struct arena *a, const xml_node *node, enum reason reason, const char **out, struct error *err);

#endif
