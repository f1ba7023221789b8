/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A look at a directory for `postern check`: reachable, bases there, people and groups found. */
#include "ldap/ad_rights.h"
#include "ldap/ad_search.h"
#include "ldap/feed.h"
#include "ldap/sync.h"

#define SEEN_MAX 1000

static int connect_any(const struct directory_options *d, struct connection **out, struct error *err)
{
	struct arena *a = arena_new();
	const char *failures = NULL;
	struct error why = {0};

	for (size_t i = 0; d->uris[i]; i++) {
		if (connection_open(d, d->uris[i], NULL, out, &why) == 0) {
			arena_free(a);
			return 0;
		}
		failures = failures ? arena_printf(a, "%s; %s", failures, why.detail) : arena_strdup(a, why.detail);
	}
	error_set(err, REASON_DIRECTORY, "%s", failures ? failures : "no address of a server");
	arena_free(a);
	return -1;
}

struct counting {
	size_t entries, with_attribute;
};

static void count(const struct entry *e, void *context)
{
	struct counting *c = context;

	c->entries++;
	c->with_attribute += e->attribute_count > 0;
}

static int count_below(struct connection *c, const char *base, const char *filter, const char *attribute, struct counting *out,
	struct error *err)
{
	const char *const attributes[] = {attribute, NULL};
	const struct search search = {base, filter, SEARCH_SUBTREE, attributes, SEEN_MAX};

	return connection_search(c, &search, count, out, err);
}

static void find_control(const struct entry *e, void *context)
{
	bool *found = context;

	for (size_t i = 0; i < e->attribute_count; i++)
		for (size_t j = 0; j < e->attributes[i].n; j++)
			*found = *found || slice_is(e->attributes[i].values[j], SYNC_CONTROL_OID);
}

static int check_sync(struct connection *c, struct directory_check *out, struct error *err)
{
	static const char *const controls[] = {"supportedControl", NULL};
	const struct search root = {"", NULL, SEARCH_BASE, controls, 0};
	bool found = false;

	if (connection_search(c, &root, find_control, &found, err) < 0)
		return -1;
	if (!found)
		out->cannot_follow = "it does not offer content synchronization (RFC 4533, slapo-syncprov)";
	return 0;
}

/* A question for changes of which there are none, as ldap/ad.c asks it: with the right to replicate, and without. */
static int check_dirsync(struct connection *c, struct arena *a, const char *root, struct directory_check *out, struct error *err)
{
	static const char *const nothing[] = {"1.1", NULL};
	struct ad_search search = {.base = root, .filter = "(!(objectClass=*))", .scope = SEARCH_SUBTREE, .attributes = nothing,
		.manner = AD_DIRSYNC, .flags = DIRSYNC_INCREMENTAL_VALUES};
	struct ad_answer answer;

	if (ad_search(c, a, &search, NULL, &answer, err) < 0)
		return -1;
	out->sees_deletions = answer.result == AD_SUCCESS;
	search.flags |= DIRSYNC_OBJECT_SECURITY;
	if (!out->sees_deletions && ad_search(c, a, &search, NULL, &answer, err) < 0)
		return -1;
	if (answer.result != AD_SUCCESS)
		out->cannot_follow = arena_printf(a, "it does not answer DirSync below %s: %s", root, answer.text);
	return 0;
}

static const struct mirror_attribute *attribute_of(const struct ad_answer *answer, const char *name)
{
	for (size_t i = 0; answer->n && i < answer->entries[0].attribute_count; i++)
		if (strcasecmp(answer->entries[0].attributes[i].name, name) == 0 && answer->entries[0].attributes[i].n)
			return &answer->entries[0].attributes[i];
	return NULL;
}

/* How rights name an attribute.  1, 0: not to be found, -1. */
static int schema_of(struct connection *c, struct arena *a, const char *schema, const char *attribute, struct attribute_rights *out,
	struct error *err)
{
	static const char *const wanted[] = {"schemaIDGUID", "attributeSecurityGUID", NULL};
	const struct ad_search search = {.base = schema, .scope = SEARCH_SUBTREE, .attributes = wanted,
		.filter = arena_printf(a, "(&(objectClass=attributeSchema)(lDAPDisplayName=%s))", attribute)};
	const struct mirror_attribute *m;
	struct ad_answer answer;

	if (ad_search(c, a, &search, NULL, &answer, err) < 0)
		return -1;
	m = attribute_of(&answer, "schemaIDGUID");
	if (!m)
		return 0;
	out->guid = m->values[0];
	m = attribute_of(&answer, "attributeSecurityGUID");
	out->set = m ? m->values[0] : (struct slice){NULL, 0};
	return 1;
}

