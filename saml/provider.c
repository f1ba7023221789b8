/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The identity provider: its metadata read once, its keys kept ready.
 */
#include "saml/provider.h"

#include "base/log.h"
#include "saml/entra.h"
#include "saml/metadata_read.h"
#include "saml/role_keys.h"

/* For those who watch keys: all of them, also what may not be used. */
static void list_keys(struct saml_provider *p)
{
	struct saml_provider_key *list = arena_alloc(p->arena, (p->keys->n + 1) * sizeof(*list));

	for (size_t i = 0; i < p->keys->n; i++)
		list[i] = (struct saml_provider_key){.fingerprint = p->keys->list[i].fingerprint, .not_after = p->keys->list[i].not_after};
	p->info.keys = list;
	p->info.keys_listed = p->keys->n;
}

static int count_keys(struct saml_provider *p, int64_t now, struct error *err)
{
	for (size_t i = 0; i < p->keys->n; i++) {
		if (trusted_key_judge(&p->keys->list[i], now) != REASON_NONE)
			continue;
		p->info.key_count++;
		if (p->keys->list[i].not_after > p->info.keys_until)
			p->info.keys_until = p->keys->list[i].not_after;
	}
	if (p->info.key_count == 0)
		return error_set(err, REASON_METADATA,
			"no usable signing certificate among %zu: RSA from %d bits that has not ended is needed",
				p->keys->n,
			TRUSTED_KEY_BITS_MIN);
	return 0;
}

/* The first endpoint of that name for HTTP-Redirect; NULL: none. */
static const xml_node *endpoint(const xml_node *role, const char *name)
{
	for (const xml_node *node = xml_first(role); node; node = xml_next(node)) {
		const char *binding = xml_attribute(node, "Binding");

		if (xml_is(node, XML_NS_METADATA, name) && binding && strcmp(binding, XML_BINDING_REDIRECT) == 0)
			return node;
	}
	return NULL;
}

static int read_endpoint(struct saml_provider *p, const xml_node *role, struct error *err)
{
	const xml_node *node = endpoint(role, "SingleSignOnService");
	const char *location;

	if (!node)
		return error_set(err, REASON_METADATA, "no SingleSignOnService for HTTP-Redirect");
	location = xml_attribute(node, "Location");
	if (!location || !metadata_is_address(location))
		return error_set(err, REASON_METADATA, "SingleSignOnService with the address \"%.200s\"", location ? location : "");
	p->info.sso_url = arena_strdup(p->arena, location);
	return 0;
}

/* Nobody's sign-on fails because of an address for logging out. */
static void read_logout_endpoint(struct saml_provider *p, const xml_node *role)
{
	const xml_node *node = endpoint(role, "SingleLogoutService");
	const char *location = node ? xml_attribute(node, "Location") : NULL;
	const char *answers = node ? xml_attribute(node, "ResponseLocation") : NULL;

	if (!node)
		return;
	if (!location || !metadata_is_address(location) || (answers && !metadata_is_address(answers))) {
		log_warning("logout address in metadata left out", "entity", p->info.entity_id, "address", location ? location : "", NULL);
		return;
	}
	p->info.slo_url = arena_strdup(p->arena, location);
	p->info.slo_answer_url = arena_strdup(p->arena, answers ? answers : location);
}

/* ---- the tenant ---- */

/*
 * An entity ID of Entra names its tenant, so the claim must name it too,
 * whether or not the settings say so.  The document for all tenants at once
 * has the very text {tenant} there.
 */
static int pin_tenant(struct saml_provider *p, const char *wanted, struct error *err)
{
	const char *named = entra_tenant(p->arena, p->info.entity_id);

	p->info.tenant = wanted ? arena_strdup(p->arena, wanted) : named;
	if (named && strchr(named, '{'))
		return error_set(err, REASON_METADATA, "is of no tenant: take the metadata address of the application");
	if (named && wanted && strcasecmp(named, wanted) != 0)
		return error_set(err, REASON_METADATA, "is of tenant %.80s, but tenant is set to %.80s", named, wanted);
	return 0;
}

static int read_role(struct saml_provider *p, const struct metadata_role *found, const struct saml_provider_options *options,
	struct error *err)
{
	p->info.entity_id = arena_strdup(p->arena, found->entity_id);
	p->info.valid_until = found->valid_until;
	p->info.cache_seconds = found->cache_seconds;
	if (found->valid_until && found->valid_until <= options->now)
		return error_set(err, REASON_METADATA, "past its validUntil");
	if (read_endpoint(p, found->role, err) < 0)
		return -1;
	read_logout_endpoint(p, found->role);
	role_keys_read(p->arena, found->role, p->info.entity_id, p->keys);
	list_keys(p);
	if (count_keys(p, options->now, err) < 0)
		return -1;
	if (metadata_entity_text(p->arena, found->entity, &p->metadata, err) < 0)
		return -1;
	return asker_new(p->metadata, p->info.entity_id, options->name_id_format, &p->asker, err);
}

static struct saml_provider *provider_new(void)
{
	struct arena *a = arena_new();
	struct saml_provider *p = arena_alloc(a, sizeof(*p));

	p->arena = a;
	p->keys = arena_alloc(a, sizeof(*p->keys));
	return p;
}

int saml_provider_read(struct slice metadata, const struct saml_provider_options *options, struct saml_provider **out,
	struct error *err)
{
	struct saml_provider *p = NULL;
	struct metadata_role found;
	xml_doc *doc = NULL;
	int rc = -1;

	if (xml_read(metadata, &xml_rules_metadata, &doc, err) < 0)
		return -1;
	if (options->signer_pem.p && metadata_require_signature(doc, options->signer_pem, err) < 0)
		goto out;
	if (metadata_find_role(doc, "IDPSSODescriptor", options->entity_id, &found, err) < 0)
		goto out;
	p = provider_new();
	if (read_role(p, &found, options, err) < 0 || pin_tenant(p, options->tenant, err) < 0) {
		error_prefix(err, "entity \"%.200s\": ", found.entity_id);
		goto out;
	}
	*out = p;
	p = NULL;
	rc = 0;
out:
	saml_provider_free(p);
	xml_free(doc);
	return rc;
}

void saml_provider_free(struct saml_provider *p)
{
	if (!p)
		return;
	asker_free(p->asker);
	for (size_t i = 0; i < p->keys->n; i++)
		trusted_key_free(&p->keys->list[i]);
	arena_free(p->arena);
}

const struct saml_provider_key *saml_provider_key_used(const struct saml_provider *p)
{
	return p->keys->used ? &p->info.keys[p->keys->last] : NULL;
}

int saml_metadata_signer_judge(struct slice pem, struct error *err)
{
	return metadata_signers_judge(pem, err);
}

const struct saml_provider_info *saml_provider_info(const struct saml_provider *p)
{
	return &p->info;
}

int saml_request_write(struct arena *a, const struct saml_provider *provider, const struct saml_ask *ask,
	const char **url_out,
	struct error *err)
{
	return asker_write(a, provider->asker, ask, url_out, err);
}
