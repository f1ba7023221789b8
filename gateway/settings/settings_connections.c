/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `connections`: the doors at Atlassian, and what each is sent. */
#include "gateway/settings/settings_reader.h"

#define CLAIMS "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"

/*
 * What Atlassian documents: givenname and surname, rewritten at every sign-on,
 * and `name`, the stable id, which is not the mail address and never changes.
 * emailaddress is in Entra's default set.
 */
static const struct settings_attribute usual[] = {
	{CLAIMS "givenname", ATTRIBUTE_LDAP, "givenName", false},
	{CLAIMS "surname", ATTRIBUTE_LDAP, "sn", false},
	{CLAIMS "name", ATTRIBUTE_CLAIM, NULL, false},          /* text NULL: the stable id */
	{CLAIMS "emailaddress", ATTRIBUTE_MAIL, "mail", false},
};
#define USUAL_COUNT (sizeof(usual) / sizeof(*usual))

static void read_stable_id(struct settings_reader *r, const struct yaml_node *map, struct settings_connection *c)
{
	const struct yaml_node *node = yaml_get(map, "stable_id");
	struct attribute_source_words w = {0};

	c->stable_id = (struct settings_attribute){.source = ATTRIBUTE_CLAIM, .text = SAML_CLAIM_OBJECT_ID};
	/* an object id is one tenant's word; what accounts are known by must not change by itself when a second one comes */
	if (!node && c->usual_attributes && c->providers[0] && c->providers[1])
		settings_problem_key(r, map, "stable_id", "is missing in %s: its people come from several identity providers; "
			"{claim: identity} is tenant and object id, {claim: objectidentifier} what one provider alone gives", map->key);
	if (!node || section_read(r, SECTION_stable_id, node, &w) < 0)
		return;
	if (!w.claim == !w.ldap)
		settings_problem(r, node, "must be one of {claim: NAME} and {ldap: ATTRIBUTE}");
	else if (w.ldap)
		c->stable_id = (struct settings_attribute){.source = ATTRIBUTE_LDAP, .text = w.ldap};
	else
		c->stable_id.text = claim_full_name(w.claim);
}

static void read_attribute(struct settings_reader *r, const struct settings_connection *c, const struct yaml_node *node,
	struct settings_attribute *out)
{
	struct attribute_source_words w = {0};

	out->name = node->key;
	if (section_read(r, SECTION_attribute, node, &w) < 0)
		return;
	if (!!w.claim + !!w.ldap + !!w.groups + !!w.value + w.stable_id != 1) {
		settings_problem(r, node, "must name one source: claim, ldap, groups, value or stable_id");
		return;
	}
	if (w.as && !w.groups)
		settings_problem(r, yaml_get(node, "as"), "belongs to groups only");
	if (w.stable_id) {
		out->source = c->stable_id.source;
		out->text = c->stable_id.text;
		return;
	}
	out->source = w.claim ? ATTRIBUTE_CLAIM : w.ldap ? ATTRIBUTE_LDAP : w.groups ? ATTRIBUTE_GROUPS : ATTRIBUTE_VALUE;
	out->text = w.claim ? claim_full_name(w.claim) : w.ldap ? w.ldap : w.groups ? w.groups : w.value;
	out->as_dn = w.as && strcmp(w.as, "dn") == 0;
}

/* One of the same name, or the next free place. */
static struct settings_attribute *place_for(struct settings_attribute *list, size_t *n, const char *name)
{
	size_t i;

	for (i = 0; i < *n; i++) {
		if (strcmp(list[i].name, name) == 0) {
			list[i] = (struct settings_attribute){0};
			return &list[i];
		}
	}
	return &list[(*n)++];
}

static void read_attributes(struct settings_reader *r, const struct yaml_node *map, struct settings_connection *c)
{
	const struct yaml_node *node = yaml_get(map, "attributes"), *n;
	size_t most = USUAL_COUNT + (node ? yaml_children(node) : 0);
	struct settings_attribute *list = arena_alloc(r->arena, most * sizeof(*list));

	for (; c->usual_attributes && c->attribute_count < USUAL_COUNT; c->attribute_count++) {
		list[c->attribute_count] = usual[c->attribute_count];
		if (usual[c->attribute_count].text)
			continue;
		list[c->attribute_count].source = c->stable_id.source;
		list[c->attribute_count].text = c->stable_id.text;
	}
	if (node && node->kind != YAML_NODE_MAP)
		settings_problem(r, node, "must be a map: NAME: {ldap: ATTRIBUTE}");
	for (n = node && node->kind == YAML_NODE_MAP ? node->child : NULL; n; n = n->next)
		read_attribute(r, c, n, place_for(list, &c->attribute_count, n->key));
	c->attributes = list;
}

