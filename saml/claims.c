/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the attributes of Entra ID mean for a sign-on. */
#include "saml/assertion.h"
#include "saml/provider.h"

/* The value of a claim that identifies: one or none. */
static int read_single(const struct saml_identity *identity, const char *name, const char **out, struct error *err)
{
	const struct saml_attribute *attribute = saml_identity_attribute(identity, name);

	if (attribute && attribute->n != 1)
		return error_set(err, REASON_BAD_ATTRIBUTE, "%zu values of %s", attribute->n, name);
	*out = attribute ? attribute->values[0] : NULL;
	return 0;
}

static bool has_value(const struct saml_identity *identity, const char *name, const char *value)
{
	const struct saml_attribute *attribute = saml_identity_attribute(identity, name);

	for (size_t i = 0; attribute && i < attribute->n; i++) {
		if (strcmp(attribute->values[i], value) == 0)
			return true;
	}
	return false;
}

/* Entra names a guest alias_domain#EXT#@tenant. */
static bool is_guest_name(const char *s)
{
	return s && strcasestr(s, "#EXT#");
}

/* The issuer, or what stands before the application id that Entra can be told to append to it. */
static bool is_own_tenant(const struct saml_identity *identity, const char *value)
{
	if (strcasecmp(value, identity->issuer) == 0)
		return true;
	return identity->tenant && strncasecmp(value, identity->issuer, strlen(value)) == 0 && strcasestr(value, identity->tenant);
}

/* Guests are renamed, and their NameID may be a mail address: then only this tells. */
static bool is_from_elsewhere(const struct saml_identity *identity)
{
	const struct saml_attribute *attribute = saml_identity_attribute(identity, SAML_CLAIM_IDENTITY_PROVIDER);

	for (size_t i = 0; attribute && i < attribute->n; i++) {
		if (!is_own_tenant(identity, attribute->values[i]))
			return true;
	}
	return false;
}

static bool is_guest(const struct saml_identity *identity)
{
	static const char *const names[] = {SAML_CLAIM_UPN, SAML_CLAIM_NAME};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct saml_attribute *attribute = saml_identity_attribute(identity, names[i]);

		for (size_t j = 0; attribute && j < attribute->n; j++) {
			if (is_guest_name(attribute->values[j]))
				return true;
		}
	}
	return is_guest_name(identity->name_id) || is_from_elsewhere(identity);
}

/*
 * An object id is one tenant's word: among several tenants only both name somebody, and only where no other
 * tenant can be said.  A tenant's case says nothing.
 */
static const char *who(struct arena *a, const char *pinned, const struct saml_identity *identity)
{
	char *text;

	if (!pinned || !identity->tenant || !identity->object_id)
		return NULL;
	text = arena_printf(a, "%s/%s", identity->tenant, identity->object_id);
	for (char *p = text; *p != '/'; p++)
		*p = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
	return text;
}

int claims_read(struct arena *a, const struct saml_expect *expect, struct saml_identity *out, struct error *err)
{
	const char *tenant = expect->provider->info.tenant;

	if (read_single(out, SAML_CLAIM_TENANT, &out->tenant, err) < 0)
		return -1;
	if (read_single(out, SAML_CLAIM_OBJECT_ID, &out->object_id, err) < 0)
		return -1;
	/* A GUID; Entra writes it in lower case, administrators do not always. */
	if (tenant && (!out->tenant || strcasecmp(out->tenant, tenant) != 0))
		return error_set(err, REASON_WRONG_TENANT, "tenant \"%.80s\", not \"%.80s\"",
			out->tenant ? out->tenant : "", tenant);
	out->who = who(a, tenant, out);
	out->mfa = has_value(out, SAML_CLAIM_AUTHN_METHODS, SAML_METHOD_MULTIPLE);
	out->guest = is_guest(out);
	out->groups_overage = saml_identity_attribute(out, SAML_CLAIM_GROUPS_LINK) != NULL;
	return 0;
}
