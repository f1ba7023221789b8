/* SPDX-License-Identifier: GPL-3.0-or-later */
/* People and groups as they lie in the mirror, found by name or one after another. */
#include "ldap/reader.h"

/* 1: in the arena, 0: no such record of this kind, -1. */
static int record_of(struct reading *r, enum mirror_kind kind, node_id id, struct record *out, struct error *err)
{
	struct id_key k = key_id(id);
	struct slice bytes;
	struct row row;
	int found = store_get(r->txn, kind == MIRROR_PEOPLE ? TABLE_PERSON : TABLE_ROW, id_slice(&k), &bytes, err);

	if (found <= 0)
		return found;
	if (kind == MIRROR_GROUPS) {
		if (row_read(bytes, &row, err) < 0)
			return -1;
		bytes = row.record;
		if (bytes.n == 0)
			return 0;
	}
	return record_read(r->arena, arena_slice(r->arena, bytes), out, err) < 0 ? -1 : 1;
}

/* Members that are neither people nor groups of ours have no name here. */
static int add_members(struct reading *r, node_id id, struct mirror_entry *e, struct error *err)
{
	struct id_key k = key_id(id);
	struct slice members = {NULL, 0};
	const char **list;

	if (store_get(r->txn, TABLE_MEMBER, id_slice(&k), &members, err) < 0)
		return -1;
	list = arena_alloc(r->arena, members.n / NODE_SIZE * sizeof(*list) + 1);
	for (size_t at = 0; at + NODE_SIZE <= members.n; at += NODE_SIZE) {
		node_id member = node_read(slice_of(members.p + at, NODE_SIZE));
		struct record record;
		int found = record_of(r, MIRROR_PEOPLE, member, &record, err);

		if (found == 0)
			found = record_of(r, MIRROR_GROUPS, member, &record, err);
		if (found < 0)
			return -1;
		if (found)
			list[e->member_count++] = record.dn;
		else
			e->members_elsewhere++;
	}
	e->members = list;
	return 0;
}

/* Only the groups that name it themselves. */
static int add_direct_groups(struct reading *r, const struct directory_options *d, node_id id, struct mirror_entry *e,
	struct error *err)
{
	struct id_key k = key_id(id);
	struct mirror_group *list;
	struct slice bytes;
	struct row row;
	int found = store_get(r->txn, TABLE_ROW, id_slice(&k), &bytes, err);

	if (found <= 0)
		return found;
	if (row_read(bytes, &row, err) < 0)
		return -1;
	list = arena_alloc(r->arena, row.parents.n / NODE_SIZE * sizeof(*list) + 1);
	for (size_t at = 0; at + NODE_SIZE <= row.parents.n; at += NODE_SIZE) {
		struct record group;

		found = record_of(r, MIRROR_GROUPS, node_read(slice_of(row.parents.p + at, NODE_SIZE)), &group, err);
		if (found < 0)
			return -1;
		if (found)
			list[e->group_count++] = (struct mirror_group){.directory = d->name, .dn = group.dn, .dn_key = group.dn_key,
				.cn = group.name, .through = -1};
	}
	e->groups = list;
	return 0;
}

enum groups { NEAREST_GROUPS, ALL_GROUPS };

/* 1, 0: not there, -1. */
static int entry_of(struct reading *r, const struct directory_options *d, enum mirror_kind kind, node_id id, enum groups groups,
	struct mirror_entry *out, struct error *err)
{
	struct mirror_entry e = {.directory = d->name};
	struct record record;
	int found = record_of(r, kind, id, &record, err);

	if (found <= 0)
		return found;
	e.kind = kind == MIRROR_PEOPLE ? MIRROR_ENTRY_PERSON : MIRROR_ENTRY_GROUP;
	e.dn = record.dn;
	e.entry_uuid = uuid_text(r->arena, record.uuid);
	e.name = record.name;
	e.disabled = record.disabled;
	e.attributes = record.attributes;
	e.attribute_count = record.attribute_count;
	if (groups == ALL_GROUPS ? walk_groups(r, d, id, &e.groups, &e.group_count, err) < 0 : add_direct_groups(r, d, id, &e, err) < 0)
		return -1;
	if (kind == MIRROR_GROUPS && add_members(r, id, &e, err) < 0)
		return -1;
	*out = e;
	return 1;
}

/* ---- by name ---- */

struct collected {
	struct reading *reading;
	const struct directory_options *directory;
	struct found_list *list;
};

static int collect(struct slice value, void *context)
{
	struct collected *c = context;

	found_add(c->reading, c->list, (struct found){c->directory, node_read(value), NULL});
	return 0;
}

