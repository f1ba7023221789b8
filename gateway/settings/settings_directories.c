/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `directories`: servers, where people and groups are, how a person is found, which attributes are kept. */
#include "gateway/settings/settings_reader.h"

#define ATTRIBUTES_MAX 256

/* Attributes and claims whose value can change, or be given to another person later. */
static const char mutable_attributes[] =
	"mail|userprincipalname|uid|cn|name|displayname|givenname|sn|samaccountname|proxyaddresses|mailnickname|krbprincipalname|"
	"rfc822mailbox|mailalternateaddress|telephonenumber";
static const char mutable_claims[] = "name|upn|emailaddress|displayname|givenname|surname|nameid";

static const char *lower(struct arena *a, const char *s)
{
	char *copy = arena_strdup(a, s), *p;

	for (p = copy; *p; p++)
		*p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
	return copy;
}

/* RFC 4512 section 2.5, as far as names go: letters, digits, `-`, `.` of numbers, `;` of options. */
static bool is_attribute(const char *s)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.;";

	return *s && strspn(s, good) == strlen(s) && strlen(s) <= 100;
}

static void require_attribute(struct settings_reader *r, const struct yaml_node *node, const char *name)
{
	if (node && name && !is_attribute(name))
		settings_problem(r, node, "\"%.100s\" is not the name of an LDAP attribute", name);
}

static void require_uris(struct settings_reader *r, const struct yaml_node *map, const struct directory_options *o)
{
	const struct yaml_node *node = yaml_get(map, "uri");
	struct url_parts u;
	size_t i;

	for (i = 0; o->uris && o->uris[i]; i++) {
		if (strncmp(o->uris[i], "ldapi://", 8) == 0)    /* a socket of this host */
			continue;
		if (url_split(o->uris[i], &u) < 0 || !(slice_is(u.scheme, "ldap") || slice_is(u.scheme, "ldaps")))
			settings_problem(r, node, "\"%.200s\" is not an address (ldaps://HOST)", o->uris[i]);
		else if (u.rest.n && !slice_is(u.rest, "/"))
			settings_problem(r, node, "\"%.200s\" must end after its host and port", o->uris[i]);
		else if (slice_is(u.scheme, "ldap") && !o->starttls && !url_host_is_local(&u))
			settings_problem(r, node, "\"%.200s\" would send passwords and people in the clear: use ldaps:// or starttls: yes",
				o->uris[i]);
		else if (o->kind == DIRECTORY_ACTIVE_DIRECTORY && (slice_is(u.port, "3268") || slice_is(u.port, "3269")))
			settings_problem(r, node, "\"%.200s\" is a global catalog, which tells no changes: name a domain controller's 389 or 636",
				o->uris[i]);
		else if (slice_is(u.scheme, "ldaps") && o->starttls)
			settings_problem(r, node, "\"%.200s\" is TLS from the start, which starttls: yes contradicts", o->uris[i]);
	}
}

static void require_dn(struct settings_reader *r, const struct yaml_node *map, const char *key, const char *dn)
{
	const char *normalized;

	if (dn && dn_normalize(r->arena, dn, &normalized) < 0)
		settings_problem(r, yaml_get(map, key), "\"%.200s\" is not a DN", dn);
}

static void require_filter(struct settings_reader *r, const struct yaml_node *map, const char *filter)
{
	const struct yaml_node *node = yaml_get(map, "filter");
	const char *p;
	int depth = 0;
	bool good = filter && *filter == '(';

	for (p = filter; good && *p; p++) {
		depth += (*p == '(') - (*p == ')');
		good = depth > 0 || p[1] == 0;
	}
	if (node && filter && (!good || depth != 0))
		settings_problem(r, node, "\"%.200s\" is not an LDAP filter (parentheses around the whole, each one closed)", filter);
}

