/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hosts of each cloud, and the tenant in an entity ID. */
#include "saml/entra.h"

static const char *const issuers[] = {
	"https://sts.windows.net/", "https://sts.chinacloudapi.cn/", "https://login.microsoftonline.com/", "https://login.microsoftonline.us/",
	"https://login.partner.microsoftonline.cn/",
};

#define ID_SIZE 36      /* of a GUID in letters */

/* "TENANT/", or "TENANT/APPLICATION"; NULL: not Entra's. */
static const char *behind_host(const char *entity_id)
{
	for (size_t i = 0; i < sizeof(issuers) / sizeof(*issuers); i++) {
		if (strncmp(entity_id, issuers[i], strlen(issuers[i])) == 0)
			return entity_id + strlen(issuers[i]);
	}
	return NULL;
}

bool saml_is_entra(const char *entity_id)
{
	return behind_host(entity_id) != NULL;
}

const char *entra_tenant(struct arena *a, const char *entity_id)
{
	const char *tenant = behind_host(entity_id);

	return tenant ? arena_copy(a, slice_of(tenant, strcspn(tenant, "/"))) : NULL;
}

static bool is_application(const char *s)
{
	return *s == 0 || (strspn(s, "0123456789abcdefABCDEF-") == ID_SIZE && s[ID_SIZE] == 0);
}

bool entra_is_alias(const char *one, const char *other)
{
	const char *a = behind_host(one), *b = behind_host(other);
	size_t n = a ? strcspn(a, "/") : 0;

	if (n == 0 || !b || strncasecmp(a, b, n) != 0 || a[n] != '/' || b[n] != '/')
		return false;
	a += n + 1;
	b += n + 1;
	return is_application(a) && is_application(b) && (*a == 0 || *b == 0 || strcasecmp(a, b) == 0);
}
