/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The inside of struct saml_provider, for saml/ only: the keys for the reading
 * side, the metadata for the writing side.
 */
#ifndef SAML_PROVIDER_H
#define SAML_PROVIDER_H

#include "saml/asker.h"
#include "saml/saml.h"
#include "saml/trusted_key.h"

struct saml_provider {
	struct arena *arena;            /* holds this struct and all below */
	struct saml_provider_info info;
	struct trusted_keys *keys;      /* also those that may not be used */
	struct slice metadata;          /* the one EntityDescriptor,
		a document of its own in UTF-8 without byte-order mark; a NUL behind it */
	struct saml_asker *asker;       /* writes requests to it */
};

#endif