/* `directory:name` means the group of that directory; a name may hold a colon itself. */
static const char *name_in(const struct directory_options *d, const char *name)
{
	size_t n = strlen(d->name);

	return strncmp(name, d->name, n) == 0 && name[n] == ':' ? name + n + 1 : name;
}

static int find_in(struct reading *r, const struct directory_options *d, enum mirror_kind kind, const char *name,
	struct found_list *list, struct error *err)
{
	struct collected c = {r, d, list};
	const char *const *indexed = indexed_attributes(r->arena, d), *dn_key;
	struct slice node;
	struct key k;
	int found = 0;

	if (strchr(name, '=') && dn_normalize(r->arena, name, &dn_key) == 0) {
		k = key_node(d->name, dn_key);
		found = store_get(r->txn, TABLE_NODE, key_slice(&k), &node, err);
		if (found > 0)
			collect(node, &c);
	}
	for (size_t i = 0; found >= 0 && kind == MIRROR_PEOPLE && indexed[i]; i++)
		found = find_by_value(r, d, indexed[i], slice_c(name), list, err);
	if (found >= 0 && kind == MIRROR_GROUPS && key_group_name(d->name, name_in(d, name), &k))
		found = store_each_value(r->txn, TABLE_INDEX, key_slice(&k), collect, &c, err);
	return found < 0 ? -1 : 0;
}

static int entries_named(struct reading *r, enum mirror_kind kind, const char *name, struct mirror_entry **out, size_t *n_out,
	struct error *err)
{
	struct found_list list = {NULL, 0};
	struct mirror_entry *entries;
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++)
		if (find_in(r, &r->directories[i], kind, name, &list, err) < 0)
			return -1;
	entries = arena_alloc(r->arena, list.n * sizeof(*entries) + 1);
	for (size_t i = 0; i < list.n; i++) {
		int found = entry_of(r, list.items[i].directory, kind, list.items[i].id, ALL_GROUPS, &entries[n], err);

		if (found < 0)
			return -1;
		n += (size_t)found;
	}
	*out = entries;
	*n_out = n;
	return 0;
}

static enum mirror_kind kind_of(enum mirror_entry_kind kind)
{
	return kind == MIRROR_ENTRY_PERSON ? MIRROR_PEOPLE : MIRROR_GROUPS;
}

int mirror_entries_named(struct arena *a, struct mirror *m, const struct directory_options *directories, size_t directory_count,
	enum mirror_entry_kind kind, const char *name, const struct mirror_entry **out, size_t *n_out, struct error *err)
{
	struct reading r = {a, NULL, directories, directory_count};
	struct mirror_entry *entries = NULL;
	size_t n = 0;
	int rc;

	if (store_begin_read(m->store, &r.txn, err) < 0)
		return -1;
	rc = entries_named(&r, kind_of(kind), name, &entries, &n, err);
	store_abort(r.txn);
	if (rc < 0)
		return -1;
	*out = entries;
	*n_out = n;
	return 0;
}

/* ---- all ---- */

struct showing {
	struct reading *reading;
	const struct directory_options *directory;
	enum mirror_kind kind;
	int (*each)(const struct mirror_entry *e, void *context);
	void *context;
	struct error *err;
};

static int show(struct slice key, struct slice value, void *context)
{
	struct showing *s = context;
	struct reading r = *s->reading;
	struct mirror_entry e;
	int rc;

	(void)key;
	r.arena = arena_new();
	rc = entry_of(&r, s->directory, s->kind, node_read(value), NEAREST_GROUPS, &e, s->err);
	if (rc == 1)
		rc = s->each(&e, s->context);
	arena_free(r.arena);
	return rc;
}

int mirror_each_entry(struct mirror *m, const struct directory_options *directory,
	int (*each)(const struct mirror_entry *e, void *context), void *context, struct error *err)
{
	struct reading r = {NULL, NULL, directory, 1};
	struct showing s = {&r, directory, MIRROR_PEOPLE, each, context, err};
	struct key prefix;
	int rc;

	if (store_begin_read(m->store, &r.txn, err) < 0)
		return -1;
	prefix = key_uuids(directory->name, s.kind);
	rc = store_each(r.txn, TABLE_UUID, key_slice(&prefix), show, &s, err);
	if (rc == 0) {
		s.kind = MIRROR_GROUPS;
		prefix = key_uuids(directory->name, s.kind);
		rc = store_each(r.txn, TABLE_UUID, key_slice(&prefix), show, &s, err);
	}
	store_abort(r.txn);
	return rc;
}