/* Entity ID and ACS: by values, or from a metadata file. */
static void read_values(struct settings_reader *r, const struct yaml_node *map, struct settings_connection *c)
{
	const struct yaml_node *metadata = yaml_get(map, "metadata");
	const char *fault;
	struct error err;
	struct slice bytes;

	if (!metadata) {
		if (!c->entity_id && !yaml_get(map, "entity_id"))
			settings_problem_key(r, map, "entity_id", "is missing in %s (or give metadata)", map->key);
		if (!c->acs && !yaml_get(map, "acs"))
			settings_problem_key(r, map, "acs", "is missing in %s (or give metadata)", map->key);
		return;
	}
	if (yaml_get(map, "entity_id") || yaml_get(map, "acs"))
		settings_problem(r, yaml_get(map, yaml_get(map, "acs") ? "acs" : "entity_id"), "is given by metadata already; use one of the two");
	if (!c->metadata_file)
		return;
	if (files_get(r->files, c->metadata_file, FILE_PUBLIC, FILES_ALL, &bytes, &err) < 0 ||
		saml_sp_metadata_read(r->arena, bytes, &c->entity_id, &c->acs, &err) < 0) {
		settings_problem(r, metadata, "%s", err.detail);
		return;
	}
	fault = url_fault(c->acs);
	if (fault)
		settings_problem(r, metadata, "its assertion consumer service \"%.200s\" %s", c->acs, fault);
}

/* `start` and `home` belong to one kind each, and are required there. */
static void require_way_in(struct settings_reader *r, const struct yaml_node *map, const struct settings_connection *c)
{
	bool managed = c->kind == DOOR_MANAGED;
	const char *wanted = managed ? "start" : "home", *other = managed ? "home" : "start";

	if (c->kind == DOOR_NONE)
		return;
	if (!yaml_get(map, wanted))
		settings_problem_key(r, map, wanted, "is missing in %s: a %s connection needs %s", map->key, managed ? "managed" : "portal",
			managed ? "the way in that starts a sign-on" : "the place where its people land");
	if (yaml_get(map, other))
		settings_problem(r, yaml_get(map, other), "belongs to %s connections only", managed ? "portal" : "managed");
}

/* Atlassian accounts sign out at one address; where it is not Atlassian's cloud, the way in has to do. */
static void choose_logout(struct settings_connection *c)
{
	struct url_parts acs;

	if (c->logout)
		return;
	if (c->kind == DOOR_MANAGED && c->acs && url_split(c->acs, &acs) == 0 && slice_is_nocase(acs.host, "auth.atlassian.com"))
		c->logout = "https://id.atlassian.com/logout";
	else
		c->logout = c->start ? c->start : c->home;
}

static void read_connection(struct settings_reader *r, const struct yaml_node *map, struct settings_connection *c)
{
	size_t i;

	c->name = map->key;
	c->line = map->line;
	if (!settings_name_is_good(r, map) || section_read(r, SECTION_connection, map, c) < 0)
		return;
	c->name_id_format = name_id_format_uri(c->name_id_format);
	if (!c->idp_entity_id)
		c->idp_entity_id = r->settings->idp_entity_id;
	read_values(r, map, c);
	if (c->request_certificates)
		c->request_certificates = settings_paths(r, c->request_certificates);
	if (c->requests == REQUESTS_SIGNED && !c->request_certificates && !c->metadata_file)
		settings_problem(r, yaml_get(map, "requests"), "signed requests need request_certificates (or metadata that holds them)");
	require_way_in(r, map, c);
	if (c->observe && c->kind == DOOR_PORTAL)
		settings_problem(r, yaml_get(map, "observe"), "belongs to managed connections only: at a portal, accounts would be made that "
			"cannot be changed back");
	c->providers = settings_chosen_providers(r, map, c->provider, c->providers);
	c->provider = c->providers[0];
	choose_logout(c);
	if (!c->title)
		c->title = c->name;
	read_stable_id(r, map, c);
	read_attributes(r, map, c);
	settings_read_target(r, map, c);
	for (i = 0; c->entity_id && i < r->settings->connection_count; i++) {
		if (r->connections[i].entity_id && strcmp(r->connections[i].entity_id, c->entity_id) == 0)
			settings_problem(r, yaml_get(map, yaml_get(map, "entity_id") ? "entity_id" : "metadata"),
				"\"%.200s\" is the entity ID of connection %s already", c->entity_id, r->connections[i].name);
	}
}

void settings_read_connections(struct settings_reader *r)
{
	const struct yaml_node *node = yaml_get(r->root, "connections"), *n;

	if (!node)
		return;
	if (node->kind != YAML_NODE_MAP || !node->child) {
		settings_problem(r, node, "must be a map of names, with at least one");
		return;
	}
	r->connections = arena_alloc(r->arena, yaml_children(node) * sizeof(*r->connections));
	for (n = node->child; n; n = n->next) {
		read_connection(r, n, &r->connections[r->settings->connection_count]);
		r->settings->connection_count++;
	}
	r->settings->connections = r->connections;
}
