/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For whose mail addresses an identity provider may speak, and which one is asked. */
#include "gateway/settings/domains.h"

#define GUEST "#EXT#"

/* Mail domains hold no `_`, so the last one stands where the guest's own address had its `@`. */
static struct slice domain_at_home(const char *name, const char *guest)
{
	const char *at = memrchr(name, '_', (size_t)(guest - name));

	return guest[sizeof(GUEST) - 1] == '@' && at && at > name && at + 1 < guest ? slice_of(at + 1, (size_t)(guest - at - 1)) : (struct slice){0};
}

/* As whoever delivers mail reads it: what stands behind its last `@`. */
static struct slice domain_of_mail(const char *mail)
{
	const char *at = strrchr(mail, '@');

	return at && at > mail && at[1] ? slice_c(at + 1) : (struct slice){0};
}

struct slice domain_of_name(const char *name)
{
	const char *guest = strcasestr(name, GUEST);

	return guest ? domain_at_home(name, guest) : domain_of_mail(name);
}

bool provider_has_domain(const struct settings_provider *p, struct slice domain)
{
	size_t i;

	for (i = 0; domain.n && p->domains && p->domains[i]; i++) {
		if (slice_is_nocase(domain, p->domains[i]))
			return true;
	}
	return false;
}

bool provider_speaks_for(const struct settings_provider *p, const char *mail)
{
	return !p->domains || provider_has_domain(p, domain_of_mail(mail));
}

static int require_own(const struct settings_provider *p, const char *what, const char *name, struct error *err)
{
	if (!p->domains || provider_has_domain(p, domain_of_name(name)))
		return 0;
	return error_set(err, REASON_FOREIGN_DOMAIN, "%s \"%.200s\": its domain is not among the domains of %s", what, name, p->name);
}

int require_own_names(const struct settings_provider *p, const struct saml_identity *identity, struct error *err)
{
	static const char *const claims[] = {SAML_CLAIM_UPN, SAML_CLAIM_NAME, SAML_CLAIM_EMAIL};
	bool is_mail = identity->name_id_format && strcmp(identity->name_id_format, SAML_FORMAT_EMAIL) == 0;
	size_t i, j;

	if ((is_mail || strchr(identity->name_id, '@')) && require_own(p, "NameID", identity->name_id, err) < 0)
		return -1;
	for (i = 0; i < sizeof(claims) / sizeof(*claims); i++) {
		const struct saml_attribute *claim = saml_identity_attribute(identity, claims[i]);

		for (j = 0; claim && j < claim->n; j++) {
			if (strchr(claim->values[j], '@') && require_own(p, strrchr(claims[i], '/') + 1, claim->values[j], err) < 0)
				return -1;
		}
	}
	return 0;
}

const char *domain_fault(const char *domain)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
	size_t n = strlen(domain);

	if (strpbrk(domain, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
		return "must be in lower case";
	if (strspn(domain, good) != n || n > 253 || !strchr(domain, '.') || *domain == '.' || domain[n - 1] == '.' || strstr(domain, ".."))
		return "is not a mail domain (example.org; other letters than a to z as xn--...)";
	return NULL;
}

const struct settings_provider *choose_provider(const struct settings *s, const char *const *providers, const char *hint)
{
	size_t i;

	if (!providers[1])
		return settings_provider(s, providers[0]);
	for (i = 0; hint && providers[i]; i++) {
		const struct settings_provider *p = settings_provider(s, providers[i]);

		if (p && provider_has_domain(p, domain_of_name(hint)))
			return p;
	}
	return NULL;
}

static bool takes_claims_of(const struct directory_options *d, const char *provider)
{
	size_t i;

	for (i = 0; d->sources && d->sources[i]; i++) {
		if (strcmp(d->sources[i], provider) == 0)
			return true;
	}
	return !d->sources;
}

size_t providers_of_person(struct arena *a, const struct settings *s, const char *directory, const char *mail,
	const struct settings_provider *const **out)
{
	const struct settings_provider **list = arena_alloc(a, (s->provider_count + 1) * sizeof(*list));
	const struct directory_options *d = settings_directory(s, directory);
	size_t i, n = 0;

	for (i = 0; d && i < s->provider_count; i++) {
		const struct settings_provider *p = &s->providers[i];

		if (takes_claims_of(d, p->name) && provider_speaks_for(p, mail ? mail : ""))
			list[n++] = p;
	}
	*out = list;
	return n;
}
