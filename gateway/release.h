/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a connection is told about a person: the attributes that its settings release, and no others. */
#ifndef GATEWAY_RELEASE_H
#define GATEWAY_RELEASE_H

#include "gateway/gateway.h"

/*
 * In the order of the settings; an attribute without a value is left out.
 * identity NULL (`explain` by name): what comes from claims is left out.
 */
size_t release_attributes(struct arena *a, const struct gateway *g, const struct settings_connection *door,
	const struct saml_identity *identity, const struct mirror_person *person, const struct saml_attribute **out);

#endif
