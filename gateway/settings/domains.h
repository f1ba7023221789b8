/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For whose mail addresses an identity provider may speak.
 *
 * With two tenants after a merger, each lists the mail `domains` of its
 * people, and none is on two lists.  So one tenant cannot sign on as a person
 * of the other, whatever its administrators map into its claims: neither a
 * name in its assertion nor the mail of the mirror that would be asserted may
 * be of a domain that is not on its list.
 *
 * A domain is compared whole and without the case of A to Z: example.org does
 * not stand for team.example.org.  It is written in ASCII (xn--…) everywhere;
 * in other letters one domain has several spellings, so that is nobody's.
 */
#ifndef GATEWAY_DOMAINS_H
#define GATEWAY_DOMAINS_H

#include "gateway/settings/settings.h"

/*
 * Of a name of Entra ID, what stands behind its last `@`; {NULL, 0}: none.  Of a guest,
 * ada_partner.example#EXT#@tenant.onmicrosoft.com, it is the one at home: partner.example.
 */
struct slice domain_of_name(const char *name);

/* Without `domains` a provider speaks for all. */
bool provider_has_domain(const struct settings_provider *p, struct slice domain);
bool provider_speaks_for(const struct settings_provider *p, const char *mail);

/* Who could sign this person of the mirror on: providers of that directory that speak for the mail.  How many. */
size_t providers_of_person(struct arena *a, const struct settings *s, const char *directory, const char *mail,
	const struct settings_provider *const **out);

/*
 * REASON_FOREIGN_DOMAIN when the assertion names somebody of another domain: by
 * its NameID, upn, name or emailaddress, each where it is a name with an `@` or
 * is said to be a mail address.
 */
int require_own_names(const struct settings_provider *p, const struct saml_identity *identity, struct error *err);

/* NULL, or what is wrong with it as a mail domain of the settings. */
const char *domain_fault(const char *domain);

/*
 * Which of these providers (names, NULL-terminated) signs a person on: the
 * only one, or the one that lists the domain of the hint, a mail address that
 * somebody expects the person to have (NULL: none).  NULL: nobody can say but
 * the person.
 */
const struct settings_provider *choose_provider(const struct settings *s, const char *const *providers, const char *hint);

#endif
