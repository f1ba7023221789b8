/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reading side for commands: everybody, and groups by their names. */
#include "ldap/reader.h"

int mirror_open_copy(const char *path, const char *folder, struct mirror **out, struct error *err)
{
	const struct store_options options = {.path = path, .use = STORE_READ, .schema = MIRROR_SCHEMA, .tables = mirror_tables};
	struct mirror *live, *copy;
	int rc;

	if (mirror_open(path, &live, err) < 0)
		return -1;
	copy = calloc(1, sizeof(*copy));
	if (!copy)
		abort();
	rc = store_open_copy(live->store, folder, &options, &copy->store, err);
	mirror_close(live);
	if (rc < 0) {
		free(copy);
		return -1;
	}
	*out = copy;
	return 0;
}

/* ---- people ---- */

struct everyone {
	struct reading *reading;
	const struct directory_options *directory;
	int (*each)(struct arena *one_arena, const struct mirror_one *one, void *context);
	void *context;
	struct error *err;
};

static bool has_in_common(const char *const *a, const char *const *b)
{
	if (!a || !b)
		return true;
	for (; *a; a++)
		for (size_t i = 0; b[i]; i++)
			if (strcmp(*a, b[i]) == 0)
				return true;
	return false;
}

/* Whoever has this value of the claim, in all the directories where the same provider's people are looked for. */
static int find_by_claim(struct reading *r, const struct directory_options *of, const char *claim, struct slice value,
	struct found_list *list, struct error *err)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct directory_options *d = &r->directories[i];

		for (size_t j = 0; j < d->join_count && has_in_common(of->sources, d->sources); j++)
			if (strcmp(d->joins[j].claim, claim) == 0 && find_by_value(r, d, d->joins[j].attribute, value, list, err) < 0)
				return -1;
	}
	return 0;
}

/* The strongest join that the person has a value for: stable ones before mutable ones, as join.c looks. */
static const struct mirror_attribute *find_join(struct arena *a, const struct directory_options *d, const struct mirror_person *p,
	const struct directory_join **out)
{
	for (int is_mutable = 0; is_mutable < 2; is_mutable++)
		for (size_t i = 0; i < d->join_count; i++) {
			const char *name = mirror_lower_case(a, d->joins[i].attribute);

			for (size_t k = 0; k < p->attribute_count && d->joins[i].is_mutable == is_mutable; k++)
				if (strcmp(p->attributes[k].name, name) == 0 && p->attributes[k].n) {
					*out = &d->joins[i];
					return &p->attributes[k];
				}
		}
	return NULL;
}

/* A sign-on that brings the person's own value must find the person and nobody else. */
static int require_own_join(struct reading *r, const struct directory_options *d, const struct mirror_person *p, struct error *refusal,
	struct error *err)
{
	const struct directory_join *join = NULL;
	const struct mirror_attribute *attribute = find_join(r->arena, d, p, &join);
	struct found_list list;
	struct found one;

	if (!attribute) {
		error_set(refusal, REASON_PERSON_NOT_FOUND, "%s has no %s, by which a sign-on would find them", p->dn,
			d->join_count ? d->joins[0].attribute : "attribute of a join");
		return 0;
	}
	for (size_t i = 0; i < attribute->n; i++) {
		list = (struct found_list){NULL, 0};
		if (find_by_claim(r, d, join->claim, attribute->values[i], &list, err) < 0)
			return -1;
		if (list.n != 1) {
			require_one(r, &list, &one, refusal);
			return 0;
		}
	}
	return 0;
}

static int show_one(struct slice key, struct slice value, void *context)
{
	struct everyone *all = context;
	struct reading here = *all->reading;
	struct found found = {all->directory, node_read(value), NULL};
	struct mirror_person person;
	struct error refusal, join = {.reason = REASON_NONE};
	int rc;

	(void)key;
	here.arena = arena_new();
	rc = fill_person(&here, &found, &person, &refusal, all->err);
	if (rc == 0)
		rc = require_own_join(&here, all->directory, &person, &join, all->err);
	if (rc == 0 && join.reason != REASON_NONE)
		refusal = join;         /* a sign-on comes to that first */
	if (rc == 0)
		rc = all->each(here.arena, &(struct mirror_one){&person, &refusal}, all->context);
	arena_free(here.arena);
	return rc;
}

int mirror_each(struct mirror *m, const struct directory_options *directories, size_t directory_count,
	int (*each)(struct arena *one_arena, const struct mirror_one *one, void *context), void *context, struct error *err)
{
	struct reading r = {arena_new(), NULL, directories, directory_count};
	struct everyone all = {&r, NULL, each, context, err};
	int rc = -1;

	if (store_begin_read(m->store, &r.txn, err) < 0)
		goto out;
	rc = require_filled(&r, err);
	for (size_t i = 0; rc == 0 && i < directory_count; i++) {
		struct key prefix = key_uuids(directories[i].name, MIRROR_PEOPLE);

		all.directory = &directories[i];
		rc = store_each(r.txn, TABLE_UUID, key_slice(&prefix), show_one, &all, err);
	}
	store_abort(r.txn);
out:
	arena_free(r.arena);
	return rc;
}

/* ---- groups ---- */

struct groups {
	node_id first;
	size_t count;
};

static int count_group(struct slice value, void *context)
{
	struct groups *g = context;

	if (g->count++ == 0)
		g->first = node_read(value);
	return 0;
}

/* The nodes of a name or a DN; a node need not be a group. */
static int find_groups(struct store_txn *txn, const char *directory, const char *dn_key, const char *cn, struct groups *out, struct error *err)
{
	struct slice node;
	struct key k;
	int found;

	if (!dn_key)
		return key_group_name(directory, cn, &k) ? store_each_value(txn, TABLE_INDEX, key_slice(&k), count_group, out, err) : 0;
	k = key_node(directory, dn_key);
	found = store_get(txn, TABLE_NODE, key_slice(&k), &node, err);
	return found < 0 ? -1 : found ? count_group(node, out) : 0;
}

static int describe_group(struct arena *a, struct store_txn *txn, const struct groups *groups, struct mirror_group_found *out, struct error *err)
{
	struct id_key id = key_id(groups->first);
	struct slice bytes;
	struct record record;
	struct row row;
	int found = store_get(txn, TABLE_ROW, id_slice(&id), &bytes, err);

	if (found <= 0)
		return found;
	if (row_read(bytes, &row, err) < 0)
		return -1;
	if (!row.record.n)              /* only a member of groups */
		return 0;
	if (record_read_head(arena_slice(a, row.record), &record, err) < 0)
		return -1;
	out->count = groups->count;
	out->dn = record.dn;
	found = store_get(txn, TABLE_MEMBER, id_slice(&id), &bytes, err);
	if (found == 1)
		out->members = bytes.n / NODE_SIZE;
	return found < 0 ? -1 : 0;
}

int mirror_group(struct arena *a, struct mirror *m, const char *directory, const char *dn_key, const char *cn,
	struct mirror_group_found *out, struct error *err)
{
	struct mirror_group_found g = {0};
	struct groups groups = {0};
	struct store_txn *txn;
	int rc;

	if (store_begin_read(m->store, &txn, err) < 0)
		return -1;
	rc = find_groups(txn, directory, dn_key, cn, &groups, err);
	if (rc == 0 && groups.count)
		rc = describe_group(a, txn, &groups, &g, err);
	store_abort(txn);
	if (rc == 0)
		*out = g;
	return rc;
}