/* What people and groups are where the settings do not say. */
static void set_filters_of_kind(const struct yaml_node *people, const struct yaml_node *groups, struct directory_options *o)
{
	if (!directory_is_ad(o))
		return;
	if (!yaml_get(people, "filter"))
		o->people_filter = "(&(objectCategory=person)(objectClass=user))";
	if (!yaml_get(groups, "filter"))
		o->groups_filter = "(objectClass=group)";
}

static void read_people_and_groups(struct settings_reader *r, const struct yaml_node *map, struct directory_source *d)
{
	const struct yaml_node *people = yaml_get(map, "people"), *groups = yaml_get(map, "groups");

	if (people && section_read(r, SECTION_people, people, d) == 0) {
		require_dn(r, people, "base", d->options.people_base);
		require_filter(r, people, d->options.people_filter);
	}
	if (groups && section_read(r, SECTION_groups, groups, d) == 0) {
		require_dn(r, groups, "base", d->options.groups_base);
		require_filter(r, groups, d->options.groups_filter);
		require_attribute(r, yaml_get(groups, "member"), d->options.member_attribute);
		require_attribute(r, yaml_get(groups, "name"), d->options.group_name_attribute);
	}
	set_filters_of_kind(people, groups, &d->options);
}

static void read_disabled(struct settings_reader *r, const struct yaml_node *map, struct directory_source *d)
{
	const char *equals = d->disabled ? strchr(d->disabled, '=') : NULL;

	if (!d->disabled)
		return;
	d->options.disabled_filter_attribute = arena_copy(r->arena,
		slice_of(d->disabled, equals ? (size_t)(equals - d->disabled) : strlen(d->disabled)));
	d->options.disabled_value = equals ? equals + 1 : NULL;
	require_attribute(r, yaml_get(map, "disabled"), d->options.disabled_filter_attribute);
}

static void read_join(struct settings_reader *r, const struct yaml_node *node, struct directory_join *join)
{
	join->claim = claim_full_name(node->key);
	join->attribute = node->text;
	if (node->kind != YAML_NODE_SCALAR || !is_attribute(node->text)) {
		settings_problem(r, node, "must name the LDAP attribute that holds the same value");
		return;
	}
	join->is_mutable = words_find(mutable_attributes, lower(r->arena, node->text)) >= 0;
	if (words_find(mutable_claims, node->key) >= 0 || strstr(node->key, "/claims/name") || strstr(node->key, "/claims/upn") ||
		strstr(node->key, "/claims/emailaddress"))
		join->is_mutable = true;
	if (join->is_mutable && !r->settings->allow_mutable_join)
		settings_problem(r, node, "joins by %s, which can change or be given to another person; join by objectidentifier, "
			"or set allow_mutable_join: yes", node->text);
}

static void read_joins(struct settings_reader *r, const struct yaml_node *map, struct directory_source *d)
{
	const struct yaml_node *node = yaml_get(map, "join"), *n;
	struct directory_join *joins;

	if (!node)
		return;
	if (node->kind != YAML_NODE_MAP || !node->child) {
		settings_problem(r, node, "must be a map of claim to LDAP attribute, as {objectidentifier: employeeNumber}");
		return;
	}
	joins = arena_alloc(r->arena, yaml_children(node) * sizeof(*joins));
	d->options.join_count = 0;      /* a default goes */
	for (n = node->child; n; n = n->next)
		read_join(r, n, &joins[d->options.join_count++]);
	d->options.joins = joins;
}

/* A certificate is shown in TLS only; a socket of this host knows who we are. */
static void require_external(struct settings_reader *r, const struct yaml_node *map, const struct directory_source *d)
{
	size_t i;

	if (d->options.bind_dn)
		settings_problem(r, yaml_get(map, "bind_dn"), "goes with bind: simple only; with external the server knows who binds");
	if (d->password_file)
		settings_problem(r, yaml_get(map, "password_file"), "goes with bind: simple only");
	for (i = 0; d->options.uris && d->options.uris[i]; i++) {
		const char *uri = d->options.uris[i];

		if (strncmp(uri, "ldapi://", 8) == 0)
			continue;
		if (!d->client_certificate)
			settings_problem_key(r, map, "client_certificate", "is missing in %s: bind: external at %.200s needs it", map->key, uri);
		else if (strncmp(uri, "ldaps://", 8) != 0 && !d->options.starttls)
			settings_problem(r, yaml_get(map, "uri"), "\"%.200s\" shows no certificate, which bind: external needs: use ldaps:// or "
				"starttls: yes", uri);
	}
}

