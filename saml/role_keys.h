/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The signing keys that metadata gives an entity in one of its roles.  For saml/ only. */
#ifndef SAML_ROLE_KEYS_H
#define SAML_ROLE_KEYS_H

#include "saml/trusted_key.h"
#include "saml/xml.h"

#include "base/arena.h"

/*
 * Every certificate of a KeyDescriptor for signing, or without `use` (SAML
 * metadata 2.4.1.1), once.  One that cannot be used is left out, and logged
 * under the entity's ID.  The list is the arena's, the keys are the caller's
 * to free.
 */
void role_keys_read(struct arena *a, const xml_node *role, const char *entity_id, struct trusted_keys *out);

#endif
