/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `identity_providers`: who signs people on. */
#include "gateway/settings/domains.h"
#include "gateway/settings/settings_reader.h"

static void read_metadata(struct settings_reader *r, const struct yaml_node *map, struct settings_provider *p)
{
	const struct yaml_node *node = yaml_get(map, "metadata");
	const char *place = p->metadata_file, *fault;
	const struct setting row = {.type = SETTING_PATH, .offset = offsetof(struct settings_provider, metadata_file)};

	if (!node || !place)
		return;
	if (!strstr(place, "://")) {
		setting_parse(r, &row, place, p);
		return;
	}
	p->metadata_file = NULL;
	p->metadata_url = place;
	fault = url_fault(place);
	if (fault)
		settings_problem(r, node, "\"%.200s\" %s", place, fault);
}

static void require_fetching(struct settings_reader *r, const struct yaml_node *map, const struct settings_provider *p)
{
	static const char *const keys[] = {"metadata_ca_file", "proxy", "refresh", "timeout", "alarm_age", "alarm_failing"};
	struct url_parts u;
	size_t i;

	for (i = 0; p->metadata_file && i < sizeof(keys) / sizeof(*keys); i++) {
		if (yaml_get(map, keys[i]))
			settings_problem(r, yaml_get(map, keys[i]), "is of no use with metadata in a file");
	}
	if (p->proxy && (url_split(p->proxy, &u) < 0 || !(slice_is(u.scheme, "http") || slice_is(u.scheme, "https"))))
		settings_problem(r, yaml_get(map, "proxy"), "\"%.200s\" is not a proxy (http://HOST:PORT)", p->proxy);
}

/* Whose mail addresses it may speak for; with several providers each must say. */
static void require_domains(struct settings_reader *r, const struct yaml_node *map, const struct settings_provider *p)
{
	const struct yaml_node *node = yaml_get(map, "domains");
	const struct settings *s = r->settings;
	const struct settings_provider *other;
	size_t i;

	if (!node && yaml_children(yaml_get(r->root, "identity_providers")) > 1)
		settings_problem_key(r, map, "domains", "is missing in %s: with several identity providers each lists the mail domains of its people",
			map->key);
	for (i = 0; p->domains && p->domains[i]; i++) {
		const char *fault = domain_fault(p->domains[i]);

		if (fault)
			settings_problem(r, node, "\"%.200s\" %s", p->domains[i], fault);
		for (other = s->providers; other < p; other++) {
			if (provider_has_domain(other, slice_c(p->domains[i])))
				settings_problem(r, node, "\"%.200s\" is a domain of %s already", p->domains[i], other->name);
		}
	}
}

/* One issuer is one provider: what it says must not be taken for what another says. */
static void require_own_entity(struct settings_reader *r, const struct yaml_node *map, const struct settings_provider *p)
{
	const struct settings_provider *other;

	for (other = r->settings->providers; p->entity_id && other < p; other++) {
		if (other->entity_id && strcmp(other->entity_id, p->entity_id) == 0)
			settings_problem(r, yaml_get(map, "entity_id"), "\"%.200s\" is the entity ID of %s already", p->entity_id, other->name);
	}
}

static void read_provider(struct settings_reader *r, const struct yaml_node *map, struct settings_provider *p)
{
	p->name = map->key;
	p->line = map->line;
	if (!settings_name_is_good(r, map) || section_read(r, SECTION_provider, map, p) < 0)
		return;
	p->name_id_format = name_id_format_uri(p->name_id_format);
	read_metadata(r, map, p);
	require_fetching(r, map, p);
	require_domains(r, map, p);
	require_own_entity(r, map, p);
	if (!p->title)
		p->title = p->name;
	if (p->encrypted == SAML_ENCRYPTED_REQUIRED && r->settings->decryption_key_count == 0)
		settings_problem(r, yaml_get(map, "encrypted"), "needs decryption_keys, or nobody can sign on");
}

void settings_read_providers(struct settings_reader *r)
{
	const struct yaml_node *node = yaml_get(r->root, "identity_providers"), *n;
	struct settings_provider *providers;

	if (!node)
		return;
	if (node->kind != YAML_NODE_MAP || !node->child) {
		settings_problem(r, node, "must be a map of names, with at least one");
		return;
	}
	providers = arena_alloc(r->arena, yaml_children(node) * sizeof(*providers));
	r->settings->providers = providers;
	for (n = node->child; n; n = n->next)
		read_provider(r, n, &providers[r->settings->provider_count++]);
}

const char *const *settings_chosen_providers(struct settings_reader *r, const struct yaml_node *map, const char *provider,
	const char *const *providers)
{
	const struct settings *s = r->settings;
	const char **list = arena_alloc(r->arena, 2 * sizeof(*list));
	size_t i;

	if (provider && providers)
		settings_problem(r, yaml_get(map, "providers"), "and provider say the same; use one of the two");
	for (i = 0; providers && providers[i]; i++) {
		if (!settings_provider(s, providers[i]))
			settings_problem(r, yaml_get(map, "providers"), "\"%.60s\" is not an identity provider", providers[i]);
	}
	if (provider && !settings_provider(s, provider))
		settings_problem(r, yaml_get(map, "provider"), "\"%.60s\" is not an identity provider", provider);
	if (!provider && !providers && s->provider_count > 1)
		settings_problem_key(r, map, "provider", "is missing in %s: there are %zu identity providers; name one, or several as providers",
			map->key, s->provider_count);
	if (providers && !provider)
		return providers;
	list[0] = provider || s->provider_count == 0 ? provider : s->providers[0].name;
	return list;
}