static void require_bind(struct settings_reader *r, const struct yaml_node *map, const struct directory_source *d)
{
	require_dn(r, map, "bind_dn", d->options.bind_dn);
	if (d->client_certificate && !d->client_key)
		settings_problem_key(r, map, "client_key", "is missing in %s: client_certificate needs it", map->key);
	if (d->client_key && !d->client_certificate)
		settings_problem_key(r, map, "client_certificate", "is missing in %s: client_key needs it", map->key);
	if (d->options.bind == DIRECTORY_BIND_EXTERNAL) {
		require_external(r, map, d);
		return;
	}
	if (d->options.bind_dn && !yaml_get(map, "password_file"))
		settings_problem_key(r, map, "password_file", "is missing in %s: bind_dn needs it", map->key);
	if (d->password_file && !yaml_get(map, "bind_dn"))
		settings_problem_key(r, map, "bind_dn", "is missing in %s: password_file needs it", map->key);
}

/* What one identity provider says of its people must not find those of another. */
/* A setting that would do nothing is a misunderstanding. */
static void require_kind(struct settings_reader *r, const struct yaml_node *map, const struct directory_options *o)
{
	static const char *const of_asking[] = {"poll", "compare"};

	for (size_t i = 0; i < sizeof(of_asking) / sizeof(*of_asking); i++)
		if (o->kind == DIRECTORY_OPENLDAP && yaml_get(map, of_asking[i]))
			settings_problem(r, yaml_get(map, of_asking[i]), "belongs to another kind than openldap, which tells changes unasked");
	if (o->kind != DIRECTORY_OTHER && yaml_get(map, "id"))
		settings_problem(r, yaml_get(map, "id"), "belongs to kind: other");
	if (o->id_attribute)
		require_attribute(r, yaml_get(map, "id"), o->id_attribute);
}

static void require_providers(struct settings_reader *r, const struct yaml_node *map, const struct directory_options *o)
{
	const struct settings *s = r->settings;

	for (size_t i = 0; o->sources && o->sources[i]; i++)
		if (!settings_provider(s, o->sources[i]))
			settings_problem(r, yaml_get(map, "providers"), "\"%.60s\" is not an identity provider", o->sources[i]);
	if (!o->sources && s->provider_count > 1)
		settings_problem_key(r, map, "providers", "is missing in %s: there are %zu identity providers, whose people are here?",
			map->key, s->provider_count);
}

static void require_attributes(struct settings_reader *r, const struct yaml_node *map, const struct directory_source *d)
{
	size_t i;

	for (i = 0; d->options.attributes && d->options.attributes[i]; i++)
		require_attribute(r, yaml_get(map, "attributes"), d->options.attributes[i]);
}

static void read_directory(struct settings_reader *r, const struct yaml_node *map, struct directory_source *d)
{
	d->options.name = map->key;
	d->line = map->line;
	if (!settings_name_is_good(r, map))
		return;
	if (yaml_get(map, "kind") && yaml_get(map, "kind")->text && strcmp(yaml_get(map, "kind")->text, "scim") == 0) {
		settings_read_scim_directory(r, map, d);
		read_joins(r, map, d);
		require_providers(r, map, &d->options);
		require_attributes(r, map, d);
		return;
	}
	if (section_read(r, SECTION_directory, map, d) < 0)
		return;
	require_uris(r, map, &d->options);
	require_kind(r, map, &d->options);
	require_bind(r, map, d);
	read_people_and_groups(r, map, d);
	require_attribute(r, yaml_get(map, "mail"), d->options.mail_attribute);
	read_disabled(r, map, d);
	read_joins(r, map, d);
	require_providers(r, map, &d->options);
	require_attributes(r, map, d);
}

