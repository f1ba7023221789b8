/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A look at a directory for `postern check`: reachable, bases there, people and groups found. */
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

int directory_check(struct arena *a, const struct directory_options *directory, struct directory_check *out, struct error *err)
{
	static const char *const controls[] = {"supportedControl", NULL};
	const struct search root = {"", NULL, SEARCH_BASE, controls, 0};
	const char *join = directory->join_count ? directory->joins[0].attribute : directory->mail_attribute;
	struct counting people = {0}, groups = {0};
	struct directory_check result = {0};
	struct connection *c = NULL;
	int rc = -1;

	if (connect_any(directory, &c, err) < 0)
		return -1;
	if (connection_search(c, &root, find_control, &result.sync_supported, err) < 0 ||
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
