/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What asks one identity provider: its metadata, loaded by lasso once.
 *
 * Loading costs tens of milliseconds, filling in a request about ten
 * microseconds, so an asker is made when the provider is read (provider.c) and
 * lives as long.  Internal to saml/; lasso's headers stay in the .c file.
 */
#ifndef SAML_ASKER_H
#define SAML_ASKER_H

#include "saml/saml.h"

struct saml_asker;

/*
 * entity_id: the identity provider that the metadata must name.
 * name_id_format: for the NameIDPolicy of each request; NULL: none.
 * REASON_METADATA when lasso cannot load it, reads another entity or finds no
 * HTTP-Redirect endpoint in it.
 */
int asker_new(struct slice metadata, const char *entity_id, const char *name_id_format, struct saml_asker **out, struct error *err);
void asker_free(struct saml_asker *asker);              /* NULL is fine */

/* saml_request_write with the asker of its provider. */
int asker_write(struct arena *a, struct saml_asker *asker, const struct saml_ask *ask, const char **url_out,
	struct error *err);

#endif
