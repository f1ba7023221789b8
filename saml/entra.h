/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names under which a tenant of Entra ID signs, for saml/ only.
 *
 * Each of its clouds has one host for assertions and one for people, and
 * documentation shows either as the Issuer of logout.  Behind the tenant an
 * application's id may stand, where it is told to append that.
 */
#ifndef SAML_ENTRA_H
#define SAML_ENTRA_H

#include "saml/saml.h"

/* NULL: not Entra's. */
const char *entra_tenant(struct arena *a, const char *entity_id);
/* Two names of one tenant, and not of two applications. */
bool entra_is_alias(const char *one, const char *other);

#endif