void settings_read_directories(struct settings_reader *r)
{
	const struct yaml_node *node = yaml_get(r->root, "directories"), *n;

	if (!node)
		return;
	if (node->kind != YAML_NODE_MAP || !node->child) {
		settings_problem(r, node, "must be a map of names, with at least one");
		return;
	}
	if (yaml_children(node) > FILES_MIRROR_MAX) {
		settings_problem(r, node, "holds more than %d directories", FILES_MIRROR_MAX);
		return;
	}
	r->directories = arena_alloc(r->arena, yaml_children(node) * sizeof(*r->directories));
	for (n = node->child; n; n = n->next)
		read_directory(r, n, &r->directories[r->settings->directory_count++]);
}

/* ---- which attributes the mirror keeps ---- */

struct names {
	struct arena *arena;
	const char **list;
	size_t n;
};

static void keep(const char *attribute, void *context)
{
	struct names *names = context;
	size_t i;

	for (i = 0; i < names->n; i++) {
		if (strcasecmp(names->list[i], attribute) == 0)
			return;
	}
	if (names->n < ATTRIBUTES_MAX)
		names->list[names->n++] = attribute;
}

static void keep_of_policy(const struct policy *policy, struct names *names)
{
	size_t i;

	for (i = 0; i < policy->rule_count; i++) {
		if (policy->rules[i].when)
			condition_attributes(policy->rules[i].when, keep, names);
	}
	for (i = 0; i < policy->requirement_count; i++) {
		if (policy->requirements[i].when)
			condition_attributes(policy->requirements[i].when, keep, names);
	}
}

static void keep_of_connections(const struct settings *s, struct names *names)
{
	size_t i, j;

	for (i = 0; i < s->connection_count; i++) {
		if (s->connections[i].accounts) {       /* what accounts are made of, besides names and mail */
			keep("title", names);
			keep("department", names);
		}
		for (j = 0; j < s->connections[i].attribute_count; j++) {
			const struct settings_attribute *at = &s->connections[i].attributes[j];

			if (at->source == ATTRIBUTE_LDAP && at->text)
				keep(at->text, names);
		}
	}
}

static void keep_of_directory(const struct directory_options *o, struct names *names)
{
	size_t i;

	keep(o->mail_attribute, names);
	keep("givenName", names);
	keep("sn", names);
	keep("displayName", names);
	if (o->disabled_filter_attribute)
		keep(o->disabled_filter_attribute, names);
	for (i = 0; i < o->join_count; i++)
		keep(o->joins[i].attribute, names);
	for (i = 0; o->attributes && o->attributes[i]; i++)
		keep(o->attributes[i], names);
}

void settings_read_directory_attributes(struct settings_reader *r)
{
	struct settings *s = r->settings;
	struct directory_options *options = arena_alloc(r->arena, (s->directory_count + 1) * sizeof(*options));
	struct settings_directory *sources = arena_alloc(r->arena, (s->directory_count + 1) * sizeof(*sources));
	size_t i;

	if (r->problem_count)           /* parts may be missing; nobody will use them */
		return;
	for (i = 0; i < s->directory_count; i++) {
		struct names names = {.arena = r->arena, .list = arena_alloc(r->arena, (ATTRIBUTES_MAX + 1) * sizeof(*names.list))};

		keep_of_directory(&r->directories[i].options, &names);
		keep_of_policy(&s->policy, &names);
		keep_of_connections(s, &names);
		options[i] = r->directories[i].options;
		options[i].attributes = names.list;
		sources[i].line = r->directories[i].line;
		sources[i].password_file = r->directories[i].password_file;
		sources[i].client_certificate = r->directories[i].client_certificate;
		sources[i].client_key = r->directories[i].client_key;
		sources[i].stale_after = r->directories[i].stale_after;
		sources[i].stale_grace = r->directories[i].stale_grace;
	}
	s->directories = options;
	s->directory_sources = sources;
}