/* Whether people could make themselves somebody else, by the rights on the first of them. */
static int check_writable(struct connection *c, struct arena *a, const struct directory_options *d, const char *schema,
	struct directory_check *out, struct error *err)
{
	static const char *const wanted[] = {"nTSecurityDescriptor", NULL};
	const struct ad_search search = {.base = d->people_base, .filter = d->people_filter, .scope = SEARCH_SUBTREE,
		.attributes = wanted, .manner = AD_RIGHTS, .limit = 1};
	struct directory_writable *list = arena_alloc(a, (d->join_count + 1) * sizeof(*list));
	const struct mirror_attribute *rights;
	struct ad_answer answer;

	if (!schema)
		return 0;
	if (ad_search(c, a, &search, NULL, &answer, err) < 0)
		return -1;
	rights = attribute_of(&answer, wanted[0]);
	for (size_t i = 0; rights && i < d->join_count; i++) {
		struct attribute_rights attribute;
		int found = d->joins[i].is_mutable ? 0 : schema_of(c, a, schema, d->joins[i].attribute, &attribute, err);

		if (found < 0)
			return -1;
		list[out->writable_count].attribute = d->joins[i].attribute;
		out->writable_count += found && rights_writer(rights->values[0], &attribute, &list[out->writable_count].who) > 0;
	}
	out->rights_of = rights ? answer.entries[0].dn : NULL;
	out->writable = list;
	return 0;
}

static int check_controller(struct connection *c, struct arena *a, const struct directory_options *d, struct directory_check *out,
	struct error *err)
{
	const char *const bases[] = {d->people_base, d->groups_base};
	struct counting accounts = {0};
	struct ad_server server;

	if (ad_server_read(c, a, &server, err) < 0 ||
		count_below(c, d->people_base, d->people_filter, "userAccountControl", &accounts, err) < 0)
		return -1;
	out->controller = server.name;
	out->people_with_account = accounts.with_attribute;
	if (check_writable(c, a, d, server.schema, out, err) < 0)
		return -1;
	for (size_t i = 0; i < 2 && !out->cannot_follow; i++) {
		const char *root = ad_root_of(a, &server, bases[i]);

		if (!root)
			out->cannot_follow = arena_printf(a, "%s lies in no naming context of it", bases[i]);
		else if (check_dirsync(c, a, root, out, err) < 0)
			return -1;
	}
	return 0;
}

/* What a poll asks for before it begins, and what it finds changes by. */
static int check_polling(struct connection *c, struct arena *a, const struct directory_options *d, struct directory_check *out,
	struct error *err)
{
	const char *changed = d->kind == DIRECTORY_OTHER ? "modifyTimestamp" : "uSNChanged";
	struct feed f = {.protocol = feed_protocol(d->kind), .connection = c, .directory = d,
		.person_attributes = kept_attributes(a, d)};
	struct counting people = {0};
	struct error why;

	if (f.protocol->begin(&f, &why) < 0)
		out->cannot_follow = arena_strdup(a, why.detail);
	f.protocol->end(&f);
	if (count_below(c, d->people_base, d->people_filter, changed, &people, err) < 0)
		return -1;
	if (!out->cannot_follow && people.with_attribute < people.entries)
		out->cannot_follow = arena_printf(a, "%zu of %zu people show no %s", people.entries - people.with_attribute,
			people.entries, changed);
	return 0;
}

static int check_kind(struct connection *c, struct arena *a, const struct directory_options *d, struct directory_check *out,
	struct error *err)
{
	switch (d->kind) {
	case DIRECTORY_OPENLDAP:
		return check_sync(c, out, err);
	case DIRECTORY_ACTIVE_DIRECTORY:
		return check_controller(c, a, d, out, err);
	case DIRECTORY_ENTRA_DOMAIN_SERVICES:
	case DIRECTORY_OTHER:
		return check_polling(c, a, d, out, err);
	case DIRECTORY_SCIM:
		break;
	}
	return error_set(err, REASON_DIRECTORY, "a directory without a server");
}

int directory_check(struct arena *a, const struct directory_options *directory, struct directory_check *out, struct error *err)
{
	const char *join = directory->join_count ? directory->joins[0].attribute : directory->mail_attribute;
	struct counting people = {0}, groups = {0};
	struct directory_check result = {0};
	struct connection *c = NULL;
	int rc = -1;

	if (connect_any(directory, &c, err) < 0)
		return -1;
	if (check_kind(c, a, directory, &result, err) < 0 ||
		count_below(c, directory->people_base, directory->people_filter, join, &people, err) < 0 ||
		count_below(c, directory->groups_base, directory->groups_filter, directory->group_name_attribute, &groups,
		err) < 0)
		goto out;
	result.uri = arena_strdup(a, c->uri);
	result.people = people.entries;
	result.people_with_join = people.with_attribute;
	result.groups = groups.entries;
	*out = result;
	rc = 0;
out:
	connection_close(c);
	return rc;
}
