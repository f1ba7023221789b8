/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `identity_providers`: who signs people on. */
#include "gateway/settings_reader.h"

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
	static const char *const keys[] = {"metadata_ca_file", "proxy", "refresh"};
	struct url_parts u;
	size_t i;

	for (i = 0; p->metadata_file && i < sizeof(keys) / sizeof(*keys); i++) {
		if (yaml_get(map, keys[i]))
			settings_problem(r, yaml_get(map, keys[i]), "is of no use with metadata in a file");
	}
	if (p->proxy && (url_split(p->proxy, &u) < 0 || !(slice_is(u.scheme, "http") || slice_is(u.scheme, "https"))))
		settings_problem(r, yaml_get(map, "proxy"), "\"%.200s\" is not a proxy (http://HOST:PORT)", p->proxy);
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
	for (n = node->child; n; n = n->next)
		read_provider(r, n, &providers[r->settings->provider_count++]);
	r->settings->providers = providers;
}

const char *settings_chosen_provider(struct settings_reader *r, const struct yaml_node *map, const char *chosen)
{
	const struct settings *s = r->settings;

	if (chosen && !settings_provider(s, chosen))
		settings_problem(r, yaml_get(map, "provider"), "\"%.60s\" is not an identity provider", chosen);
	if (!chosen && s->provider_count > 1)
		settings_problem_key(r, map, "provider", "is missing in %s: there are %zu identity providers to choose from", map->key,
			s->provider_count);
	return chosen || s->provider_count == 0 ? chosen : s->providers[0].name;
}
